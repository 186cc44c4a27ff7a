"""Changes of the light of training pictures, so that dark ones are not rare."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from restauro.errors import ConfigError

ENCODING = 2.2
"""Exponent between encoded values and light; sRGB's own curve differs by less than this matters."""


@dataclass(frozen=True)
class Augmentation:
    """How the light of training pictures is changed; nothing by default."""

    share: float = 0.0
    """Share of the pictures that are changed, in [0, 1]."""
    exposure: tuple[float, float] = (0.0, 0.0)
    """Least and greatest change of the light in stops: -1 halves it."""
    slope: float = 0.0
    """Greatest difference in stops between opposite sides, as light from one side makes."""

    def __post_init__(self) -> None:
        if not 0 <= self.share <= 1:
            raise ConfigError(f"augmentation.share is {self.share}, but must lie in [0, 1]")
        if self.exposure[0] > self.exposure[1] or self.slope < 0:
            raise ConfigError(
                f"augmentation.exposure is {list(self.exposure)} and augmentation.slope "
                f"{self.slope}, but the smaller exposure comes first and a slope is at least 0"
            )

    def draw(self, batch_size: int, rng: torch.Generator) -> Tensor:
        """Exposure at the middle, and its slopes down and to the right, in stops: (B, 3)."""
        draw = torch.rand(batch_size, 4, generator=rng)
        low, high = self.exposure
        middle = low + (high - low) * draw[:, 1]
        angle, slope = draw[:, 2] * 2 * torch.pi, self.slope * draw[:, 3]
        stops = torch.stack([middle, slope * angle.sin(), slope * angle.cos()], dim=1)
        return stops * (draw[:, :1] < self.share)


def expose(images: Tensor, stops: Tensor) -> Tensor:
    """Images (B, 3, H, W) in [0, 1] in the light that `Augmentation.draw` chose; clipped at 1."""
    height, width = images.shape[2:]
    y = torch.linspace(-0.5, 0.5, height, device=images.device)[:, None]
    x = torch.linspace(-0.5, 0.5, width, device=images.device)[None, :]
    middle, down, right = stops.to(images.device)[:, :, None, None].unbind(dim=1)  # (B, 1, 1) each
    change = torch.exp2((middle + down * y + right * x) / ENCODING)  # (B, H, W)
    return (images * change[:, None]).clamp_(max=1)
