from __future__ import annotations

import math

import pytest
import torch

from restauro.training.adversary import discriminator_loss, generator_loss

# A judgement of 2 x 2 places for a picture of 4 x 4 pixels, whose hole lies in the first place.
JUDGEMENT = torch.tensor([[[[0.0, 5.0], [-5.0, 9.0]]]])
MASK = torch.zeros(1, 1, 4, 4)
MASK[:, :, 0, 0] = 1


def test_only_places_that_see_the_hole_count() -> None:
    assert generator_loss(JUDGEMENT, MASK).item() == pytest.approx(math.log(2))
    loss = discriminator_loss(JUDGEMENT, JUDGEMENT, MASK)
    assert loss.item() == pytest.approx(2 * math.log(2))


def test_both_sides_want_the_opposite() -> None:
    real, fake = torch.full_like(JUDGEMENT, 3.0), torch.full_like(JUDGEMENT, -3.0)
    told_apart = discriminator_loss(real, fake, MASK)
    assert told_apart.item() < discriminator_loss(fake, real, MASK).item()
    assert generator_loss(real, MASK).item() < generator_loss(fake, MASK).item()
