"""How far a picture's fill has come, and a coarse answer before it for those who wait."""

from __future__ import annotations

import functools
import math
import time
from collections.abc import Callable, Generator, Iterator
from typing import Any, NamedTuple, ParamSpec, TypeAlias, TypeVar

import numpy as np
import PIL.Image

from restauro.fill.compose import Damaged
from restauro.fill.windows import Box, hole_boxes
from restauro.picture.holes import reduced
from restauro.picture.modes import to_rgb, value_range, visible
from restauro.picture.types import Image, Mask

Result = TypeVar("Result")
Given = ParamSpec("Given")

LARGE_HOLE = 50_000
"""Pixels from which on a coarse answer comes first: less is filled in a moment."""
COARSE_SIDE, LEAST_SCALE = 512, 4
"""It is filled in a copy of at most so many pixels a side, and at least as many times smaller."""
GROWTH = 1.75
"""Seconds for the whole picture are those for the copy times its reduction to this power: between
how a hole's rim grows (1) and its area (2). Measured at 1.5 to 2.0: docs/service.md."""


class Begun(NamedTuple):
    """The fill begins."""

    seconds: float | None
    """That it may take; None if it is a moment."""


class Patch(NamedTuple):
    """Pixels for a hole, or for a part of it."""

    box: Box
    """Where they belong in the picture, upright."""
    crop: PIL.Image.Image
    """All of the box; smaller than it if coarse, and to be stretched. Known pixels do not count."""
    share: float
    """Of the hole that is filled for good, in [0, 1]."""
    is_coarse: bool = False


Step: TypeAlias = Begun | Patch | None
"""None: nothing but a pause in which the work can be ended."""


def coarse_first(picture: Damaged, fill: Callable[[Image, Mask], Image]) -> Iterator[Begun | Patch]:
    """How long a fill may take, and for a large hole a coarse answer: that of a smaller copy.

    Pixels of the copy are known where all that they stand for is.
    """
    started = time.perf_counter()
    whole = Box(0, 0, *picture.hole.shape)
    scale = max(LEAST_SCALE, math.ceil(max(whole.size) / COARSE_SIDE))
    hole = reduced(picture.hole, scale)
    if np.count_nonzero(picture.hole) < LARGE_HOLE or hole.all():
        yield Begun(None)
        return
    crop = picture.crop(whole)
    image = to_rgb(crop, value_range(crop, ~picture.hole & visible(crop)))
    copy = np.asarray(PIL.Image.fromarray(image).reduce(scale))
    filled = PIL.Image.fromarray(fill(copy, hole))
    if crop.mode in ("RGB", "RGBA", "P") and "icc_profile" in crop.info:
        filled.info["icc_profile"] = crop.info["icc_profile"]
    yield Begun((time.perf_counter() - started) * scale**GROWTH)
    (box,) = hole_boxes(hole, hole.shape)
    place = Box(*(scale * side for side in box)).clipped(whole)
    yield Patch(place, filled.crop(box.corners), 0, is_coarse=True)


def newly_painted(picture: Damaged) -> Callable[[], Iterator[Patch]]:
    """Gives what has been painted since it was called last."""
    total, done, told = int(np.count_nonzero(picture.hole)), 0, 0

    def patches() -> Iterator[Patch]:
        nonlocal done, told
        for box in picture.painted[told:]:
            done += int(np.count_nonzero(picture.hole[box.slices]))
            told += 1
            yield Patch(box, picture.crop(box), done / total)

    return patches


def ended(steps: Generator[Any, None, Result]) -> Result:
    """The result of work in steps, all of which are done."""
    while True:
        try:
            next(steps)
        except StopIteration as end:
            result: Result = end.value
            return result


def at_once(work: Callable[Given, Generator[Any, None, Result]]) -> Callable[Given, Result]:
    """The same work, whose steps nobody looks at."""

    @functools.wraps(work)
    def whole(*given: Given.args, **named: Given.kwargs) -> Result:
        return ended(work(*given, **named))

    return whole
