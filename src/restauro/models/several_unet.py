"""Several fills of one hole: by sketches of what may be there, drawn from a code."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from restauro.models.divergences import kl
from restauro.models.unet import AttentionBlock, ResidualBlock, UNet, UpBlock
from restauro.plugins import model

SCALE = 4
"""How many times smaller than the picture a sketch is."""
UNSHOWN = 0.2
"""Of the pictures in training, are filled without a sketch: else the first fill gets worse."""
DRAWN_WIDTH = 1.07
"""By how much wider than in training codes are drawn: fills of averaged weights differ less."""


class SeveralUNet(UNet):
    """A U-Net that is shown a sketch in the hole, each of which it fills in another way.

    First it fills the hole without one. Then a conditional variational autoencoder, the
    sketcher, changes that fill at a quarter of its size, by a code; the U-Net is shown the change,
    and fills the hole again in its light. A code of zeros changes little.

    It learns in two phases. As long as it `learns_sketches` the U-Net stays as it is: an encoder
    that sees the whole picture gives the code a distribution, and what the sketch is off (of a
    Laplace distribution of the width `spread`) and what the distribution diverges from the standard
    normal one are the loss, `weight` for each nat. So the code keeps what the U-Net could not tell.
    Then all but that encoder learns: sketches of whole pictures must give what is there; drawn
    ones, two for each of the first `drawn_share` of a batch's pictures, need only look real and
    differ, which a discriminator judges.

    Shape: image (B, 3, H, W) in [0, 1], mask (B, 1, H, W), 1 = hole, noise (B, latent_dim) ->
    prediction (B, 3, H, W) in [0, 1]; H and W are multiples of 16.

    Source: first the structure in many ways, then the rest in one, as in Wan et al. 2021,
    arXiv:2103.14031 (ICT); unlike there, the sketch is that of a conditional variational
    autoencoder (Sohn, Lee and Yan 2015), in one pass, whose code has one distribution whatever is
    known. Both kinds of training pictures are those of Zheng et al. 2019, arXiv:1903.04227 (PIC).
    """

    def __init__(
        self,
        widths: tuple[int, int, int, int],
        dilations: tuple[int, ...],
        num_attention: int,
        *,
        learns_sketches: bool,
        latent_dim: int = 64,
        spread: float = 0.1,
        weight: float = 0.01,
        drawn_share: float = 0.25,
    ) -> None:
        super().__init__(widths, dilations, num_attention)
        self.noise_dim, self.learns_sketches = latent_dim, learns_sketches
        self.spread, self.weight, self.drawn_share = spread, weight, drawn_share
        self.sketch_stem = nn.Conv2d(12, widths[0], kernel_size=3, padding=1, bias=False)
        nn.init.zeros_(self.sketch_stem.weight)
        for weights in self.parameters():
            weights.requires_grad_(not learns_sketches)
        self.sketcher = Sketcher(latent_dim)
        self.hidden_encoder = HiddenEncoder(latent_dim).requires_grad_(learns_sketches)

    training_parts = ("hidden_encoder",)

    def forward(self, image: Tensor, mask: Tensor, noise: Tensor | None = None) -> Tensor:
        """Returns the prediction for a sketch by codes (B, latent_dim), without noise zeros."""
        if noise is None:
            noise = image.new_zeros(len(image), self.noise_dim)
        seen = self.seen(image * (1 - mask), mask)
        return self.filled(seen, mask, self.sketched(seen, image, mask, DRAWN_WIDTH * noise))

    def sketched(self, seen: Tensor, image: Tensor, mask: Tensor, code: Tensor) -> Tensor:
        """By how much codes change the fills of what is `seen`: (B, 3, H/4, W/4) in [-1, 1]."""
        change: Tensor = self.sketcher(
            *self._small(self.drawn(self.features(seen)), image, mask), code
        )
        return change

    def filled(self, seen: Tensor, mask: Tensor, change: Tensor) -> Tensor:
        """The predictions in the light of changes."""
        enlarged = F.interpolate(change, scale_factor=float(SCALE), mode="bilinear")
        shown = self.sketch_stem(F.pixel_unshuffle(enlarged * mask, 2))
        return self.drawn(self.features(seen + shown))

    def forward_with_losses(
        self, image: Tensor, mask: Tensor, progress: Tensor
    ) -> tuple[Tensor, dict[str, Tensor]]:
        """Of the sketcher its losses, `sketch` and `kl`, else fills by true and drawn sketches."""
        if self.learns_sketches:
            return self._sketching(image, mask)
        if not self.training:
            return self(image, mask), {}
        drawn = torch.arange(round(self.drawn_share * len(image))).repeat_interleave(2)
        with torch.no_grad():
            seen = self.seen(image * (1 - mask), mask)
            small, share = self._small(self.drawn(self.features(seen)), image, mask)
            mean, log_variance = self.hidden_encoder(F.avg_pool2d(image, SCALE), small, share)
            told = mean + (log_variance / 2).exp() * torch.randn_like(mean)
            code = torch.cat([told, torch.randn_like(mean[drawn])])
            small, share = (torch.cat([one, one[drawn]]) for one in (small, share))
        is_shown = torch.rand(len(code), 1, 1, 1, device=code.device) >= UNSHOWN
        is_shown[len(image) :] = True
        change = self.sketcher(small, share, code) * is_shown
        images, masks = (torch.cat([one, one[drawn]]) for one in (image, mask))
        return self.filled(self.seen(images * (1 - masks), masks), masks, change), {}

    def _sketching(self, image: Tensor, mask: Tensor) -> tuple[Tensor, dict[str, Tensor]]:
        with torch.no_grad():
            seen = self.seen(image * (1 - mask), mask)
            prediction = self.drawn(self.features(seen))
        small, share = self._small(prediction, image, mask)
        target = F.avg_pool2d(image, SCALE)
        mean, log_variance = self.hidden_encoder(target, small, share)
        code = mean
        if self.training:
            code = mean + (log_variance / 2).exp() * torch.randn_like(mean)
        off = (small + self.sketcher(small, share, code) - target).abs() * share
        terms = {"sketch": off.sum(dim=(1, 2, 3)) / self.spread, "kl": kl(mean, log_variance)}
        return prediction, {name: self.weight * term for name, term in terms.items()}

    def _small(self, prediction: Tensor, image: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
        """The composites and their masks at the size of sketches."""
        composite = mask * prediction + (1 - mask) * image
        return F.avg_pool2d(composite, SCALE), F.avg_pool2d(mask, SCALE)


class Sketcher(nn.Module):
    """What a code changes of fills at a quarter of their size.

    Shape: image (B, 3, h, w) in [0, 1], filled, mask (B, 1, h, w) in [0, 1], 1 = hole, and code
    (B, latent_dim) -> (B, 3, h, w) in [-1, 1]; h and w are multiples of 4.
    """

    def __init__(self, latent_dim: int) -> None:
        super().__init__()
        self.stem = nn.Conv2d(4, 32, kernel_size=3, padding=1)
        self.down = nn.ModuleList(
            nn.Conv2d(before, after, kernel_size=4, stride=2, padding=1)
            for before, after in ((32, 64), (64, 96))
        )
        self.refine = ResidualBlock(64)
        self.mapping = nn.Sequential(nn.Linear(latent_dim, 128), nn.SiLU())
        self.places = nn.Linear(128, 96 * 8 * 8)
        self.styles = nn.ModuleList(Style(128, width) for width in (64, 32))
        self.bottleneck = nn.Sequential(
            ResidualBlock(96), ResidualBlock(96, dilation=2), AttentionBlock(96), ResidualBlock(96)
        )
        self.up = nn.ModuleList([UpBlock(96, 64), UpBlock(64, 32)])
        self.head = nn.Conv2d(32, 3, kernel_size=3, padding=1)

    def forward(self, image: Tensor, mask: Tensor, code: Tensor) -> Tensor:
        """Returns the changes."""
        told = self.mapping(code)
        first = self.stem(torch.cat([image - 0.5, mask], dim=1))
        second = self.refine(self.down[0](first))
        x = self.down[1](second)
        places = self.places(told).unflatten(1, (96, 8, 8))
        x = self.bottleneck(x + F.interpolate(places, size=x.shape[2:], mode="bilinear"))
        for up, style, skip in zip(self.up, self.styles, (second, first), strict=True):
            x = style(up(x, skip), told)
        change: Tensor = torch.tanh(self.head(x))
        return change


class HiddenEncoder(nn.Module):
    """Mean and logarithm of the variance of the code for what a hole hides.

    Shape: image (B, 3, h, w) in [0, 1], filled (B, 3, h, w) the same with a fill in the hole, mask
    (B, 1, h, w) in [0, 1], 1 = hole -> two times (B, latent_dim).
    """

    def __init__(self, latent_dim: int) -> None:
        super().__init__()
        layers: list[nn.Module] = [nn.Conv2d(7, 32, kernel_size=3, padding=1)]
        for before, after in ((32, 64), (64, 96), (96, 128)):
            layers += nn.SiLU(), nn.Conv2d(before, after, kernel_size=4, stride=2, padding=1)
        self.layers = nn.Sequential(*layers, nn.SiLU(), nn.AdaptiveAvgPool2d(4), nn.Flatten())
        width = 128 * 4 * 4
        self.norm = nn.LayerNorm(width, elementwise_affine=False)
        self.out = nn.Linear(width, 2 * latent_dim)
        # codes differ from the outset by more than their noise: else nothing learns to use them
        nn.init.normal_(self.out.weight[:latent_dim], std=width**-0.5)
        nn.init.zeros_(self.out.weight[latent_dim:])
        nn.init.zeros_(self.out.bias[:latent_dim])
        nn.init.constant_(self.out.bias[latent_dim:], -3.0)

    def forward(self, image: Tensor, filled: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
        """Returns both."""
        seen = torch.cat([image - filled, filled - 0.5, mask], dim=1)
        out: Tensor = self.out(self.norm(self.layers(seen)))
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

    def forward(self, x: Tensor, told: Tensor) -> Tensor:
        """Returns the map in another style."""
        changes: Tensor = self.out(told)[:, :, None, None]
        scale, shift = changes.chunk(2, dim=1)  # (B, C, 1, 1) each
        return x * (1 + scale) + shift


@model("unet_several")
def several_unet(
    learns_sketches: bool = False, spread: float = 0.1, drawn_share: float = 0.25
) -> SeveralUNet:
    """`unet`, shown sketches: it goes on from its weights."""
    return SeveralUNet(
        (32, 64, 128, 240),
        (1, 2),
        2,
        learns_sketches=learns_sketches,
        spread=spread,
        drawn_share=drawn_share,
    )
