"""The report's baseline: a symmetric convolutional autoencoder around a latent vector.

Source: "Inpainting di immagini tramite reti autoencoder", University of Catania, 2022/2023.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import partial

import torch
from torch import Tensor, nn

from restauro.models.base import CodeModel, checked_size
from restauro.models.blocks import BatchNorm2d
from restauro.picture.types import Size
from restauro.plugins import model


class ConvAutoencoder(CodeModel):
    """Four strided convolutions, three linear layers to the latent, and the same way back.

    It sees the damaged picture alone: the report's network is not told where the hole is. What
    the report leaves open is chosen thus:

    - Linear widths: 2 * H * W (32768 at 128x128) -> first_width -> sqrt(first_width * latent_dim)
      -> latent_dim, even steps on a logarithmic scale after the first, which holds nearly all
      weights. Each but the last is followed by SiLU; no normalisation here, since the report names
      BatchNorm2d only.
    - Dropout: whole channels (`Dropout2d`) after each hidden convolution's activation, weak,
      because the network underfits already. In the linear layers it is an option, off as in the
      report, which names its absence as a shortcoming.
    - Decoder kernels: the encoder's in reverse, with `output_padding=1`, so that sizes double.
    - Residual block: refines the reconstruction itself, 3 -> 16 -> 3 channels with 3x3 kernels,
      added to it before the output. At full resolution width is dear: with 64 channels in the
      middle these two convolutions alone took a third of a training step.
    - Channels: 64 after the first convolution, twice as many after each further one; fewer, by
      `channels`, make a network for small pictures that trains in minutes.
    - Output: a sigmoid, so that a prediction cannot leave [0, 1].

    Shape: image (B, 3, H, W) in [0, 1], mask (B, 1, H, W), 1 = hole -> prediction (B, 3, H, W)
    in [0, 1]; (H, W) is `size`, multiples of 16, or one number for both.
    """

    def __init__(
        self,
        latent_dim: int = 128,
        size: int | Sequence[int] = (128, 128),
        dropout: float = 0.05,
        linear_dropout: float = 0.0,
        first_width: int = 1024,
        channels: int = 64,
    ) -> None:
        super().__init__(checked_size(size, multiple=16))
        self.latent_dim = latent_dim
        shape = self.size, dropout, linear_dropout, first_width, channels
        self.encoder, self.decoder = Encoder(latent_dim, *shape), Decoder(latent_dim, *shape)

    def encode(self, image: Tensor) -> Tensor:
        """The codes of pictures."""
        code: Tensor = self.encoder(image)
        return code

    def decode(self, code: Tensor) -> Tensor:
        """The pictures of codes."""
        picture: Tensor = self.decoder(code)
        return picture


class Encoder(nn.Module):
    """Shape: (B, 3, H, W) -> (B, latent_dim), where `size` is (H, W) and `channels` C."""

    def __init__(
        self,
        latent_dim: int,
        size: Size,
        dropout: float,
        linear_dropout: float,
        first_width: int,
        channels: int,
    ) -> None:
        super().__init__()
        conv = partial(nn.Conv2d, stride=2, bias=False)  # batch normalisation would remove a bias
        c1, c2, c3, c4 = (channels * factor for factor in (1, 2, 4, 8))
        self.conv1 = conv(3, c1, kernel_size=7, padding=3)
        self.conv2 = conv(c1, c2, kernel_size=5, padding=2)
        self.conv3 = conv(c2, c3, kernel_size=5, padding=2)
        self.conv4 = conv(c3, c4, kernel_size=3, padding=1)
        self.norm1, self.norm2 = BatchNorm2d(c1), BatchNorm2d(c2)
        self.norm3, self.norm4 = BatchNorm2d(c3), BatchNorm2d(c4)
        middle_width = round(math.sqrt(first_width * latent_dim))
        self.linear1 = nn.Linear(c4 * (size[0] // 16) * (size[1] // 16), first_width)
        self.linear2 = nn.Linear(first_width, middle_width)
        self.linear3 = nn.Linear(middle_width, latent_dim)
        self.activation = nn.SiLU()
        self.dropout = nn.Dropout2d(dropout)
        self.linear_dropout = nn.Dropout(linear_dropout)

    def forward(self, x: Tensor) -> Tensor:
        """Returns the latent of the damaged pictures `x`."""
        x = self.dropout(self.activation(self.norm1(self.conv1(x))))  # (B, C, H/2, W/2)
        x = self.dropout(self.activation(self.norm2(self.conv2(x))))  # (B, 2C, H/4, W/4)
        x = self.dropout(self.activation(self.norm3(self.conv3(x))))  # (B, 4C, H/8, W/8)
        x = self.dropout(self.activation(self.norm4(self.conv4(x))))  # (B, 8C, H/16, W/16)
        x = x.flatten(start_dim=1)  # (B, 8C * H/16 * W/16)
        x = self.linear_dropout(self.activation(self.linear1(x)))
        x = self.linear_dropout(self.activation(self.linear2(x)))
        latent: Tensor = self.linear3(x)  # (B, latent_dim)
        return latent


class Decoder(nn.Module):
    """Shape: (B, latent_dim) -> (B, 3, H, W) in [0, 1], where `size` is (H, W), `channels` C."""

    def __init__(
        self,
        latent_dim: int,
        size: Size,
        dropout: float,
        linear_dropout: float,
        first_width: int,
        channels: int,
    ) -> None:
        super().__init__()
        c1, c2, c3, c4 = (channels * factor for factor in (1, 2, 4, 8))
        self.first_shape = c4, size[0] // 16, size[1] // 16
        middle_width = round(math.sqrt(first_width * latent_dim))
        self.linear1 = nn.Linear(latent_dim, middle_width)
        self.linear2 = nn.Linear(middle_width, first_width)
        self.linear3 = nn.Linear(first_width, math.prod(self.first_shape))
        conv = partial(nn.ConvTranspose2d, stride=2, output_padding=1, bias=False)
        self.conv1 = conv(c4, c3, kernel_size=3, padding=1)
        self.conv2 = conv(c3, c2, kernel_size=5, padding=2)
        self.conv3 = conv(c2, c1, kernel_size=5, padding=2)
        self.conv4 = conv(c1, 3, kernel_size=7, padding=3)
        self.norm1, self.norm2 = BatchNorm2d(c3), BatchNorm2d(c2)
        self.norm3, self.norm4 = BatchNorm2d(c1), BatchNorm2d(3)
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
        x = self.activation(self.linear3(x)).unflatten(1, self.first_shape)  # (B, 8C, H/16, W/16)
        x = self.dropout(self.activation(self.norm1(self.conv1(x))))  # (B, 4C, H/8, W/8)
        x = self.dropout(self.activation(self.norm2(self.conv2(x))))  # (B, 2C, H/4, W/4)
        x = self.dropout(self.activation(self.norm3(self.conv3(x))))  # (B, C, H/2, W/2)
        x = self.norm4(self.conv4(x))  # (B, 3, H, W)
        residual = self.activation(self.residual_norm(self.residual_conv1(x)))  # (B, 16, H, W)
        return torch.sigmoid(x + self.residual_conv2(residual))


model("conv_autoencoder")(ConvAutoencoder)
for latent_dim in (32, 64, 128, 512):  # the report's, and one for small pictures
    model(f"conv_autoencoder_{latent_dim}")(partial(ConvAutoencoder, latent_dim))
