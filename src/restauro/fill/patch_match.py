"""PatchMatch: the hole is pieced together from patches of the known area."""

from __future__ import annotations

import numpy as np

from restauro.errors import MissingExtraError
from restauro.images import Image, Mask

PATCH_RADIUS_PX = 3
"""Patches of 7x7 pixels, as in the package's own examples."""


def patch_match(image: Image, mask: Mask) -> Image:
    """Repeats known patches so that all patches look like known ones; the same at every call.

    Takes uint8 (H, W, 3) RGB and bool (H, W), True = hole; returns uint8 (H, W, 3) RGB, known
    pixels unchanged.
    Source: Barnes et al. 2009, 10.1145/1531326.1531330, in the package PyPatchMatch (MIT).
    """
    try:
        import patchmatch
    except ImportError as error:
        raise MissingExtraError(
            "the method patch_match needs PyPatchMatch; install it with "
            "`pip install 'restauro[classical]'`"
        ) from error
    filled = patchmatch.inpaint(image, mask, patch_size=PATCH_RADIUS_PX)
    return np.where(mask[:, :, None], filled, image)
