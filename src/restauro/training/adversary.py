"""The other side of an adversarial training: a discriminator that learns beside the network."""

from __future__ import annotations

from typing import Any

import torch
from lightning.fabric import Fabric
from torch import Tensor

from restauro.losses.adversarial import (
    discriminator_loss,
    feature_matching,
    generator_loss,
    gradient_penalty,
)
from restauro.models.patch_discriminator import PatchDiscriminator
from restauro.training.config import AdversaryConfig
from restauro.training.optimizers import make_optimizer


class Adversary:
    """A patch discriminator with its optimizer.

    One training step asks for `loss`, which the network minimises, and then calls `learn`.
    """

    def __init__(self, fabric: Fabric, config: AdversaryConfig) -> None:
        self.fabric, self.config = fabric, config
        self.bare = PatchDiscriminator(config.width).to(fabric.device)
        self.bare = self.bare.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        optimizer = make_optimizer("muon", self.bare, config.learning_rate, weight_decay=0.0)
        self.network, self.optimizer = fabric.setup(self.bare, optimizer)

    def loss(self, prediction: Tensor, images: Tensor, masks: Tensor) -> Tensor:
        """What the network must lower, per picture: (B,)."""
        self.bare.requires_grad_(False)  # the network's step leaves no gradients here
        with self.fabric.autocast():
            fake = self.bare(_composite(prediction, images, masks), masks)
            value = self.config.weight * generator_loss(fake[-1], masks)
            if self.config.feature_matching:
                with torch.no_grad():
                    real = self.bare(images, masks)
                matching = feature_matching(real[:-1], fake[:-1], masks)
                value = value + self.config.feature_matching * matching
        self.bare.requires_grad_(True)
        return value

    def learn(self, prediction: Tensor, images: Tensor, masks: Tensor, step: int) -> Tensor:
        """One step of the discriminator on originals and composites; returns its loss."""
        composite = _composite(prediction.detach(), images, masks)
        pictures, holes = torch.cat([images, composite]), torch.cat([masks, masks])
        real, fake = self.network(pictures, holes)[-1].chunk(2)
        loss = discriminator_loss(real, fake, masks).mean()
        total = loss
        if self.config.penalty and step % self.config.penalty_interval == 0:
            inputs = images.detach().clone().requires_grad_()
            penalty = gradient_penalty(self.bare(inputs, masks)[-1], inputs).mean()  # 32 bits
            # seldom and stronger costs less and does the same (Karras et al. 2020, 1912.04958)
            total = total + self.config.penalty * self.config.penalty_interval / 2 * penalty
        self.fabric.backward(total)
        self.optimizer.step()
        self.optimizer.zero_grad()
        return loss.detach()

    def state(self) -> dict[str, Any]:
        """All that its next step depends on."""
        return {"network": self.bare.state_dict(), "optimizer": self.optimizer.state_dict()}

    def load_state(self, state: dict[str, Any]) -> None:
        """Continues where `state` was taken."""
        self.bare.load_state_dict(state["network"])
        self.optimizer.load_state_dict(state["optimizer"])


def _composite(prediction: Tensor, images: Tensor, masks: Tensor) -> Tensor:
    return masks * prediction.float() + (1 - masks) * images
