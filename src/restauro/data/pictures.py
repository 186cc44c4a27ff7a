"""Decodes any picture file to RGB, once, when a bank is made.

The tool's own reader (`restauro.picture`) keeps mode and alpha; a bank wants neither, so this file
is small. Color profiles are not applied: the official pictures have none.
"""

from __future__ import annotations

import io

import numpy as np
from PIL import Image as Pillow
from PIL import ImageOps, UnidentifiedImageError

from restauro.picture.formats import READABLE

MAX_PIXELS = 80_000_000  # below the 89 million at which Pillow starts to warn

PAPER = (255, 255, 255)
"""Transparent pictures are laid on white, as a page would show them."""


class UnusablePictureError(Exception):
    """A picture that cannot enter a bank; the message is the reason in `rejected.csv`."""


def decode(data: bytes) -> Pillow.Image:
    """The first frame of a picture file, upright, in RGB with 8 bits a channel.

    16-bit gray is scaled to 8 bits; transparency is laid on white.

    Raises:
        UnusablePictureError: The file is damaged, too large or holds values without a known white.
    """
    image = _loaded(data)
    if image.mode.startswith("I;16") or (image.mode == "I" and image.format in ("PNG", "PPM")):
        gray = np.asarray(image).astype(np.uint32)
        return Pillow.fromarray(((gray + 128) // 257).astype(np.uint8)).convert("RGB")
    if image.mode in ("I", "F"):
        raise UnusablePictureError(f"its values ({image.mode}, 32 bits) have no known white")
    if image.has_transparency_data:
        opaque = Pillow.new("RGBA", image.size, (*PAPER, 255))
        return Pillow.alpha_composite(opaque, image.convert("RGBA")).convert("RGB")
    return image.convert("RGB")


def centre_square(image: Pillow.Image) -> Pillow.Image:
    """The largest square in the middle of `image`."""
    side = min(image.size)
    left, top = (image.width - side) // 2, (image.height - side) // 2
    return image.crop((left, top, left + side, top + side))


def _loaded(data: bytes) -> Pillow.Image:
    try:
        image = Pillow.open(io.BytesIO(data), formats=READABLE)
        if image.width * image.height <= MAX_PIXELS:
            image.load()
            upright: Pillow.Image = ImageOps.exif_transpose(image)
            upright.format = image.format  # a turned copy has forgotten it
            return upright
    except UnidentifiedImageError as error:
        raise UnusablePictureError("no picture that Pillow can read") from error
    except Exception as error:  # noqa: BLE001 - on damaged files Pillow's readers raise anything
        raise UnusablePictureError(f"cannot be decoded: {error}") from error
    raise UnusablePictureError(
        f"{image.width}x{image.height} pixels are more than {MAX_PIXELS:,} in all"
    )
