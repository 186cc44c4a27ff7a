"""Losses on pixel values."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import torch.nn.functional as F
from torch import Tensor, nn

from restauro.plugins import loss


class PixelLoss(nn.Module):
    """Error between prediction and target, over the whole picture or weighted by area.

    With `hole_weight` None every pixel counts alike. Otherwise the hole and the known area are
    averaged each over its own pixels, so that the value does not grow with the hole, and summed
    as hole_weight * hole + known. Source of the weighting: Liu et al. 2018, arXiv:1804.07723
    (6 there); unlike the paper, each term is divided by its own area.

    Shape: prediction and target (B, 3, H, W) in [0, 1], mask (B, 1, H, W), 1 = hole -> (B,) >= 0.
    """

    def __init__(self, error: Callable[..., Tensor], hole_weight: float | None = None) -> None:
        """`error` is one of `torch.nn.functional`, such as `mse_loss`."""
        super().__init__()
        self.error, self.hole_weight = error, hole_weight

    def forward(self, prediction: Tensor, target: Tensor, mask: Tensor) -> Tensor:
        """Returns one value per picture."""
        error = self.error(prediction, target, reduction="none").mean(dim=1, keepdim=True)
        if self.hole_weight is None:
            return error.mean(dim=(1, 2, 3))
        known = 1 - mask
        in_hole = (error * mask).sum(dim=(1, 2, 3)) / mask.sum(dim=(1, 2, 3)).clamp(min=1)
        in_known = (error * known).sum(dim=(1, 2, 3)) / known.sum(dim=(1, 2, 3)).clamp(min=1)
        return self.hole_weight * in_hole + in_known  # clamps: a picture may have no hole


@loss("mse")
def mse(hole_weight: float | None = None) -> PixelLoss:
    """Mean squared error: the report's loss."""
    return PixelLoss(F.mse_loss, hole_weight)


@loss("huber")
def huber(hole_weight: float | None = None, delta: float = 0.1) -> PixelLoss:
    """Huber loss, quadratic up to `delta` (in units of [0, 1]); the report tried it."""
    return PixelLoss(partial(F.huber_loss, delta=delta), hole_weight)


@loss("l1")
def l1(hole_weight: float | None = None) -> PixelLoss:
    """Mean absolute error: less blur than squares."""
    return PixelLoss(F.l1_loss, hole_weight)
