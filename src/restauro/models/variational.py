"""Variational autoencoders on the report's encoder and decoder, whose codes can be drawn.

Their terms are in nats a picture, as the papers write them: train them with the loss `bernoulli`.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.func import functional_call

from restauro.models.base import CodeModel, checked_size
from restauro.models.conv_autoencoder import Decoder, Encoder
from restauro.models.divergences import decomposed_kl, kl, shuffled
from restauro.plugins import model

SMALL = 64, 64
"""The size that the papers take."""


@dataclass(frozen=True)
class Codes:
    """One code for each picture of a batch, and the normal distributions that they are drawn from.

    All are (B, D).
    """

    drawn: Tensor
    mean: Tensor
    log_variance: Tensor


class Variational(CodeModel):
    """Encodes a picture as a normal distribution of codes; training decodes a drawn one.

    Restoring decodes the mean. In training, of `whole_share` of the pictures the encoder sees what
    the hole hides, too: 0 is the report's task, 1 the papers'. Noise is of PyTorch's generator in
    training; in evaluation, where it enters the terms alone, it is always the same.

    Shape: image (B, 3, H, W) in [0, 1], mask (B, 1, H, W), 1 = hole -> prediction (B, 3, H, W)
    in [0, 1]; (H, W) is `size`, multiples of 16, or one number for both.
    """

    def __init__(
        self,
        latent_dim: int,
        size: int | Sequence[int],
        first_width: int,
        channels: int,
        whole_share: float,
    ) -> None:
        super().__init__(checked_size(size, multiple=16))
        self.latent_dim, self.whole_share = latent_dim, whole_share
        shape = self.size, 0.0, 0.0, first_width, channels  # no dropout: the code has noise enough
        self.encoder, self.decoder = Encoder(2 * latent_dim, *shape), Decoder(latent_dim, *shape)

    def encode(self, image: Tensor) -> Tensor:
        """The means of the pictures' codes."""
        return self.distribution(image)[0]

    def decode(self, code: Tensor) -> Tensor:
        """The pictures of codes."""
        picture: Tensor = self.decoder(code)
        return picture

    def distribution(self, image: Tensor) -> tuple[Tensor, Tensor]:
        """Mean and logarithm of the variance of the codes of pictures, (B, latent_dim) each."""
        mean, log_variance = self.encoder(image).float().chunk(2, dim=1)
        return mean, log_variance

    def forward_with_losses(
        self, image: Tensor, mask: Tensor, progress: Tensor
    ) -> tuple[Tensor, dict[str, Tensor]]:
        """Decodes a drawn code in training and the mean in evaluation; returns `terms`, too."""
        device = image.device
        generator = None if self.training else torch.Generator(device).manual_seed(0)
        if self.training:
            mask = mask * (torch.rand(len(mask), 1, 1, 1, device=device) >= self.whole_share)
        mean, log_variance = self.distribution(image * (1 - mask))
        noise = torch.randn(mean.shape, generator=generator, device=device)
        codes = Codes(mean + (log_variance / 2).exp() * noise, mean, log_variance)
        prediction = self.decode(codes.drawn if self.training else mean)
        return prediction, self.terms(codes, progress, generator)

    @abstractmethod
    def terms(
        self, codes: Codes, progress: Tensor, generator: torch.Generator | None
    ) -> dict[str, Tensor]:
        """Loss terms by name, (B,) each; what is random in them is of `generator`."""


