"""A small U-Net that finds damage."""

from __future__ import annotations

from collections.abc import Sequence

import torch.nn.functional as F
from torch import Tensor, nn

from restauro.models.base import TaskModel
from restauro.models.unet import ResidualBlock, UpBlock
from restauro.plugins import model

NUM_KINDS = 4
"""Of damage, as `restauro.data.damage.KINDS` has them."""


class Finder(TaskModel):
    """Tells for every pixel whether it is damaged, and by what kind of damage.

    Most of the work is done at a half to a sixteenth of the resolution; nothing looks farther than
    about 200 pixels, so that a picture may be cut into windows that overlap. No batch statistics
    and nothing that sums the picture up: what a window says does not depend on where it ends.

    Shape: image (B, 3, H, W) in [0, 1] -> logits (B, 1 + `NUM_KINDS`, H, W): of damage, and of
    each kind where there is some; H and W are multiples of 16.

    Source: Ronneberger et al. 2015, arXiv:1505.04597, as the network `unet` has it.
    """

    task = "find"
    multiple = 16

    def __init__(self, widths: Sequence[int], dilations: Sequence[int]) -> None:
        super().__init__(size=(128, 128))
        self.stem = nn.Conv2d(12, widths[0], kernel_size=3, padding=1)
        blocks = [nn.Identity(), *(ResidualBlock(width) for width in widths[1:-1])]
        self.down = nn.ModuleList(
            nn.Sequential(block, nn.Conv2d(before, after, kernel_size=4, stride=2, padding=1))
            for block, before, after in zip(blocks, widths[:-1], widths[1:], strict=True)
        )
        self.bottleneck = nn.Sequential(
            *(ResidualBlock(widths[-1], dilation) for dilation in dilations)
        )
        self.up = nn.ModuleList(
            UpBlock(before, after)
            for before, after in zip(widths[:0:-1], widths[-2::-1], strict=True)
        )
        self.head = nn.Conv2d(widths[0], 4 * (1 + NUM_KINDS), kernel_size=3, padding=1)

    def forward(self, image: Tensor, mask: Tensor | None = None) -> Tensor:
        """Returns the logits; `mask`, the truth in training, has no influence."""
        x = self.stem(F.pixel_unshuffle(image - 0.5, 2))  # (B, widths[0], H/2, W/2)
        skips = []
        for down in self.down:
            block, halve = down.children()
            skips.append(block(x))
            x = halve(skips[-1])
        x = self.bottleneck(x)  # (B, widths[-1], H/16, W/16)
        for up in self.up:
            x = up(x, skips.pop())
        return F.pixel_shuffle(self.head(F.silu(x)), 2)


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
def finder(widths: Sequence[int] = (24, 40, 64, 96)) -> Finder:
    """0.89 million weights: the shipped model; `widths` are the channels from fine to coarse."""
    return Finder(widths, dilations=(1, 2, 1))
