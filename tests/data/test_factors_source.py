from __future__ import annotations

from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from restauro.data.bank import Bank
from restauro.data.prepare import Recipe, prepare
from restauro.data.sources import SourceOptions
from restauro.data.sources.factors import FACTORS, drawn
from restauro.errors import BadDataError

VALUES = {name: levels[len(levels) // 2] for name, levels in FACTORS.items()}


def bank_of(path: Path, count: int, seed: int = 0, workers: int = 1) -> Bank:
    prepare(Recipe("factors", SourceOptions(count=count, seed=seed), 32), path, workers=workers)
    return Bank.open(path)


def picture(**changed: str) -> np.ndarray[tuple[int, ...], np.dtype[np.int64]]:
    """(64, 64, 3), with these factors unlike `VALUES`."""
    return drawn(tuple((VALUES | changed).values()), 64).astype(np.int64)


def shape_in(
    image: np.ndarray[tuple[int, ...], np.dtype[np.int64]],
) -> np.ndarray[tuple[int, ...], np.dtype[np.int64]]:
    """Rows and columns (2, N) of the pixels that are no wall: those with a colour."""
    return np.stack(np.nonzero(np.ptp(image, axis=2) > 20))


def test_index_tells_every_factor_by_which_the_picture_is_drawn(tmp_path: Path) -> None:
    bank = bank_of(tmp_path / "bank", 40)
    assert list(bank.index[0]) == ["name", "split", *FACTORS]
    for row, image in zip(bank.index, bank.images, strict=True):
        assert_array_equal(image, drawn(tuple(row[name] for name in FACTORS), 32))
    assert Counter(row["split"] for row in bank.index) == {"train": 28, "val": 2, "test": 10}


def test_seed_and_number_decide_a_picture(tmp_path: Path) -> None:
    few, many = bank_of(tmp_path / "few", 10), bank_of(tmp_path / "many", 20, workers=2)
    assert_array_equal(many.images[:10], few.images)
    assert many.index[:10] == few.index
    other = bank_of(tmp_path / "other", 10, seed=1)
    assert (other.images != few.images).any(axis=(1, 2, 3)).all()


def test_values_are_equally_likely_and_independent(tmp_path: Path) -> None:
    index = bank_of(tmp_path / "bank", 3000).index
    for name, levels in FACTORS.items():
        counts = Counter(row[name] for row in index)
        # five standard deviations of a binomial count
        expected = 3000 / len(levels)
        assert all(abs(counts[level] - expected) < 5 * expected**0.5 for level in levels), name
    numbers = {name: [levels.index(row[name]) for row in index] for name, levels in FACTORS.items()}
    correlations = np.corrcoef(list(numbers.values())) - np.eye(len(FACTORS))
    assert np.abs(correlations).max() < 5 / 3000**0.5


@pytest.mark.parametrize("name", FACTORS)
def test_every_value_looks_different(name: str) -> None:
    images = [picture(**{name: level}).tobytes() for level in FACTORS[name]]
    assert len(set(images)) == len(FACTORS[name])


def test_factors_change_what_they_are_called() -> None:
    rows, columns = shape_in(picture())
    right, low = shape_in(picture(position_x="0.71")), shape_in(picture(position_y="0.71"))
    shift = round((0.71 - float(VALUES["position_x"])) * 64)
    assert right[1].mean() - columns.mean() == pytest.approx(shift, abs=1)
    assert right[0].mean() == pytest.approx(rows.mean(), abs=0.5)
    assert low[0].mean() - rows.mean() == pytest.approx(shift, abs=1)
    areas = [len(shape_in(picture(size=size))[0]) for size in ("0.14", "0.26")]
    assert areas[1] / areas[0] == pytest.approx((0.26 / 0.14) ** 2, rel=0.15)
    assert picture(light="0.4")[0, 0, 0] == round(0.4 * 225)
    red = picture(hue="0")[rows, columns].mean(axis=0)
    assert red[0] > 2 * red[1]
    assert red[1] == pytest.approx(red[2], abs=2)
    # upright, the rectangle is as wide as it is high after a quarter of a turn
    lying, standing = (
        shape_in(picture(shape="rectangle", orientation=angle)) for angle in ("0", "88")
    )
    assert np.ptp(lying[1]) == pytest.approx(np.ptp(standing[0]), abs=2)
    assert np.ptp(lying[1]) > 1.5 * np.ptp(lying[0])


def test_shapes_are_whole_in_every_corner() -> None:
    for shape in FACTORS["shape"]:
        for angle in FACTORS["orientation"]:
            areas = [
                len(shape_in(picture(**{**values, "position_x": x, "position_y": y}))[0])
                for values in [{"shape": shape, "orientation": angle, "size": "0.26"}]
                for x, y in [
                    ("0.47", "0.47"),
                    ("0.29", "0.29"),
                    (FACTORS["position_x"][-1], FACTORS["position_y"][-1]),
                ]
            ]
            # a few pixels of the rim have more or less of the shape's colour at another place
            assert max(areas) - min(areas) < 0.06 * max(areas)


def test_a_path_is_refused(tmp_path: Path) -> None:
    recipe = Recipe("factors", SourceOptions(path=tmp_path), 32)
    with pytest.raises(BadDataError, match="--from says nothing to the source 'factors'"):
        prepare(recipe, tmp_path / "bank")
