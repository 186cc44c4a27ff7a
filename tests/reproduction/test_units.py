"""The readings of the paper's unit, by cases that one can compute in the head."""

from __future__ import annotations

import pytest

from restauro.reproduction.units import likely_batch, paper_over, units

PAPER = (198.0, 181.0, 172.0)


@pytest.mark.parametrize(
    ("scale", "pictures", "expected"),
    [
        ("sum, values in [0, 1]", "a picture", 12.0),
        ("sum, values in [0, 1]", "a batch of 64", 768.0),
        ("sum, values in [-1, 1]", "a picture", 48.0),
        ("sum, values 0 to 255", "a batch of 128", 12.0 * 65_025 * 128),
        ("mean, values in [0, 1]", "a batch of 512", 2048.0),  # 12 / 3 of a picture
        ("mean, values 0 to 255", "a picture", 4.0 * 65_025),
        ("sum, values in [0, 1]", "ours", 120.0),
        ("mean, values in [0, 1]", "the paper's", 80.0),
    ],
)
def test_an_error_in_every_unit(scale: str, pictures: str, expected: float) -> None:
    found = units(num_values=3, set_sizes={"ours": 10, "the paper's": 20})
    (unit,) = [one for one in found if (one.scale, one.pictures) == (scale, pictures)]
    assert unit.of([12.0, 0.0]) == pytest.approx([expected, 0.0])


def test_every_scale_is_summed_over_everything() -> None:
    found = units(num_values=3, set_sizes={"ours": 10})
    assert len({(one.scale, one.pictures) for one in found}) == len(found) == 5 * 6


def test_one_factor_between_the_losses() -> None:
    assert paper_over(PAPER, [99.0, 90.5, 86.0]) == pytest.approx(2)
    assert paper_over([2.0, 8.0], [1.0, 1.0]) == pytest.approx(4)  # the geometric mean


@pytest.mark.parametrize(("factor", "batch"), [(60, 64), (65, 128), (500, 512), (513, None)])
def test_likely_batch_makes_our_losses_the_larger_ones(factor: float, batch: int | None) -> None:
    assert likely_batch(PAPER, [loss / factor for loss in PAPER]) == batch
