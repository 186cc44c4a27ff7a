"""What metrics are written with: restored pictures beside the truth, areas, and all that there are.

A metric gives one value per picture, never averaged over pictures.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Iterable
from typing import Any, TypeAlias, TypeVar

import torch
from torch import Tensor

from restauro.plugins import Metric, metric
from restauro.registry import METRICS

T = TypeVar("T")
ComputeOver: TypeAlias = "Callable[[Comparison, Tensor | None], Tensor]"
"""Of restored pictures and an area, (B, 1, H, W) of weights, or None for the whole picture."""

DECIBEL: dict[str, Any] = {
    "unit": "dB",
    "better": "higher",
    "best": math.inf,
    "range": (-math.inf, math.inf),
}
DESCRIPTIVE: dict[str, Any] = {"better": None, "best": None}
"""Of the undamaged picture and the hole alone, the same for every method."""


class Comparison:
    """Pictures that a method restored, with the truth.

    `composite` and `target` are (B, 3, H, W) in [0, 1], `mask` is (B, 1, H, W), 1 = hole. Known
    pixels of `composite` are replaced by the target's, so that a raw prediction may be given.
    Several methods on the same pictures share `kept_of_target`.
    """

    def __init__(
        self,
        composite: Tensor,
        target: Tensor,
        mask: Tensor,
        *,
        kept_of_target: dict[object, Any] | None = None,
    ) -> None:
        assert composite.shape == target.shape, "composite and target differ in shape"
        self.target, self.mask = target, mask.to(target.dtype)
        self.composite = torch.where(self.mask > 0, composite, target)
        self.kept: dict[object, Any] = {}
        """What the functions decorated with `once` gave, by function."""
        self.kept_of_target = {} if kept_of_target is None else kept_of_target
        """The same of those that look at the target alone."""

    def __len__(self) -> int:
        return len(self.target)


def once(compute: Callable[[Comparison], T]) -> Callable[[Comparison], T]:
    """Decorates what several metrics need of a batch: computed for the first of them, then kept."""
    return _kept_in(lambda compared: compared.kept, compute)


def once_a_target(compute: Callable[[Comparison], T]) -> Callable[[Comparison], T]:
    """The same for what depends on the target alone: computed once for all methods."""
    return _kept_in(lambda compared: compared.kept_of_target, compute)


def _kept_in(
    place: Callable[[Comparison], dict[object, Any]], compute: Callable[[Comparison], T]
) -> Callable[[Comparison], T]:
    @functools.wraps(compute)
    def kept(compared: Comparison) -> T:
        values = place(compared)
        if kept not in values:
            values[kept] = compute(compared)
        value: T = values[kept]
        return value

    return kept


def mean_over(values: Tensor, area: Tensor | None = None) -> Tensor:
    """Mean of (B, 1, H, W) over `area`, (B, 1, H, W) of weights, or over everything: (B,).

    An empty area gives nan.
    """
    if area is None:
        return values.mean(dim=(1, 2, 3))
    return (values * area).sum(dim=(1, 2, 3)) / area.expand_as(values).sum(dim=(1, 2, 3))


def deviation_over(values: Tensor, area: Tensor | None = None) -> Tensor:
    """Standard deviation of (B, 1, H, W) over `area` or everything, dividing by the count: (B,)."""
    centre = mean_over(values, area)[:, None, None, None]
    return mean_over((values - centre).square(), area).sqrt()


def composite(prediction: Tensor, image: Tensor, mask: Tensor) -> Tensor:
    """The image with the hole from the prediction: (B, 3, H, W); mask (B, 1, H, W), 1 = hole."""
    return mask * prediction + (1 - mask) * image


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
