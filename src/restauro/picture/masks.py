"""What a mask's file, picture or array means: bool (H, W), upright, True = hole.

A mask that can be meant in two ways is refused, so that nothing is ever filled that was to stay.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import PIL.Image
from numpy.typing import NDArray

from restauro.errors import BadImageError
from restauro.picture.modes import WIDE_MODES, without_alpha
from restauro.picture.read import MAX_PIXELS, Source, read_picture, upright
from restauro.picture.types import Image, Mask, Size

_HALF = 127
_SOFT_FROM = 32
"""Darker ones are noise of a JPEG."""
_MIN_SOFT = 8
_GREY_WITHIN = 32
"""Largest difference between red, green and blue of a mask that counts as grey."""
_ON_LINE_WITHIN = 64
"""How far the pixels of a mask in one colour may be from that colour's shades."""
_NEARLY_ALL = 0.99
_DARK, _LIGHT = 48, 208
_BLACK_AND_WHITE = "make what is to be filled white and all else black"


class Marked(NamedTuple):
    """A mask, and what a user should know about it."""

    hole: Mask
    remark: str = ""
    """Mostly nothing; out of date once the hole has grown."""


def read_mask(source: Source, name: str = "", *, max_pixels: int = MAX_PIXELS) -> Mask:
    """The mask of a file alone; arguments and errors are those of `read_marked`."""
    return read_marked(source, name, max_pixels=max_pixels).hole


def read_marked(source: Source, name: str = "", *, max_pixels: int = MAX_PIXELS) -> Marked:
    """The mask of a file, as `marked_by_picture` has it, and whether its edge is soft.

    `name` and `max_pixels` are those of `read_picture`.

    Raises:
        BadImageError: The file cannot be read, or may mean two things.
    """
    picture = read_picture(source, name, whole_depth=False, max_pixels=max_pixels)
    return marked_by_picture(picture)


