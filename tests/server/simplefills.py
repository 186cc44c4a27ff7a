"""What fills holes in the service's tests, without a model; the processes import it by name."""

from __future__ import annotations

import os
import time
from collections.abc import Callable

from restauro.errors import BadModelError
from restauro.fill.array_filler import ArrayFiller
from restauro.fill.filler import Filler
from restauro.images import Image, Mask

COLOUR = (10, 200, 30)
"""What a hole becomes."""
NAMES = ("plain", "slow", "dies", "fails", "broken")


def load(name: str) -> Filler:
    """One of NAMES; `slow` takes as many tenths of a second as its first pixel is red."""
    inpaint: Callable[[Image, Mask], Image] = globals()[f"_{name}"]
    return ArrayFiller(name, inpaint, sees_all=True)


def _plain(image: Image, mask: Mask) -> Image:
    filled = image.copy()
    filled[mask] = COLOUR
    return filled


def _slow(image: Image, mask: Mask) -> Image:
    time.sleep(image[0, 0, 0] / 10)
    return _plain(image, mask)


def _dies(image: Image, mask: Mask) -> Image:
    os._exit(3)


def _fails(image: Image, mask: Mask) -> Image:
    raise ValueError("a fault of ours")


def _broken(image: Image, mask: Mask) -> Image:
    raise BadModelError("model 'broken' gave values that are no numbers; export it again")
