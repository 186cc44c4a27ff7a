"""The curriculum: limits of the holes that grow with every epoch.

The report's network sees small holes first; how large and where they may be grows epoch by epoch.
Limits are a function of the epoch alone, and holes of (seed, step) alone: a resumed run, or the
same run on another number of processes, sees the very same holes.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, fields
from typing import Any

import torch
from torch import Tensor

from restauro.errors import ConfigError
from restauro.masks.shapes import BoxLimits, StrokeLimits, boxes, strokes
from restauro.typed import POSITIVE, SHARE, check, one_of

SHAPES = {
    "constant": lambda progress: 1.0,
    "linear": lambda progress: progress,
    "cosine": lambda progress: (1 - math.cos(math.pi * progress)) / 2,
    "square_root": math.sqrt,
}
"""How the limits go from start to end: [0, 1] -> [0, 1]. `constant` is the end from the outset."""


@dataclass(frozen=True)
class HoleLimits:
    """What holes may be at one time of the training."""

    box: BoxLimits
    strokes: StrokeLimits | None = None
    stroke_share: float = 0.0
    """Share of the pictures damaged by strokes instead of a box, in [0, 1]."""

    def __post_init__(self) -> None:
        check("", self, SHARE, "stroke_share")
        if self.stroke_share > 0 and self.strokes is None:
            raise ConfigError(
                f"stroke_share is {self.stroke_share}, but no limits for strokes are given; "
                "add them to the curriculum"
            )


@dataclass(frozen=True)
class Curriculum:
    """Limits that grow from `start` to `end` within `epochs` epochs, then stay."""

    end: HoleLimits
    start: HoleLimits | None = None
    """None: `end` from the outset."""
    epochs: float = 1.0
    """The first epoch has the limits `start`, the last of these `end`."""
    shape: str = "linear"
    """How they grow in between: a name in `SHAPES`."""

    def __post_init__(self) -> None:
        check("curriculum", self, one_of(SHAPES), "shape")
        check("curriculum", self, POSITIVE, "epochs")

    def limits(self, epoch: int) -> HoleLimits:
        """The limits of epoch number `epoch`, counted from 0; they change between epochs only."""
        progress = 1.0 if self.epochs <= 1 else min(1.0, epoch / (math.ceil(self.epochs) - 1))
        limits: HoleLimits = _between(self.start, self.end, SHAPES[self.shape](progress))
        return limits

    def draw(
        self,
        epoch: int,
        batch_size: int,
        size: tuple[int, int],
        rng: torch.Generator,
        device: torch.device | str = "cpu",
    ) -> Tensor:
        """Holes for a global batch: (B, 1, H, W) bool on `device`, True = hole."""
        return draw_holes(self.limits(epoch), batch_size, size, rng, device)


def draw_holes(
    limits: HoleLimits,
    batch_size: int,
    size: tuple[int, int],
    rng: torch.Generator,
    device: torch.device | str = "cpu",
) -> Tensor:
    """A box or strokes for each picture: (B, 1, H, W) bool on `device`, True = hole."""
    holes = boxes(limits.box, batch_size, size, rng, device)
    if limits.strokes is None or limits.stroke_share == 0:
        return holes
    takes_strokes = torch.rand(batch_size, generator=rng) < limits.stroke_share
    count = int(takes_strokes.sum())
    if count:
        holes[takes_strokes.to(device)] = strokes(limits.strokes, count, size, rng, device)
    return holes


def _between(start: Any, end: Any, share: float) -> Any:
    """Interpolates numbers, ranges and the dataclasses made of them; whole numbers stay whole.

    What only one end has, such as limits for strokes, is the same throughout.
    """
    if start is None or end is None:
        return start if end is None else end
    if isinstance(start, tuple):
        return tuple(_between(a, b, share) for a, b in zip(start, end, strict=True))
    if isinstance(start, (int, float)):
        value = start + (end - start) * share
        return round(value) if isinstance(start, int) and isinstance(end, int) else value
    parts = {
        field.name: _between(getattr(start, field.name), getattr(end, field.name), share)
        for field in fields(start)
    }
    return type(start)(**parts)
