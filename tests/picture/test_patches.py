from __future__ import annotations

from io import BytesIO

import numpy as np
import PIL.Image
import pytest
from numpy.testing import assert_array_equal

from restauro.errors import BadImageError
from restauro.fill.array_filler import ArrayFiller
from restauro.picture.modes import MODES
from restauro.picture.patches import PatchFile, patch_file, with_patches

SIZE = (30, 40)
HOLE = np.zeros(SIZE, dtype=bool)
HOLE[5:9, 7:20] = HOLE[12, 30] = True


def picture_of(mode: str) -> PIL.Image.Image:
    rng = np.random.default_rng(3)
    if mode in ("I", "F", "I;16", "I;16L", "I;16B"):
        kind = {"I": "i4", "F": "f4", "I;16B": ">u2"}.get(mode, "<u2")
        values = rng.integers(0, 60_000, SIZE).astype(kind)
        return PIL.Image.frombytes(mode, SIZE[::-1], values.tobytes())
    image = PIL.Image.fromarray(rng.integers(0, 256, (*SIZE, 3), dtype=np.uint8))
    return (
        image.convert(mode)
        if mode != "LAB"
        else PIL.Image.frombytes("LAB", SIZE[::-1], image.tobytes())
    )


def turned(picture: PIL.Image.Image) -> PIL.Image.Image:
    exif = PIL.Image.Exif()
    exif[0x0112] = 6
    buffer = BytesIO()
    picture.save(buffer, "PNG", exif=exif)
    return PIL.Image.open(buffer)


def filled(picture: PIL.Image.Image, hole: np.ndarray) -> PIL.Image.Image:
    """What a network would give: colours that come from RGB."""
    shift = ArrayFiller("shift", lambda image, mask: np.roll(image, 3, 1) // 2 + 40)
    return shift(picture, hole)


@pytest.mark.parametrize("mode", sorted(MODES - {"HSV", "YCbCr"}))
def test_a_patch_laid_on_a_picture_makes_it_the_filled_one_again(mode: str) -> None:
    """But for those modes that no file is read in."""
    picture = picture_of(mode)
    result = filled(picture, HOLE)
    patch = patch_file(result, HOLE)
    assert patch is not None
    laid, covered = with_patches(picture, [patch], 10_000)
    assert laid.mode == mode
    assert_array_equal(np.asarray(laid), np.asarray(result))
    assert_array_equal(covered, HOLE)
    assert_array_equal(np.asarray(picture), np.asarray(picture_of(mode)))


def test_a_turned_picture_is_laid_on_as_it_is_shown() -> None:
    picture = turned(picture_of("RGB"))
    hole = np.rot90(HOLE, -1)
    result = filled(picture, hole)
    patch = patch_file(result, hole)
    assert patch is not None
    laid, covered = with_patches(picture, [patch], 10_000)
    assert_array_equal(np.asarray(laid), np.asarray(result))
    assert_array_equal(covered, hole)


def test_of_overlapping_patches_the_last_is_seen() -> None:
    picture = picture_of("RGB")
    one = filled(picture, HOLE)
    wider = HOLE.copy()
    wider[7:11, 10:14] = True
    two = filled(one, wider)
    patches = [patch for patch in (patch_file(one, HOLE), patch_file(two, wider)) if patch]
    laid, covered = with_patches(picture, patches, 10_000)
    assert_array_equal(np.asarray(laid), np.asarray(two))
    assert_array_equal(covered, wider)


def test_a_picture_without_a_hole_has_no_patch() -> None:
    assert patch_file(picture_of("L"), np.zeros(SIZE, dtype=bool)) is None


def encoded(picture: PIL.Image.Image) -> bytes:
    buffer = BytesIO()
    picture.save(buffer, "PNG")
    return buffer.getvalue()


RGB, MASK = encoded(PIL.Image.new("RGB", (4, 3))), encoded(PIL.Image.new("1", (4, 3), 1))


@pytest.mark.parametrize(
    "patch",
    [
        PatchFile(b"?", MASK, 0, 0),
        PatchFile(RGB, b"?", 0, 0),
        PatchFile(RGB, RGB[:40], 0, 0),
        PatchFile(RGB, MASK, 37, 0),
        PatchFile(RGB, MASK, -5, 0),
        PatchFile(RGB, encoded(PIL.Image.new("1", (3, 4), 1)), 0, 0),
        PatchFile(encoded(PIL.Image.new("L", (4, 3))), MASK, 0, 0),
    ],
)
def test_a_patch_that_does_not_fit_is_refused(patch: PatchFile) -> None:
    with pytest.raises(BadImageError) as caught:
        with_patches(picture_of("RGB"), [patch], 10_000)
    assert caught.value.code == "patch"
