"""What the paper's loss may be: it gives no unit, so that ours can be read in many."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

BATCHES = (64, 128, 256, 512)
"""Pictures in a batch, as they are usual."""


@dataclass(frozen=True)
class Unit:
    """A unit: the error of a picture in some scale, summed over some pictures."""

    scale: str
    pictures: str
    factor: float
    """Times the mean over the pictures of their sum of squared errors, values in [0, 1]."""

    def of(self, ours: Sequence[float]) -> list[float]:
        """Our losses in this unit; `ours` are mean sums of squared errors in [0, 1]."""
        return [self.factor * error for error in ours]


def paper_over(paper: Sequence[float], ours: Sequence[float]) -> float:
    """How many times our losses the paper's are: the geometric mean; 1 is agreement."""
    return math.prod(a / b for a, b in zip(paper, ours, strict=True)) ** (1 / len(ours))


def units(num_values: int, set_sizes: dict[str, int]) -> list[Unit]:
    """Every scale with every sum: one picture, `BATCHES`, and the sets of pictures by name.

    `num_values` is how many numbers a picture has.
    """
    scales = {
        "sum, values in [0, 1]": 1.0,
        "sum, values in [-1, 1]": 2.0**2,
        "sum, values 0 to 255": 255.0**2,
        "mean, values in [0, 1]": 1 / num_values,
        "mean, values 0 to 255": 255.0**2 / num_values,
    }
    sums = {"a picture": 1} | {f"a batch of {size}": size for size in BATCHES} | set_sizes
    return [
        Unit(scale, pictures, factor * count)
        for scale, factor in scales.items()
        for pictures, count in sums.items()
    ]


def likely_batch(paper: Sequence[float], ours: Sequence[float]) -> int | None:
    """The smallest of `BATCHES` in which our losses, summed in [0, 1], exceed the paper's.

    For networks that saw fewer pictures than the paper's, and so should err more; None if even the
    largest is too small. A guess.
    """
    needed = paper_over(paper, ours)
    return next((size for size in BATCHES if size >= needed), None)
