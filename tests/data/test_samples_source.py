from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from restauro.data.bank import Bank
from restauro.data.drawings import SCENES, drawing
from restauro.data.prepare import Recipe, prepare
from restauro.data.sources import SourceOptions


def samples(bank: Path, count: int, seed: int = 0, workers: int = 1) -> Bank:
    prepare(Recipe("samples", SourceOptions(count=count, seed=seed), 24), bank, workers=workers)
    return Bank.open(bank)


def test_a_larger_count_adds_to_the_end(tmp_path: Path) -> None:
    few, many = samples(tmp_path / "few", 10), samples(tmp_path / "many", 20, workers=2)
    assert_array_equal(many.images[:10], few.images)
    assert many.index[:10] == few.index


def test_another_seed_draws_other_pictures(tmp_path: Path) -> None:
    one, two = samples(tmp_path / "one", 10, seed=1), samples(tmp_path / "two", 10, seed=2)
    assert (one.images != two.images).any(axis=(1, 2, 3)).all()


def test_every_split_has_its_tenths_and_every_kind_occurs_in_each(tmp_path: Path) -> None:
    bank = samples(tmp_path / "bank", 300)
    assert {name: len(bank.split(name)) for name in ("train", "val", "test")} == {
        "train": 240,
        "val": 30,
        "test": 30,
    }
    assert {bank.index[row]["kind"] for row in bank.split("train")} == set(SCENES)
    assert len({bank.index[row]["kind"] for row in bank.split("val")}) >= 4  # 30 random ones


@pytest.mark.parametrize("kind", sorted(SCENES))
def test_every_scene_is_seeded_and_has_something_to_see(kind: str) -> None:
    images = [drawing(kind, 32, np.random.default_rng(seed)) for seed in (1, 1, 2)]
    assert_array_equal(images[0], images[1])
    assert (images[0] != images[2]).any()
    assert all(image.shape == (32, 32, 3) and image.std() > 5 for image in images)


@pytest.mark.parametrize("kind", sorted(SCENES))
def test_a_scene_is_the_same_at_every_size(kind: str) -> None:
    """Up to edges and grain: a quarter of the size is near the mean of 4x4 pixels."""
    large = drawing(kind, 128, np.random.default_rng(3)).astype(float)
    small = drawing(kind, 32, np.random.default_rng(3)).astype(float)
    means = large.reshape(32, 4, 32, 4, 3).mean(axis=(1, 3))
    # edges and lines that are drawn at least one pixel wide differ; a different scene gives 30
    assert np.abs(means - small).mean() < 6
