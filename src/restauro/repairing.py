"""Damage found and put right, without a mask of the user's: `find_damage` and `repair`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, overload

import numpy as np
import PIL.Image

from restauro.errors import BadImageError
from restauro.fill.catalogue import load
from restauro.fill.entries import AUTO
from restauro.fill.filler import Filler, Picture, SomeMask
from restauro.fill.finder import damaged_part, load_finder
from restauro.picture.holes import DamageOptions
from restauro.picture.masks import marked_by_array, marked_by_picture, read_mask
from restauro.picture.read import shown
from restauro.picture.types import Image, Mask

SOFT_EDGE_PX = 2
"""By which a mask of damage grows before it is filled: what a scratch leaves beside it."""


@overload
def find_damage(image: Image, strength: float = ..., kinds: Sequence[str] = ...) -> Mask: ...


@overload
def find_damage(
    image: PIL.Image.Image, strength: float = ..., kinds: Sequence[str] = ...
) -> PIL.Image.Image: ...


def find_damage(
    image: Image | PIL.Image.Image, strength: float = 0.5, kinds: Sequence[str] = ()
) -> Mask | PIL.Image.Image:
    """Where a picture is scratched, dusty, stained, torn or dated.

    Args:
        image: uint8 (H, W, 3) RGB or (H, W) or (H, W, 1) grey, or a Pillow picture of any mode.
        strength: 0 marks nothing but what is certain, 1 all that might be damage.
        kinds: Of `scratch`, `dust`, `stain`, `date`, and `text` with the extra of that name; none
            means all but text.

    Returns:
        For an array bool (H, W), True = damaged; for a Pillow picture one of the mode `L`, 255 =
        damaged: a mask as fillers take it, upright if the picture has an orientation tag.

    Raises:
        BadImageError: The picture is of another kind, or the strength no share.
        UnknownNameError: There is no such kind.
        MissingExtraError: Text is asked for without its extra.
    """
    found = load_finder().find(_checked(image), strength, kinds)
    if isinstance(image, np.ndarray):
        return found
    return PIL.Image.fromarray(found).convert("L")


def repair(
    image: Picture,
    *,
    strength: float = 0.5,
    kinds: Sequence[str] = (),
    mask: SomeMask | None = None,
    keep: SomeMask | None = None,
    grow: int = SOFT_EDGE_PX,
    model: str | Filler = AUTO,
    most_share: float = 0.15,
) -> Picture:
    """The picture with the damage that `find_damage` finds filled: same type, size and mode.

    All that is not marked stays bit for bit.

    Args:
        image: As for `find_damage`.
        strength: As for `find_damage`.
        kinds: As for `find_damage`.
        mask: What is damaged besides; all that a filler takes as a mask.
        keep: What is not damaged, whatever it looks like.
        grow: By how many pixels damage and `mask` grow on all sides.
        model: What fills: a name that `load` takes, or what it gave.
        most_share: Of the picture, may be filled; more is refused.

    Raises:
        BadImageError: More than `most_share` looks damaged; or as of `find_damage` and a filler.
        UnknownNameError: There is no such kind or model.
        MissingExtraError: Text is asked for without its extra.
    """
    options = DamageOptions(strength, tuple(kinds), most_share)
    hole = damaged_part(
        _checked(image),
        options,
        load_finder(),
        grow_px=grow,
        more=_mask_of(mask),
        keep=_mask_of(keep),
    )
    filler = load(model) if isinstance(model, str) else model
    return filler.fill(image, hole).picture


def _checked(image: Any) -> PIL.Image.Image:
    if isinstance(image, PIL.Image.Image):
        return shown(image)
    kind = f"the shape {np.shape(image)} and type {getattr(image, 'dtype', type(image).__name__)}"
    is_uint8 = isinstance(image, np.ndarray) and image.dtype == np.uint8 and image.size > 0
    if not is_uint8 or image.ndim not in (2, 3) or image.shape[2:] not in ((), (1,), (3,)):
        raise BadImageError(
            f"the image has {kind}; give uint8 of the shape (height, width, 3) or (height, width), "
            "or a Pillow picture"
        )
    return shown(image)


def _mask_of(mask: SomeMask | None) -> Mask | None:
    if mask is None:
        return None
    if isinstance(mask, np.ndarray):
        return marked_by_array(mask).hole
    if isinstance(mask, PIL.Image.Image):
        return marked_by_picture(mask).hole
    return read_mask(mask)
