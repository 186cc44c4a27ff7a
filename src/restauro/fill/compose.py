"""A damaged picture: what a filler may see of it, and the only way to paint on it.

Here, for fillers of every kind, known pixels stay bit for bit and nothing hidden is shown.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any

import numpy as np
import PIL.Image

from restauro.errors import BadImageError
from restauro.fill.canvas import Canvas
from restauro.fill.windows import Box, parts
from restauro.picture.masks import check_size, mask_of_array, mask_of_picture
from restauro.picture.modes import (
    Colours,
    check_mode,
    part_from_rgb,
    to_rgb,
    value_range,
    visible,
)
from restauro.picture.read import as_stored, upright
from restauro.picture.types import Image, Mask, Size


class Damaged(ABC):
    """A picture and its hole (H, W), upright; the picture that was given is never painted on."""

    hole: Mask

    @abstractmethod
    def restored(self) -> Any:
        """What was painted, in the form in which the picture was given."""

    @abstractmethod
    def _cut(self, box: Box) -> PIL.Image.Image:
        """A part of the picture in its own mode."""

    @abstractmethod
    def _paste(self, box: Box, patch: PIL.Image.Image) -> None:
        """Takes a part of the picture in its own mode; only its holes change."""

    def crop(self, box: Box) -> PIL.Image.Image:
        """A part in the picture's own mode, hidden pixels included: only for another filler."""
        crop = self._cut(box)
        # an orientation tag would turn the crop once more
        crop.info = {key: crop.info[key] for key in ("transparency",) if key in crop.info}
        return crop

    def canvas(self, box: Box, window: Box) -> Canvas:
        """The `window` of the picture; what is painted lands in the holes in `box`.

        Holes outside the box are hidden, too, and so is what is fully transparent.
        """
        known, ranges = ~self.hole[window.slices], []
        for part in parts(window):
            crop, own_known = self._cut(part), known[part.within(window).slices]
            own_known &= visible(crop)
            if own_known.any():
                ranges.append(value_range(crop, own_known))
        limits = (0.0, 0.0)
        if ranges:
            limits = min(low for low, _ in ranges), max(high for _, high in ranges)
        is_erased = not any(
            visible(self._cut(part))[self.hole[part.slices]].any() for part in parts(box)
        )

        def look(part: Box) -> Colours:
            scale = known[part.slices].astype(np.float32)[..., None] / 255
            image = to_rgb(self._cut(part.moved(window.top, window.left)), limits)
            return np.multiply(image, scale, dtype=np.float32)

        def paint(part: Box, colours: Colours) -> None:
            place = part.moved(window.top, window.left)
            patch = part_from_rgb(colours, self._cut(place), limits, is_erased=is_erased)
            self._paste(place, patch)

        return Canvas(known, look, paint)


class DamagedArray(Damaged):
    """uint8 (H, W, 3) RGB, or (H, W) grey."""

    def __init__(self, image: Image, hole: Mask) -> None:
        is_colour = image.ndim == 3 and image.shape[2] == 3
        if image.dtype != np.uint8 or not (is_colour or image.ndim == 2):
            raise BadImageError(
                f"the image has the shape {image.shape} and type {image.dtype}; give uint8 of the "
                "shape (height, width, 3), or a Pillow picture for other modes"
            )
        _check_hole(hole, image.shape[:2])
        self.hole, self._image, self._filled = hole, image, image.copy()

    def restored(self) -> Image:
        """A copy of the array, painted."""
        return self._filled

    def _cut(self, box: Box) -> PIL.Image.Image:
        return PIL.Image.fromarray(self._image[box.slices])

    def _paste(self, box: Box, patch: PIL.Image.Image) -> None:
        own_hole = self.hole[box.slices]
        self._filled[box.slices][own_hole] = np.asarray(patch)[own_hole]


class DamagedPicture(Damaged):
    """A Pillow picture of any mode, with its metadata."""

    def __init__(self, picture: PIL.Image.Image, hole: Mask) -> None:
        check_mode(picture)
        shown = upright(picture)
        _check_hole(hole, (shown.height, shown.width), is_turned=shown is not picture)
        self.hole, self._picture = hole, picture
        self._filled = shown.copy() if shown is picture else shown

    def restored(self) -> PIL.Image.Image:
        """A copy of the picture, painted, and turned as it was stored."""
        return as_stored(self._filled, self._picture)

    def _cut(self, box: Box) -> PIL.Image.Image:
        return self._filled.crop(box.corners)

    def _paste(self, box: Box, patch: PIL.Image.Image) -> None:
        own_hole = PIL.Image.fromarray(self.hole[box.slices])
        self._filled.paste(patch, (box.left, box.top), own_hole)


def damaged(image: Any, mask: Any) -> Damaged:
    """An array or Pillow picture with what a mask of either kind says is its hole.

    Raises:
        BadImageError: The mask has another size or covers everything, or the type, shape or mode
            of image or mask is unknown.
    """
    for name, value in (("image", image), ("mask", mask)):
        is_known = isinstance(value, np.ndarray | PIL.Image.Image)
        if not is_known or isinstance(value, np.ma.MaskedArray):
            raise BadImageError(
                f"the {name} is a {type(value).__name__}; give an array or a Pillow picture, which "
                "restauro.picture.read_picture reads from a file"
            )
    hole = mask_of_array(mask) if isinstance(mask, np.ndarray) else mask_of_picture(mask)
    if isinstance(image, np.ndarray):
        return DamagedArray(image, hole)
    return DamagedPicture(image, hole)


def _check_hole(hole: Mask, size: Size, *, is_turned: bool = False) -> None:
    """Refuses a hole (H, W) that does not fit the picture's size or leaves nothing known."""
    check_size(hole, size, is_turned=is_turned)
    if hole.size and hole.all():
        raise BadImageError(
            "the mask covers the whole picture, so nothing is known to restore it from; "
            "leave some of it black",
            code="mask_full",
        )
