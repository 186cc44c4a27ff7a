"""A fill that says when it was called, and ends its process when it is told to."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import PIL.Image

from restauro.fill.auto import Filled, on_pictures
from restauro.fill.mean import mean_colour
from restauro.images import Mask


class MarkingFill:
    """The mean colour, and a file for every call, called `WIDTH random`.

    At a picture wider than 128 pixels it ends its process: `deadly` is never, once, or always.
    """

    identity = "marking"

    def __init__(self, marks: Path, deadly: str) -> None:
        self._marks, self._deadly = marks, deadly
        self._fill = on_pictures(mean_colour)

    def __call__(self, picture: PIL.Image.Image, hole: Mask) -> Filled:
        is_first = not list(self._marks.glob(f"{picture.width} *"))
        (self._marks / f"{picture.width} {os.urandom(8).hex()}").touch()
        is_deadly = self._deadly == "always" or (self._deadly == "once" and is_first)
        if picture.width > 128 and is_deadly:
            os.kill(os.getpid(), signal.SIGKILL)
        return Filled(self._fill(picture, hole), "mean")
