"""Changes of training pictures: other light, so that dark ones are not rare, and closer crops."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

from restauro.picture.types import Size
from restauro.typed import AT_LEAST_ONE, NOT_NEGATIVE, SHARE, check

ENCODING = 2.2
"""Exponent between encoded values and light; sRGB's own curve differs by less than this matters."""


@dataclass(frozen=True)
class Augmentation:
    """How training pictures are changed; not at all by default."""

    share: float = 0.0
    """Share of the pictures whose light is changed, in [0, 1]."""
    exposure: tuple[float, float] = (0.0, 0.0)
    """Least and greatest change of the light in stops: -1 halves it."""
    slope: float = 0.0
    """Greatest difference in stops between opposite sides, as light from one side makes."""
    zoom_share: float = 0.0
    """Share of the pictures that are seen closer, in [0, 1]."""
    zoom: float = 1.0
    """Greatest magnification; any part of the picture may be what is seen."""

    def __post_init__(self) -> None:
        check("augmentation", self, SHARE, "share", "zoom_share")
        check("augmentation", self, AT_LEAST_ONE, "zoom")
        check("augmentation", self, NOT_NEGATIVE, "slope")
        smaller_first = (lambda ends: ends[0] <= ends[1], "two numbers, the smaller one first")
        check("augmentation", self, smaller_first, "exposure")

    def draw_light(self, batch_size: int, rng: torch.Generator) -> Tensor:
        """Exposure at the middle, and its slopes down and to the right, in stops: (B, 3)."""
        draw = torch.rand(batch_size, 4, generator=rng)
        low, high = self.exposure
        middle = low + (high - low) * draw[:, 1]
        angle, slope = draw[:, 2] * 2 * torch.pi, self.slope * draw[:, 3]
        stops = torch.stack([middle, slope * angle.sin(), slope * angle.cos()], dim=1)
        return stops * (draw[:, :1] < self.share)

    def draw_crops(self, batch_size: int, rng: torch.Generator) -> Tensor:
        """What is seen, as shares of the picture's sides: (B, 3) with length, top and left."""
        draw = torch.rand(batch_size, 4, generator=rng)
        length = 1 / (1 + (self.zoom - 1) * draw[:, 1:2])
        length = torch.where(draw[:, :1] < self.zoom_share, length, 1.0)
        return torch.cat([length, (1 - length) * draw[:, 2:]], dim=1)


def cut(picture: NDArray[np.uint8], crop: Tensor, size: Size) -> Tensor:
    """The part of a picture (H, W, 3) that `Augmentation.draw_crops` chose, at `size`: uint8."""
    length, top, left = crop.tolist()
    sides = picture.shape[:2]
    height, width = (max(1, round(length * side)) for side in sides)
    # rounded edges must not leave the picture: a crop of one pixel would be empty there
    y = min(round(top * sides[0]), sides[0] - height)
    x = min(round(left * sides[1]), sides[1] - width)
    part = torch.from_numpy(np.array(picture[y : y + height, x : x + width]))
    pixels = part.permute(2, 0, 1)[None].contiguous(memory_format=torch.channels_last)
    resized = F.interpolate(pixels, size=size, mode="bilinear", antialias=True)
    return resized[0].permute(1, 2, 0)


def expose(images: Tensor, stops: Tensor) -> Tensor:
    """Images (B, 3, H, W) in [0, 1] in the light of `Augmentation.draw_light`; clipped at 1."""
    height, width = images.shape[2:]
    y = torch.linspace(-0.5, 0.5, height, device=images.device)[:, None]
    x = torch.linspace(-0.5, 0.5, width, device=images.device)[None, :]
    middle, down, right = stops.to(images.device)[:, :, None, None].unbind(dim=1)  # (B, 1, 1) each
    change = torch.exp2((middle + down * y + right * x) / ENCODING)  # (B, H, W)
    return (images * change[:, None]).clamp_(max=1)