def marked_by_picture(picture: PIL.Image.Image) -> Marked:
    """The mask that a picture of any mode stands for, upright, and whether its edge is soft.

    - Transparent pixels are the hole if there are any; but strokes of one colour on an otherwise
      transparent picture are the hole themselves.
    - Otherwise it is what is brighter than half, or, of two values of which one is 0, the other.
    - One colour on black is the hole, whatever its brightness.

    Raises:
        BadImageError: It may mean two things, such as white on transparent, or several labels.
    """
    picture = upright(picture)
    if picture.mode in WIDE_MODES:
        return _marked_by_wide(np.asarray(picture))
    if picture.has_transparency_data:
        rgba = np.asarray(picture.convert("RGBA"))
        alpha = rgba[:, :, 3]
        transparent = alpha <= (_HALF if alpha.max(initial=0) > _HALF else alpha.max() // 2)
        if transparent.any():
            return Marked(_hole_by_alpha(rgba[:, :, :3], transparent))
    if picture.mode in ("1", "L"):
        return _marked_by_levels(np.asarray(picture.convert("L")))
    return _marked_by_colours(np.asarray(without_alpha(picture).convert("RGB")))


def marked_by_array(mask: NDArray[Any]) -> Marked:
    """What an array (H, W) of bool, or of uint8 and then also (H, W, C), stands for, as a picture.

    Raises:
        BadImageError: Another shape or type, or several labels.
    """
    if mask.ndim == 3 and mask.shape[2] == 1:
        mask = mask[:, :, 0]
    if mask.ndim == 3 and mask.shape[2] in (3, 4) and mask.dtype == np.uint8:
        return marked_by_picture(PIL.Image.fromarray(mask))
    if mask.ndim != 2 or mask.dtype not in (np.bool_, np.uint8):
        raise BadImageError(
            f"the mask has the shape {mask.shape} and type {mask.dtype}; "
            "give bool or uint8 of the shape (height, width)",
            code="mask",
        )
    return Marked(mask) if mask.dtype == np.bool_ else _marked_by_levels(mask)


def check_size(hole: Mask, size: Size, *, is_turned: bool = False, hint: str = "") -> None:
    """Refuses a mask of another size than the picture's, upright.

    Raises:
        BadImageError: The sizes differ; `hint` is what else a user may do.
    """
    if hole.shape != size:
        note = " as its orientation tag shows it" if is_turned else ""
        raise BadImageError(
            f"the mask is {hole.shape[1]}x{hole.shape[0]} pixels, but the image is "
            f"{size[1]}x{size[0]}{note}; resize the mask first{hint}",
            code="mask_size",
        )


def _marked_by_levels(levels: NDArray[np.uint8]) -> Marked:
    """Of grey values (H, W) in 0 to 255."""
    counts = np.bincount(levels.ravel(), minlength=256)
    values = np.flatnonzero(counts)
    if len(values) < 2 or (len(values) == 2 and values[0] == 0):
        return Marked(levels > 0)
    if values[-1] <= _HALF:
        raise BadImageError(
            f"the mask has {len(values)} values from {values[0]} to {values[-1]} of 255, all of "
            f"them dark, so which of them is the hole is open; {_BLACK_AND_WHITE}",
            code="mask",
        )
    hole, num_soft = levels > _HALF, int(counts[_SOFT_FROM : _HALF + 1].sum())
    if num_soft < max(_MIN_SOFT, hole.sum() // 500):
        return Marked(hole)
    return Marked(
        hole,
        f"the mask has soft edges: {num_soft:,} of its pixels are grey below half and stay as "
        "they are; if a rim is left there, grow the hole by a pixel or two",
    )


def _marked_by_wide(values: NDArray[Any]) -> Marked:
    """Of grey values (H, W) of more than 8 bits, whose white may be any number."""
    most = max(float(values.max(initial=0)), 0.0)
    if values.dtype.kind in "iu" and most <= np.iinfo(np.uint8).max:
        return _marked_by_levels(values.clip(0).astype(np.uint8))
    return Marked(np.asarray(values > most / 2))


def _marked_by_colours(image: Image) -> Marked:
    """Of an opaque picture: grey, or one colour on black."""
    is_coloured = np.ptp(image, axis=2) > _GREY_WITHIN
    if is_coloured.mean() <= 1 - _NEARLY_ALL:
        return _marked_by_levels(np.asarray(PIL.Image.fromarray(image).convert("L")))
    pixels = image.astype(np.float32)
    coloured = pixels[is_coloured]
    colour = np.median(coloured[np.ptp(coloured, axis=1) >= np.ptp(coloured, axis=1).max() / 2], 0)
    share = (pixels @ colour / (colour @ colour)).clip(0, 1)  # (H, W): 0 = black, 1 = the colour
    distance = np.abs(pixels - share[..., None] * colour).max(axis=2)
    if (distance <= _ON_LINE_WITHIN).mean() < _NEARLY_ALL:
        raise BadImageError(
            "the mask has several colours, so which of them is the hole is open; "
            f"{_BLACK_AND_WHITE}, or paint the picture itself and name the colour (--mask-colour)",
            code="mask",
        )
    return _marked_by_levels(np.rint(share * 255).astype(np.uint8))


def _hole_by_alpha(image: Image, transparent: Mask) -> Mask:
    """The hole of a picture with transparent pixels, of which colours do not count."""
    if transparent.all():
        return transparent
    seen = image[~transparent]  # (N, 3)
    low, high = seen.min(axis=0), seen.max(axis=0)
    if low.min() >= _LIGHT:
        raise BadImageError(
            "the mask is white on transparent, and both mean hole; put it on a black background",
            code="mask",
        )
    if transparent.mean() <= 0.5 or np.ptp(seen, axis=0).max() > _DARK:
        return transparent  # what was erased of a picture, or of a black mask
    if high.max() <= _DARK:
        raise BadImageError(
            "the mask is black on a transparent picture, so either may be the hole; "
            f"{_BLACK_AND_WHITE}",
            code="mask",
        )
    return ~transparent
