"""What fills holes in the service's tests, without a model; the processes import it by name."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path

from restauro.errors import BadModelError
from restauro.fill.array_filler import ArrayFiller
from restauro.fill.filler import Filler
from restauro.picture.types import Image, Mask

COLOUR = (10, 200, 30)
"""What a hole becomes."""
NAMES = ("plain", "held", "dies", "fails", "broken", "several")


def load(gate: Path | None, name: str) -> Filler:
    """One of NAMES; `held` goes on only once the file `gate` is there, without one never."""
    inpaint: Callable[[Image, Mask], Image] = globals()[f"_{name}"]

    def watched(image: Image, mask: Mask) -> Image:
        while name == "held" and not (gate and gate.exists()):
            time.sleep(0.01)
        return inpaint(image, mask)

    return (Several if name == "several" else ArrayFiller)(name, watched, sees_all=True)


class Several(ArrayFiller):
    """Fills number `seed` have that in their red."""

    def seeded(self, seed: int) -> Filler:
        def inpaint(image: Image, mask: Mask) -> Image:
            filled = _plain(image, mask)
            filled[mask] = (seed, *COLOUR[1:])
            return filled

        return ArrayFiller(self.name, inpaint, sees_all=True)


def _plain(image: Image, mask: Mask) -> Image:
    filled = image.copy()
    filled[mask] = COLOUR
    return filled


_held = _several = _plain


def _dies(image: Image, mask: Mask) -> Image:
    os._exit(3)


def _fails(image: Image, mask: Mask) -> Image:
    raise ValueError("a fault of ours")


def _broken(image: Image, mask: Mask) -> Image:
    raise BadModelError("model 'broken' gave values that are no numbers; export it again")
