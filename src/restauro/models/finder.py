"""A small U-Net that finds damage."""

from __future__ import annotations

from collections.abc import Sequence

import torch.nn.functional as F
from torch import Tensor, nn

from restauro.models.base import TaskModel
from restauro.models.blocks import BatchNorm2d
from restauro.plugins import model

NUM_KINDS = 4
"""Of damage, as `restauro.data.damage.KINDS` has them."""


class Finder(TaskModel):
    """Tells for every pixel whether it is damaged, and by what kind of damage.

    Nothing looks farther than about 200 pixels, and nothing sums the picture up, so that a picture
    may be cut into windows that overlap. Pixel-unshuffle does the first halving without losing a
    pixel; two convolutions follow there, as a scratch is but one or two pixels wide.

    Shape: image (B, 3, H, W) in [0, 1] -> logits (B, 1 + `NUM_KINDS`, H, W): of damage, and of
    each kind where there is some; H and W are multiples of 16.

    Source: Ronneberger et al. 2015, arXiv:1505.04597; unlike there, skips are added, strided
    convolutions take the place of pooling, and the coarsest ones are dilated.
    """

    task = "find"
    multiple = 16

    def __init__(self, widths: Sequence[int], dilations: Sequence[int]) -> None:
        super().__init__(size=(128, 128))
        self.stem = nn.Sequential(_layer(12, widths[0]), _layer(widths[0], widths[0]))
        self.down = nn.ModuleList(
            nn.Sequential(_layer(before, after, stride=2), _layer(after, after))
            for before, after in zip(widths[:-1], widths[1:], strict=True)
        )
        self.bottleneck = nn.Sequential(
            *(_layer(widths[-1], widths[-1], dilation=dilation) for dilation in dilations)
        )
        pairs = list(zip(widths[:0:-1], widths[-2::-1], strict=True))
        self.narrow = nn.ModuleList(nn.Conv2d(before, after, 1) for before, after in pairs)
        self.up = nn.ModuleList(_layer(after, after) for _, after in pairs)
        self.head = nn.Conv2d(widths[0], 4 * (1 + NUM_KINDS), kernel_size=3, padding=1)

    def forward(self, image: Tensor, mask: Tensor | None = None) -> Tensor:
        """Returns the logits; `mask`, the truth in training, has no influence."""
        x = self.stem(F.pixel_unshuffle(image - 0.5, 2))  # (B, widths[0], H/2, W/2)
        skips = []
        for down in self.down:
            skips.append(x)
            x = down(x)
        x = self.bottleneck(x)  # (B, widths[-1], H/16, W/16)
        for narrow, up in zip(self.narrow, self.up, strict=True):
            x = up(F.interpolate(narrow(x), scale_factor=2.0, mode="nearest") + skips.pop())
        return F.pixel_shuffle(self.head(x), 2)


def _layer(in_channels: int, out_channels: int, *, stride: int = 1, dilation: int = 1) -> nn.Module:
    """A 3x3 convolution, batch normalisation and ReLU."""
    conv = nn.Conv2d(
        in_channels, out_channels, 3, stride, padding=dilation, dilation=dilation, bias=False
    )
    return nn.Sequential(conv, BatchNorm2d(out_channels), nn.ReLU())


class Likelihood(nn.Module):
    """What the exported file computes: how likely each kind of damage is.

    Shape: image (B, 3, H, W) in [0, 1] -> (B, `NUM_KINDS`, H, W) in [0, 1], whose sum over the
    kinds is how likely damage of any kind is.
    """

    def __init__(self, finder: Finder) -> None:
        super().__init__()
        self.finder = finder

    def forward(self, image: Tensor) -> Tensor:
        """Returns the shares."""
        logits: Tensor = self.finder(image)
        return logits[:, :1].sigmoid() * logits[:, 1:].softmax(dim=1)


@model("finder")
def finder(widths: Sequence[int] = (32, 48, 64, 96)) -> Finder:
    """Half a million weights: the shipped model; `widths` are the channels from fine to coarse."""
    return Finder(widths, dilations=(1, 2, 4))
