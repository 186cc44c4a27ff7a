"""Where to look: holes are grouped, and each group gets a window with context around it.

Pure geometry on bool (H, W) masks, True = hole; no colours here.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from restauro.images import Mask, Size

CONTEXT = 2  # a window is about this many times as large as its hole


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


class Gap(NamedTuple):
    """A run of rows or columns without a hole."""

    start: int
    length: int


def hole_boxes(mask: Mask, together: Size) -> Iterator[Box]:
    """Bounding boxes of groups of holes; every hole pixel is in exactly one, and none overlap.

    Holes that fit into one box of the size `together` stay together, as one window shows them all
    without loss. Others are parted where a whole row or column between them is free of holes,
    at the widest such gap first.
    """
    pending = [Box(0, 0, *mask.shape)]
    while pending:
        area = pending.pop()
        rows = np.asarray(mask[area.slices].any(axis=1))
        columns = np.asarray(mask[area.slices].any(axis=0))
        if not rows.any():
            continue
        (top, bottom), (left, right) = _extent(rows), _extent(columns)
        box = _moved(Box(top, left, bottom, right), area.top, area.left)
        row_gap, column_gap = _widest_gap(rows), _widest_gap(columns)
        fits = box.size[0] <= together[0] and box.size[1] <= together[1]
        if fits or max(row_gap.length, column_gap.length) == 0:
            yield box
        elif row_gap.length >= column_gap.length:
            cut = area.top + row_gap.start
            pending += [box._replace(top=cut), box._replace(bottom=cut)]
        else:
            cut = area.left + column_gap.start
            pending += [box._replace(left=cut), box._replace(right=cut)]


def context_window(hole: Box, picture: Size, model: Size) -> Box:
    """The part of the picture that a model sees to fill a hole, in the model's proportions.

    `CONTEXT` times the hole, at least the model's own size, but not beyond the picture: shifted
    inside where it can be. A picture narrower than the window is in its middle.
    """
    whole = max(picture[0] / model[0], picture[1] / model[1])  # the scale that shows everything
    wanted = CONTEXT * max(hole.size[0] / model[0], hole.size[1] / model[1])
    scale = min(max(wanted, 1.0), whole)
    height, width = (math.ceil(side * scale - 1e-9) for side in model)
    top = _start((hole.top + hole.bottom - height) // 2, height, picture[0])
    left = _start((hole.left + hole.right - width) // 2, width, picture[1])
    return Box(top, left, top + height, left + width)


def _start(wanted: int, length: int, limit: int) -> int:
    """Where a stretch of this length begins so that it lies inside [0, limit), or around it."""
    return min(max(wanted, 0), limit - length) if length <= limit else (limit - length) // 2


def _extent(used: NDArray[np.bool_]) -> tuple[int, int]:
    """First True, and one past the last."""
    return int(used.argmax()), len(used) - int(used[::-1].argmax())


def _widest_gap(used: NDArray[np.bool_]) -> Gap:
    """The longest run of False between two True; length 0 if there is none."""
    positions = np.flatnonzero(used)
    gaps = np.diff(positions) - 1
    if gaps.max(initial=0) == 0:
        return Gap(0, 0)
    widest = int(gaps.argmax())
    return Gap(int(positions[widest]) + 1, int(gaps[widest]))


def _moved(box: Box, down: int, right: int) -> Box:
    return Box(box.top + down, box.left + right, box.bottom + down, box.right + right)
