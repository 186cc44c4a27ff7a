"""Losses between a network and the discriminator that judges its composites.

Only places that see some of the hole count, on both sides: elsewhere both pictures are the same.
"""

from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor


def generator_loss(judgement: Tensor, mask: Tensor) -> Tensor:
    """How far composites are from being taken as real, judged in the hole: (B,) >= 0.

    judgement (B, 1, h, w) of the composites, mask (B, 1, H, W), 1 = hole.
    Source: the non-saturating loss of Goodfellow et al. 2014, arXiv:1406.2661.
    """
    return _in_hole(F.softplus(-judgement.float()), mask)


def discriminator_loss(real: Tensor, fake: Tensor, mask: Tensor) -> Tensor:
    """How badly originals and composites are told apart in the hole: (B,) >= 0.

    real and fake are judgements (B, 1, h, w) of originals and composites with the same mask.
    """
    error = F.softplus(-real.float()) + F.softplus(fake.float())
    return _in_hole(error, mask)


def _in_hole(values: Tensor, mask: Tensor) -> Tensor:
    """Mean of a map (B, C, h, w) over the places that see some of the hole: (B,)."""
    height, width = values.shape[2:]
    area = F.adaptive_max_pool2d(mask, (height, width))
    return (values.mean(dim=1, keepdim=True) * area).sum(dim=(1, 2, 3)) / area.sum(
        dim=(1, 2, 3)
    ).clamp(min=1)
