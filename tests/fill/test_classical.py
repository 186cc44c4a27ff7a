from __future__ import annotations

import sys

import numpy as np
import pytest

from restauro.errors import MissingExtraError
from restauro.fill.catalogue import load
from restauro.picture.types import Image, Mask

MODULES = {
    "telea": "cv2",
    "navier_stokes": "cv2",
    "biharmonic": "skimage.restoration",
    "patch_match": "patchmatch",
}


@pytest.fixture
def image() -> Image:
    """Red grows downwards and blue to the right: RGB taken for BGR would show."""
    rows, columns = np.mgrid[0:37, 0:50]
    return np.stack([rows * 6, np.zeros_like(rows), columns * 5], axis=2).astype(np.uint8)


@pytest.fixture
def mask() -> Mask:
    hole = np.zeros((37, 50), dtype=bool)
    hole[10:20, 15:30] = True
    hole[30:, 45:] = True
    return hole


@pytest.mark.parametrize("name", MODULES)
def test_known_pixels_are_untouched(name: str, image: Image, mask: Mask) -> None:
    pytest.importorskip(MODULES[name])
    filled = load(name)(image, mask)
    assert filled.dtype == np.uint8
    np.testing.assert_array_equal(filled[~mask], image[~mask])


# Mean error over ramps of up to 245; channels swapped give 80 and more. PatchMatch repeats what it
# has seen, so it cannot go on with a ramp; the others can.
@pytest.mark.parametrize(
    ("name", "largest"),
    [("telea", 12), ("navier_stokes", 12), ("biharmonic", 12), ("patch_match", 30)],
)
def test_smooth_picture_is_continued_in_its_colours(
    name: str, largest: float, image: Image, mask: Mask
) -> None:
    pytest.importorskip(MODULES[name])
    difference = load(name)(image, mask)[mask].astype(int) - image[mask]
    assert np.abs(difference).mean() < largest


def test_patch_match_goes_on_with_a_texture() -> None:
    stripes = np.zeros((48, 64, 3), dtype=np.uint8)
    stripes[:, ::4] = stripes[:, 1::4] = 255
    mask = np.zeros((48, 64), dtype=bool)
    mask[16:32, 20:40] = True
    wrong = np.abs(load("patch_match")(stripes, mask)[mask].astype(int) - stripes[mask]).mean()
    grey = np.abs(load("mean")(stripes, mask)[mask].astype(int) - stripes[mask]).mean()
    assert wrong < grey / 2  # 37 of 128, measured


def test_mean_colour_is_that_of_the_known_pixels() -> None:
    image = np.array([[[0, 10, 20], [3, 20, 21]], [[255, 255, 255], [1, 30, 25]]], dtype=np.uint8)
    mask = np.array([[False, False], [True, False]])
    # (0 + 3 + 1) / 3, (10 + 20 + 30) / 3, (20 + 21 + 25) / 3
    assert load("mean")(image, mask)[1, 0].tolist() == [1, 20, 22]


@pytest.mark.parametrize("name", sorted(MODULES.keys() - {"patch_match"}))
def test_a_missing_package_is_named_with_the_command_when_the_method_is_loaded(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, MODULES[name], None)
    with pytest.raises(MissingExtraError, match=rf"{name} needs .* `pip install 'restauro\[cla"):
        load(name)
