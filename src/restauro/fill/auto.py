"""`auto`: for each picture the filler that explains best what is known beside the hole."""

from __future__ import annotations

import itertools
import math
from collections.abc import Generator, Iterator, Mapping, Sequence

import numpy as np
import PIL.Image

from restauro.fill.compose import Damaged
from restauro.fill.filler import Filler, Painting
from restauro.fill.windows import surroundings_of
from restauro.picture.holes import reduced
from restauro.picture.modes import to_rgb, value_range, visible
from restauro.picture.types import Image, Mask

LARGEST, THICKEST = 192, 48
"""Pixels of the part of a picture that fillers are compared in: its sides, and its hole."""
THIN = 6
"""Pixels up to which a hole is a scratch: then nothing is smoother beside it than within."""
MIN_PROBE = 0.25
"""Least share of the hole's area that a probe must keep, as parts of it may not be known."""


class AutoFiller(Filler):
    """For each picture the best of several fillers.

    The hole's own shape is hidden beside it, too, and every filler restores it; the one with the
    lowest squared error, times its handicap unless the hole is thin, restores the picture. What the
    hole hides has no influence.
    """

    name = "auto"

    def __init__(self, fillers: Sequence[Filler], handicaps: Mapping[str, float]) -> None:
        """`handicaps`: name of a filler -> what its errors count for; 1 for the others."""
        self._fillers = {filler.name: filler for filler in fillers}
        self._handicaps = {name: handicaps.get(name, 1.0) for name in self._fillers}
        self.files = tuple(path for filler in fillers for path in filler.files)
        self.parameters = sum(filler.parameters or 0 for filler in fillers)

    @property
    def members(self) -> tuple[Filler, ...]:
        """What it chooses among."""
        return tuple(self._fillers.values())

    @property
    def identity(self) -> str:
        """Those of all fillers, and their handicaps."""
        return "; ".join(
            f"{filler.identity} x {self._handicaps[name]}" for name, filler in self._fillers.items()
        )

    def paint(self, pictures: Sequence[Damaged]) -> Painting:
        """Lets the best filler paint each picture; the errors that decided are the remark."""
        painters = []
        for picture in pictures:
            filler, remark = yield from self._choose(picture)
            (painter,) = yield from filler.paint([picture])
            painters.append(painter._replace(remark=remark))
        return painters

    def _choose(self, picture: Damaged) -> Generator[None, None, tuple[Filler, str]]:
        errors: dict[str, float] = {}
        if picture.hole.any():
            errors = yield from errors_beside(picture, self._fillers)
        if not errors:
            first = next(iter(self._fillers.values()))
            return first, f"no room beside the hole to compare models: took {first.name}"
        is_thin = _thickness(picture.hole) <= THIN
        handicaps = dict.fromkeys(errors, 1.0) if is_thin else self._handicaps
        name = min(errors, key=lambda name: errors[name] * handicaps[name])
        figures = ", ".join(f"{key} {value:.1f}" for key, value in errors.items())
        remark = f"took {name} by the error beside the hole in levels of 255: {figures}"
        return self._fillers[name], remark


def errors_beside(
    picture: Damaged, fillers: Mapping[str, Filler]
) -> Generator[None, None, dict[str, float]]:
    """Root mean squared error of each filler where the hole's shape is hidden beside it.

    In levels of 0 to 255; empty if the picture has no room beside its hole. Averaged over up to
    four places by the geometric mean, so that one place unlike the hole's own decides nothing.
    """
    truth, hole, known = _part_of(picture)
    found: dict[str, list[float]] = {name: [] for name in fillers}
    for probe in _probes(hole, known):
        for name, filler in fillers.items():
            guess = filler.draft(truth, ~known | probe)  # what is transparent counts for nothing
            error = guess[probe].astype(np.float32) - truth[probe]  # (N, 3)
            found[name].append(float(np.sqrt((error**2).mean())))
            yield
    return {
        name: round(float(np.expm1(np.log1p(errors).mean())), 3)
        for name, errors in found.items()
        if errors
    }


def _part_of(picture: Damaged) -> tuple[Image, Mask, Mask]:
    """What is compared in: RGB (H, W, 3), the hole in it (H, W), and what is known (H, W).

    All around the hole of a small picture. Of a large one it is reduced until the hole is
    `THICKEST` pixels thick, and cut to the `LARGEST` square that holds most of the hole.
    """
    box = surroundings_of(picture.hole)
    crop, hole = picture.crop(box), picture.hole[box.slices]
    known = ~hole & visible(crop)
    image = to_rgb(crop, value_range(crop, known))
    if max(hole.shape) <= LARGEST:
        return image, hole, known
    if (scale := math.ceil(_thickness(hole) / THICKEST)) > 1:
        image = np.asarray(PIL.Image.fromarray(image).reduce(scale))
        hole, known = reduced(hole, scale), ~reduced(~known, scale)
    part = _fullest(hole)
    return image[part], hole[part], known[part]


def _fullest(mask: Mask) -> tuple[slice, slice]:
    """The square of at most `LARGEST` pixels a side that holds the most; half of it is a step."""
    starts = [range(0, max(side - LARGEST // 2, 1), LARGEST // 2) for side in mask.shape]
    parts = [
        (
            slice(min(top, max(mask.shape[0] - LARGEST, 0)), top + LARGEST),
            slice(min(left, max(mask.shape[1] - LARGEST, 0)), left + LARGEST),
        )
        for top, left in itertools.product(*starts)
    ]
    return max(parts, key=lambda part: np.count_nonzero(mask[part]))


def _probes(hole: Mask, known: Mask) -> Iterator[Mask]:
    """The hole's shape above, below and on both sides of itself, where that is mostly known.

    Something known is left beside each.
    """
    down, right = _longest_run(hole.T), _longest_run(hole)
    for rows, columns in ((-down, 0), (down, 0), (0, -right), (0, right)):
        probe = _shifted(hole, rows, columns) & known
        is_something_left = (known & ~probe).any()
        if is_something_left and probe.sum() >= MIN_PROBE * hole.sum():
            yield probe


def _thickness(hole: Mask) -> int:
    """Of the hole's thickest part, along rows or columns."""
    return min(_longest_run(hole), _longest_run(hole.T))


def _longest_run(hole: Mask) -> int:
    """Pixels of the longest unbroken run in a row of the hole."""
    edges = np.diff(np.pad(hole, ((0, 0), (1, 1))).astype(np.int8), axis=1)
    # rows are searched from left to right, so starts and ends come in pairs
    return int((np.nonzero(edges == -1)[1] - np.nonzero(edges == 1)[1]).max())


def _shifted(hole: Mask, rows: int, columns: int) -> Mask:
    """The hole so many rows further down and columns to the right; nothing comes in."""
    padded = np.pad(hole, [(max(shift, 0), max(-shift, 0)) for shift in (rows, columns)])
    top, left = max(-rows, 0), max(-columns, 0)
    return padded[top : top + hole.shape[0], left : left + hole.shape[1]]
