"""The report's baseline: a symmetric convolutional autoencoder around a latent vector.

Source: "Inpainting di immagini tramite reti autoencoder", University of Catania, 2022/2023.
"""

from __future__ import annotations

import math
from functools import partial

import torch
from torch import Tensor, nn

from restauro.models.base import MODELS, InpaintingModel
from restauro.models.blocks import BatchNorm2d


class ConvAutoencoder(InpaintingModel):
    """Four strided convolutions, three linear layers to the latent, and the same way back.

    It sees the damaged picture alone: the report's network is not told where the hole is. What
    the report leaves open is chosen thus:

    - Linear widths: 32768 -> first_width -> sqrt(first_width * latent_dim) -> latent_dim, even
      steps on a logarithmic scale after the first, which holds nearly all weights. Each but the
      last is followed by SiLU; no normalisation here, since the report names BatchNorm2d only.
    - Dropout: whole channels (`Dropout2d`) after each hidden convolution's activation, weak,
      because the network underfits already. In the linear layers it is an option, off as in the
      report, which names its absence as a shortcoming.
    - Decoder kernels: the encoder's in reverse, with `output_padding=1`, so that sizes double.
    - Residual block: refines the reconstruction itself, 3 -> 16 -> 3 channels with 3x3 kernels,
      added to it before the output. At full resolution width is dear: with 64 channels in the
      middle these two convolutions alone took a third of a training step.
    - Output: a sigmoid, so that a prediction cannot leave [0, 1].

    Shape: image (B, 3, 128, 128) in [0, 1], mask (B, 1, 128, 128), 1 = hole -> prediction
    (B, 3, 128, 128) in [0, 1].
    """

    def __init__(
        self,
        latent_dim: int,
        dropout: float = 0.05,
        linear_dropout: float = 0.0,
        first_width: int = 1024,
    ) -> None:
        super().__init__(size=(128, 128))
        self.encoder = Encoder(latent_dim, dropout, linear_dropout, first_width)
        self.decoder = Decoder(latent_dim, dropout, linear_dropout, first_width)

    def restore(self, masked_image: Tensor, mask: Tensor) -> Tensor:
        """Encodes the damaged picture and decodes a whole one; `mask` is not used."""
        prediction: Tensor = self.decoder(self.encoder(masked_image))
        return prediction


class Encoder(nn.Module):
    """Shape: (B, 3, 128, 128) -> (B, latent_dim)."""

    def __init__(
        self, latent_dim: int, dropout: float, linear_dropout: float, first_width: int
    ) -> None:
        super().__init__()
        conv = partial(nn.Conv2d, stride=2, bias=False)  # batch normalisation would remove a bias
        self.conv1 = conv(3, 64, kernel_size=7, padding=3)
        self.conv2 = conv(64, 128, kernel_size=5, padding=2)
        self.conv3 = conv(128, 256, kernel_size=5, padding=2)
        self.conv4 = conv(256, 512, kernel_size=3, padding=1)
        self.norm1, self.norm2 = BatchNorm2d(64), BatchNorm2d(128)
        self.norm3, self.norm4 = BatchNorm2d(256), BatchNorm2d(512)
        middle_width = round(math.sqrt(first_width * latent_dim))
        self.linear1 = nn.Linear(512 * 8 * 8, first_width)
        self.linear2 = nn.Linear(first_width, middle_width)
        self.linear3 = nn.Linear(middle_width, latent_dim)
        self.activation = nn.SiLU()
        self.dropout = nn.Dropout2d(dropout)
        self.linear_dropout = nn.Dropout(linear_dropout)

    def forward(self, x: Tensor) -> Tensor:
        """Returns the latent of the damaged pictures `x`."""
        x = self.dropout(self.activation(self.norm1(self.conv1(x))))  # (B, 64, 64, 64)
        x = self.dropout(self.activation(self.norm2(self.conv2(x))))  # (B, 128, 32, 32)
        x = self.dropout(self.activation(self.norm3(self.conv3(x))))  # (B, 256, 16, 16)
        x = self.dropout(self.activation(self.norm4(self.conv4(x))))  # (B, 512, 8, 8)
        x = x.flatten(start_dim=1)  # (B, 32768)
        x = self.linear_dropout(self.activation(self.linear1(x)))
        x = self.linear_dropout(self.activation(self.linear2(x)))
        latent: Tensor = self.linear3(x)  # (B, latent_dim)
        return latent


