"""A smooth picture of any mode with a hole, and two methods to fill it."""

from __future__ import annotations

import numpy as np
import PIL.Image

from restauro.picture.types import Image, Mask

MODES = ["1", "L", "LA", "P", "RGB", "RGBA", "CMYK", "YCbCr", "I;16", "I", "F"]
SIZE = (137, 150)
ORIENTATION = 0x0112


def hole(size: tuple[int, int] = SIZE) -> Mask:
    mask = np.zeros(size, dtype=bool)
    mask[50:70, 100:] = True
    mask[3, 1:4] = True
    return mask


def picture(mode: str = "RGB") -> PIL.Image.Image:
    """Smooth, so that methods of all kinds have something to go by."""
    down, right = np.meshgrid(*(np.linspace(0, 200, side) for side in SIZE), indexing="ij")
    image = np.stack([down, right, 255 - down], axis=2).astype(np.uint8)
    if mode == "I;16":
        return PIL.Image.fromarray((down * 250).astype(np.uint16))
    return PIL.Image.fromarray(image).convert(mode)


def grey(image: Image, mask: Mask) -> Image:
    """A method that paints the whole picture grey, known pixels too."""
    return np.full_like(image, 128)


def mean(image: Image, mask: Mask) -> Image:
    return np.broadcast_to(image[~mask].mean(axis=0), image.shape).astype(np.uint8)
