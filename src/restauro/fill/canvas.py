"""A picture that is seen and painted part by part, and at another size.

So no copy of all its colours is needed. Where pixels are hidden, known ones alone are averaged.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import PIL.Image
from numpy.typing import NDArray

from restauro.fill.windows import PART, Box, parts
from restauro.picture.modes import Colours
from restauro.picture.types import Mask, Size

Levels: TypeAlias = NDArray[np.uint16]
"""Colours (h, w, 3) in [0, 65535], which take half the memory of floats."""
Look: TypeAlias = Callable[[Box], Colours]
"""The channels (h, w, C) in a box of a picture."""

_WHITE = np.iinfo(np.uint16).max
# Like bilinear without its blur, and never negative: beside a hole a pixel cannot overshoot.
_SHRINK = PIL.Image.Resampling.HAMMING
_ENLARGE = PIL.Image.Resampling.BICUBIC
_REACH = 3  # pixels of the coarser size: bicubic sees 2, and one more for rounding
KNOWN_SHARE = 0.5
"""A pixel of a smaller picture is known if this share of what it stands for is."""


@dataclass(frozen=True)
class Canvas:
    """Known and hidden pixels; only hidden ones are painted."""

    known: Mask
    """(H, W)"""
    look: Look
    """The colours (h, w, 3) in a box inside the picture; black where nothing is known."""
    paint: Callable[[Box, Colours], None]
    """Takes colours (h, w, 3) for what is hidden in a box."""
    copied: Look | None = None
    """What patches of the known part make of a box (h, w, 3); None if nothing was copied."""

    @property
    def size(self) -> Size:
        """(H, W)."""
        return self.known.shape

    @classmethod
    def on(cls, image: Levels, known: Mask, copied: Look | None = None) -> Canvas:
        """Paints into the image (H, W, 3)."""

        def look(box: Box) -> Colours:
            return to_colours(image[box.slices] * known[box.slices][..., None])

        def paint(box: Box, colours: Colours) -> None:
            hidden = ~known[box.slices]
            image[box.slices][hidden] = to_levels(colours[hidden])

        return cls(known, look, paint, copied)


def to_levels(colours: Colours) -> Levels:
    """Of colours in [0, 1]."""
    return np.round(colours * np.float32(_WHITE)).astype(np.uint16)


def to_colours(levels: Levels) -> Colours:
    """In [0, 1]."""
    return np.divide(levels, _WHITE, dtype=np.float32)


def resized(
    colours: Colours,
    size: Size,
    method: PIL.Image.Resampling = _ENLARGE,
    corners: tuple[float, float, float, float] | None = None,
) -> Colours:
    """Channels (h, w, C), or what is between (left, top, right, bottom), at another size."""
    layers = resized_layers(colours.transpose(2, 0, 1), size, method, corners)
    return layers.transpose(1, 2, 0)


def resized_layers(
    layers: NDArray[np.float32],
    size: Size,
    method: PIL.Image.Resampling,
    corners: tuple[float, float, float, float] | None = None,
) -> NDArray[np.float32]:
    """The same with the channels first, (C, h, w), which spares sorting them."""
    height, width = size
    result = np.empty((len(layers), height, width), dtype=np.float32)
    for number, layer in enumerate(layers):
        picture = PIL.Image.fromarray(np.ascontiguousarray(layer))
        result[number] = np.asarray(picture.resize((width, height), method, corners))
    return result


def part_resized(
    look: Look, size: Size, part: Box, other: Size, method: PIL.Image.Resampling = _ENLARGE
) -> Colours:
    """A part (h, w, C) of the picture of `size` at the `other` size; looks at no more than needed.

    The same as that part of the whole picture resized, to the rounding of floats.
    """
    down, across = size[0] / other[0], size[1] / other[1]
    top, left = part.top * down, part.left * across
    bottom, right = min(part.bottom * down, size[0]), min(part.right * across, size[1])
    exact = Box(math.floor(top), math.floor(left), math.ceil(bottom), math.ceil(right))
    reach = math.ceil(_REACH * max(down, across, 1))
    seen = exact.grown(reach).clipped(Box(0, 0, *size))
    corners = (left - seen.left, top - seen.top, right - seen.left, bottom - seen.top)
    return resized(look(seen), part.size, method, corners)


def shrunk(canvas: Canvas, size: Size) -> tuple[Levels, Mask]:
    """Colours (h, w, 3) and known (h, w) at another size: averages of known pixels alone."""

    def weighted(box: Box) -> Colours:
        weight = canvas.known[box.slices].astype(np.float32)[..., None]
        return np.dstack([canvas.look(box), weight])  # (h, w, 4)

    image, known = np.empty((*size, 3), dtype=np.uint16), np.empty(size, dtype=bool)
    scale = max(canvas.size[0] / size[0], canvas.size[1] / size[1], 2)
    for part in parts(Box(0, 0, *size), math.ceil(2 * PART / scale)):  # each is looked at whole
        smaller = part_resized(weighted, canvas.size, part, size, _SHRINK)
        share = smaller[..., 3]
        known[part.slices] = share >= KNOWN_SHARE
        averages = smaller[..., :3] / np.maximum(share, KNOWN_SHARE)[..., None]
        image[part.slices] = to_levels(averages.clip(0, 1)) * known[part.slices][..., None]
    return image, known


def smoothed(layers: NDArray[np.float32], radius: int) -> NDArray[np.float32]:
    """Layers (C, h, w) blurred over about `radius` pixels: a smaller copy, enlarged again."""
    height, width = layers.shape[1:]
    smaller = resized_layers(layers, (-(-height // radius), -(-width // radius)), _SHRINK)
    return resized_layers(smaller, (height, width), PIL.Image.Resampling.BILINEAR)
