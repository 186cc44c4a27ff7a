"""scikit-image's biharmonic fill: the smoothest surface that meets the known pixels."""

from __future__ import annotations

import numpy as np

from restauro.errors import MissingExtraError
from restauro.images import Image, Mask


def biharmonic(image: Image, mask: Mask) -> Image:
    """Solves the biharmonic equation inside the hole, for each colour channel.

    Takes uint8 (H, W, 3) RGB and bool (H, W), True = hole; returns uint8 (H, W, 3) RGB, known
    pixels unchanged.
    Source: Damelin and Hoang 2018, 10.1155/2018/3950312, as scikit-image has it, which cuts the
    fill to the range of the known values.
    """
    try:
        from skimage.restoration import inpaint_biharmonic
    except ImportError as error:
        raise MissingExtraError(
            "the biharmonic method needs scikit-image; install it with "
            "`pip install 'restauro[classical]'`"
        ) from error
    # a copy, since scikit-image takes no mask that is read-only; gives float64 in [0, 1]
    filled = inpaint_biharmonic(image, mask.copy(), channel_axis=2)
    filled = np.rint(filled * 255).clip(0, 255).astype(np.uint8)
    return np.where(mask[:, :, None], filled, image)
