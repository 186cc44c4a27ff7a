"""Where the hole of a picture is: in a mask's file, or in the picture itself, as colour or alpha.

All masks are bool (H, W), upright, True = hole.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import PIL.Image
import PIL.ImageChops

from restauro.errors import BadImageError
from restauro.images import WIDE_MODES, Mask, upright, without_alpha

_OPAQUE = 255
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


def hole_of(picture: PIL.Image.Image, mask: Mask | None, options: HoleOptions) -> Mask:
    """The hole of a picture, whose mask's file is given if the options need one.

    Raises:
        BadImageError: The mask has another size, or the colour cannot be compared.
    """
    shown = upright(picture)
    if options.colour is not None:
        hole = _painted(shown, options.colour, options.tolerance)
    elif options.alpha:
        hole = _not_opaque(shown)
    else:
        assert mask is not None, "the options need a mask's file"
        hole = _fitted(~mask if options.invert else mask, shown, resize=options.resize)
    return _grown(hole, options.grow_px) if options.grow_px else hole


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


def _fitted(mask: Mask, shown: PIL.Image.Image, *, resize: bool) -> Mask:
    if mask.shape == (shown.height, shown.width):
        return mask
    if not resize:
        raise BadImageError(
            f"the mask is {mask.shape[1]}x{mask.shape[0]} pixels, but the image is "
            f"{shown.width}x{shown.height}; resize the mask first or add --resize-mask"
        )
    stretched = PIL.Image.fromarray(mask).resize(shown.size, PIL.Image.Resampling.NEAREST)
    return np.asarray(stretched)


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
