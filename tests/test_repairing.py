from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import PIL.Image
import pytest
from numpy.testing import assert_array_equal

import restauro
from brightfinder import use_as_shipped
from restauro.errors import BadImageError
from restauro.picture.types import Image

ORIENTATION = 0x0112


@pytest.fixture(autouse=True)
def _bright(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    use_as_shipped(tmp_path / "bright.onnx", monkeypatch)


@pytest.fixture
def scan() -> Image:
    """Grey noise, (37, 50, 3), with a white line of one pixel."""
    scan = np.random.default_rng(0).integers(100, 140, (37, 50, 3), dtype=np.uint8)
    scan[7] = 255
    return scan


def test_damage_of_an_array_and_of_a_picture(scan: Image) -> None:
    found = restauro.find_damage(scan)
    assert found.dtype == np.bool_
    assert_array_equal(np.flatnonzero(found.any(axis=1)), [7])
    assert_array_equal(restauro.find_damage(scan[:, :, :1]), found)
    picture = restauro.find_damage(PIL.Image.fromarray(scan))
    assert picture.mode == "L"
    assert_array_equal(np.asarray(picture), 255 * found.astype(np.uint8))


def test_mask_of_a_turned_picture_is_upright_as_fillers_take_it(scan: Image) -> None:
    picture = PIL.Image.fromarray(scan)
    picture.getexif()[ORIENTATION] = 6
    mask = restauro.find_damage(picture)
    assert_array_equal(np.asarray(mask) > 0, np.rot90(restauro.find_damage(scan), -1))
    filled = np.asarray(restauro.load("mean")(picture, mask))
    assert_array_equal(np.flatnonzero((filled != scan).any(axis=(1, 2))), [7])
    repaired = np.asarray(restauro.repair(picture, model="mean"))
    assert_array_equal(repaired[20:], scan[20:])
    assert repaired[7].max() < 200


def test_repaired_is_what_is_marked_and_nothing_else(scan: Image) -> None:
    repaired = restauro.repair(scan, model="mean")
    known = np.ones(37, dtype=bool)
    known[5:10] = False
    assert_array_equal(repaired[known], scan[known])
    assert repaired[7].max() < 200
    assert scan[7].min() == 255, "the scan itself stays"


def test_what_is_marked_besides_is_filled_and_what_is_kept_is_not(scan: Image) -> None:
    more, keep = np.zeros((2, 37, 50), dtype=bool)
    more[25, 25], keep[:, :25] = True, True
    repaired = restauro.repair(
        scan, model="mean", mask=more, keep=PIL.Image.fromarray(keep), grow=0
    )
    changed = (repaired != scan).any(axis=2)
    assert_array_equal(np.argwhere(changed[:20])[:, 0], np.full(25, 7))
    assert not changed[:, :25].any()
    assert changed[25, 25]


def test_sound_picture_comes_back(scan: Image) -> None:
    scan[7] = 120
    assert_array_equal(restauro.repair(scan, model="mean"), scan)


def test_too_much_damage_is_refused_unless_told(scan: Image) -> None:
    scan[:20] = 255
    with pytest.raises(BadImageError, match="look damaged, more than the 15%"):
        restauro.repair(scan, model="mean")
    assert restauro.repair(scan, model="mean", most_share=1)[:20].max() < 200


@pytest.mark.parametrize(
    "image",
    [np.zeros((8, 8, 3)), np.zeros((8, 8, 4), np.uint8), np.zeros(8, np.uint8), "scan.png", None],
)
@pytest.mark.parametrize("function", [restauro.find_damage, restauro.repair])
def test_what_is_no_picture_is_refused(function: Any, image: Any) -> None:
    with pytest.raises(BadImageError, match=r"the image has the shape .*; give uint8"):
        function(image)


def test_grey_arrays_are_repaired(scan: Image) -> None:
    for grey in (scan[:, :, 0], scan[:, :, :1]):
        assert restauro.repair(grey, model="telea").shape == grey.shape