class Decoder(nn.Module):
    """Shape: (B, latent_dim) -> (B, 3, 128, 128) in [0, 1]."""

    def __init__(
        self, latent_dim: int, dropout: float, linear_dropout: float, first_width: int
    ) -> None:
        super().__init__()
        middle_width = round(math.sqrt(first_width * latent_dim))
        self.linear1 = nn.Linear(latent_dim, middle_width)
        self.linear2 = nn.Linear(middle_width, first_width)
        self.linear3 = nn.Linear(first_width, 512 * 8 * 8)
        conv = partial(nn.ConvTranspose2d, stride=2, output_padding=1, bias=False)
        self.conv1 = conv(512, 256, kernel_size=3, padding=1)
        self.conv2 = conv(256, 128, kernel_size=5, padding=2)
        self.conv3 = conv(128, 64, kernel_size=5, padding=2)
        self.conv4 = conv(64, 3, kernel_size=7, padding=3)
        self.norm1, self.norm2 = BatchNorm2d(256), BatchNorm2d(128)
        self.norm3, self.norm4 = BatchNorm2d(64), BatchNorm2d(3)
        self.residual_conv1 = nn.Conv2d(3, 16, kernel_size=3, padding=1, bias=False)
        self.residual_norm = BatchNorm2d(16)
        self.residual_conv2 = nn.Conv2d(16, 3, kernel_size=3, padding=1, bias=False)
        self.activation = nn.SiLU()
        self.dropout = nn.Dropout2d(dropout)
        self.linear_dropout = nn.Dropout(linear_dropout)

    def forward(self, latent: Tensor) -> Tensor:
        """Returns the pictures that `latent` stands for."""
        x = self.linear_dropout(self.activation(self.linear1(latent)))
        x = self.linear_dropout(self.activation(self.linear2(x)))
        x = self.activation(self.linear3(x)).unflatten(1, (512, 8, 8))  # (B, 512, 8, 8)
        x = self.dropout(self.activation(self.norm1(self.conv1(x))))  # (B, 256, 16, 16)
        x = self.dropout(self.activation(self.norm2(self.conv2(x))))  # (B, 128, 32, 32)
        x = self.dropout(self.activation(self.norm3(self.conv3(x))))  # (B, 64, 64, 64)
        x = self.norm4(self.conv4(x))  # (B, 3, 128, 128)
        residual = self.activation(self.residual_norm(self.residual_conv1(x)))  # (B, 16, 128, 128)
        return torch.sigmoid(x + self.residual_conv2(residual))


@MODELS.register("conv_autoencoder_32")
def conv_autoencoder_32(
    dropout: float = 0.05, linear_dropout: float = 0.0, first_width: int = 1024
) -> ConvAutoencoder:
    """The report's smallest latent."""
    return ConvAutoencoder(32, dropout, linear_dropout, first_width)


@MODELS.register("conv_autoencoder_128")
def conv_autoencoder_128(
    dropout: float = 0.05, linear_dropout: float = 0.0, first_width: int = 1024
) -> ConvAutoencoder:
    """The report's middle latent."""
    return ConvAutoencoder(128, dropout, linear_dropout, first_width)


@MODELS.register("conv_autoencoder_512")
def conv_autoencoder_512(
    dropout: float = 0.05, linear_dropout: float = 0.0, first_width: int = 1024
) -> ConvAutoencoder:
    """The report's largest and best latent."""
    return ConvAutoencoder(512, dropout, linear_dropout, first_width)
