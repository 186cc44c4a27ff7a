"""A small U-Net: the report's encoder and decoder without the linear layers."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from restauro.models.base import MODELS, InpaintingModel


class UNet(InpaintingModel):
    """Convolutional autoencoder with skip connections that is told where the hole is.

    Against the report's network: the mask is a fourth input, the latent vector gives way to a
    feature map of 1/16 of the sides with dilated convolutions and a global channel gate, so
    that every output pixel sees the whole picture, and skip connections carry what is known.
    Pixel-unshuffle does the first halving without losing a pixel. No batch statistics anywhere:
    a dark picture is not pulled towards the batch's mean. The last layer predicts all of the
    picture; whoever composites keeps the known pixels.

    Shape: image (B, 3, H, W) in [0, 1], mask (B, 1, H, W), 1 = hole -> prediction (B, 3, H, W)
    in [0, 1]; H and W are multiples of 16.
    """

    multiple = 16

    def __init__(self, widths: tuple[int, int, int, int], dilations: tuple[int, ...]) -> None:
        super().__init__(size=(128, 128))
        self.stem = nn.Conv2d(16, widths[0], kernel_size=3, padding=1)
        self.down = nn.ModuleList(
            nn.Sequential(
                ResidualBlock(before), nn.Conv2d(before, after, kernel_size=4, stride=2, padding=1)
            )
            for before, after in zip(widths[:-1], widths[1:], strict=True)
        )
        self.bottleneck = nn.Sequential(
            *(ResidualBlock(widths[-1], dilation) for dilation in dilations),
            ChannelGate(widths[-1]),
            ResidualBlock(widths[-1]),
        )
        self.up = nn.ModuleList(
            UpBlock(before, after)
            for before, after in zip(widths[:0:-1], widths[-2::-1], strict=True)
        )
        self.head = nn.Conv2d(widths[0], 12, kernel_size=3, padding=1)

    def restore(self, masked_image: Tensor, mask: Tensor) -> Tensor:
        """Fills the hole of `masked_image` from what is around it."""
        centred = masked_image - 0.5 * (1 - mask)  # what is known lies around 0, as the hole does
        x = torch.cat([centred, mask], dim=1)  # (B, 4, H, W)
        x = self.stem(F.pixel_unshuffle(x, 2))  # (B, widths[0], H/2, W/2)
        skips = []
        for down in self.down:
            block, halve = down.children()
            skips.append(block(x))
            x = halve(skips[-1])
        x = self.bottleneck(x)  # (B, widths[-1], H/16, W/16)
        for up in self.up:
            x = up(x, skips.pop())
        return torch.sigmoid(F.pixel_shuffle(self.head(x), 2))  # (B, 3, H, W)


class ResidualBlock(nn.Module):
    """Two 3x3 convolutions, the first dilated, added to their input.

    Shape: (B, C, H, W) -> (B, C, H, W).
    """

    def __init__(self, channels: int, dilation: int = 1) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(channels, channels, 3, padding=dilation, dilation=dilation)
        self.conv2 = nn.Conv2d(channels, channels, 3, padding=1)
        nn.init.zeros_(self.conv2.weight)  # starts as the identity: trains stably unnormalised
        assert self.conv2.bias is not None
        nn.init.zeros_(self.conv2.bias)

    def forward(self, x: Tensor) -> Tensor:
        """Returns `x` plus what the two convolutions make of it."""
        change: Tensor = self.conv2(F.silu(self.conv1(F.silu(x))))
        return x + change


class ChannelGate(nn.Module):
    """Squeeze and excitation: the picture as a whole scales every channel.

    Shape: (B, C, H, W) -> (B, C, H, W).
    Source: Hu et al. 2018, arXiv:1709.01507; unlike the paper, it also adds a global offset, so
    that tone and light reach the middle of a hole at once.
    """

    def __init__(self, channels: int, reduction: int = 4) -> None:
        super().__init__()
        self.squeeze = nn.Linear(channels, channels // reduction)
        self.excite = nn.Linear(channels // reduction, 2 * channels)

    def forward(self, x: Tensor) -> Tensor:
        """Scales and shifts the channels of `x`."""
        summary = F.silu(self.squeeze(x.mean(dim=(2, 3))))
        gates: Tensor = self.excite(summary)[:, :, None, None]
        scale, shift = gates.chunk(2, dim=1)  # (B, C, 1, 1) each
        return x * torch.sigmoid(scale) * 2 + shift


class UpBlock(nn.Module):
    """Doubles the sides by nearest neighbour, merges a skip and refines.

    Resize and convolution instead of a transposed convolution: no checkerboard (Odena et al.
    2016, distill.pub).

    Shape: (B, in_channels, H, W) and skip (B, out_channels, 2H, 2W) -> (B, out_channels, 2H, 2W).
    """

    def __init__(self, in_channels: int, out_channels: int) -> None:
        super().__init__()
        self.reduce = nn.Conv2d(in_channels, out_channels, kernel_size=1)
        self.merge = nn.Conv2d(2 * out_channels, out_channels, kernel_size=3, padding=1)
        self.block = ResidualBlock(out_channels)

    def forward(self, x: Tensor, skip: Tensor) -> Tensor:
        """Brings `x` to the size of `skip` and merges both."""
        x = F.interpolate(self.reduce(x), scale_factor=2.0, mode="nearest")
        out: Tensor = self.block(self.merge(torch.cat([x, skip], dim=1)))
        return out


@MODELS.register("unet_small")
def unet_small() -> UNet:
    """4 million weights; the first shipped `faces` model."""
    return UNet(widths=(32, 64, 128, 224), dilations=(1, 2, 4))


@MODELS.register("unet_tiny")
def unet_tiny() -> UNet:
    """Half a million weights: shows in two minutes on a processor that training works."""
    return UNet(widths=(16, 32, 64, 64), dilations=(1, 2))
