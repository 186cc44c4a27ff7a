"""The metrics that there are, and what they say of restored pictures."""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Iterable
from typing import Any

import torch
from torch import Tensor

from restauro.metrics.comparison import Comparison
from restauro.plugins import Metric, metric
from restauro.registry import METRICS

ComputeOver = Callable[[Comparison, Tensor | None], Tensor]
"""Of restored pictures and an area, (B, 1, H, W) of weights, or None for the whole picture."""

DECIBEL: dict[str, Any] = {
    "unit": "dB",
    "better": "higher",
    "best": math.inf,
    "range": (-math.inf, math.inf),
}
DESCRIPTIVE: dict[str, Any] = {"better": None, "best": None}
"""Of the undamaged picture and the hole alone, the same for every method."""


def metric_of_areas(name: str, **reading: Any) -> Callable[[ComputeOver], ComputeOver]:
    """Decorates a function of restored pictures and an area, which makes two metrics.

    `hole_NAME` is over the hole and `composite_NAME` over the whole picture; `reading` are the
    arguments of `metric`.
    """

    def register(compute: ComputeOver) -> ComputeOver:
        @metric(f"hole_{name}", meaning=f"{_first_line(compute)}, hole", **reading)
        @functools.wraps(compute)
        def over_hole(compared: Comparison) -> Tensor:
            return compute(compared, compared.mask)

        @metric(f"composite_{name}", meaning=f"{_first_line(compute)}, whole picture", **reading)
        @functools.wraps(compute)
        def over_all(compared: Comparison) -> Tensor:
            return compute(compared, None)

        return compute

    return register


def all_metrics() -> list[Metric]:
    """Every registered metric, in the order of their names."""
    return [METRICS.create(name) for name in METRICS.names()]


def pixel_metrics() -> list[str]:
    """Names of the metrics that need no further package."""
    return [entry.name for entry in all_metrics() if not entry.needs]


@torch.no_grad()
def scores(compared: Comparison, names: Iterable[str] | None = None) -> dict[str, Tensor]:
    """Values of the metrics called `names`, or of all `pixel_metrics`: (B,) each, by name.

    Raises:
        UnknownNameError: No such metric; the message suggests the closest name.
        MissingExtraError: A metric's package is not installed.
    """
    chosen = pixel_metrics() if names is None else list(names)
    return {name: METRICS.create(name).compute(compared) for name in chosen}


def _first_line(compute: Callable[..., Tensor]) -> str:
    return (compute.__doc__ or "").partition("\n")[0].rstrip(".")
