"""A damaged picture: what a filler may see of it, and the only way to paint on it.

Here, for fillers of every kind, known pixels stay bit for bit and nothing hidden is shown.
"""

from __future__ import annotations

import warnings
from abc import ABC, abstractmethod
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple, TypeAlias

import numpy as np
import PIL.Image
from numpy.typing import NDArray

from restauro.errors import BadImageError
from restauro.fill.canvas import Canvas
from restauro.fill.windows import Box, parts
from restauro.picture.holes import grown
from restauro.picture.masks import (
    check_size,
    marked_by_array,
    marked_by_picture,
    read_marked,
)
from restauro.picture.modes import (
    Colours,
    Range,
    check_mode,
    from_rgb,
    to_rgb,
    value_range,
    visible,
)
from restauro.picture.read import as_stored, read_picture, upright
from restauro.picture.types import Image, Mask, Size

Shares: TypeAlias = NDArray[np.float32]
"""(h, w) in [0, 1]."""
GIVEN = (np.ndarray, PIL.Image.Image, str, Path)


class Repainting(NamedTuple):
    """A window of a picture as it looks by now; boxes are counted from the window's corner."""

    look: Callable[[Box], Image]
    """The colours (h, w, 3) in a box."""
    mix: Callable[[Box, Colours, Shares], None]
    """Takes other colours (h, w, 3) in [0, 1] for the holes in a box, and by what share (h, w) of
    them each pixel is mixed."""


class Damaged(ABC):
    """A picture and its hole (H, W), upright; the picture that was given is never painted on."""

    hole: Mask
    painted: list[Box]
    """What has been painted, in this order: together all of the hole, and nothing twice, but for
    what `repainting` changes."""

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
        kept = ("transparency", "icc_profile")
        crop.info = {key: crop.info[key] for key in kept if key in crop.info}
        return crop

    def canvas(self, box: Box, window: Box) -> Canvas:
        """The `window` of the picture; what is painted lands in the holes in `box`.

        Holes outside the box are hidden, too, and so is what is fully transparent.
        """
        known, limits = self._known(window)
        is_erased = not any(
            visible(self._cut(part))[self.hole[part.slices]].any() for part in parts(box)
        )

        def look(part: Box) -> Colours:
            scale = known[part.slices].astype(np.float32)[..., None] / 255
            image = to_rgb(self._cut(part.moved(window.top, window.left)), limits)
            return np.multiply(image, scale, dtype=np.float32)

        def paint(part: Box, colours: Colours) -> None:
            place = part.moved(window.top, window.left)
            patch = from_rgb(colours, self._cut(place), limits, is_erased=is_erased)
            self._paste(place, patch)
            self.painted.append(place)

        return Canvas(known, look, paint)

    def repainting(self, window: Box) -> Repainting:
        """What the holes in a window were filled with, to be looked at and changed."""
        _, limits = self._known(window)

        def look(part: Box) -> Image:
            return to_rgb(self._cut(part.moved(window.top, window.left)), limits)

        def mix(part: Box, colours: Colours, shares: Shares) -> None:
            place, share = part.moved(window.top, window.left), shares[..., None]
            crop = self._cut(place)
            mixed = to_rgb(crop, limits).astype(np.float32) / 255 * (1 - share) + colours * share
            self._paste(place, from_rgb(mixed, crop, limits, is_erased=False))

        return Repainting(look, mix)

    def _known(self, window: Box) -> tuple[Mask, Range]:
        """What of a window is neither hidden nor transparent (h, w), and its range of values."""
        known, ranges = ~self.hole[window.slices], []
        for part in parts(window):
            crop, own_known = self._cut(part), known[part.within(window).slices]
            own_known &= visible(crop)
            if own_known.any():
                ranges.append(value_range(crop, own_known))
        if not ranges:
            return known, (0.0, 0.0)
        return known, (min(low for low, _ in ranges), max(high for _, high in ranges))


