"""A small U-Net with attention at its bottleneck."""

from __future__ import annotations

from typing import TypeVar

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from restauro.models.base import InpaintingModel
from restauro.plugins import model


class UNet(InpaintingModel):
    """Convolutional autoencoder with skip connections that is told where the hole is.

    Against the report's network: the mask is a fourth input, and skip connections carry what is
    known. The code is no longer one vector but a vector for each of the (H/16)x(W/16) places of
    the bottleneck; there every place looks at every other, so that an eye can be copied from the
    other one, and a channel gate spreads the picture's light. Pixel-unshuffle does the first
    halving without losing a pixel. No batch statistics anywhere: a dark picture is not pulled
    towards the batch's mean. The last layer predicts all of the picture; whoever composites keeps
    the known pixels.

    Shape: image (B, 3, H, W) in [0, 1], mask (B, 1, H, W), 1 = hole -> prediction (B, 3, H, W)
    in [0, 1]; H and W are multiples of 16.

    Source: Ronneberger et al. 2015, arXiv:1505.04597; unlike there, skips are added, and
    residual blocks refine.
    """

    multiple = 16

    def __init__(
        self, widths: tuple[int, int, int, int], dilations: tuple[int, ...], num_attention: int
    ) -> None:
        super().__init__(size=(128, 128))
        self.stem = nn.Conv2d(16, widths[0], kernel_size=3, padding=1)
        # half of all pixels' work would be in a block at H/2: it starts below
        blocks = [nn.Identity(), *(ResidualBlock(width) for width in widths[1:-1])]
        self.down = nn.ModuleList(
            nn.Sequential(block, nn.Conv2d(before, after, kernel_size=4, stride=2, padding=1))
            for block, before, after in zip(blocks, widths[:-1], widths[1:], strict=True)
        )
        self.bottleneck = nn.Sequential(
            *(ResidualBlock(widths[-1], dilation) for dilation in dilations),
            ChannelGate(widths[-1]),
            *(AttentionBlock(widths[-1]) for _ in range(num_attention)),
            ResidualBlock(widths[-1]),
        )
        self.up = nn.ModuleList(
            UpBlock(before, after)
            for before, after in zip(widths[:0:-1], widths[-2::-1], strict=True)
        )
        self.head = nn.Conv2d(widths[0], 12, kernel_size=3, padding=1)

    def restore(self, masked_image: Tensor, mask: Tensor) -> Tensor:
        """Fills the hole of `masked_image` from what is around it."""
        return self.drawn(self.features(self.seen(masked_image, mask)))

    def seen(self, masked_image: Tensor, mask: Tensor) -> Tensor:
        """What the first layer makes of the damaged pictures: (B, widths[0], H/2, W/2)."""
        centred = masked_image - 0.5 * (1 - mask)  # what is known lies around 0, as the hole does
        x = torch.cat([centred, mask], dim=1)  # (B, 4, H, W)
        seen: Tensor = self.stem(F.pixel_unshuffle(x, 2))
        return seen

    def features(self, x: Tensor) -> Tensor:
        """What all layers but the first and last make of `seen`, in the same shape."""
        x, skips = self.reduced(x)
        x = self.bottleneck(x)
        for up in self.up:
            x = up(x, skips.pop())
        return x

    def reduced(self, x: Tensor) -> tuple[Tensor, list[Tensor]]:
        """The way down: (B, widths[-1], H/16, W/16), and the skips, the largest first."""
        skips = []
        for down in self.down:
            block, halve = down.children()
            skips.append(block(x))
            x = halve(skips[-1])
        return x, skips

    def drawn(self, features: Tensor) -> Tensor:
        """The predictions (B, 3, H, W) of features."""
        return torch.sigmoid(F.pixel_shuffle(self.head(features), 2))


class GuidedUNet(UNet):
    """The same, shown a copy in the hole: what patches of the known part make of it.

    Where no pixel of a picture's hole has any colour it has no copy, and is restored without. The
    network draws its own picture in the light of the copy, and says for each pixel what share of it
    to take from the copy as it is. Before it has learned to, it is a UNet.

    Shape: image (B, 3, H, W) in [0, 1], in the hole the copy or 0, mask (B, 1, H, W), 1 = hole ->
    prediction (B, 3, H, W) in [0, 1].
    """

    sees_copies = True

    def __init__(
        self, widths: tuple[int, int, int, int], dilations: tuple[int, ...], num_attention: int
    ) -> None:
        super().__init__(widths, dilations, num_attention)
        self.copy_stem = nn.Conv2d(12, widths[0], kernel_size=3, padding=1, bias=False)
        nn.init.zeros_(self.copy_stem.weight)
        self.gate = _starting_at_zero(nn.Conv2d(widths[0], 4, kernel_size=3, padding=1))
        nn.init.constant_(self.gate.bias, -1.0)  # type: ignore[arg-type]

    def forward(self, image: Tensor, mask: Tensor) -> Tensor:
        """Returns the prediction."""
        copy = image * mask
        has_copy = (copy.amax(dim=(1, 2, 3), keepdim=True) > 0).to(image.dtype)
        centred = (copy - 0.5 * mask) * has_copy
        x = self.seen(image * (1 - mask), mask) + self.copy_stem(F.pixel_unshuffle(centred, 2))
        x = self.features(x)
        drawn = self.drawn(x)
        share = torch.sigmoid(F.pixel_shuffle(self.gate(x), 2)) * has_copy * mask
        return drawn + share * (copy - drawn)


