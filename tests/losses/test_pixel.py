from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn

from restauro.losses import LOSSES

PIXEL_LOSSES = ["huber", "l1", "mse"]

# One picture of 1 x 2 pixels: the left one is the hole and off by 0.5, the right one known and off
# by 0.25, in every channel.
TARGET = torch.zeros(1, 3, 1, 2)
PREDICTION = torch.tensor([0.5, 0.25]).expand(1, 3, 1, 2)
MASK = torch.tensor([1.0, 0.0]).expand(1, 1, 1, 2)


def value(loss: nn.Module) -> float:
    result: Tensor = loss(PREDICTION, TARGET, MASK)
    return result.item()


def test_absolute_error_is_weighted_by_area() -> None:
    # hole: |0.5| / 1 pixel, known: |0.25| / 1 pixel
    assert value(LOSSES.create("l1", hole_weight=6.0)) == 6 * 0.5 + 0.25


def test_weighted_loss_does_not_grow_with_the_hole() -> None:
    prediction, target = torch.full((1, 3, 4, 4), 0.5), torch.zeros(1, 3, 4, 4)
    mask = torch.zeros(1, 1, 4, 4)
    loss = LOSSES.create("l1", hole_weight=6.0)
    for rows in (1, 2, 3):
        mask[:, :, :rows] = 1
        assert loss(prediction, target, mask).item() == 6 * 0.5 + 0.5


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("l1", (0.5 + 0.25) / 2),
        ("mse", (0.25 + 0.0625) / 2),
        # |error| > delta = 0.3: 0.3 * (0.5 - 0.15); below: 0.25 ** 2 / 2
        ("huber", (0.3 * (0.5 - 0.15) + 0.03125) / 2),
    ],
)
def test_every_pixel_counts_alike_without_a_weight(name: str, expected: float) -> None:
    arguments = {"delta": 0.3} if name == "huber" else {}
    # 1e-7: the spacing of fp32 numbers of this size
    assert value(LOSSES.create(name, **arguments)) == pytest.approx(expected, abs=1e-7)


def uniform(*shape: int, seed: int) -> Tensor:
    return torch.rand(shape, generator=torch.Generator().manual_seed(seed))


@pytest.mark.parametrize("name", PIXEL_LOSSES)
@pytest.mark.parametrize("hole_weight", [None, 6.0])
@pytest.mark.parametrize("fill", [0.0, 1.0], ids=["no hole", "nothing known"])
def test_loss_is_finite_whatever_the_hole(
    name: str, hole_weight: float | None, fill: float
) -> None:
    prediction = uniform(2, 3, 4, 6, seed=0).requires_grad_()
    loss = LOSSES.create(name, hole_weight=hole_weight)
    values = loss(prediction, uniform(2, 3, 4, 6, seed=1), torch.full((2, 1, 4, 6), fill))
    values.sum().backward()
    assert values.isfinite().all()
    assert prediction.grad is not None
    assert prediction.grad.isfinite().all()


@pytest.mark.parametrize("name", PIXEL_LOSSES)
@pytest.mark.parametrize("hole_weight", [None, 6.0])
def test_every_picture_has_its_own_value(name: str, hole_weight: float | None) -> None:
    loss = LOSSES.create(name, hole_weight=hole_weight)
    prediction, target = uniform(3, 3, 4, 6, seed=0), uniform(3, 3, 4, 6, seed=1)
    mask = (uniform(3, 1, 4, 6, seed=2) < 0.3).float()
    together = loss(prediction, target, mask)
    assert together.shape == (3,)
    for i, alone in enumerate(together):
        one = slice(i, i + 1)
        # 1e-6: sums of 72 values in another order
        torch.testing.assert_close(
            loss(prediction[one], target[one], mask[one])[0], alone, atol=1e-6, rtol=0
        )


@pytest.mark.parametrize("name", PIXEL_LOSSES)
def test_perfect_prediction_costs_nothing(name: str) -> None:
    target = uniform(2, 3, 4, 6, seed=0)
    assert LOSSES.create(name, hole_weight=6.0)(target, target, torch.ones(2, 1, 4, 6)).max() == 0