class DamagedArray(Damaged):
    """uint8 (H, W, 3) RGB, or (H, W) or (H, W, 1) grey."""

    def __init__(self, image: Image, hole: Mask) -> None:
        has_channels = image.ndim == 3 and image.shape[2] in (1, 3)
        if image.dtype != np.uint8 or not (has_channels or image.ndim == 2):
            raise BadImageError(
                f"the image has the shape {image.shape} and type {image.dtype}; give uint8 of the "
                "shape (height, width, 3), or a Pillow picture for other modes"
            )
        _check_hole(hole, image.shape[:2])
        self.hole, self.painted, self._result = hole, [], image.copy()
        self._filled = self._result[:, :, 0] if image.shape[2:] == (1,) else self._result

    def restored(self) -> Image:
        """A copy of the array, painted."""
        return self._result

    def _cut(self, box: Box) -> PIL.Image.Image:
        return PIL.Image.fromarray(self._filled[box.slices])

    def _paste(self, box: Box, patch: PIL.Image.Image) -> None:
        own_hole = self.hole[box.slices]
        self._filled[box.slices][own_hole] = np.asarray(patch)[own_hole]


class DamagedPicture(Damaged):
    """A Pillow picture of any mode, with its metadata."""

    def __init__(self, picture: PIL.Image.Image, hole: Mask) -> None:
        check_mode(picture)
        shown = upright(picture)
        _check_hole(hole, (shown.height, shown.width), is_turned=shown is not picture)
        self.hole, self.painted, self._picture = hole, [], picture
        self._filled = shown.copy() if shown is picture else shown

    def restored(self) -> PIL.Image.Image:
        """A copy of the picture, painted, and turned as it was stored."""
        return as_stored(self._filled, self._picture)

    def _cut(self, box: Box) -> PIL.Image.Image:
        return self._filled.crop(box.corners)

    def _paste(self, box: Box, patch: PIL.Image.Image) -> None:
        own_hole = PIL.Image.fromarray(self.hole[box.slices])
        self._filled.paste(patch, (box.left, box.top), own_hole)


def damaged(image: Any, mask: Any, grow: int = 0) -> Damaged:
    """A picture with what a mask says is its hole, which grows by `grow` pixels on all sides.

    Both may be arrays, Pillow pictures, or paths of files. Warns of a mask with soft edges.

    Raises:
        BadImageError: The mask has another size or covers everything, or the type, shape or mode
            of image or mask is unknown.
    """
    if isinstance(grow, bool) or not isinstance(grow, int) or grow < 0:
        raise BadImageError(f"grow is {grow!r}; give a number of pixels, 0 or more")
    for name, value in (("image", image), ("mask", mask)):
        if not isinstance(value, GIVEN) or isinstance(value, np.ma.MaskedArray):
            raise BadImageError(
                f"the {name} is a {type(value).__name__}; give an array, a Pillow picture or the "
                "path of a file"
            )
    if isinstance(mask, np.ndarray):
        marked = marked_by_array(mask)
    elif isinstance(mask, PIL.Image.Image):
        marked = marked_by_picture(mask)
    else:
        marked = read_marked(mask)
    if marked.remark and not grow:
        warnings.warn(f"{marked.remark} (grow=1)", stacklevel=4)  # of the call
    hole = grown(marked.hole, grow)
    if isinstance(image, np.ndarray):
        return DamagedArray(image, hole)
    is_picture = isinstance(image, PIL.Image.Image)
    return DamagedPicture(image if is_picture else read_picture(image), hole)


def _check_hole(hole: Mask, size: Size, *, is_turned: bool = False) -> None:
    """Refuses a hole (H, W) that does not fit the picture's size or leaves nothing known."""
    check_size(hole, size, is_turned=is_turned)
    if hole.size and hole.all():
        raise BadImageError(
            "the mask covers the whole picture, so nothing is known to restore it from; "
            "leave some of it black",
            code="mask_full",
        )
