"""ST-LPIPS, a learned perceptual distance by networks that no training here uses: not LPIPS.

AlexNet and VGG16 with their weights lie in the package `stlpips-pytorch`, whose own code needs
torchvision; here its files are read into a network of a few lines.
"""

from __future__ import annotations

import functools
from pathlib import Path
from typing import Literal, TypeAlias

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from restauro.errors import needed
from restauro.imports import package_folder
from restauro.metrics.comparison import Comparison, metric_of_areas, once
from restauro.metrics.perceptual import Maps, mean_of_places

Kind: TypeAlias = Literal["alex", "vgg"]
PACKAGE = "stlpips-pytorch"


class ShiftTolerant(nn.Module):
    """The network of ST-LPIPS with its trained weights, frozen.

    Shape: (B, 3, H, W) in [0, 1] -> maps at five depths, of 64 to 512 channels, each of length 1 at
    every place. Sides must have at least 32 pixels.

    Source: Ghildyal and Liu 2022, arXiv:2207.13686: every pooling of stride 2 is one of stride 1
    and a blur with a wide margin, so that a shift of a pixel changes little.

    Raises:
        MissingExtraError: The package is not installed.
    """

    shift: Tensor
    scale: Tensor

    def __init__(self, kind: Kind) -> None:
        super().__init__()
        weights = torch.load(weights_path(kind), map_location="cpu", weights_only=True)
        self.register_buffer("shift", weights.pop("scaling_layer.shift"))
        self.register_buffer("scale", weights.pop("scaling_layer.scale"))
        self.heads = nn.ParameterList(
            weights.pop(f"lin{depth}.model.1.weight") for depth in range(5)
        )
        """(1, C, 1, 1) each: how much a channel's difference counts."""
        stages: dict[str, list[nn.Module]] = {}
        for name, values in weights.items():  # in the order of the layers
            _, stage, _, what = name.split(".")
            layers = stages.setdefault(stage, [])
            if what == "weight":
                layers += [_convolution(values, weights[name.replace("weight", "bias")]), nn.ReLU()]
            elif what == "filt" and stage == "slice1":  # AlexNet's first, which is not pooled
                layers.insert(1, _Blur(values))
            elif what == "filt":
                layers += [_Largest(3 if kind == "alex" else 2), _Blur(values)]
        self.stages = nn.ModuleList(nn.Sequential(*layers) for layers in stages.values())
        self.requires_grad_(False)

    def forward(self, images: Tensor) -> list[Tensor]:
        """The maps, finest first."""
        x = (2 * images.float() - 1 - self.shift) / self.scale
        maps = []
        for stage in self.stages:
            x = stage(x)
            maps.append(x / (x.square().sum(dim=1, keepdim=True).sqrt() + 1e-10))
        return maps

    def differences(self, one: list[Tensor], other: list[Tensor]) -> list[Tensor]:
        """Of the maps of two batches, squared and weighed, at every place: (B, 1, h, w) each."""
        return [
            ((first - second).square() * head).sum(dim=1, keepdim=True)
            for head, first, second in zip(self.heads, one, other, strict=True)
        ]


class _Largest(nn.Module):
    """`nn.MaxPool2d` of stride 1 in a sixth of its time on a processor, to the bit."""

    def __init__(self, side: int) -> None:
        super().__init__()
        self.side = side

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, H, W) -> (B, C, H - side + 1, W - side + 1)."""
        for axis in (2, 3):
            length = x.shape[axis] - self.side + 1
            shifted = [x.narrow(axis, start, length) for start in range(self.side)]
            x = functools.reduce(torch.maximum, shifted)
        return x


class _Blur(nn.Module):
    """Halves a map with a blur, its margin mirrored."""

    kernels: Tensor

    def __init__(self, kernels: Tensor) -> None:
        super().__init__()
        self.register_buffer("kernels", kernels)  # (C, 1, 3, 3), all the same

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, H, W) -> (B, C, (H + 3) // 2, (W + 3) // 2)."""
        return F.conv2d(F.pad(x, (2,) * 4, "reflect"), self.kernels, stride=2, groups=x.shape[1])


def _convolution(weight: Tensor, bias: Tensor) -> nn.Conv2d:
    outputs, inputs, side, _ = weight.shape
    layer = nn.Conv2d(inputs, outputs, side, padding=min(side // 2, 2))
    layer.load_state_dict({"weight": weight, "bias": bias})
    return layer


def weights_path(kind: Kind = "alex") -> Path:
    """The file of a network's weights in the package, which is not imported.

    Raises:
        MissingExtraError: The package is not installed.
    """
    with needed("ST-LPIPS needs the weights of its package", PACKAGE):
        folder = package_folder("stlpips_pytorch")
    return folder / "weights" / "vST0.0" / f"{kind}_shift_tolerant.pth"


@functools.cache
def shift_tolerant(kind: Kind, device: str = "cpu") -> ShiftTolerant:
    """The network on a device, loaded once."""
    return ShiftTolerant(kind).to(device)


class _Maps(Maps):
    """ShiftTolerant's maps of compared pictures, and their differences."""

    def __init__(self, kind: Kind) -> None:
        super().__init__(functools.partial(shift_tolerant, kind))
        self._kind: Kind = kind
        self.differences = once(self._differences)

    def distance(self, compared: Comparison, area: Tensor | None) -> Tensor:
        """Distance of restored pictures and truth, 0 is equal: (B,).

        The differences are averaged over the picture, which gives the package's own number, or
        over `area`, (B, 1, H, W), by the share of it that a place covers, and summed over the
        depths. An empty area gives nan.
        """
        total = torch.zeros(len(compared), device=compared.target.device)
        for places in self.differences(compared):
            total += mean_of_places(places, area)
        return total

    def _differences(self, compared: Comparison) -> list[Tensor]:
        network = shift_tolerant(self._kind, str(compared.target.device))
        return network.differences(self.of_composites(compared), self.of_targets(compared))


_ALEX, _VGG = _Maps("alex"), _Maps("vgg")
pooled_st_lpips = _ALEX.pooled
"""AlexNet's last maps of restored pictures and of the truth, averaged: (B, 256) each."""


@metric_of_areas("st_lpips", needs=PACKAGE)
def st_lpips(compared: Comparison, area: Tensor | None) -> Tensor:
    """ST-LPIPS by AlexNet, which no training uses.

    Of composites, because the network sees beyond the hole. Sides must have at least 32 pixels.
    """
    return _ALEX.distance(compared, area)


@metric_of_areas("st_lpips_vgg", needs=PACKAGE, by_default=False)
def st_lpips_vgg(compared: Comparison, area: Tensor | None) -> Tensor:
    """ST-LPIPS by VGG16, which no training uses, five times as slow."""
    return _VGG.distance(compared, area)
