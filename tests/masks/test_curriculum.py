from __future__ import annotations

from dataclasses import astuple, replace

import pytest
import torch

from restauro.errors import ConfigError
from restauro.masks import SHAPES, BoxLimits, Curriculum, HoleLimits, StrokeLimits

START = HoleLimits(BoxLimits((0.1, 0.2), (0.1, 0.3), spread=0.3))
END = HoleLimits(BoxLimits((0.3, 0.6), (0.4, 0.5), spread=1.0))
FEW = StrokeLimits(count=(1, 2), width=(0.1, 0.1), length=(0.1, 0.2), num_pieces=3)
MANY = StrokeLimits(count=(4, 9), width=(0.1, 0.3), length=(0.1, 0.5), num_pieces=6)


def numbers(limits: HoleLimits) -> list[float]:
    """All numbers of the box, in a fixed order."""
    (low_h, high_h), (low_w, high_w), spread = astuple(limits.box)
    return [low_h, high_h, low_w, high_w, spread]


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("epochs", [1, 2, 5, 7.5])
def test_last_epoch_has_the_end_limits_and_they_stay(shape: str, epochs: float) -> None:
    curriculum = Curriculum(END, START, epochs, shape)
    for epoch in (7, 8, 100):
        assert numbers(curriculum.limits(epoch)) == pytest.approx(numbers(END))


@pytest.mark.parametrize("shape", sorted(SHAPES.keys() - {"constant"}))
@pytest.mark.parametrize("epochs", [2, 5, 7.5])
def test_first_epoch_has_the_start_limits(shape: str, epochs: float) -> None:
    assert Curriculum(END, START, epochs, shape).limits(0) == START


@pytest.mark.parametrize("shape", SHAPES)
def test_limits_only_grow(shape: str) -> None:
    curriculum = Curriculum(END, START, 10, shape)
    table = torch.tensor([numbers(curriculum.limits(epoch)) for epoch in range(15)])
    assert table.diff(dim=0).min() >= 0


@pytest.mark.parametrize(
    ("shape", "heights"),
    [
        ("linear", [0.2, 0.3, 0.4, 0.5, 0.6]),
        # cosine: (1 - cos(45 degrees)) / 2 = 0.146447 of the way
        ("cosine", [0.2, 0.258579, 0.4, 0.541421, 0.6]),
        ("square_root", [0.2, 0.4, 0.482843, 0.546410, 0.6]),
        ("constant", [0.6, 0.6, 0.6, 0.6, 0.6]),
    ],
)
def test_largest_height_by_hand(shape: str, heights: list[float]) -> None:
    curriculum = Curriculum(END, START, 5, shape)
    found = [curriculum.limits(epoch).box.height[1] for epoch in range(5)]
    assert found == pytest.approx(heights, abs=1e-6)


def test_one_epoch_or_no_start_has_the_end_limits() -> None:
    assert Curriculum(END, START, epochs=1).limits(0) == END
    assert Curriculum(END, epochs=4).limits(0) == END


def test_whole_numbers_stay_whole() -> None:
    curriculum = Curriculum(replace(END, strokes=MANY), replace(START, strokes=FEW), epochs=7)
    counts = []
    for epoch in range(7):
        limits = curriculum.limits(epoch).strokes
        assert limits is not None
        assert all(type(n) is int for n in (*limits.count, limits.num_pieces))
        counts.append(limits.count)
    assert counts[0] == FEW.count
    assert counts[-1] == MANY.count
    assert counts == sorted(counts)


@pytest.mark.parametrize(("start_share", "end_share"), [(0.0, 0.8), (0.8, 0.0)])
def test_strokes_may_come_or_go(start_share: float, end_share: float) -> None:
    curriculum = Curriculum(
        replace(END, strokes=FEW if end_share else None, stroke_share=end_share),
        replace(START, strokes=FEW if start_share else None, stroke_share=start_share),
        epochs=5,
    )
    shares = [curriculum.limits(epoch).stroke_share for epoch in range(5)]
    expected = [start_share + (end_share - start_share) * i / 4 for i in range(5)]
    assert shares == pytest.approx(expected)


def test_unknown_shape_is_refused_with_the_known_ones() -> None:
    with pytest.raises(ConfigError, match="'cubic', but must be one of constant, linear"):
        Curriculum(END, START, epochs=4, shape="cubic")


@pytest.mark.parametrize("epochs", [0, -1])
def test_curriculum_without_epochs_is_refused(epochs: float) -> None:
    with pytest.raises(ConfigError, match=f"curriculum.epochs is {epochs}, but must be positive"):
        Curriculum(END, START, epochs)
