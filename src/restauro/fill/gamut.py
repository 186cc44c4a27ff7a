"""Which colours a fill may have: those that the known pixels around it suggest.

A network that saw photographs gives colour to grey scans and greys to saturated fields. What
follows from the surroundings alone is not left to it.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from restauro.fill.canvas import Canvas
from restauro.fill.compose import Damaged
from restauro.fill.windows import Box, hole_boxes, parts
from restauro.picture.holes import grown
from restauro.picture.modes import LUMINANCE, Colours
from restauro.picture.types import Mask

RING_PX = 8
"""How far around a hole it must be of one colour for that colour to fill it."""
ONE_COLOUR = 2 / 255
"""The most that a channel may differ within one colour."""
ONE_TONE = 4 / 255
"""The most that colours may stray from the mean of their luminance, as a root mean square, for a
picture to be grey or toned: grain and JPEG stay below, the palest photographs above. Less where
the hole is large, so that a pale ground does not decide what stood before it."""
SURE = 2.0
"""How many times the hole's pixels must be known for all of `ONE_TONE`."""
MIN_TONES = 0.25
"""Share of the luminances, from the darkest to the brightest, that a toned picture has at least."""
GREY = 1.5 / 255
"""Tints below this are none."""
MARGIN = 0.5
"""How far beyond the known range a channel may go, as a share of that range."""
MIN_KNOWN = 0.5
"""Share of the pixels below which what is known limits no channel."""
_LEVELS = 256
_SMOOTHING = 8
"""Levels on each side over which a tint is averaged."""
_MOST_PIXELS = 1_000_000


@dataclass(frozen=True)
class Gamut:
    """The colours around a hole."""

    low: Colours
    """(3,) the least of each channel, with a margin."""
    high: Colours
    """(3,)"""
    tint: Colours | None
    """(256, 3) what is to be added to a luminance; None for a picture in colour."""

    @classmethod
    def around(cls, canvas: Canvas) -> Gamut:
        """Of all that is known of a canvas."""
        counts = np.zeros(_LEVELS)
        sums, squares = np.zeros((_LEVELS, 3)), np.zeros((_LEVELS, 3))
        low, high = np.ones(3, dtype=np.float32), np.zeros(3, dtype=np.float32)
        step = 1 + int(np.sqrt(canvas.known.size / _MOST_PIXELS))
        for part in parts(Box(0, 0, *canvas.size)):
            known = canvas.known[part.slices][::step, ::step]
            colours = canvas.look(part)[::step, ::step][known]  # (N, 3)
            if not len(colours):
                continue
            low, high = np.minimum(low, colours.min(axis=0)), np.maximum(high, colours.max(axis=0))
            luminance = colours @ LUMINANCE
            levels = np.rint(luminance * (_LEVELS - 1)).astype(np.intp)
            counts += np.bincount(levels, minlength=_LEVELS)
            for channel, offsets in enumerate((colours - luminance[:, None]).T):
                sums[:, channel] += np.bincount(levels, offsets, _LEVELS)
                squares[:, channel] += np.bincount(levels, offsets**2, _LEVELS)
        share = float(canvas.known.mean())
        may_stray = ONE_TONE * min(1.0, share / (SURE * max(1 - share, 1e-6)))
        margin = MARGIN * (high - low) if share >= MIN_KNOWN else np.ones(3, dtype=np.float32)
        return cls(low - margin, high + margin, _tint(counts, sums, squares, may_stray))

    def fitted(self, colours: Colours) -> Colours:
        """Colours (..., 3) as near as the gamut allows."""
        if self.tint is not None:
            luminance = (colours @ LUMINANCE).clip(0, 1)
            levels = luminance * np.float32(_LEVELS - 1)
            grid = np.arange(_LEVELS)
            tints = [np.interp(levels, grid, tint) for tint in self.tint.T]
            colours = np.stack([luminance + tint for tint in tints], axis=-1)
        return np.asarray(colours.clip(self.low, self.high).clip(0, 1), dtype=np.float32)


