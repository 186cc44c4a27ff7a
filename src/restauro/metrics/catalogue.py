"""What a metric is: a named function of restored pictures, and what its values mean."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Literal

import torch
from torch import Tensor

from restauro.metrics.restored import Restored
from restauro.registry import Registry

Better = Literal["higher", "lower", "near"]
Compute = Callable[[Restored], Tensor]
ComputeOver = Callable[[Restored, Tensor | None], Tensor]
"""Of restored pictures and an area, (B, 1, H, W) of weights, or None for the whole picture."""

DECIBEL: dict[str, Any] = {
    "unit": "dB",
    "better": "higher",
    "best": math.inf,
    "range": (-math.inf, math.inf),
}
DESCRIPTIVE: dict[str, Any] = {"better": None, "best": None}
"""Of the undamaged picture and the hole alone, the same for every method."""


@dataclass(frozen=True)
class Metric:
    """One value per picture, and how to read it."""

    name: str
    unit: str
    """Of the values; empty for a plain number."""
    better: Better | None
    """Which way is better, `near` meaning near to `best`; None for what describes the picture."""
    best: float | None
    """Value of a perfect fill; may be infinite."""
    range: tuple[float, float]
    meaning: str
    """One line for people."""
    compute: Compute
    """Restored pictures -> (B,), never averaged over pictures."""
    needs: str = ""
    """The packages besides restauro's own extras, for pip; empty for most."""

    def distance(self, value: float) -> float:
        """How far a value is from good, so that smaller is always better."""
        if self.better == "near":
            assert self.best is not None
            return abs(value - self.best)
        return -value if self.better == "higher" else value


METRICS: Registry[Metric] = Registry("metric")


def metric(
    name: str,
    *,
    better: Better | None = "lower",
    best: float | None = 0.0,
    unit: str = "",
    range: tuple[float, float] = (0.0, math.inf),
    needs: str = "",
    meaning: str = "",
) -> Callable[[Compute], Compute]:
    """Decorates the function that computes a metric; the arguments are those of `Metric`.

    The meaning is the first line of the function's docstring unless it is given.
    """

    def register(compute: Compute) -> Compute:
        said = meaning or _first_line(compute)
        entry = Metric(name, unit, better, best, range, said, compute, needs)
        METRICS.register(name)(lambda: entry)
        return compute

    return register


def metric_of_areas(name: str, **reading: Any) -> Callable[[ComputeOver], ComputeOver]:
    """Decorates a function of restored pictures and an area, which makes two metrics.

    `hole_NAME` is over the hole and `composite_NAME` over the whole picture; `reading` are the
    arguments of `metric`.
    """

    def register(compute: ComputeOver) -> ComputeOver:
        said = _first_line(compute)
        over_hole = metric(f"hole_{name}", meaning=f"{said}, hole", **reading)
        over_all = metric(f"composite_{name}", meaning=f"{said}, whole picture", **reading)
        over_hole(lambda restored: compute(restored, restored.mask))
        over_all(lambda restored: compute(restored, None))
        return compute

    return register


def all_metrics() -> list[Metric]:
    """Every registered metric, in the order of their names."""
    return [METRICS.create(name) for name in METRICS.names()]


def pixel_metrics() -> list[str]:
    """Names of the metrics that need no further package."""
    return [entry.name for entry in all_metrics() if not entry.needs]


@torch.no_grad()
def scores(restored: Restored, names: Iterable[str] | None = None) -> dict[str, Tensor]:
    """Values of the metrics called `names`, or of all `pixel_metrics`: (B,) each, by name.

    Raises:
        UnknownNameError: No such metric; the message suggests the closest name.
        MissingExtraError: A metric's package is not installed.
    """
    chosen = pixel_metrics() if names is None else list(names)
    return {name: METRICS.create(name).compute(restored) for name in chosen}


def _first_line(compute: Callable[..., Tensor]) -> str:
    return (compute.__doc__ or "").partition("\n")[0].rstrip(".")
