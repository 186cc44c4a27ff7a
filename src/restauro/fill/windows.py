"""Where to look: holes are grouped, parted into cells, and each cell gets a window with context.

Pure geometry on bool (H, W) masks, True = hole; no colours here.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from restauro.picture.types import Mask, Size

LONG = 4
"""Groups of holes this many times as long as one window fills are parted wherever they can be."""

PART = 768
"""Side in pixels of what is in work at once of a large picture: bounds memory."""
CONTEXT = 1.0
"""How much surrounds a hole on each side, as a multiple of its height and width."""
MIN_CONTEXT_PX = 64


class Box(NamedTuple):
    """Rows `top` to `bottom`, columns `left` to `right`, ends excluded; may leave the picture."""

    top: int
    left: int
    bottom: int
    right: int

    @property
    def size(self) -> Size:
        """(height, width)."""
        return self.bottom - self.top, self.right - self.left

    @property
    def corners(self) -> tuple[int, int, int, int]:
        """(left, top, right, bottom), the order that Pillow takes."""
        return self.left, self.top, self.right, self.bottom

    @property
    def slices(self) -> tuple[slice, slice]:
        """Index of the box's pixels in an array; only for a box inside the picture."""
        return slice(self.top, self.bottom), slice(self.left, self.right)

    def moved(self, down: int, right: int) -> Box:
        """The same box elsewhere."""
        return Box(self.top + down, self.left + right, self.bottom + down, self.right + right)

    def within(self, other: Box) -> Box:
        """The same box, its rows and columns counted from the corner of another."""
        return self.moved(-other.top, -other.left)

    def grown(self, pixels: int) -> Box:
        """The box with so many pixels more on each side."""
        top, left, bottom, right = self
        return Box(top - pixels, left - pixels, bottom + pixels, right + pixels)

    def touches(self, other: Box) -> bool:
        """Whether both boxes share a pixel."""
        return min(self.clipped(other).size) > 0

    def clipped(self, other: Box) -> Box:
        """What both boxes share; a side below 1 if that is nothing."""
        return Box(
            max(self.top, other.top),
            max(self.left, other.left),
            min(self.bottom, other.bottom),
            min(self.right, other.right),
        )


