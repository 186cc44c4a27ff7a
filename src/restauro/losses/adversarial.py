"""Losses between a network and the discriminator that judges its composites.

Only places that see some of the hole count, on both sides: elsewhere both pictures are the same.
"""

from __future__ import annotations

import torch
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


def gradient_penalty(judgement: Tensor, image: Tensor) -> Tensor:
    """R1: squared gradient of the judgement of originals by their pixels: (B,) >= 0.

    Source: Mescheder et al. 2018, arXiv:1801.04406.
    """
    (gradient,) = torch.autograd.grad(judgement.sum(), image, create_graph=True)
    return gradient.square().sum(dim=(1, 2, 3))


def feature_matching(real: list[Tensor], fake: list[Tensor], mask: Tensor) -> Tensor:
    """Mean absolute difference of the discriminator's features in the hole: (B,) >= 0.

    Each map (B, C, h, w) is scaled by the mean size of the original's features, so that no map
    outweighs the others. Source: Wang et al. 2018, arXiv:1711.11585; unlike there, by the hole.
    """
    values = []
    for one, other in zip(real, fake, strict=True):
        one = one.detach().float()
        size = one.abs().mean(dim=(1, 2, 3)) + 1e-6
        values.append(_in_hole((one - other.float()).abs(), mask) / size)
    return torch.stack(values).mean(dim=0)


def _in_hole(values: Tensor, mask: Tensor) -> Tensor:
    """Mean of a map (B, C, h, w) over the places that see some of the hole: (B,)."""
    height, width = values.shape[2:]
    area = F.adaptive_max_pool2d(mask, (height, width))
    return (values.mean(dim=1, keepdim=True) * area).sum(dim=(1, 2, 3)) / area.sum(
        dim=(1, 2, 3)
    ).clamp(min=1)
