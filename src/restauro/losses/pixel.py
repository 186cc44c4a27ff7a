"""Losses on pixel values."""

from __future__ import annotations

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

    def __init__(self, distance: str, hole_weight: float | None = None, delta: float = 0.1) -> None:
        super().__init__()
        assert distance in {"squared", "absolute", "huber"}
        self.distance, self.hole_weight, self.delta = distance, hole_weight, delta

    def forward(self, prediction: Tensor, target: Tensor, mask: Tensor) -> Tensor:
        """Returns one value per picture."""
        error = self._error(prediction, target).mean(dim=1, keepdim=True)  # (B, 1, H, W)
        if self.hole_weight is None:
            return error.mean(dim=(1, 2, 3))
        known = 1 - mask
        in_hole = (error * mask).sum(dim=(1, 2, 3)) / mask.sum(dim=(1, 2, 3)).clamp(min=1)
        in_known = (error * known).sum(dim=(1, 2, 3)) / known.sum(dim=(1, 2, 3)).clamp(min=1)
        return self.hole_weight * in_hole + in_known  # clamps: a picture may have no hole

    def _error(self, prediction: Tensor, target: Tensor) -> Tensor:
        if self.distance == "squared":
            return F.mse_loss(prediction, target, reduction="none")
        if self.distance == "absolute":
            return F.l1_loss(prediction, target, reduction="none")
        return F.huber_loss(prediction, target, reduction="none", delta=self.delta)


@loss("mse")
def mse(hole_weight: float | None = None) -> PixelLoss:
    """Mean squared error: the report's loss."""
    return PixelLoss("squared", hole_weight)


@loss("huber")
def huber(hole_weight: float | None = None, delta: float = 0.1) -> PixelLoss:
    """Huber loss, quadratic up to `delta` (in units of [0, 1]); the report tried it."""
    return PixelLoss("huber", hole_weight, delta)


@loss("l1")
def l1(hole_weight: float | None = None) -> PixelLoss:
    """Mean absolute error: less blur than squares."""
    return PixelLoss("absolute", hole_weight)
