"""Patches: what fills a hole, as a small picture file of its own, and laid on the picture again.

So that a picture that is restored hole by hole is encoded but once.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import PIL.Image

from restauro.errors import BadImageError
from restauro.picture.formats import PNG, WRITTEN, encode
from restauro.picture.masks import read_mask
from restauro.picture.read import as_stored, read_picture, upright
from restauro.picture.types import Mask

_PNG_MODES = frozenset({"1", "L", "LA", "P", "RGB", "RGBA", "I;16"})


class PatchFile(NamedTuple):
    """What fills a hole of a picture as a viewer shows it."""

    pixels: bytes
    """A picture file of the hole's box, as `patch_file` gives it; beside the hole it is black."""
    mask: bytes
    """A mask's file of the same size."""
    left: int
    top: int


def patch_file(picture: PIL.Image.Image, hole: Mask) -> PatchFile | None:
    """What fills the hole (H, W) of a picture, upright, without loss; None without a hole.

    A PNG, of CMYK in RGB: every fill comes from there, so on the way back it is the same again. A
    TIFF for modes that PNG does not hold, as such pictures come from one.
    """
    if not hole.any():
        return None
    rows, columns = bounds(hole)
    own_hole = hole[rows, columns]
    patch = upright(picture).crop((columns.start, rows.start, columns.stop, rows.stop))
    patch.paste(PIL.Image.new(patch.mode, patch.size), mask=PIL.Image.fromarray(~own_hole))
    kept = ("transparency", "icc_profile")
    patch.info = {key: patch.info[key] for key in kept if key in patch.info}
    if patch.mode == "CMYK":
        patch = patch.convert("RGB")
        patch.info.pop("icc_profile", None)  # it is for other colours
    pixels = encode(patch, PNG if patch.mode in _PNG_MODES else WRITTEN[".tif"]).data
    return PatchFile(pixels, mask_file(own_hole), columns.start, rows.start)


def bounds(hole: Mask) -> tuple[slice, slice]:
    """The rows and the columns of the smallest box around a hole (H, W); none of an empty one."""
    ends = [np.flatnonzero(hole.any(axis=axis)) for axis in (1, 0)]
    rows, columns = (
        slice(int(found[0]), int(found[-1]) + 1) if len(found) else slice(0, 0) for found in ends
    )
    return rows, columns


def mask_file(mask: Mask) -> bytes:
    """A PNG of one bit a pixel."""
    return encode(PIL.Image.fromarray(mask), PNG).data


def with_patches(
    picture: PIL.Image.Image, patches: Sequence[PatchFile], max_pixels: int
) -> tuple[PIL.Image.Image, Mask]:
    """A picture with patches laid on it, one after another, and where (H, W), upright.

    The picture itself stays as it is.

    Raises:
        BadImageError: A patch cannot be read, or does not fit the picture.
    """
    shown = upright(picture)
    covered = np.zeros((shown.height, shown.width), dtype=bool)
    if not patches:
        return picture, covered
    shown = shown.copy() if shown is picture else shown
    for patch in patches:
        try:
            pixels = read_picture(patch.pixels, "the patch", max_pixels=max_pixels)
            hole = read_mask(patch.mask, "the mask of the patch", max_pixels=max_pixels)
        except BadImageError as error:
            error.code = "patch"
            raise
        rows, columns = (
            slice(start, start + side)
            for start, side in zip((patch.top, patch.left), hole.shape, strict=True)
        )
        place = covered[rows, columns]
        if pixels.mode == "RGB" and shown.mode in ("CMYK", "RGBX"):
            pixels = pixels.convert(shown.mode)
        elif pixels.mode == "I;16" and shown.mode in ("I;16B", "I;16L"):  # another order of bytes
            pixels = pixels.convert("I").convert(shown.mode)
        fits = (pixels.height, pixels.width) == hole.shape == place.shape
        if not fits or pixels.mode != shown.mode or min(patch.left, patch.top) < 0:
            raise BadImageError(
                f"the patch is {pixels.width}x{pixels.height} pixels of mode {pixels.mode} at "
                f"{patch.left},{patch.top}, which does not fit its mask or the picture; send "
                "patches as they were given",
                code="patch",
            )
        shown.paste(pixels, (patch.left, patch.top), PIL.Image.fromarray(hole))
        place |= hole
    return as_stored(shown, picture), covered
