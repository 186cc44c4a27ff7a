"""A variational autoencoder of a few thousand weights, whose divergence the loop must lower."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from restauro.models import MODELS, InpaintingModel


class TinyVariational(InpaintingModel):
    """One layer to the mean and the logarithm of the variance of a code of 4, one layer back.

    Its terms are `kl_weight` times the divergence from the standard normal distribution, and the
    progress itself, which no weight can change. `noise` 0 decodes the mean in training too.
    """

    def __init__(
        self, size: tuple[int, int] = (32, 32), kl_weight: float = 1e-3, noise: float = 1.0
    ) -> None:
        super().__init__(size)
        self.kl_weight, self.noise = kl_weight, noise
        num_values = 3 * size[0] * size[1]
        self.encoder, self.decoder = nn.Linear(num_values, 8), nn.Linear(4, num_values)

    def restore(self, masked_image: Tensor, mask: Tensor) -> Tensor:
        """Decodes the mean."""
        mean, _ = self.encoder(masked_image.flatten(1)).chunk(2, dim=1)
        return self._decoded(mean)

    def forward_with_losses(
        self, image: Tensor, mask: Tensor, progress: Tensor
    ) -> tuple[Tensor, dict[str, Tensor]]:
        """Decodes a code drawn around the mean, in training, and measures the divergence."""
        code = self.encoder((image * (1 - mask)).flatten(1)).float()
        mean, log_variance = code.chunk(2, dim=1)
        divergence = 0.5 * (mean.square() + log_variance.exp() - 1 - log_variance).sum(dim=1)
        if self.training and self.noise:
            mean = mean + self.noise * (log_variance / 2).exp() * torch.randn_like(mean)
        terms = {"kl": self.kl_weight * divergence, "progress": progress.expand_as(divergence)}
        return self._decoded(mean), terms

    def _decoded(self, code: Tensor) -> Tensor:
        values: Tensor = self.decoder(code)
        return torch.sigmoid(values).view(-1, 3, *self.size)


def register() -> None:
    """Lets configs name it `tiny_variational`."""
    if "tiny_variational" not in MODELS.names():
        MODELS.register("tiny_variational")(TinyVariational)
