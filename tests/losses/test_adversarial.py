from __future__ import annotations

import math

import pytest
import torch

from restauro.losses.adversarial import (
    discriminator_loss,
    feature_matching,
    generator_loss,
    gradient_penalty,
)

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


def test_penalty_is_the_squared_gradient() -> None:
    image = torch.zeros(2, 3, 4, 4, requires_grad=True)
    slopes = torch.tensor([1.0, 2.0])[:, None, None, None]
    judgement = (image * slopes).sum(dim=1, keepdim=True)
    assert gradient_penalty(judgement, image).tolist() == [48 * 1.0, 48 * 4.0]


def test_matching_is_relative_to_the_originals_features_and_by_the_hole() -> None:
    real = [torch.full((1, 2, 2, 2), 4.0)]
    fake = [torch.full((1, 2, 2, 2), 5.0)]
    fake[0][:, :, 1, 1] = 100.0  # beyond the hole
    assert feature_matching(real, fake, MASK).item() == pytest.approx(1 / 4)
