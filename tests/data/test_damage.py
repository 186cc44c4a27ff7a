from __future__ import annotations

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from restauro.data import damage
from restauro.data.damage import DRAWN, KINDS, scanned, seen_closer
from restauro.data.decoys import DECOYS
from restauro.picture.types import Image

NAMES = [draw.__name__ for _, draw in DRAWN]


@pytest.fixture(scope="module")
def clean() -> Image:
    """Soft colours, (64, 48, 3): half grey, so that bright and dark damage is seen on it."""
    rows, columns = np.mgrid[:64, :48]
    return np.stack([80 + rows, 90 + columns, 170 - rows], axis=2).astype(np.uint8)


def test_damage_follows_from_the_seed_alone(clean: Image) -> None:
    first, again, other = (scanned(clean, np.random.default_rng(seed)) for seed in (1, 1, 2))
    assert_array_equal(first.image, again.image)
    assert_array_equal(first.kinds, again.kinds)
    assert not np.array_equal(first.image, other.image)


def test_some_pictures_are_sound_and_every_kind_of_damage_occurs(clean: Image) -> None:
    kinds = [scanned(clean, np.random.default_rng([3, seed])).kinds for seed in range(60)]
    sound = sum(not one.any() for one in kinds)
    assert 4 <= sound <= 25
    assert set(np.unique(kinds)) == set(range(len(KINDS) + 1))


@pytest.mark.parametrize("number", range(len(DRAWN)), ids=NAMES)
def test_each_damage_changes_a_part_of_the_picture(number: int, clean: Image) -> None:
    draw = DRAWN[number][1]
    changed = [
        (draw(clean, (64, 48), np.random.default_rng(seed)) != clean).any(axis=2).mean()
        for seed in range(12)
    ]
    assert max(changed) > 0
    assert min(changed) < 0.5


@pytest.mark.parametrize("draw", DECOYS, ids=[draw.__name__ for draw in DECOYS])
def test_decoy_is_seen_and_is_no_damage(
    draw: object, clean: Image, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert callable(draw)
    assert any((draw(clean, np.random.default_rng(seed)) != clean).any() for seed in range(3))
    monkeypatch.setattr(damage, "CLEAN_SHARE", 1.0)
    monkeypatch.setattr(damage, "DECOYS", (draw,) * 6)
    assert not any(scanned(clean, np.random.default_rng(seed)).kinds.any() for seed in range(5))


def test_part_of_a_picture_is_a_square_of_the_side_asked_for(clean: Image) -> None:
    parts = [seen_closer(clean, 40, np.random.default_rng(seed)) for seed in range(5)]
    assert {part.shape for part in parts} == {(40, 40, 3)}
    assert not np.array_equal(parts[0], parts[1])