@dataclass(frozen=True)
class WindowRule:
    """Which windows a model takes, and how much of one may be hole."""

    size: Size
    """(height, width) that the model was trained on: no window is smaller."""
    multiple: int | None
    """Height and width may be any multiple of this; None = only `size`."""

    @property
    def largest(self) -> Size:
        """A model that takes any size sees twice the size it was trained on."""
        # Larger windows beat scaling the picture down by 0.5 to 1 dB: docs/tool.md, Measured
        return self.size if self.multiple is None else (2 * self.size[0], 2 * self.size[1])

    def core(self, picture: Size) -> Size:
        """The most that one window fills: a side that it shows whole, half of a longer one."""
        height, width = (
            side if side <= most else most // 2
            for side, most in zip(picture, self.largest, strict=True)
        )
        return height, width

    @property
    def context(self) -> Size:
        """Rows and columns that a window shows on each side of what it fills."""
        return self.largest[0] // 4, self.largest[1] // 4

    @property
    def reach(self) -> int:
        """How far from known pixels detail is filled in, in pixels; deeper, a coarser copy is.

        By the size trained on: in a window of twice that, deep holes show structure twice too fine.
        """
        return min(self.size) // 8

    def window(self, cell: Box, picture: Size) -> Box:
        """What the model sees to fill `cell`: shifted into the picture, or around it."""
        sides = [
            max(least, min(self._rounded(side + 2 * context), most, self._rounded(limit)))
            for side, context, least, most, limit in zip(
                cell.size, self.context, self.size, self.largest, picture, strict=True
            )
        ]
        return _around(cell, (sides[0], sides[1]), picture)

    def surroundings(self, box: Box, picture: Size, scale: int) -> Box:
        """What is needed to fill `box` at this scale and finer ones; inside the picture."""
        sides = [
            min(max(side + 2 * scale * context, least), limit)
            for side, context, least, limit in zip(
                box.size, self.context, self.size, picture, strict=True
            )
        ]
        return _around(box, (sides[0], sides[1]), picture)

    def _rounded(self, side: int) -> int:
        multiple = self.multiple or 1
        return -(-side // multiple) * multiple


def hole_boxes(mask: Mask, together: Size) -> Iterator[Box]:
    """Bounding boxes of groups of holes; every hole pixel is in exactly one, and none overlap.

    Holes that fit into one box of the size `together` stay together, as one window fills them
    all. Others are parted where whole rows or columns between them are free of holes, at the
    widest such gap first. A gap below half of `together` parts only what is `LONG` and more:
    the windows of both sides would show much the same.
    """
    pending = [Box(0, 0, *mask.shape)]
    while pending:
        area = pending.pop()
        rows = np.asarray(mask[area.slices].any(axis=1))
        columns = np.asarray(mask[area.slices].any(axis=0))
        if not rows.any():
            continue
        (top, bottom), (left, right) = _extent(rows), _extent(columns)
        box = Box(top, left, bottom, right).moved(area.top, area.left)
        (row, row_gap), (column, column_gap) = map(_widest_gap, (rows, columns), together)
        fits = box.size[0] <= together[0] and box.size[1] <= together[1]
        if fits or max(row_gap, column_gap) == 0:
            yield box
        elif row_gap >= column_gap:
            cut = area.top + row
            pending += [box._replace(top=cut), box._replace(bottom=cut)]
        else:
            cut = area.left + column
            pending += [box._replace(left=cut), box._replace(right=cut)]


def surroundings_of(mask: Mask) -> Box:
    """All holes with their context, inside the picture; there must be a hole."""
    top, bottom = _stretch(np.asarray(mask.any(axis=1)))
    left, right = _stretch(np.asarray(mask.any(axis=0)))
    return Box(top, left, bottom, right)


def parts(box: Box, side: int = PART) -> Iterator[Box]:
    """Covers a box with parts of at most `side` pixels a side, which do not overlap."""
    tops, lefts = range(box.top, box.bottom, side), range(box.left, box.right, side)
    for top, left in itertools.product(tops, lefts):
        yield Box(top, left, top + side, left + side).clipped(box)


def cells(box: Box, core: Size) -> Iterator[Box]:
    """Covers a box evenly with cells of at most the size `core`, which overlap by a quarter."""
    rows = _stretches(box.top, box.bottom, core[0])
    columns = _stretches(box.left, box.right, core[1])
    for (top, bottom), (left, right) in itertools.product(rows, columns):
        yield Box(top, left, bottom, right)


def _stretches(start: int, end: int, length: int) -> list[tuple[int, int]]:
    if end - start <= length:
        return [(start, end)]
    count = -(-4 * (end - start - length) // (3 * length)) + 1
    starts = np.linspace(start, end - length, count).round().astype(int).tolist()
    return [(first, first + length) for first in starts]


def _around(box: Box, size: Size, picture: Size) -> Box:
    """A box of this size with `box` in its middle, shifted into the picture, or around it."""
    top = _start((box.top + box.bottom - size[0]) // 2, size[0], picture[0])
    left = _start((box.left + box.right - size[1]) // 2, size[1], picture[1])
    return Box(top, left, top + size[0], left + size[1])


def _start(wanted: int, length: int, limit: int) -> int:
    """Where a stretch of this length begins so that it lies inside [0, limit), or around it."""
    return min(max(wanted, 0), limit - length) if length <= limit else (limit - length) // 2


def _stretch(used: NDArray[np.bool_]) -> tuple[int, int]:
    """The first and one past the last True, with context on both sides."""
    first, end = _extent(used)
    context = max(int(CONTEXT * (end - first)), MIN_CONTEXT_PX)
    return max(first - context, 0), min(end + context, len(used))


def _extent(used: NDArray[np.bool_]) -> tuple[int, int]:
    """First True, and one past the last."""
    return int(used.argmax()), len(used) - int(used[::-1].argmax())


def _widest_gap(used: NDArray[np.bool_], together: int) -> tuple[int, int]:
    """Start and length of the run of False between two True to part at; 0, 0 if none is worth it.

    The longest, and of several the one in the middle.
    """
    positions = np.flatnonzero(used)
    gaps = np.diff(positions) - 1
    length = int(gaps.max(initial=0))
    is_long = int(np.ptp(positions)) >= LONG * together
    if length == 0 or (length < together // 2 and not is_long):
        return 0, 0
    widest = np.flatnonzero(gaps == length)
    return int(positions[widest[len(widest) // 2]]) + 1, length
