"""The floor of every comparison: one colour for the whole hole."""

from __future__ import annotations

import numpy as np

from restauro.images import Image, Mask


def mean_colour(image: Image, mask: Mask) -> Image:
    """Fills the hole with the mean colour of the known pixels, rounded.

    Takes uint8 (H, W, 3) RGB and bool (H, W), True = hole, with at least one known pixel; returns
    uint8 (H, W, 3) RGB, known pixels unchanged.
    """
    colour = np.rint(image[~mask].mean(axis=0)).astype(np.uint8)
    return np.where(mask[:, :, None], colour, image)
