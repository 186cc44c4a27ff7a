"""A filler that says when it was called, and ends its process when it is told to."""

from __future__ import annotations

import os
import signal
from collections.abc import Sequence
from pathlib import Path

from restauro.fill.array_filler import ArrayFiller
from restauro.fill.compose import Damaged
from restauro.fill.filler import Painting
from restauro.picture.types import Image, Mask


class MarkingFill(ArrayFiller):
    """The mean colour, and a file for every call, called `WIDTH random`.

    At a picture wider than 128 pixels it ends its process: `deadly` is never, once, or always.
    """

    def __init__(self, marks: Path, deadly: str) -> None:
        super().__init__("mean", _mean)
        self._marks, self._deadly = marks, deadly

    def paint(self, pictures: Sequence[Damaged]) -> Painting:
        (width,) = {picture.hole.shape[1] for picture in pictures}
        is_first = not list(self._marks.glob(f"{width} *"))
        (self._marks / f"{width} {os.urandom(8).hex()}").touch()
        is_deadly = self._deadly == "always" or (self._deadly == "once" and is_first)
        if width > 128 and is_deadly:
            os.kill(os.getpid(), signal.SIGKILL)
        return super().paint(pictures)


def _mean(image: Image, mask: Mask) -> Image:
    return image
