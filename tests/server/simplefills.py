"""What fills holes in the service's tests, without a model; the processes import it by name."""

from __future__ import annotations

import os
import time
from collections.abc import Callable

import numpy as np
import PIL.Image

from restauro.errors import BadModelError
from restauro.fill.auto import Fill, OneModel, on_pictures
from restauro.images import Image, Mask

COLOUR = (10, 200, 30)
"""What a hole becomes."""
NAMES = ("plain", "slow", "dies", "fails", "broken")


def load(name: str) -> Fill:
    """One of NAMES; `slow` takes as many tenths of a second as its first pixel is red."""
    fill: Callable[[Image, Mask], Image] = globals()[f"_{name}"]
    restore = on_pictures(fill)

    def watched(picture: PIL.Image.Image, hole: Mask) -> PIL.Image.Image:
        if name == "slow":
            time.sleep(np.asarray(picture.convert("RGB"))[0, 0, 0] / 10)
        return restore(picture, hole)

    return OneModel(name, watched, name)


def _plain(image: Image, mask: Mask) -> Image:
    filled = image.copy()
    filled[mask] = COLOUR
    return filled


_slow = _plain


def _dies(image: Image, mask: Mask) -> Image:
    os._exit(3)


def _fails(image: Image, mask: Mask) -> Image:
    raise ValueError("a fault of ours")


def _broken(image: Image, mask: Mask) -> Image:
    raise BadModelError("model 'broken' gave values that are no numbers; export it again")
