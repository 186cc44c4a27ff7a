"""The network that tells restored places from real ones; used in training alone."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

SLOPE = 0.2
"""Of the activation where its input is negative."""


class PatchDiscriminator(nn.Module):
    """Judges each place of a picture of which it knows where the hole is.

    Source: Isola et al. 2017, arXiv:1611.07004; unlike there, pixel-unshuffle does the first
    halving, no layer normalises, and the mask is a fourth input.

    Shape: image (B, 3, H, W) in [0, 1], mask (B, 1, H, W), 1 = hole -> three feature maps, the
    last of which is (B, 1, H/8, W/8): the larger, the more real. H and W are multiples of 8.
    """

    def __init__(self, width: int = 32) -> None:
        super().__init__()
        self.layers = nn.ModuleList(
            [
                nn.Conv2d(16, width, kernel_size=3, padding=1),  # blur is seen at full detail
                nn.Conv2d(width, 2 * width, kernel_size=4, stride=2, padding=1),
                nn.Conv2d(2 * width, 3 * width, kernel_size=4, stride=2, padding=1),
            ]
        )
        self.judge = nn.Conv2d(3 * width, 1, kernel_size=3, padding=1)
        for layer in self.layers:
            assert isinstance(layer, nn.Conv2d)
            nn.init.kaiming_normal_(layer.weight, a=SLOPE)

    def forward(self, image: Tensor, mask: Tensor) -> list[Tensor]:
        """Returns the feature maps, finest first; the last one is the judgement."""
        x = F.pixel_unshuffle(torch.cat([2 * image - 1, mask], dim=1), 2)
        maps = []
        for layer in self.layers:
            x = F.leaky_relu(layer(x), SLOPE)
            maps.append(x)
        return [*maps, self.judge(x)]
