"""Texture from the known part of a picture, as much as a network's fill lacks.

A small network draws what goes on in a hole, but softly; PatchMatch copies sharp texture, but loses
the thread. So the fill keeps what the network drew, and gets what is finer in the copy, in each
place and band of detail only so much of it that the fill becomes as lively as the copy.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import PIL.Image
from numpy.typing import NDArray

from restauro.fill.canvas import part_resized, smoothed
from restauro.fill.compose import Damaged
from restauro.fill.windows import Box
from restauro.picture.holes import grown, reduced
from restauro.picture.modes import Colours, visible
from restauro.picture.types import Inpaint, Mask

BANDS_PX = (2, 8)
"""What is smaller than each is a band of detail; what is larger than the last is the network's."""
PLACE_PX = 2
"""The variance of a band is that of places so many times as large as what the band holds."""
THIN_PX = 8
"""An even number; holes into which no larger square fits are sharp already."""
MOST_PX = 250_000
"""Of what PatchMatch works in: 1.5 s of a core. More is made smaller, and so is its texture."""
LEAST_VARIANCE = 1e-6
"""A quarter of a level, squared: a band with less is flat."""
LEAST_SIDE = 32
"""Of a part of the picture in which there is something to copy."""


@dataclass(frozen=True)
class Copy:
    """What patches of the known part make of a window of a picture, holes in a box filled."""

    window: Box
    own: Mask
    """(H, W) of the window: the holes in the box."""
    colours: Colours
    """(h, w, 3) in [0, 1]: the window, `scale` times smaller."""
    scale: int

    def look(self, part: Box) -> Colours:
        """A part of the window, counted from its corner, at the picture's own size (h, w, 3)."""

        def seen(box: Box) -> Colours:
            return self.colours[box.slices]

        return part_resized(seen, self.colours.shape[:2], part, self.own.shape).clip(0, 1)


def copied(picture: Damaged, box: Box, window: Box, patches: Inpaint) -> Copy | None:
    """Fills the holes in a box from the known part of the window around it.

    None if they are thin, or next to nothing is known beside them.
    """
    hole = picture.hole[window.slices]
    own = np.zeros_like(hole)
    own[box.within(window).slices] = picture.hole[box.slices]
    is_thin = grown(~own, THIN_PX // 2).all()
    if min(window.size) < LEAST_SIDE or is_thin:
        return None
    unknown = hole | ~visible(picture.crop(window))
    scale = math.ceil(math.sqrt(hole.size / MOST_PX))
    unknown = reduced(unknown, scale)
    if unknown.mean() > 1 / 2:
        return None
    image, _ = picture.repainting(window)
    colours = patches(np.asarray(PIL.Image.fromarray(image).reduce(scale)), unknown)
    return Copy(window, own, np.asarray(colours, dtype=np.float32) / np.float32(255), scale)


def add_detail(picture: Damaged, copy: Copy) -> None:
    """Changes the fill of the holes that were copied into, which have been painted."""
    image, mix = picture.repainting(copy.window)
    colours = copy.look(Box(0, 0, *copy.own.shape))
    drawn = np.where(copy.own[..., None], image.astype(np.float32) / np.float32(255), colours)
    mix((drawn + _lacking(drawn, colours, copy.scale)).clip(0, 1), copy.own.astype(np.float32))


def _lacking(drawn: Colours, copied: Colours, scale: int) -> Colours:
    """Detail of `copied` (H, W, 3), as much as makes `drawn` as lively; pixels are `scale` wide.

    Both are taken for independent, so that their variances add up.
    """
    both = np.stack([drawn, copied]).transpose(0, 3, 1, 2)  # (2, 3, H, W)
    lacking = np.zeros(both.shape[1:], dtype=np.float32)
    for radius in BANDS_PX:
        coarser = _each_smoothed(both, radius * scale)
        bands, both = both - coarser, coarser
        variances = (bands**2).sum(axis=1, keepdims=True)
        there, wanted = _each_smoothed(variances, PLACE_PX * radius * scale)
        share = ((wanted - there) / wanted.clip(LEAST_VARIANCE)).clip(0, 1)
        lacking += np.sqrt(share) * bands[1]
    return lacking.transpose(1, 2, 0)


def _each_smoothed(pictures: NDArray[np.float32], radius: int) -> NDArray[np.float32]:
    """Of (N, C, h, w)."""
    return np.asarray([smoothed(layers, radius) for layers in pictures])
