from __future__ import annotations

import importlib.util
from pathlib import Path

import numpy as np
import PIL.Image
import PIL.ImageDraw
import pytest
from numpy.testing import assert_array_equal
from PIL import ImageFont

import restauro
from restauro.commands.demo import SAMPLES_DIR
from restauro.errors import MissingExtraError, UnknownNameError
from restauro.fill import text_finder
from restauro.fill.text_finder import TextFinder
from restauro.picture.types import Image, Mask

# `make install` brings the package, so that only who installs otherwise skips these
with_detector = pytest.mark.skipif(
    importlib.util.find_spec(text_finder.PACKAGE) is None, reason="needs the package rapidocr"
)


def captioned() -> tuple[Image, Mask]:
    """A photograph with a caption, and which pixels (H, W) that is."""
    photograph = PIL.Image.open(SAMPLES_DIR / "valley.jpg").convert("RGB").resize((640, 400))
    letters = PIL.Image.new("L", photograph.size)
    draw = PIL.ImageDraw.Draw(letters)
    draw.text((40, 40), "Glen, 28 May 1987", 255, ImageFont.load_default(32))
    photograph.paste((250, 240, 90), mask=letters)
    return np.asarray(photograph), np.asarray(letters) > 127


class Told(TextFinder):
    """Sees the middle of one line where it was told."""

    def __init__(self, rows: slice, columns: slice) -> None:
        self.line = rows, columns

    def likelihood(self, image: Image) -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
        found = np.zeros(image.shape[:2], dtype=np.uint8)
        found[self.line] = 255
        return found


def test_letters_are_marked_and_not_the_box_around_them() -> None:
    image, truth = captioned()
    found = Told(slice(52, 62), slice(42, 300)).letters(image)
    assert found[truth].mean() > 0.95
    assert (found & ~truth).sum() < 0.3 * truth.sum()  # of their soft edges


@pytest.mark.parametrize("ink", [(10, 10, 10), (200, 30, 30)])
def test_ink_of_any_colour_on_a_slope_of_light(ink: tuple[int, int, int]) -> None:
    ground = np.linspace(110, 235, 400)[None, :, None] * np.ones((80, 1, 3))
    image = ground.astype(np.uint8)
    truth = np.zeros((80, 400), dtype=bool)
    truth[30:52, 20:380:12] = truth[30:52, 21:380:12] = truth[30:52, 22:380:12] = True
    image[truth] = ink
    assert_array_equal(Told(slice(37, 45), slice(20, 380)).letters(image), truth)


def test_where_nothing_stands_out_nothing_is_marked() -> None:
    image = np.full((80, 400, 3), 90, dtype=np.uint8)
    assert not Told(slice(38, 44), slice(20, 380)).letters(image).any()
    assert not Told(slice(0, 80), slice(0, 400)).letters(image).any()


@with_detector
def test_text_is_found_in_a_photograph_and_repaired() -> None:
    image, truth = captioned()
    found = restauro.find_damage(image, kinds=["text"])
    assert found[truth].mean() > 0.9
    assert found.sum() < 2 * truth.sum()
    repaired = restauro.repair(image, kinds=["text"], model="telea")
    clean = PIL.Image.open(SAMPLES_DIR / "valley.jpg").convert("RGB").resize((640, 400))
    errors = [
        np.abs(one[truth].astype(int) - np.asarray(clean)[truth]).mean()
        for one in (repaired, image)
    ]
    assert errors[0] < 0.3 * errors[1]


@with_detector
def test_text_beside_other_kinds() -> None:
    image, truth = captioned()
    both = restauro.find_damage(image, kinds=["scratch", "text"])
    expected = restauro.find_damage(image, kinds=["text"])
    assert_array_equal(both, expected | restauro.find_damage(image, kinds=["scratch"]))
    with pytest.raises(UnknownNameError, match="did you mean 'text'"):
        restauro.find_damage(image, kinds=["txt"])
    assert expected[truth].any()


def test_without_the_extra_it_is_told(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(text_finder, "PACKAGE", "no_such_package")
    text_finder.load_text_finder.cache_clear()
    with pytest.raises(MissingExtraError, match=r"rapidocr; install .* 'restauro\[text\]'"):
        restauro.find_damage(np.zeros((40, 40, 3), np.uint8), kinds=["text"])
