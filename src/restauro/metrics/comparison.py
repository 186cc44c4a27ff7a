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
    """

    def __init__(self, composite: Tensor, target: Tensor, mask: Tensor) -> None:
        assert composite.shape == target.shape, "composite and target differ in shape"
        self.target, self.mask = target, mask.to(target.dtype)
        self.composite = torch.where(self.mask > 0, composite, target)
        self.kept: dict[object, Any] = {}
        """What the functions decorated with `once` gave, by function."""

    def __len__(self) -> int:
        return len(self.target)


def once(compute: Callable[[Comparison], T]) -> Callable[[Comparison], T]:
    """Decorates what several metrics need of a batch: computed for the first of them, then kept."""

    @functools.wraps(compute)
    def kept(compared: Comparison) -> T:
        if kept not in compared.kept:
            compared.kept[kept] = compute(compared)
        value: T = compared.kept[kept]
        return value

    return kept
