"""A U-Net that fills a hole in many ways: in which, a code tells."""

from __future__ import annotations

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from restauro.models.divergences import kl
from restauro.models.unet import UNet
from restauro.plugins import model


class SeveralUNet(UNet):
    """A U-Net whose layers are scaled and shifted by a code for what the hole hides.

    In training an encoder that sees the whole picture gives the code a distribution, whose
    divergence from the standard normal one costs `beta` for each nat beyond `capacity` times the
    hole's share of the picture. A fill by a code of it must be like the truth; fills by codes of
    the standard normal distribution, two for each of the first `drawn_share` of a batch's pictures,
    need only look real, which a discriminator judges, and differ. So the code keeps what the
    surroundings do not tell, and any other gives another fill. Afterwards that encoder is not
    needed. A code of zeros gives the fill in the middle.

    Shape: image (B, 3, H, W) in [0, 1], mask (B, 1, H, W), 1 = hole, noise (B, latent_dim) ->
    prediction (B, 3, H, W) in [0, 1]; H and W are multiples of 16.

    Source: Sohn, Lee and Yan 2015 (conditional variational autoencoder); both ways together as in
    Zheng et al. 2019, arXiv:1903.04227 (PIC); unlike there, the code has one distribution whatever
    is known, and is one vector for the whole picture, as in Zhu et al. 2017, arXiv:1711.11586, and
    part of its divergence is free, as in Kingma et al. 2016, arXiv:1606.04934: a decoder that fills
    well without a code would never begin to use one that costs.
    """

    training_parts = ("hidden_encoder",)

    def __init__(
        self,
        widths: tuple[int, int, int, int],
        dilations: tuple[int, ...],
        num_attention: int,
        latent_dim: int,
        capacity: float,
        beta: float,
        drawn_share: float,
    ) -> None:
        super().__init__(widths, dilations, num_attention)
        self.noise_dim, self.capacity, self.beta = latent_dim, capacity, beta
        self.drawn_share = drawn_share
        self.hidden_encoder = HiddenEncoder(latent_dim)
        self.mapping = nn.Sequential(nn.Linear(latent_dim, 256), nn.SiLU())
        self.styles = nn.ModuleList(Style(256, width) for width in widths[::-1])
        self.places = nn.Linear(256, 32 * 8 * 8)
        self.placed = nn.Conv2d(32, widths[-1], kernel_size=1)

    def forward(self, image: Tensor, mask: Tensor, noise: Tensor | None = None) -> Tensor:
        """Returns the prediction that the noise as a code stands for; by default zeros."""
        if noise is None:
            noise = image.new_zeros(len(image), self.noise_dim)
        x, skips = self.reduced(self.seen(image * (1 - mask), mask))
        return self.filled(x, skips, noise)

    def filled(self, x: Tensor, skips: Sequence[Tensor], code: Tensor) -> Tensor:
        """The predictions for codes (B, latent_dim) of what `reduced` gives."""
        told = self.mapping(code)
        first, *others = self.styles
        places = F.interpolate(
            self.places(told).unflatten(1, (32, 8, 8)), size=x.shape[2:], mode="bilinear"
        )
        x = self.bottleneck(first(x, told) + self.placed(places))
        for up, style, skip in zip(self.up, others, reversed(skips), strict=True):
            x = style(up(x, skip), told)
        return self.drawn(x)

    def forward_with_losses(
        self, image: Tensor, mask: Tensor, progress: Tensor
    ) -> tuple[Tensor, dict[str, Tensor]]:
        """In training fills by codes of whole pictures, then by drawn ones; in evaluation by 0.

        Returns what the divergence costs, too: `kl`, (B,) >= 0.
        """
        mean, log_variance = self.hidden_encoder(image, mask)
        free = self.capacity * mask.mean(dim=(1, 2, 3))
        terms = {"kl": self.beta * F.relu(kl(mean, log_variance) - free)}
        if not self.training:
            return self(image, mask), terms
        told = mean + (log_variance / 2).exp() * torch.randn_like(mean)
        drawn = torch.arange(round(self.drawn_share * len(image))).repeat_interleave(2)
        code = torch.cat([told, torch.randn_like(mean[drawn])])
        x, skips = self.reduced(self.seen(image * (1 - mask), mask))
        more = [torch.cat([one, one[drawn]]) for one in (x, *skips)]
        return self.filled(more[0], more[1:], code), terms


class HiddenEncoder(nn.Module):
    """Mean and logarithm of the variance of the code for what a hole hides.

    Shape: image (B, 3, H, W) in [0, 1], mask (B, 1, H, W), 1 = hole -> two times (B, latent_dim).
    """

    def __init__(self, latent_dim: int) -> None:
        super().__init__()
        layers: list[nn.Module] = [nn.Conv2d(64, 64, kernel_size=3, padding=1)]
        for before, after in ((64, 128), (128, 128), (128, 128)):
            layers += nn.SiLU(), nn.Conv2d(before, after, kernel_size=4, stride=2, padding=1)
        self.layers = nn.Sequential(*layers, nn.SiLU(), nn.AdaptiveAvgPool2d(4), nn.Flatten())
        width = 128 * 4 * 4
        self.norm = nn.LayerNorm(width, elementwise_affine=False)
        self.out = nn.Linear(width, 2 * latent_dim)
        # codes differ from the outset by more than their noise: else nothing learns to use them
        nn.init.normal_(self.out.weight[:latent_dim], std=width**-0.5)
        nn.init.zeros_(self.out.weight[latent_dim:])
        nn.init.zeros_(self.out.bias[:latent_dim])
        nn.init.constant_(self.out.bias[latent_dim:], -4.0)

    def forward(self, image: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
        """Returns both."""
        x = torch.cat([image - 0.5, mask], dim=1)
        out: Tensor = self.out(self.norm(self.layers(F.pixel_unshuffle(x, 4))))
        mean, log_variance = out.float().chunk(2, dim=1)
        return mean, log_variance


class Style(nn.Module):
    """Scales and shifts each channel of a map by what a code tells.

    Shape: (B, C, H, W) and (B, D) -> (B, C, H, W).
    Source: Perez et al. 2018, arXiv:1709.07871.
    """

    def __init__(self, told: int, channels: int) -> None:
        super().__init__()
        self.out = nn.Linear(told, 2 * channels)
        nn.init.normal_(self.out.weight, std=0.05)  # the map is nearly what it was
        nn.init.zeros_(self.out.bias)

    def forward(self, x: Tensor, told: Tensor) -> Tensor:
        """Returns the map in another style."""
        changes: Tensor = self.out(told)[:, :, None, None]
        scale, shift = changes.chunk(2, dim=1)  # (B, C, 1, 1) each
        return x * (1 + scale) + shift


@model("unet_several")
def several_unet(
    latent_dim: int = 64, capacity: float = 0.0, beta: float = 0.005, drawn_share: float = 0.25
) -> SeveralUNet:
    """`unet` with a code: it goes on from its weights."""
    widths = (32, 64, 128, 240)
    return SeveralUNet(widths, (1, 2), 2, latent_dim, capacity, beta, drawn_share)
