"""A batch of restored pictures, and what several metrics need of it, computed once."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from typing import Any, TypeVar

import torch
from torch import Tensor

from restauro.metrics.colour import colour_difference, lab_of, linear_light, luminance_of
from restauro.metrics.similarity import similarity_maps
from restauro.metrics.skin import skin_area
from restauro.metrics.structure import Pairs, gradients

T = TypeVar("T")


class Restored:
    """Pictures that a method restored, with the truth: what every metric takes.

    `composite` and `target` are (B, 3, H, W) in [0, 1], `mask` is (B, 1, H, W), 1 = hole. Known
    pixels of `composite` are replaced by the target's, so that a raw prediction may be given.
    """

    def __init__(self, composite: Tensor, target: Tensor, mask: Tensor) -> None:
        assert composite.shape == target.shape, "composite and target differ in shape"
        self.target, self.mask = target, mask.to(target.dtype)
        self.composite = torch.where(self.mask > 0, composite, target)
        self._shared: dict[str, Any] = {}

    def shared(self, key: str, compute: Callable[[], T]) -> T:
        """What `compute` gave when `key` was first asked for: for metrics of other files."""
        if key not in self._shared:
            self._shared[key] = compute()
        value: T = self._shared[key]
        return value

    def __len__(self) -> int:
        return len(self.target)

    @cached_property
    def absolute_error(self) -> Tensor:
        """Mean of the channels: (B, 1, H, W)."""
        return (self.composite - self.target).abs().mean(dim=1, keepdim=True)

    @cached_property
    def squared_error(self) -> Tensor:
        """Mean of the channels: (B, 1, H, W)."""
        return (self.composite - self.target).square().mean(dim=1, keepdim=True)

    @cached_property
    def similarity(self) -> tuple[Tensor, Tensor]:
        """SSIM and its structure term: (B, 1, H, W) each."""
        return similarity_maps(self.composite, self.target)

    @cached_property
    def target_light(self) -> Tensor:
        """Linear light of the truth: (B, 3, H, W) in [0, 1]."""
        return linear_light(self.target)

    @cached_property
    def composite_light(self) -> Tensor:
        """Linear light of the restored picture: (B, 3, H, W) in [0, 1]."""
        return linear_light(self.composite)

    @cached_property
    def target_lab(self) -> Tensor:
        """CIELAB of the truth: (B, 3, H, W)."""
        return lab_of(self.target_light)

    @cached_property
    def composite_lab(self) -> Tensor:
        """CIELAB of the restored picture: (B, 3, H, W)."""
        return lab_of(self.composite_light)

    @cached_property
    def target_luminance(self) -> Tensor:
        """CIE Y of the truth: (B, 1, H, W)."""
        return luminance_of(self.target_light)

    @cached_property
    def composite_luminance(self) -> Tensor:
        """CIE Y of the restored picture: (B, 1, H, W)."""
        return luminance_of(self.composite_light)

    @cached_property
    def colour_difference(self) -> Tensor:
        """CIEDE2000 of every pixel: (B, 1, H, W); computed in the holes, for it is 0 elsewhere."""
        hole = self.mask[:, 0] > 0
        result = torch.zeros_like(self.mask)
        result[:, 0][hole] = colour_difference(
            self.composite_lab.permute(0, 2, 3, 1)[hole], self.target_lab.permute(0, 2, 3, 1)[hole]
        )
        return result

    @cached_property
    def gradients(self) -> tuple[Pairs, Pairs]:
        """Squared differences of neighbours, of the restored picture and of the truth."""
        return gradients(self.composite), gradients(self.target)

    @cached_property
    def skin(self) -> Tensor:
        """Skin of the undamaged picture: (B, 1, H, W), 1 = skin."""
        return skin_area(self.target, self.target_lab)
