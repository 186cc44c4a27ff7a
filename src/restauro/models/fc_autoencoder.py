"""The report's very first model: a fully connected autoencoder, the floor of every comparison."""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Tensor, nn

from restauro.models.base import CodeModel, checked_size
from restauro.plugins import model


class FullyConnectedAutoencoder(CodeModel):
    """Three linear layers to the latent and three back, on the flattened picture.

    The report gives no widths; 3 * H * W (49152 at 128x128) -> 512 -> 256 -> latent_dim keeps it
    near the size of the convolutional models (50 million weights), so that the comparison is one
    of structure. SiLU between the layers as there; a sigmoid keeps the prediction in [0, 1].

    Shape: image (B, 3, H, W) in [0, 1], mask (B, 1, H, W), 1 = hole -> prediction (B, 3, H, W)
    in [0, 1]; (H, W) is `size`, or one number for both.
    """

    def __init__(
        self,
        latent_dim: int = 128,
        size: int | Sequence[int] = (128, 128),
        dropout: float = 0.0,
    ) -> None:
        super().__init__(checked_size(size))
        self.latent_dim = latent_dim
        num_values = 3 * math.prod(self.size)
        self.encoder = nn.Sequential(
            nn.Linear(num_values, 512),
            nn.SiLU(),
            nn.Dropout(dropout),
            nn.Linear(512, 256),
            nn.SiLU(),
            nn.Dropout(dropout),
            nn.Linear(256, latent_dim),
        )
        self.decoder = nn.Sequential(
            nn.Linear(latent_dim, 256),
            nn.SiLU(),
            nn.Dropout(dropout),
            nn.Linear(256, 512),
            nn.SiLU(),
            nn.Dropout(dropout),
            nn.Linear(512, num_values),
        )

    def encode(self, image: Tensor) -> Tensor:
        """The codes of pictures."""
        code: Tensor = self.encoder(image.flatten(start_dim=1))
        return code

    def decode(self, code: Tensor) -> Tensor:
        """The pictures of codes."""
        return torch.sigmoid(self.decoder(code)).view(-1, 3, *self.size)


model("fc_autoencoder")(FullyConnectedAutoencoder)
