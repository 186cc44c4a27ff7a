"""The one door: a picture and its mask in, the bytes of the restored picture out.

Files, folders, pipes, Ray and HTTP are thin around it.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
import PIL.Image

from restauro.errors import BadImageError
from restauro.fill.filler import Filler
from restauro.picture.formats import Format, encode, own_format
from restauro.picture.masks import HoleOptions, hole_of, opaque, read_mask, remark
from restauro.picture.read import MAX_PIXELS, Source, read_picture
from restauro.picture.types import Mask, Size


@dataclass(frozen=True)
class Restored:
    """A restored picture, and how it was restored."""

    data: bytes
    """The file, in `format`, with the mode, orientation and metadata of the picture."""
    format: Format
    size: Size
    """(height, width) as stored."""
    model: str
    """What filled the hole."""
    hole_pixels: int
    remark: str
    """What a user should know; mostly nothing."""
    seconds: dict[str, float]
    """Wall time of the steps decode, inpaint and encode."""


def restore(
    picture: Source,
    mask: Source | Mask | None,
    filler: Filler,
    *,
    holes: HoleOptions | None = None,
    written_as: Format | None = None,
    name: str = "the image",
    mask_name: str = "the mask",
    max_pixels: int = MAX_PIXELS,
    max_hole_pixels: int = MAX_PIXELS,
) -> Restored:
    """Fills the hole of a picture; everything else of it stays as it is.

    Args:
        picture: The picture's file.
        mask: The mask's file, or the mask as it was read; None if the picture shows its hole.
        filler: What fills it.
        holes: How the hole is marked, where a user may choose; by the mask's white by default.
        written_as: The format of the result; None = the picture's own, or PNG.
        name: How messages call the picture where it has no path.
        mask_name: How remarks call the mask.
        max_pixels: Of the picture and of the mask; beyond this neither is decoded.
        max_hole_pixels: Of the hole.

    Raises:
        BadImageError: Picture or mask cannot be used, or exceeds a limit; its code says which.
        BadModelError: The filler gave no picture.
    """
    seconds: dict[str, float] = {}
    name = name if isinstance(picture, bytes) else str(picture)
    try:
        with _timed("decode", seconds):
            original = read_picture(picture, name, max_pixels=max_pixels)
            hole = _hole(original, mask, holes, max_pixels)
            hole_pixels = int(np.count_nonzero(hole))
            if hole_pixels > max_hole_pixels:
                raise BadImageError(
                    f"the hole has {hole_pixels:,} pixels, but {max_hole_pixels:,} are allowed; "
                    "restore a smaller area, or part of it first",
                    code="hole_pixels",
                )
        with _timed("inpaint", seconds):
            visible = opaque(original) if holes and holes.alpha else original
            filled = filler.fill(visible, hole)
        with _timed("encode", seconds):
            chosen = written_as or own_format(original)
            data = encode(filled.picture, chosen, original)
    except MemoryError as error:
        raise BadImageError(
            f"{name} needs more memory than there is; cut out the part to restore", code="pixels"
        ) from error
    remarks = [remark(hole, holes, mask_name) if holes else "", filled.remark]
    return Restored(
        data,
        chosen,
        (filled.picture.height, filled.picture.width),
        filled.model,
        hole_pixels,
        "; ".join(filter(None, remarks)),
        seconds,
    )


def _hole(
    picture: PIL.Image.Image,
    mask: Source | Mask | None,
    holes: HoleOptions | None,
    max_pixels: int,
) -> Mask:
    """The hole (H, W) of the picture as a viewer shows it."""
    try:
        if not (mask is None or isinstance(mask, np.ndarray)):
            called = "the mask" if isinstance(mask, bytes) else ""
            mask = read_mask(mask, called, max_pixels=max_pixels)
        return hole_of(picture, mask, holes)
    except BadImageError as error:
        if error.code == "image":
            error.code = "mask"
        raise


@contextmanager
def _timed(step: str, seconds: dict[str, float]) -> Iterator[None]:
    started = time.perf_counter()
    yield
    seconds[step] = time.perf_counter() - started
