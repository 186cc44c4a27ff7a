"""Texture from the known part of a picture, under the light and shapes of a network's fill.

A small network draws what goes on in a hole, but softly; PatchMatch copies sharp texture, but loses
the thread. Their sum has the coarse colours of the one and the fine ones of the other.
"""

from __future__ import annotations

import math

import numpy as np
import PIL.Image

from restauro.fill.canvas import resized, smoothed
from restauro.fill.compose import Damaged
from restauro.fill.windows import MIN_CONTEXT_PX, Box
from restauro.picture.holes import grown, reduced
from restauro.picture.modes import visible
from restauro.picture.types import Inpaint

COARSE_PX = 8
"""What is larger comes from the network: about twice the deviation of the smoothing, in pixels."""
THIN_PX = 8
"""An even number; holes into which no larger square fits are sharp already."""
MOST_PX = 200_000
"""Of what PatchMatch works in: 1.5 s of a core. More is made smaller, and so is its texture."""
LEAST_SIDE = 32
"""Of a part of the picture in which there is something to copy."""


def add_detail(picture: Damaged, box: Box, patches: Inpaint) -> None:
    """Changes the fill of the holes in a box, which have been painted.

    Nothing changes where they are thin, or next to nothing is known beside them.
    """
    whole = Box(0, 0, *picture.hole.shape)
    window = box.grown(max(*box.size, MIN_CONTEXT_PX)).clipped(whole)
    hole = picture.hole[window.slices]
    own = np.zeros_like(hole)
    own[box.within(window).slices] = picture.hole[box.slices]
    is_thin = grown(~own, THIN_PX // 2).all()
    if min(window.size) < LEAST_SIDE or is_thin:
        return
    unknown = hole | ~visible(picture.crop(window))
    scale = math.ceil(math.sqrt(hole.size / MOST_PX))
    unknown = reduced(unknown, scale)
    if unknown.mean() > 1 / 2:
        return
    image, mix = picture.repainting(window)
    copied = np.asarray(PIL.Image.fromarray(image).reduce(scale))
    copied = np.asarray(patches(copied, unknown), dtype=np.float32) / np.float32(255)
    if scale > 1:
        copied = resized(copied, window.size)
    lacking = (image.astype(np.float32) / np.float32(255) - copied) * own[..., None]
    coarse = smoothed(lacking.transpose(2, 0, 1), COARSE_PX * scale).transpose(1, 2, 0)
    mix((copied + coarse).clip(0, 1), own.astype(np.float32))
