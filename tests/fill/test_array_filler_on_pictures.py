from __future__ import annotations

import numpy as np
import PIL.Image
import pytest
from numpy.testing import assert_array_equal
from smoothpictures import MODES, ORIENTATION, SIZE, grey, hole, mean, picture

from restauro.errors import BadImageError
from restauro.fill.array_filler import ArrayFiller
from restauro.picture.types import Image, Mask


@pytest.mark.parametrize("mode", MODES)
def test_methods_for_arrays_keep_mode_and_known_pixels_of_pictures(mode: str) -> None:
    given = picture(mode)
    given.info["dpi"] = (72, 72)
    result = ArrayFiller("grey", grey)(given, hole())
    assert (result.mode, result.size, result.info["dpi"]) == (mode, given.size, (72, 72))
    before, after = np.asarray(given), np.asarray(result)
    assert_array_equal(after[~hole()], before[~hole()])
    assert (after[hole()] != before[hole()]).any()


@pytest.mark.parametrize("mode", MODES)
def test_methods_for_arrays_do_not_see_what_the_hole_hides(mode: str) -> None:
    given = picture(mode)
    repainted = given.copy()
    repainted.paste(
        given.transpose(PIL.Image.Transpose.ROTATE_180), mask=PIL.Image.fromarray(hole())
    )
    first, second = (ArrayFiller("mean", mean)(one, hole()) for one in (given, repainted))
    assert_array_equal(np.asarray(first), np.asarray(second))


def test_methods_for_arrays_work_upright_and_give_the_picture_back_as_stored() -> None:
    stored = picture()
    stored.getexif()[ORIENTATION] = 6
    shown_hole = np.rot90(hole(), -1)
    result = ArrayFiller("grey", grey)(stored, shown_hole)
    assert result.size == stored.size
    grey_area = np.asarray(result)[:, :, 0] == 128
    assert_array_equal(np.asarray(result)[hole()], np.full((hole().sum(), 3), 128))
    assert grey_area[~hole()].mean() < 0.1


def test_methods_for_arrays_see_the_surroundings_of_the_hole_only() -> None:
    sizes = []

    def noted(image: Image, mask: Mask) -> Image:
        sizes.append(image.shape)
        return image

    mask = np.zeros((400, 900), dtype=bool)
    mask[200:210, 500:600] = True
    ArrayFiller("noted", noted)(PIL.Image.new("RGB", (900, 400)), mask)
    assert sizes == [(64 + 10 + 64, 100 + 100 + 100, 3)]


def test_methods_for_arrays_need_something_known() -> None:
    with pytest.raises(BadImageError, match="covers the whole picture, so nothing is known"):
        ArrayFiller("mean", mean)(picture(), np.ones(SIZE, dtype=bool))


def test_methods_for_arrays_need_something_that_can_be_seen() -> None:
    given = picture("RGBA")
    given.putalpha(PIL.Image.fromarray(np.where(hole(), np.uint8(255), np.uint8(0))))
    with pytest.raises(BadImageError, match="is transparent, so nothing is known .* take a model"):
        ArrayFiller("mean", mean)(given, hole())


def test_a_picture_without_a_hole_comes_back() -> None:
    result = ArrayFiller("grey", grey)(picture(), np.zeros(SIZE, dtype=bool))
    assert_array_equal(np.asarray(result), np.asarray(picture()))
