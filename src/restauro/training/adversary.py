"""The other side of an adversarial training: a discriminator that learns beside the network."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
import torch.nn.functional as F
from lightning_fabric import Fabric
from torch import Tensor, nn

from restauro.metrics.comparison import composite
from restauro.metrics.perceptual import FeatureNetwork, distance_of
from restauro.training.config import AdversaryConfig
from restauro.training.optimizers import Muon

DIFFERENT = 0.37
"""Of the distance between two pictures, is that which two fills of a hole are to have."""
SLOPE = 0.2
"""Of the activation where its input is negative."""


class FeatureDiscriminator(nn.Module):
    """Judges each place of feature maps of a frozen network, with one small head for each map.

    Source: Sauer et al. 2021, arXiv:2111.01007; unlike there, maps are not mixed with each other,
    the features of each place are scaled to length 1, and the mask is one more channel.

    Shape: maps (B, C_i, h_i, w_i) with `channels` C_i, mask (B, 1, H, W), 1 = hole -> judgements
    (B, 1, h_i, w_i): the larger, the more real.
    """

    def __init__(self, channels: Sequence[int], width: int = 32) -> None:
        super().__init__()
        self.heads = nn.ModuleList(
            nn.Sequential(
                nn.Conv2d(count + 1, width, kernel_size=3, padding=1),
                nn.LeakyReLU(SLOPE),
                nn.Conv2d(width, 1, kernel_size=3, padding=1),
            )
            for count in channels
        )

    def forward(self, maps: Sequence[Tensor], mask: Tensor) -> list[Tensor]:
        """Returns the judgement of each map."""
        judgements = []
        for features, head in zip(maps, self.heads, strict=True):
            height, width = features.shape[2:]
            unit = F.normalize(features.float(), dim=1) * features.shape[1] ** 0.5
            hole = F.adaptive_avg_pool2d(mask, (height, width))
            judgements.append(head(torch.cat([unit, hole], dim=1)))
        return judgements


class Adversary:
    """A discriminator with its optimizer, and the frozen network whose features it sees.

    A training step asks for `loss`, which the network minimises, and then calls `learn`.
    """

    def __init__(self, fabric: Fabric, config: AdversaryConfig) -> None:
        self.fabric, self.config = fabric, config
        self.features = FeatureNetwork(config.num_stages).to(fabric.device)
        self.bare = FeatureDiscriminator(self.features.channels).to(fabric.device)
        self.bare = self.bare.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        optimizer = Muon(self.bare, config.learning_rate, weight_decay=0.0)
        self.network, self.optimizer = fabric.setup(self.bare, optimizer)

    def loss(self, prediction: Tensor, images: Tensor, masks: Tensor) -> Tensor:
        """What the network must lower, the mean over the pictures.

        Predictions beyond the pictures' own are pairs of more fills of the first pictures, which
        need not be like the truth: they are judged alone, and should differ.
        """
        own = len(images)
        rows = _rows_of(prediction, own)
        holes = masks[rows]
        with self.fabric.autocast():
            real = self.features(images)
            fake = self.features.maps(composite(prediction.float(), images[rows], holes))
            # made here and kept for `learn`, as they cost more than the discriminator itself
            self._seen = real, [features.detach() for features in fake], masks
            self.bare.requires_grad_(False)  # the network's step leaves no gradients here
            judgements = self.bare(fake, holes)
            self.bare.requires_grad_(True)
        against = torch.stack([generator_loss(judgement, holes) for judgement in judgements])
        value: Tensor = self.config.weight * against.mean()
        fake, real = ([features.float() for features in maps] for maps in (fake, real))
        if self.config.feature_matching:
            distance = distance_of([features[:own] for features in fake], real, masks).mean()
            value = value + self.config.feature_matching * distance
        if self.config.diversity and len(prediction) > own:
            value = value + self.config.diversity * _wrong_distance(fake, real, masks)
        return value

    def learn(self, *, share: float = 1.0, is_last: bool = True) -> Tensor:
        """Learns from what `loss` saw last, `share` of a step's pictures; returns its own loss.

        Its weights move when that was the last share of the step.
        """
        real, fake, masks = self._seen
        rows = _rows_of(fake[0], len(masks))
        holes = masks[rows]
        with self.fabric.no_backward_sync(self.network, enabled=not is_last):
            pairs = zip(self.network(real, masks), self.network(fake, holes), strict=True)
            losses = [discriminator_loss(one[rows], other, holes) for one, other in pairs]
            loss = torch.stack(losses).mean()
            self.fabric.backward(share * loss)
        if is_last:
            self.optimizer.step()
            self.optimizer.zero_grad()
        return loss.detach()

    def state(self) -> dict[str, Any]:
        """All that its next step depends on."""
        return {"network": self.bare.state_dict(), "optimizer": self.optimizer.state_dict()}

    def load_state(self, state: dict[str, Any]) -> None:
        """Goes back to a `state()`."""
        self.bare.load_state_dict(state["network"])
        self.optimizer.load_state_dict(state["optimizer"])


def generator_loss(judgement: Tensor, mask: Tensor) -> Tensor:
    """How far composites are from being taken as real, judged in the hole: (B,) >= 0.

    judgement (B, 1, h, w) of the composites, mask (B, 1, H, W), 1 = hole.
    Source: the non-saturating loss of Goodfellow et al. 2014, arXiv:1406.2661.
    """
    return _in_hole(F.softplus(-judgement.float()), mask)


def discriminator_loss(real: Tensor, fake: Tensor, mask: Tensor) -> Tensor:
    """How badly originals and composites are told apart in the hole: (B,) >= 0.

    real and fake are judgements (B, 1, h, w) of originals and composites with the same mask.
    """
    error = F.softplus(-real.float()) + F.softplus(fake.float())
    return _in_hole(error, mask)


def _rows_of(predictions: Tensor, own: int) -> Tensor:
    """Of which picture each prediction is: one of each of the `own`, then pairs of the first."""
    pairs = torch.arange((len(predictions) - own) // 2, device=predictions.device)
    return torch.cat([torch.arange(own, device=predictions.device), pairs.repeat_interleave(2)])


def _wrong_distance(fake: Sequence[Tensor], real: Sequence[Tensor], masks: Tensor) -> Tensor:
    """By how much two fills of a hole differ from being `DIFFERENT` times as far as two pictures.

    Being too far counts as well: else holes in which little can differ drive all others apart.
    Source: Yang et al. 2019, arXiv:1901.09024; unlike there, of features, and whatever the codes.
    """
    own = len(masks)
    first, second = ([features[own + i :: 2] for features in fake] for i in (0, 1))
    count = len(first[0])
    holes = masks[:count]
    between = distance_of(first, second, holes)
    others = [features.roll(1, dims=0)[:count] for features in real]
    wanted = DIFFERENT * distance_of([features[:count] for features in real], others, holes)
    return (wanted - between).abs().mean()


def _in_hole(values: Tensor, mask: Tensor) -> Tensor:
    """Mean of a map (B, C, h, w) over the places that see some of the hole: (B,).

    Elsewhere original and composite are the same.
    """
    height, width = values.shape[2:]
    area = F.adaptive_max_pool2d(mask, (height, width))
    return (values.mean(dim=1, keepdim=True) * area).sum(dim=(1, 2, 3)) / area.sum(
        dim=(1, 2, 3)
    ).clamp(min=1)
