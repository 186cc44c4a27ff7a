from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import PIL.Image
import pytest
from numpy.testing import assert_array_equal

from brightfinder import write_finder
from restauro.errors import BadImageError, BadModelError, UnknownNameError
from restauro.fill import finder
from restauro.fill.finder import DamageFinder, damaged_part
from restauro.picture.holes import DamageOptions
from restauro.picture.types import Image, Mask

MakeModel = Callable[..., Path]


@pytest.fixture(scope="module")
def bright(tmp_path_factory: pytest.TempPathFactory) -> DamageFinder:
    return DamageFinder(write_finder(tmp_path_factory.mktemp("finder") / "bright.onnx"))


@pytest.fixture
def image() -> Image:
    """Grey, (37, 50, 3), with a white line, a black spot and a line that is nearly white."""
    image = np.full((37, 50, 3), 120, dtype=np.uint8)
    image[4, :] = 255
    image[30:34, 40:50] = 0
    image[20, 3:9] = 229  # 90 % of white: as likely as not
    return image


def rows(mask: Mask) -> list[int]:
    return np.flatnonzero(mask.any(axis=1)).tolist()


def find(bright: DamageFinder, image: Image, *arguments: object) -> Mask:
    return bright.find(PIL.Image.fromarray(image), *arguments)  # type: ignore[arg-type]


def test_damage_is_found_where_it_is(bright: DamageFinder, image: Image) -> None:
    found = find(bright, image, 0.4)
    expected = (image == 255).all(axis=2) | (image == 0).all(axis=2)
    assert_array_equal(found, expected)


def test_windows_give_what_the_whole_picture_does(
    bright: DamageFinder, monkeypatch: pytest.MonkeyPatch
) -> None:
    image = np.random.default_rng(0).choice([0, 100, 255], (70, 90, 1)).astype(np.uint8)
    image = np.repeat(image, 3, axis=2)
    whole = find(bright, image)
    monkeypatch.setattr(finder, "CORE", 32)
    monkeypatch.setattr(finder, "MARGIN", 16)
    assert_array_equal(find(bright, image), whole)


def test_strength_decides_what_is_likely_enough(bright: DamageFinder, image: Image) -> None:
    assert 20 not in rows(find(bright, image, 0.4))
    assert 20 in rows(find(bright, image, 0.9))
    assert rows(find(bright, image, 0)) == [4, *range(30, 34)], "what is certain"
    with pytest.raises(BadImageError, match=r"strength is 1.5; give a number from 0 to 1"):
        find(bright, image, 1.5)


def test_kinds_choose(bright: DamageFinder, image: Image) -> None:
    assert rows(find(bright, image, 0.4, ["scratch"])) == [4]
    assert rows(find(bright, image, 0.4, ["dust"])) == [30, 31, 32, 33]
    with pytest.raises(UnknownNameError, match=r"kind of damage 'dusty' \(did you mean 'dust'\?"):
        find(bright, image, 0.4, ["dusty"])


@pytest.mark.parametrize("mode", ["L", "RGBA", "P", "CMYK", "I;16", "F"])
def test_pictures_of_other_modes(bright: DamageFinder, image: Image, mode: str) -> None:
    grey = image[:, :, 0]
    if mode in ("I;16", "F"):
        picture = PIL.Image.fromarray(grey.astype(np.uint16 if mode == "I;16" else np.float32))
    else:
        start = "L" if mode == "P" else "RGB"  # of colours a palette would be a choice
        picture = PIL.Image.fromarray(grey).convert(start).convert(mode)
    assert picture.mode == mode
    assert_array_equal(bright.find(picture, 0.4), find(bright, image, 0.4))


def test_masks_add_and_keep_and_the_hole_grows(bright: DamageFinder, image: Image) -> None:
    more, keep = np.zeros((2, 37, 50), dtype=bool)
    more[12, 12], keep[30:37] = True, True
    options = DamageOptions(0.4)
    shown = PIL.Image.fromarray(image)
    hole = damaged_part(shown, options, bright, grow_px=1, more=more, keep=keep)
    assert rows(hole) == [3, 4, 5, 11, 12, 13, 29]
    with pytest.raises(BadImageError, match="the mask is 50x36 pixels, but the image is 50x37"):
        damaged_part(shown, options, bright, grow_px=0, keep=keep[:36])


def test_more_damage_than_allowed_is_refused(bright: DamageFinder, image: Image) -> None:
    image[:10] = 255
    shown = PIL.Image.fromarray(image)
    with pytest.raises(BadImageError, match=r"29% of the picture look damaged, more than the 15%"):
        damaged_part(shown, DamageOptions(0.4), bright, grow_px=0)
    assert damaged_part(shown, DamageOptions(0.4, most_share=0.3), bright, grow_px=0).any()
    assert damaged_part(shown, DamageOptions(0.4, mask_only=True), bright, grow_px=0).any()


def test_model_that_fills_holes_is_refused(make_model: MakeModel) -> None:
    with pytest.raises(BadModelError, match="fills holes and finds no damage"):
        DamageFinder(make_model("mean"))
