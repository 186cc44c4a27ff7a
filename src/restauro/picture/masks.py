"""Where the hole of a picture is: in a mask, or in the picture itself, as colour or alpha.

All masks are bool (H, W), upright, True = hole.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import PIL.Image
import PIL.ImageChops
from numpy.typing import NDArray

from restauro.errors import BadImageError
from restauro.picture.modes import WIDE_MODES, without_alpha
from restauro.picture.read import MAX_PIXELS, Source, read_picture, upright
from restauro.picture.types import Mask, Size

_OPAQUE = 255
_NEAREST = PIL.Image.Resampling.NEAREST
_MOSTLY = 0.5  # a hole beyond this share of the picture is more often a mask of inverted polarity


@dataclass(frozen=True)
class HoleOptions:
    """How holes are marked; without colour and alpha it is by a mask's file."""

    colour: tuple[int, int, int] | None = None
    """RGB in 0 to 255: the hole is painted over in this colour."""
    tolerance: int = 0
    """How far each channel may be from `colour`, in 0 to 255."""
    alpha: bool = False
    """The hole is whatever is not fully opaque, and becomes opaque."""
    invert: bool = False
    """Black, not white, is the hole of a mask's file."""
    resize: bool = False
    """A mask's file of another size is stretched to the picture's."""
    grow_px: int = 0
    """The hole grows by as many pixels in all directions."""

    @property
    def needs_mask_file(self) -> bool:
        """Whether the hole lies in a file of its own."""
        return self.colour is None and not self.alpha

    def __str__(self) -> str:
        """What stands for the mask when there is no file."""
        if self.colour is not None:
            return "colour #{:02x}{:02x}{:02x}".format(*self.colour)
        return "transparency" if self.alpha else "mask"


def read_mask(source: Source, name: str = "", *, max_pixels: int = MAX_PIXELS) -> Mask:
    """The mask of a file, upright, bool (H, W), True = hole: white, or transparent if it has alpha.

    `name` and `max_pixels` are those of `read_picture`.

    Raises:
        BadImageError: The file cannot be read, or is white on transparent, which both mean hole.
    """
    return mask_of_picture(read_picture(source, name, whole_depth=False, max_pixels=max_pixels))


def mask_of_picture(picture: PIL.Image.Image) -> Mask:
    """The mask that a picture of any mode stands for, upright, bool (H, W), True = hole.

    Transparent pixels are the hole if there are any, otherwise pixels with a luminance above 127
    of 255 (for more than 8 bits: above half of the brightest).

    Raises:
        BadImageError: The mask is white on transparent, which both mean hole.
    """
    picture = upright(picture)
    if picture.mode in WIDE_MODES:
        values = np.asarray(picture)
        return np.asarray(values > max(float(values.max(initial=0)), 0.0) / 2)
    luminance = np.asarray(without_alpha(picture).convert("L"))
    if not picture.has_transparency_data:
        return np.asarray(luminance > 127)
    transparent = np.asarray(picture.convert("RGBA").getchannel("A")) < 128
    if not transparent.any():
        return np.asarray(luminance > 127)
    if not transparent.all() and luminance[~transparent].min() == 255:
        raise BadImageError(
            "the mask is white on transparent, and both mean hole; put it on a black background"
        )
    return transparent


def mask_of_array(mask: NDArray[Any]) -> Mask:
    """The mask that an array stands for: bool, or uint8 with 0 and 1 or 0 and 255; 0 = known.

    Raises:
        BadImageError: Another shape or type.
    """
    if mask.ndim == 3 and mask.shape[2] == 1:
        mask = mask[:, :, 0]
    if mask.ndim != 2 or mask.dtype not in (np.bool_, np.uint8):
        raise BadImageError(
            f"the mask has the shape {mask.shape} and type {mask.dtype}; "
            "give bool or uint8 of the shape (height, width)"
        )
    return np.asarray(mask > (127 if mask.max(initial=0) > 1 else 0))


def hole_of(
    picture: PIL.Image.Image, mask: Mask | None, options: HoleOptions | None = None
) -> Mask:
    """The hole of a picture, whose mask is given unless the options say where else it is.

    Raises:
        BadImageError: The mask has another size, or the colour cannot be compared.
    """
    shown = upright(picture)
    size, is_turned = (shown.height, shown.width), shown is not picture
    if options is None:
        assert mask is not None, "without options there is a mask"
        check_size(mask, size, is_turned=is_turned)
        return mask
    if options.colour is not None:
        hole = _painted(shown, options.colour, options.tolerance)
    elif options.alpha:
        hole = _not_opaque(shown)
    else:
        assert mask is not None, "the options need a mask's file"
        hole = ~mask if options.invert else mask
        if options.resize and hole.shape != size:
            stretched = PIL.Image.fromarray(hole).resize(shown.size, _NEAREST)
            hole = np.asarray(stretched)
        check_size(hole, size, is_turned=is_turned, hint=" or add --resize-mask")
    return _grown(hole, options.grow_px) if options.grow_px else hole


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


def opaque(picture: PIL.Image.Image) -> PIL.Image.Image:
    """The picture without its transparency, in the same mode; colours stay."""
    result = picture.copy()
    result.info.pop("transparency", None)
    if picture.mode in ("LA", "RGBA"):
        result.putalpha(_OPAQUE)
    return result


def remark(hole: Mask, options: HoleOptions, mask_name: str) -> str:
    """What a user should know about a hole that looks like a mistake; mostly nothing."""
    if not hole.any():
        marks = f"{mask_name} marks no hole (white or transparent)"
        if options.colour is not None:
            marks = f"the {options} does not occur"
        elif options.alpha:
            marks = "nothing is transparent"
        return f"{marks}: nothing is changed"
    if options.needs_mask_file and hole.mean() > _MOSTLY:
        keep = "black" if options.invert else "white"
        other = "leave out" if options.invert else "add"
        return (
            f"the hole covers {hole.mean():.0%} of the picture; "
            f"if {keep} is what to keep, {other} --invert-mask"
        )
    return ""


def _painted(shown: PIL.Image.Image, colour: tuple[int, int, int], tolerance: int) -> Mask:
    """Visible pixels within `tolerance` of `colour`; by tables, as a difference needs 16 bits."""
    if shown.mode in WIDE_MODES:
        raise BadImageError(
            f"the picture has the mode {shown.mode}, which has no colours to compare; give a mask"
        )
    found = _alpha(shown).point([0] + [_OPAQUE] * 255)
    bands = without_alpha(shown).convert("RGB").split()
    for band, level in zip(bands, colour, strict=True):
        table = [_OPAQUE * (abs(value - level) <= tolerance) for value in range(256)]
        found = PIL.ImageChops.darker(found, band.point(table))
    return np.asarray(found) > 0


def _not_opaque(shown: PIL.Image.Image) -> Mask:
    return np.asarray(_alpha(shown)) < _OPAQUE


def _alpha(shown: PIL.Image.Image) -> PIL.Image.Image:
    if not shown.has_transparency_data:
        return PIL.Image.new("L", shown.size, _OPAQUE)
    return shown.convert("RGBA").getchannel("A")


def _grown(hole: Mask, pixels: int) -> Mask:
    """Every pixel whose row and column are within `pixels` of the hole's."""
    grown = hole
    for axis in (0, 1):
        reached = np.moveaxis(grown.copy(), axis, 0)
        before = np.moveaxis(grown, axis, 0)
        for step in range(1, min(pixels, len(before) - 1) + 1):
            reached[step:] |= before[:-step]
            reached[:-step] |= before[step:]
        grown = np.moveaxis(reached, 0, axis)
    return grown
