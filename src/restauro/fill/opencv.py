"""OpenCV's two classical methods; OpenCV reads BGR, which is converted here and nowhere else."""

from __future__ import annotations

from types import ModuleType

import numpy as np

from restauro.errors import MissingExtraError
from restauro.images import Image, Mask

RADIUS_PX = 3.0
"""Neighbourhood of a pixel that is filled; OpenCV's own examples use 3."""


def telea(image: Image, mask: Mask) -> Image:
    """Fast marching inward from the edge. Source: Telea 2004, 10.1080/10867651.2004.10487596.

    Takes uint8 (H, W, 3) RGB and bool (H, W), True = hole; returns uint8 (H, W, 3) RGB, known
    pixels unchanged.
    """
    cv2 = _opencv()
    return _inpaint(image, mask, cv2, cv2.INPAINT_TELEA)


def navier_stokes(image: Image, mask: Mask) -> Image:
    """Continues lines of equal brightness. Source: Bertalmio et al. 2001, 10.1109/CVPR.2001.990497.

    Takes and returns the same as `telea`.
    """
    cv2 = _opencv()
    return _inpaint(image, mask, cv2, cv2.INPAINT_NS)


def _inpaint(image: Image, mask: Mask, cv2: ModuleType, method: int) -> Image:
    bgr = np.ascontiguousarray(image[:, :, ::-1])
    filled = cv2.inpaint(bgr, mask.astype(np.uint8), RADIUS_PX, method)[:, :, ::-1]
    return np.where(mask[:, :, None], filled, image)


def _opencv() -> ModuleType:
    try:
        import cv2
    except ImportError as error:
        raise MissingExtraError(
            "the classical methods need OpenCV; install it with `pip install 'restauro[classical]'`"
        ) from error
    return cv2
