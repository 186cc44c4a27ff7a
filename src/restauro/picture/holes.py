"""Where the hole of a picture is: in its mask, or in the picture itself, as colour, alpha or box.

All holes are bool (H, W), upright, True = hole.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import PIL.Image
import PIL.ImageChops

from restauro.errors import BadImageError
from restauro.picture.masks import check_size
from restauro.picture.modes import WIDE_MODES, without_alpha
from restauro.picture.read import upright
from restauro.picture.types import Mask, Size
from restauro.places import Place

_OPAQUE = 255
_NEAREST = PIL.Image.Resampling.NEAREST
_MOSTLY = 0.5  # a hole beyond this share of the picture is more often a mask of inverted polarity


class Rectangle(NamedTuple):
    """A part of a picture as a viewer shows it, in pixels from its left upper corner."""

    left: int
    top: int
    width: int
    height: int


@dataclass(frozen=True)
class DamageOptions:
    """Which damage is a hole, where a network finds it."""

    strength: float = 0.5
    """In [0, 1]: what is damaged by a likelihood of 1 - 0.6 * strength counts."""
    kinds: tuple[str, ...] = ()
    """Kinds of damage; none means all."""
    most_share: float = 0.15
    """Of the picture; more is refused."""
    mask_only: bool = False
    """The mask is the result, not the restored picture."""


@dataclass(frozen=True)
class HoleOptions:
    """How holes are marked; without colour, alpha, boxes and damage it is by a mask's file."""

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
    boxes: tuple[Rectangle, ...] = ()
    """The hole is these rectangles."""
    damage: DamageOptions | None = None
    """The hole is what is damaged, and a mask's file, if there is one, marks more."""
    keep: Place | None = None
    """A mask's file: what it marks is no hole, whatever else says so."""
    names_options: bool = True
    """Whether sentences may name options of the command line."""

    @property
    def needs_mask_file(self) -> bool:
        """Whether the hole lies in a file of its own."""
        return not (self.colour or self.alpha or self.boxes or self.damage)

    def __str__(self) -> str:
        """What stands for the mask when there is no file."""
        if self.colour is not None:
            return "colour #{:02x}{:02x}{:02x}".format(*self.colour)
        if self.boxes:
            return "box " + " ".join(",".join(map(str, box)) for box in self.boxes)
        if self.damage:
            return "damage"
        return "transparency" if self.alpha else "mask"


def hole_of(picture: PIL.Image.Image, mask: Mask | None, options: HoleOptions) -> Mask:
    """The hole of a picture, whose mask is given unless the options say where else it is.

    Raises:
        BadImageError: The mask has another size, the colour cannot be compared, or a box lies
            outside.
    """
    shown = upright(picture)
    size, is_turned = (shown.height, shown.width), shown is not picture
    if options.colour is not None:
        hole = _painted(shown, options.colour, options.tolerance)
    elif options.alpha:
        hole = np.asarray(_alpha(shown)) < _OPAQUE
    elif options.boxes:
        hole = _boxed(size, options.boxes)
    else:
        assert mask is not None, "the options need a mask's file"
        hole = ~mask if options.invert else mask
        if options.resize and hole.shape != size:
            stretched = PIL.Image.fromarray(hole).resize(shown.size, _NEAREST)
            hole = np.asarray(stretched)
        hint = " or add --resize-mask" if options.names_options else ""
        check_size(hole, size, is_turned=is_turned, hint=hint)
    return grown(hole, options.grow_px)


def opaque(picture: PIL.Image.Image) -> PIL.Image.Image:
    """The picture without its transparency, in the same mode; colours stay."""
    result = picture.copy()
    result.info.pop("transparency", None)
    if picture.mode in ("LA", "RGBA"):
        result.putalpha(_OPAQUE)
    return result


def grown(hole: Mask, pixels: int) -> Mask:
    """Every pixel whose row and column are within `pixels` of the hole's."""
    result = hole
    for axis in (0, 1) if pixels else ():
        reached = np.moveaxis(result.copy(), axis, 0)
        before = np.moveaxis(result, axis, 0)
        for step in range(1, min(pixels, len(before) - 1) + 1):
            reached[step:] |= before[:-step]
            reached[:-step] |= before[step:]
        result = np.moveaxis(reached, 0, axis)
    return result


def reduced(mask: Mask, scale: int) -> Mask:
    """The mask so many times smaller: what holds any of it; sides are rounded up."""
    rows, columns = (np.arange(0, side, scale) for side in mask.shape)
    return np.asarray(np.logical_or.reduceat(np.logical_or.reduceat(mask, rows, 0), columns, 1))


def remark(hole: Mask, options: HoleOptions, mask_name: str) -> str:
    """What a user should know about a hole that looks like a mistake; mostly nothing."""
    if not hole.any():
        marks = f"{mask_name} marks no hole (white or transparent)"
        if options.colour is not None:
            marks = f"the {options} does not occur"
        elif options.alpha:
            marks = "nothing is transparent"
        elif options.damage:
            marks = "no damage was found"
        return f"{marks}: nothing is changed"
    if options.damage and not options.damage.mask_only:
        return f"repainted {hole.mean():.2%} of the picture"
    if options.needs_mask_file and hole.mean() > _MOSTLY:
        keep = "black" if options.invert else "white"
        advice = "leave out --invert-mask" if options.invert else "add --invert-mask"
        return (
            f"the hole covers {hole.mean():.0%} of the picture; if {keep} is what to keep, "
            f"{advice if options.names_options else 'invert the mask'}"
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


def _boxed(size: Size, boxes: Sequence[Rectangle]) -> Mask:
    hole = np.zeros(size, dtype=bool)
    for box in boxes:
        inside = hole[box.top : box.top + box.height, box.left : box.left + box.width]
        if not inside.size:
            raise BadImageError(
                f"the box {','.join(map(str, box))} lies outside the picture of "
                f"{size[1]}x{size[0]} pixels; give LEFT,TOP,WIDTH,HEIGHT inside it"
            )
        inside[:] = True
    return hole


def _alpha(shown: PIL.Image.Image) -> PIL.Image.Image:
    if not shown.has_transparency_data:
        return PIL.Image.new("L", shown.size, _OPAQUE)
    return shown.convert("RGBA").getchannel("A")
