"""A batch of restored pictures beside the truth: what every metric takes."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, TypeVar

import torch
from torch import Tensor

T = TypeVar("T")


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