def within_gamut(canvas: Canvas) -> Canvas:
    """The canvas, on which colours are painted as near as those around its holes allow."""
    gamut = Gamut.around(canvas)

    def paint(box: Box, colours: Colours) -> None:
        canvas.paint(box, gamut.fitted(colours))

    return dataclasses.replace(canvas, paint=paint)


class Plain(NamedTuple):
    """A hole that nothing but one colour surrounds."""

    box: Box
    colour: Colours
    """(3,)"""

    def paint(self, picture: Damaged) -> None:
        """Fills the hole with the colour."""
        around = _around(self.box, picture)
        canvas = picture.canvas(self.box, around)
        for part in parts(self.box.within(around)):
            canvas.paint(part, np.broadcast_to(self.colour, (*part.size, 3)))


def one_coloured(picture: Damaged) -> Iterator[Plain]:
    """The holes of a picture that nothing but one colour surrounds."""
    for box in hole_boxes(picture.hole, (1, 1)):
        colour = _colour_around(picture, box)
        if colour is not None:
            yield Plain(box, colour)


def _around(box: Box, picture: Damaged) -> Box:
    return box.grown(RING_PX).clipped(Box(0, 0, *picture.hole.shape))


def _colour_around(picture: Damaged, box: Box) -> Colours | None:
    around = _around(box, picture)
    low, high, total, count = np.ones(3), np.zeros(3), np.zeros(3), 0
    canvas = picture.canvas(around, around)
    for part in parts(around):
        ring, place = _ring(picture.hole, box, part, around), part.within(around)
        if not ring.any():
            continue
        colours = canvas.look(place)[ring & canvas.known[place.slices]]
        if not len(colours):
            continue
        low, high = np.minimum(low, colours.min(axis=0)), np.maximum(high, colours.max(axis=0))
        if (high - low).max() > ONE_COLOUR:
            return None
        total, count = total + colours.sum(axis=0, dtype=np.float64), count + len(colours)
    return np.asarray(total / count, dtype=np.float32) if count else None


def _ring(hole: Mask, box: Box, part: Box, around: Box) -> Mask:
    """What of a part lies beside the hole in `box`: part by part, as a box may be large."""
    seen = part.grown(RING_PX).clipped(around)
    inner = np.zeros(seen.size, dtype=bool)
    shared = box.clipped(seen)
    inner[shared.within(seen).slices] = hole[shared.slices]
    return grown(inner, RING_PX)[part.within(seen).slices] & ~hole[part.slices]


def _tint(
    counts: NDArray[np.float64],
    sums: NDArray[np.float64],
    squares: NDArray[np.float64],
    may_stray: float,
) -> Colours | None:
    """What the known colours add to their luminance, (256, 3), if that tells their colour."""
    if not counts.any():
        return None
    means = sums / np.maximum(counts, 1)[:, None]
    strayed = (squares - counts[:, None] * means**2).sum(axis=0) / counts.sum()
    if np.sqrt(strayed.max()) > may_stray:
        return None
    if (np.abs(sums).sum(axis=0) <= GREY * counts.sum()).all():
        return np.zeros((_LEVELS, 3), dtype=np.float32)
    seen = np.flatnonzero(counts)
    if len(seen) < MIN_TONES * (np.ptp(seen) + 1):
        return None  # a few flat colours, each of another luminance
    window = np.ones(2 * _SMOOTHING + 1)
    weights = np.convolve(counts, window, "same")
    smooth = [np.convolve(channel, window, "same") for channel in sums.T]
    is_seen = weights > 0
    grid = np.arange(_LEVELS)
    return np.stack(
        [np.interp(grid, grid[is_seen], s[is_seen] / weights[is_seen]) for s in smooth], axis=-1
    ).astype(np.float32)
