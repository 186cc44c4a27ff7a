"""A picture that is seen and painted part by part, so that no copy of all its colours is needed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from restauro.images import Mask, Size
from restauro.inference.modes import Colours
from restauro.inference.windows import Box


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
    def on(cls, image: Colours, known: Mask) -> Canvas:
        """Paints into the image (H, W, 3)."""

        def look(box: Box) -> Colours:
            return np.where(known[box.slices][..., None], image[box.slices], np.float32(0))

        def paint(box: Box, colours: Colours) -> None:
            hidden = ~known[box.slices]
            image[box.slices][hidden] = colours[hidden]

        return cls(known, look, paint)
