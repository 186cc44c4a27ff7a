"""Whether a fill is as sharp as the truth, and whether its edge shows: ratios, 1 is right."""

from __future__ import annotations

import torch
from torch import Tensor

ROUNDING_ENERGY = 2 * (1 / 255) ** 2 / 12
"""Mean squared difference of neighbours that 8-bit rounding alone gives a flat area.

Both energies of a ratio get it, so that a flat fill of a flat truth is right, 1, and not 0 / 0.
"""


def sharpness(prediction: Tensor, target: Tensor, mask: Tensor) -> Tensor:
    """Gradient energy of the fill over that of the truth: (B,) >= 0, 1 is right, below it blurred.

    The mean squared difference of neighbours that both lie in the hole, so that a visible edge
    does not count as sharpness. Images are (B, 3, H, W) in [0, 1]; mask is (B, 1, H, W),
    1 = hole. Both energies get `ROUNDING_ENERGY`: where the truth is flat, a flat fill gives 1
    and any texture a large, finite value. A hole without neighbours, or no hole, gives nan.
    """
    return energy_ratio(gradients(prediction), gradients(target), pairs_inside(mask))


def seam(composite: Tensor, target: Tensor, mask: Tensor) -> Tensor:
    """Gradient energy across the hole's edge over the truth's: (B,) >= 0, 1 is right.

    Above 1 the edge of the hole shows. The mean squared difference of neighbours of which one
    lies in the hole and one is known. Images are (B, 3, H, W) in [0, 1]; mask is (B, 1, H, W),
    1 = hole. Both energies get `ROUNDING_ENERGY`. A mask of hole or known pixels alone gives nan.
    """
    return energy_ratio(gradients(composite), gradients(target), pairs_across(mask))


Pairs = tuple[Tensor, Tensor]
"""Of every pixel with its lower neighbour, (B, 1, H-1, W), and its right one, (B, 1, H, W-1)."""


def gradients(images: Tensor) -> Pairs:
    """Squared differences of neighbours, means of the channels."""
    down, right = images.diff(dim=2).square(), images.diff(dim=3).square()
    return down.mean(dim=1, keepdim=True), right.mean(dim=1, keepdim=True)


def pairs_inside(mask: Tensor) -> Pairs:
    """1 where both neighbours lie in the hole; the mask is (B, 1, H, W), 1 = hole."""
    return mask[:, :, 1:] * mask[:, :, :-1], mask[:, :, :, 1:] * mask[:, :, :, :-1]


def pairs_across(mask: Tensor) -> Pairs:
    """1 where one neighbour lies in the hole and one is known."""
    return mask.diff(dim=2).abs(), mask.diff(dim=3).abs()


def energy_ratio(one: Pairs, other: Pairs, chosen: Pairs) -> Tensor:
    """Mean of `one` over that of `other` where `chosen` is 1: (B,), nan where it is nowhere."""
    count = _total(chosen)
    energies = [
        _total((pairs[0] * chosen[0], pairs[1] * chosen[1])) / count for pairs in (one, other)
    ]
    return (energies[0] + ROUNDING_ENERGY) / (energies[1] + ROUNDING_ENERGY)


def _total(pairs: Pairs) -> Tensor:
    return torch.stack([part.sum(dim=(1, 2, 3)) for part in pairs]).sum(dim=0)
