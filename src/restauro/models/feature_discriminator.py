"""The network that tells restored places from real ones by pretrained features; for training."""

from __future__ import annotations

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn

SLOPE = 0.2
"""Of the activation where its input is negative."""


class FeatureDiscriminator(nn.Module):
    """Judges each place of feature maps of a frozen network, with one small head for each map.

    Source: Sauer et al. 2021, arXiv:2111.01007; unlike there, maps are not mixed with each other,
    the features of each place are scaled to length 1, and the mask is one more channel.

    Shape: maps (B, C_i, h_i, w_i) with `channels` C_i, mask (B, 1, H, W), 1 = hole -> judgements
    (B, 1, h_i, w_i): the larger, the more real.
    """

    def __init__(self, channels: Sequence[int], width: int = 32) -> None:
        super().__init__()
        self.heads = nn.ModuleList(
            nn.Sequential(
                nn.Conv2d(count + 1, width, kernel_size=3, padding=1),
                nn.LeakyReLU(SLOPE),
                nn.Conv2d(width, 1, kernel_size=3, padding=1),
            )
            for count in channels
        )

    def forward(self, maps: Sequence[Tensor], mask: Tensor) -> list[Tensor]:
        """Returns the judgement of each map."""
        judgements = []
        for features, head in zip(maps, self.heads, strict=True):
            height, width = features.shape[2:]
            unit = F.normalize(features.float(), dim=1) * features.shape[1] ** 0.5
            hole = F.adaptive_avg_pool2d(mask, (height, width))
            judgements.append(head(torch.cat([unit, hole], dim=1)))
        return judgements
