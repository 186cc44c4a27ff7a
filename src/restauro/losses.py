"""Training losses, one value per picture: their mean is the same on any number of processes."""

from __future__ import annotations

from typing import Any

import torch.nn.functional as F
from torch import Tensor, nn

from restauro.metrics.comparison import composite
from restauro.metrics.perceptual import FeatureNetwork, distance_of
from restauro.plugins import loss
from restauro.registry import LOSSES

__all__ = ["LOSSES", "FeatureLoss", "PixelLoss", "WeightedSum", "huber", "l1", "mse"]


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


@loss("features")
class FeatureLoss(nn.Module):
    """Distance of pretrained features between composite and target, over the hole.

    It is the metric `hole_feature_distance`, of the finest `num_stages` of 5 and with a gradient.
    A network trained on it is judged by its own teacher there: read that metric beside others.

    Shape: prediction and target (B, 3, H, W) in [0, 1], mask (B, 1, H, W), 1 = hole -> (B,) in
    [0, 4]. Sides of at least 32.

    Source: Johnson et al. 2016, arXiv:1603.08155, with the distance of Zhang et al. 2018,
    arXiv:1801.03924; unlike both, the features are EfficientNet-Lite0's.
    """

    def __init__(self, num_stages: int = 5) -> None:
        super().__init__()
        self.network = FeatureNetwork(num_stages)

    def forward(self, prediction: Tensor, target: Tensor, mask: Tensor) -> Tensor:
        """Returns one value per picture."""
        restored = composite(prediction, target, mask)
        return distance_of(self.network.maps(restored), self.network(target), mask)


@loss("sum")
class WeightedSum(nn.Module):
    """Losses by name, each times its weight: `{ l1 = {}, features = { weight = 0.5 } }`.

    Shape: prediction and target (B, 3, H, W) in [0, 1], mask (B, 1, H, W), 1 = hole -> (B,).
    """

    def __init__(self, **terms: dict[str, Any]) -> None:
        super().__init__()
        self.weights = {name: float(term.get("weight", 1.0)) for name, term in terms.items()}
        self.terms = nn.ModuleDict(
            {
                name: LOSSES.create(name, **{k: v for k, v in term.items() if k != "weight"})
                for name, term in terms.items()
            }
        )

    def forward(self, prediction: Tensor, target: Tensor, mask: Tensor) -> Tensor:
        """Returns one value per picture."""
        values = [
            self.weights[name] * term(prediction, target, mask) for name, term in self.terms.items()
        ]
        total: Tensor = sum(values[1:], start=values[0])
        return total
