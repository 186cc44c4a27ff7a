"""`auto`: for each picture the filler that explains best what is known beside the hole."""

from __future__ import annotations

from collections.abc import Generator, Iterator, Mapping, Sequence

import numpy as np

from restauro.fill.compose import Damaged
from restauro.fill.filler import Filler, Painting
from restauro.fill.windows import surroundings_of
from restauro.picture.modes import to_rgb, value_range, visible
from restauro.picture.types import Mask

MIN_PROBE = 0.25
"""Least share of the hole's area that a probe must keep, as parts of it may not be known."""


class AutoFiller(Filler):
    """For each picture the best of several fillers.

    The hole's own shape is hidden beside it, too, and every filler restores it; the one with the
    lowest squared error, times its handicap, restores the picture. What the hole hides has no
    influence.
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
        name = min(errors, key=lambda name: errors[name] * self._handicaps[name])
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
    box = surroundings_of(picture.hole)
    crop, own_hole = picture.crop(box), picture.hole[box.slices]
    known = ~own_hole & visible(crop)
    limits = value_range(crop, known)
    truth = to_rgb(crop, limits)
    found: dict[str, list[float]] = {name: [] for name in fillers}
    for probe in _probes(own_hole, known):
        for name, filler in fillers.items():
            guess = to_rgb(filler(crop, own_hole | probe), limits)
            error = guess[probe].astype(np.float32) - truth[probe]  # (N, 3)
            found[name].append(float(np.sqrt((error**2).mean())))
            yield
    return {
        name: round(float(np.expm1(np.log1p(errors).mean())), 3)
        for name, errors in found.items()
        if errors
    }


def _probes(hole: Mask, known: Mask) -> Iterator[Mask]:
    """The hole's shape above, below and on both sides of itself, where that is mostly known."""
    down, right = _longest_run(hole.T), _longest_run(hole)
    for rows, columns in ((-down, 0), (down, 0), (0, -right), (0, right)):
        probe = _shifted(hole, rows, columns) & known
        if probe.sum() >= MIN_PROBE * hole.sum():
            yield probe


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
