"""Methods without training, of OpenCV, scikit-image and PyPatchMatch.

Each function here imports its library and gives the method, which takes uint8 (H, W, 3) RGB, hidden
pixels in the mean colour of the known ones, and bool (H, W), True = hole; it gives uint8
(H, W, 3) RGB. `ArrayFiller` keeps the known pixels.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable
from functools import partial
from types import ModuleType

import numpy as np

from restauro.errors import needed
from restauro.picture.types import Image, Inpaint, Mask

OPENCV_RADIUS_PX = 3.0
"""Neighbourhood of a pixel that is filled; OpenCV's own examples use 3."""
PATCH_RADIUS_PX = 3
"""Patches of 7x7 pixels, as in PyPatchMatch's own examples."""


def mean() -> Inpaint:
    """The floor of every comparison: the mean colour, which hidden pixels have already."""
    return lambda image, mask: image


def telea() -> Inpaint:
    """Fast marching inward from the edge. Source: Telea 2004, 10.1080/10867651.2004.10487596."""
    cv2 = _library("telea", "cv2", "OpenCV")
    return partial(_opencv, cv2, cv2.INPAINT_TELEA)


def navier_stokes() -> Inpaint:
    """Continues lines of equal brightness.

    Source: Bertalmio et al. 2001, 10.1109/CVPR.2001.990497.
    """
    cv2 = _library("navier_stokes", "cv2", "OpenCV")
    return partial(_opencv, cv2, cv2.INPAINT_NS)


def biharmonic() -> Inpaint:
    """The smoothest surface that meets the known pixels, for each colour channel.

    Source: Damelin and Hoang 2018, 10.1155/2018/3950312, as scikit-image has it, which cuts the
    fill to the range of the known values.
    """
    restoration = _library("biharmonic", "skimage.restoration", "scikit-image")

    def inpaint(image: Image, mask: Mask) -> Image:
        # a copy, since scikit-image takes no mask that is read-only; gives float64 in [0, 1]
        filled = restoration.inpaint_biharmonic(image, mask.copy(), channel_axis=2)
        return np.asarray(np.rint(filled * 255).clip(0, 255), dtype=np.uint8)

    return inpaint


def patch_match() -> Inpaint:
    """Repeats known patches so that all patches look like known ones; the same at every call.

    Source: Barnes et al. 2009, 10.1145/1531326.1531330, in the package PyPatchMatch (MIT).
    """

    def inpaint(image: Image, mask: Mask) -> Image:
        import patchmatch  # by those alone who come to need it: many a hole does not

        filled: Image = patchmatch.inpaint(image, mask, patch_size=PATCH_RADIUS_PX)
        return filled

    return inpaint


METHODS: dict[str, Callable[[], Inpaint]] = {
    "biharmonic": biharmonic,
    "mean": mean,
    "navier_stokes": navier_stokes,
    "patch_match": patch_match,
    "telea": telea,
}


def _opencv(cv2: ModuleType, method: int, image: Image, mask: Mask) -> Image:
    """OpenCV reads BGR, which is converted here and nowhere else."""
    bgr = np.ascontiguousarray(image[:, :, ::-1])
    filled = cv2.inpaint(bgr, mask.astype(np.uint8), OPENCV_RADIUS_PX, method)
    return np.asarray(filled[:, :, ::-1])


def _library(method: str, module: str, package: str) -> ModuleType:
    with needed(f"the method {method} needs {package}", "'restauro[classical]'"):
        return importlib.import_module(module)
