"""The loss of variational autoencoders: how unlikely a picture is where a prediction is given."""

from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor, nn

from restauro.plugins import loss


class BernoulliLoss(nn.Module):
    """-log p(target | prediction) in nats, summed over all values of the whole picture.

    Each value of the prediction is the chance of a 1, as the papers on disentanglement take it for
    grey values, too; the least loss is then not 0 but the target's entropy.

    Shape: prediction and target (B, 3, H, W) in [0, 1], mask (B, 1, H, W), 1 = hole -> (B,) >= 0.
    Source: Kingma and Welling 2014, arXiv:1312.6114, appendix C.1.
    """

    def forward(self, prediction: Tensor, target: Tensor, mask: Tensor) -> Tensor:
        """Returns one value per picture; the mask does not count."""
        error = F.binary_cross_entropy(prediction, target, reduction="none")
        return error.sum(dim=(1, 2, 3))


@loss("bernoulli")
def bernoulli() -> BernoulliLoss:
    """Nats a picture, beside which the terms of a variational autoencoder have their weights."""
    return BernoulliLoss()