class BetaVAE(Variational):
    """beta * |KL - C|, where C grows evenly from 0 to `capacity` nats in the training.

    Without a capacity that is beta * KL (Higgins et al. 2017), and with a beta of 1 the variational
    autoencoder of Kingma and Welling 2014, arXiv:1312.6114.

    Source of the capacity: Burgess et al. 2018, arXiv:1804.03599, equation 8; it is applied to each
    picture, as there, where much code applies it to the mean of a batch.
    """

    def __init__(
        self,
        beta: float = 4.0,
        capacity: float = 0.0,
        latent_dim: int = 10,
        size: int | Sequence[int] = SMALL,
        first_width: int = 1024,
        channels: int = 64,
        whole_share: float = 0.0,
    ) -> None:
        super().__init__(latent_dim, size, first_width, channels, whole_share)
        self.beta, self.capacity = beta, capacity

    def terms(
        self, codes: Codes, progress: Tensor, generator: torch.Generator | None
    ) -> dict[str, Tensor]:
        """The weighted divergence, `kl`."""
        divergence = kl(codes.mean, codes.log_variance)
        return {"kl": self.beta * (divergence - self.capacity * progress).abs()}


class BetaTCVAE(Variational):
    """alpha * mutual information + beta * total correlation + gamma * divergence of each number.

    Source: Chen et al. 2018, arXiv:1802.04942, equation 4.
    """

    def __init__(
        self,
        alpha: float = 1.0,
        beta: float = 6.4,
        gamma: float = 1.0,
        latent_dim: int = 10,
        size: int | Sequence[int] = SMALL,
        first_width: int = 1024,
        channels: int = 64,
        whole_share: float = 0.0,
    ) -> None:
        super().__init__(latent_dim, size, first_width, channels, whole_share)
        self.alpha, self.beta, self.gamma = alpha, beta, gamma

    def terms(
        self, codes: Codes, progress: Tensor, generator: torch.Generator | None
    ) -> dict[str, Tensor]:
        """The three weighted parts of the divergence."""
        information, correlation, of_each = decomposed_kl(
            codes.drawn, codes.mean, codes.log_variance
        )
        return {
            "mutual_information": self.alpha * information,
            "total_correlation": self.beta * correlation,
            "dimension_kl": self.gamma * of_each,
        }


class FactorVAE(Variational):
    """KL + gamma * total correlation, which a discriminator of drawn and shuffled codes estimates.

    The discriminator learns beside the network, by a term of its own: the weights of the one are
    constants in the term of the other. So one optimizer serves both, and a resumed run is exact.

    Source: Kim and Mnih 2018, arXiv:1802.05983, algorithm 2; unlike there, both learn in the same
    step, at the same rate, and the codes that are shuffled are the batch's own.
    """

    training_parts = ("discriminator",)

    def __init__(
        self,
        gamma: float = 6.4,
        width: int = 1000,
        num_hidden: int = 6,
        latent_dim: int = 10,
        size: int | Sequence[int] = SMALL,
        first_width: int = 1024,
        channels: int = 64,
        whole_share: float = 0.0,
    ) -> None:
        super().__init__(latent_dim, size, first_width, channels, whole_share)
        self.gamma = gamma
        layers: list[nn.Module] = []
        for before in [latent_dim, *[width] * (num_hidden - 1)]:
            layers += nn.Linear(before, width), nn.LeakyReLU(0.2)
        self.discriminator = nn.Sequential(*layers, nn.Linear(width, 2))

    def terms(
        self, codes: Codes, progress: Tensor, generator: torch.Generator | None
    ) -> dict[str, Tensor]:
        """`kl`, the weighted `total_correlation`, and `discriminator`, how badly it tells codes."""
        constants = {name: w.detach() for name, w in self.discriminator.named_parameters()}
        judged = functional_call(self.discriminator, constants, codes.drawn).float()  # (B, 2)
        drawn = codes.drawn.detach()
        pairs = torch.stack([drawn, shuffled(drawn, generator)])  # (2, B, D)
        chances = F.log_softmax(self.discriminator(pairs).float(), dim=2)  # (2, B, 2)
        return {
            "kl": kl(codes.mean, codes.log_variance),
            "total_correlation": self.gamma * (judged[:, 0] - judged[:, 1]),
            "discriminator": -0.5 * (chances[0, :, 0] + chances[1, :, 1]),
        }


model("vae")(partial(BetaVAE, 1.0, 0.0))
model("beta_vae")(BetaVAE)
model("beta_tcvae")(BetaTCVAE)
model("factor_vae")(FactorVAE)
