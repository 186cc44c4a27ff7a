"""Whether a fill is as sharp as the truth, and whether its edge shows: ratios, 1 is right."""

from __future__ import annotations

import torch
from torch import Tensor

from restauro.metrics.comparison import Comparison, once
from restauro.plugins import metric

ROUNDING_ENERGY = 2 * (1 / 255) ** 2 / 12
"""Mean squared difference of neighbours that 8-bit rounding alone gives a flat area.

Both energies of a ratio get it, so that a flat fill of a flat truth is right, 1, and not 0 / 0.
"""


Pairs = tuple[Tensor, Tensor]
"""Of every pixel with its lower neighbour, (B, 1, H-1, W), and its right one, (B, 1, H, W-1)."""


@metric("sharpness", better="near", best=1.0)
def sharpness(compared: Comparison) -> Tensor:
    """Gradient energy of the fill over the truth's, below 1 blurred.

    The mean squared difference of neighbours that both lie in the hole, so that a visible edge
    does not count as sharpness. Both energies get `ROUNDING_ENERGY`: where the truth is flat, a
    flat fill gives 1 and any texture a large, finite value. A hole without neighbours, or no
    hole, gives nan.
    """
    mask = compared.mask
    down, right = mask[:, :, 1:] * mask[:, :, :-1], mask[:, :, :, 1:] * mask[:, :, :, :-1]
    return _energy_ratio(compared, (down, right))


@metric("seam", better="near", best=1.0)
def seam(compared: Comparison) -> Tensor:
    """Gradient energy across the hole's edge over the truth's, above 1 visible.

    The mean squared difference of neighbours of which one lies in the hole and one is known. Both
    energies get `ROUNDING_ENERGY`. A mask of hole or known pixels alone gives nan.
    """
    return _energy_ratio(
        compared, (compared.mask.diff(dim=2).abs(), compared.mask.diff(dim=3).abs())
    )


@once
def gradients(compared: Comparison) -> tuple[Pairs, Pairs]:
    """Squared differences of neighbours, means of the channels: of the restored and the truth."""
    return _gradients(compared.composite), _gradients(compared.target)


def _gradients(images: Tensor) -> Pairs:
    down, right = images.diff(dim=2).square(), images.diff(dim=3).square()
    return down.mean(dim=1, keepdim=True), right.mean(dim=1, keepdim=True)


def _energy_ratio(compared: Comparison, chosen: Pairs) -> Tensor:
    """Mean energy of the pairs that are 1 in `chosen` over the truth's: (B,), nan without any."""
    count = _total(chosen)
    fill, truth = (
        _total((pairs[0] * chosen[0], pairs[1] * chosen[1])) / count
        for pairs in gradients(compared)
    )
    return (fill + ROUNDING_ENERGY) / (truth + ROUNDING_ENERGY)


def _total(pairs: Pairs) -> Tensor:
    return torch.stack([part.sum(dim=(1, 2, 3)) for part in pairs]).sum(dim=0)
