from __future__ import annotations

import numpy as np
import pytest

from restauro.baselines import navier_stokes, telea
from restauro.images import Image, Inpaint, Mask


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


@pytest.mark.parametrize("inpaint", [telea, navier_stokes])
def test_known_pixels_are_untouched(inpaint: Inpaint, image: Image, mask: Mask) -> None:
    filled = inpaint(image, mask)
    assert filled.dtype == np.uint8
    np.testing.assert_array_equal(filled[~mask], image[~mask])


@pytest.mark.parametrize("inpaint", [telea, navier_stokes])
def test_fill_does_not_depend_on_what_the_hole_hides(
    inpaint: Inpaint, image: Image, mask: Mask
) -> None:
    repainted = image.copy()
    repainted[mask] = 255 - repainted[mask]
    np.testing.assert_array_equal(inpaint(repainted, mask), inpaint(image, mask))


@pytest.mark.parametrize("inpaint", [telea, navier_stokes])
def test_smooth_picture_is_continued_in_its_colours(
    inpaint: Inpaint, image: Image, mask: Mask
) -> None:
    difference = inpaint(image, mask)[mask].astype(int) - image[mask]
    assert np.abs(difference).mean() < 12  # of ramps of up to 245; channels swapped: 80 and more
