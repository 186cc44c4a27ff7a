"""The other side of an adversarial training: a discriminator that learns beside the network."""

from __future__ import annotations

from typing import Any

import torch
from lightning_fabric import Fabric
from torch import Tensor

from restauro.losses.adversarial import discriminator_loss, generator_loss
from restauro.metrics.areas import composite
from restauro.metrics.perceptual import FeatureNetwork, distance_of
from restauro.models.feature_discriminator import FeatureDiscriminator
from restauro.training.config import AdversaryConfig
from restauro.training.optimizers import make_optimizer


class Adversary:
    """A discriminator with its optimizer, and the frozen network whose features it sees.

    A training step asks for `loss`, which the network minimises, and then calls `learn`.
    """

    def __init__(self, fabric: Fabric, config: AdversaryConfig) -> None:
        self.fabric, self.config = fabric, config
        self.features = FeatureNetwork(config.num_stages).to(fabric.device)
        self.bare = FeatureDiscriminator(self.features.channels).to(fabric.device)
        self.bare = self.bare.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        optimizer = make_optimizer("muon", self.bare, config.learning_rate, weight_decay=0.0)
        self.network, self.optimizer = fabric.setup(self.bare, optimizer)

    def loss(self, prediction: Tensor, images: Tensor, masks: Tensor) -> Tensor:
        """What the network must lower, per picture: (B,)."""
        with self.fabric.autocast():
            real = self.features(images)
            fake = self.features.maps(composite(prediction.float(), images, masks))
            # made here and kept for `learn`, as they cost more than the discriminator itself
            self._seen = real, [features.detach() for features in fake], masks
            self.bare.requires_grad_(False)  # the network's step leaves no gradients here
            judgements = self.bare(fake, masks)
            self.bare.requires_grad_(True)
        against = torch.stack([generator_loss(judgement, masks) for judgement in judgements])
        value: Tensor = self.config.weight * against.mean(dim=0)
        if self.config.feature_matching:
            fake, real = ([features.float() for features in maps] for maps in (fake, real))
            value = value + self.config.feature_matching * distance_of(fake, real, masks)
        return value

    def learn(self, *, share: float = 1.0, is_last: bool = True) -> Tensor:
        """Learns from what `loss` saw last, `share` of a step's pictures; returns its own loss.

        Its weights move when that was the last share of the step.
        """
        real, fake, masks = self._seen
        with self.fabric.no_backward_sync(self.network, enabled=not is_last):
            pairs = zip(self.network(real, masks), self.network(fake, masks), strict=True)
            loss = torch.stack([discriminator_loss(*pair, masks).mean() for pair in pairs]).mean()
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
