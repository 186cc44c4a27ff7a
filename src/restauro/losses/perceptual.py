"""Losses on the features of a network that knows pictures."""

from __future__ import annotations

from torch import Tensor, nn

from restauro.metrics.comparison import composite
from restauro.metrics.perceptual import FeatureNetwork, distance_of
from restauro.plugins import loss


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