class ResidualBlock(nn.Module):
    """Two 3x3 convolutions, the first dilated, added to their input.

    Shape: (B, C, H, W) -> (B, C, H, W).
    """

    def __init__(self, channels: int, dilation: int = 1) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(channels, channels, 3, padding=dilation, dilation=dilation)
        self.conv2 = _starting_at_zero(nn.Conv2d(channels, channels, 3, padding=1))

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


class AttentionBlock(nn.Module):
    """Self-attention between all places of a map, then two layers at each place.

    A 3x3 convolution for each channel tells the places where they are, by the zeros beyond the
    border, so that any size fits.

    Shape: (B, C, H, W) -> (B, C, H, W); C is a multiple of `num_heads`.

    Source: Dosovitskiy et al. 2021, arXiv:2010.11929, positions as in Chu et al. 2021,
    arXiv:2102.10882; the hidden layer is twice as wide as the others, not four times.
    """

    def __init__(self, channels: int, num_heads: int = 8) -> None:
        super().__init__()
        self.num_heads = num_heads
        self.position = _starting_at_zero(
            nn.Conv2d(channels, channels, 3, padding=1, groups=channels)
        )
        self.norm1, self.norm2 = nn.LayerNorm(channels), nn.LayerNorm(channels)
        self.qkv = nn.Linear(channels, 3 * channels)
        self.out = _starting_at_zero(nn.Linear(channels, channels))
        self.widen = nn.Linear(channels, 2 * channels)
        self.narrow = _starting_at_zero(nn.Linear(2 * channels, channels))

    def forward(self, x: Tensor) -> Tensor:
        """Lets every place take from all others, and then think for itself."""
        height, width = x.shape[2:]
        x = x + self.position(x)
        tokens = x.flatten(2).transpose(1, 2)  # (B, H*W, C)
        qkv = self.qkv(self.norm1(tokens)).unflatten(2, (3, self.num_heads, -1))
        query, key, value = qkv.permute(2, 0, 3, 1, 4)  # (B, heads, H*W, C/heads) each
        # written out: PyTorch's fused attention is slow for few places on a processor (docs/log.md)
        scores = query @ key.transpose(2, 3) * query.shape[-1] ** -0.5  # (B, heads, H*W, H*W)
        mixed = scores.softmax(dim=-1).to(value.dtype) @ value
        tokens = tokens + self.out(mixed.transpose(1, 2).flatten(2))
        tokens = tokens + self.narrow(F.silu(self.widen(self.norm2(tokens))))
        restored: Tensor = tokens.transpose(1, 2).unflatten(2, (height, width))
        return restored


class UpBlock(nn.Module):
    """Doubles the sides by nearest neighbour, adds a skip and refines.

    Resize and convolution instead of a transposed convolution: no checkerboard (Odena et al.
    2016, distill.pub).

    Shape: (B, in_channels, H, W) and skip (B, out_channels, 2H, 2W) -> (B, out_channels, 2H, 2W).
    """

    def __init__(self, in_channels: int, out_channels: int) -> None:
        super().__init__()
        self.reduce = nn.Conv2d(in_channels, out_channels, kernel_size=1)
        self.block = ResidualBlock(out_channels)

    def forward(self, x: Tensor, skip: Tensor) -> Tensor:
        """Brings `x` to the size of `skip` and merges both."""
        merged = F.interpolate(self.reduce(x), scale_factor=2.0, mode="nearest") + skip
        out: Tensor = self.block(merged)
        return out


Layer = TypeVar("Layer", nn.Conv2d, nn.Linear)


def _starting_at_zero(layer: Layer) -> Layer:
    """So that what it adds to starts as the identity: that trains stably unnormalised."""
    nn.init.zeros_(layer.weight)
    assert layer.bias is not None
    nn.init.zeros_(layer.bias)
    return layer


@model("unet")
def unet() -> UNet:
    """5.5 million weights: the shipped models."""
    return UNet(widths=(32, 64, 128, 240), dilations=(1, 2), num_attention=2)


@model("unet_guided")
def unet_guided() -> GuidedUNet:
    """The same, shown what patches of the known part make of the hole."""
    return GuidedUNet(widths=(32, 64, 128, 240), dilations=(1, 2), num_attention=2)


@model("unet_tiny")
def unet_tiny() -> UNet:
    """Half a million weights: shows in two minutes on a processor that training works."""
    return UNet(widths=(16, 32, 64, 64), dilations=(1, 2), num_attention=1)
