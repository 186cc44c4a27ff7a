"""A picture that is seen and painted part by part, so that no copy of all its colours is needed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from restauro.fill.windows import Box
from restauro.picture.modes import Colours
from restauro.picture.types import Mask, Size

Levels: TypeAlias = NDArray[np.uint16]
"""Colours (h, w, 3) in [0, 65535], which take half the memory of floats."""


@dataclass(frozen=True)
class Canvas:
    """Known and hidden pixels; only hidden ones are painted."""

    known: Mask
    """(H, W)"""
    look: Callable[[Box], Colours]
    """The colours (h, w, 3) in a box inside the picture; black where nothing is known."""
    paint: Callable[[Box, Colours], None]
    """Takes colours (h, w, 3) for what is hidden in a box."""

    @property
    def size(self) -> Size:
        """(H, W)."""
        return self.known.shape

    @classmethod
    def on(cls, image: Levels, known: Mask) -> Canvas:
        """Paints into the image (H, W, 3)."""

        def look(box: Box) -> Colours:
            return to_colours(image[box.slices] * known[box.slices][..., None])

        def paint(box: Box, colours: Colours) -> None:
            hidden = ~known[box.slices]
            image[box.slices][hidden] = to_levels(colours[hidden])

        return cls(known, look, paint)


def to_levels(colours: Colours) -> Levels:
    """Of colours in [0, 1]."""
    return np.round(colours * np.float32(_WHITE)).astype(np.uint16)


def to_colours(levels: Levels) -> Colours:
    """In [0, 1]."""
    return np.divide(levels, _WHITE, dtype=np.float32)


_WHITE = np.iinfo(np.uint16).max
