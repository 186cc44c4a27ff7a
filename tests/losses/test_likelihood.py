from __future__ import annotations

import math

import pytest
import torch

from restauro.losses import LOSSES


def test_nats_of_a_picture_by_hand() -> None:
    """A sum over all values, whatever the hole: -ln 0.5 each, or what is certain and right: 0."""
    prediction = torch.tensor([[0.5, 0.5], [1.0, 0.25]]).expand(1, 3, 2, 2)
    target = torch.tensor([[1.0, 0.5], [1.0, 0.0]]).expand(1, 3, 2, 2)
    values = [
        LOSSES.create("bernoulli")(prediction, target, mask)
        for mask in (torch.zeros(1, 1, 2, 2), torch.ones(1, 1, 2, 2))
    ]
    assert values[0].shape == (1,)
    assert values[0].item() == pytest.approx(3 * (2 * math.log(2) - math.log(0.75)))
    assert torch.equal(*values)
