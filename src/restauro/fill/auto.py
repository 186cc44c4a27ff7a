"""What fills holes: one model, a method that knows only arrays, or the best of several.

`Restore` is what a `Restorer` is for pictures; a `Fill` says which model it took as well.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol, TypeAlias

import numpy as np
import PIL.Image
from numpy.typing import NDArray

from restauro.errors import BadImageError
from restauro.fill.modes import check_mode, from_rgb, to_rgb, value_range, visible
from restauro.images import Inpaint, Mask, as_stored, upright

Restore: TypeAlias = Callable[[PIL.Image.Image, Mask], PIL.Image.Image]
"""A picture of any mode and its upright mask (H, W), True = hole -> the restored picture."""

CONTEXT = 1.0
"""How much is seen on each side of a hole, as a multiple of its height and width."""
MIN_CONTEXT_PX = 64
MIN_PROBE = 0.25
"""Least share of the hole's area that a probe must keep, as parts of it may not be known."""


class Filled(NamedTuple):
    """A restored picture, and the name of the model that restored it."""

    picture: PIL.Image.Image
    model: str
    remark: str = ""


class Fill(Protocol):
    """Fills the hole of a picture and says how."""

    @property
    def identity(self) -> str:
        """Changes when the results do."""

    def __call__(self, picture: PIL.Image.Image, hole: Mask) -> Filled:
        """The restored picture; known pixels stay bit for bit."""


@dataclass(frozen=True)
class OneModel:
    """The same model for every picture."""

    name: str
    restore: Restore
    identity: str
    handicap: float = 1.0
    """What its errors count for when several are compared: above 1 it must be clearly better."""

    def __call__(self, picture: PIL.Image.Image, hole: Mask) -> Filled:
        """The restored picture."""
        return Filled(self.restore(picture, hole), self.name)


class BestModel:
    """For each picture the model that explains best what is known beside its hole.

    The hole's own shape is hidden beside it, too, and every model restores it; the one with the
    lowest squared error, times its handicap, restores the picture. What the hole hides has no
    influence.
    """

    def __init__(self, models: Sequence[OneModel]) -> None:
        self._models = {model.name: model for model in models}
        self.identity = "; ".join(f"{model.identity} x {model.handicap}" for model in models)

    def __call__(self, picture: PIL.Image.Image, hole: Mask) -> Filled:
        """The restored picture, with the errors that decided as remark."""
        errors = errors_beside(picture, hole, self._models) if hole.any() else {}
        if not errors:
            first = next(iter(self._models.values()))
            return first(picture, hole)._replace(
                remark=f"no room beside the hole to compare models: took {first.name}"
            )
        name = min(errors, key=lambda name: errors[name] * self._models[name].handicap)
        figures = ", ".join(f"{key} {value:.1f}" for key, value in errors.items())
        remark = f"took {name} by the error beside the hole in levels of 255: {figures}"
        return self._models[name](picture, hole)._replace(remark=remark)


def on_pictures(inpaint: Inpaint) -> Restore:
    """A method for arrays (H, W, 3) RGB, made fit for pictures of any mode.

    It sees the hole and its surroundings; only the hole of what it gives is used, so known pixels
    come back bit for bit, and mode, orientation and metadata stay. Where nothing is known, it
    raises BadImageError.
    """

    def restore(picture: PIL.Image.Image, hole: Mask) -> PIL.Image.Image:
        check_mode(picture)
        shown = upright(picture)
        result = shown.copy()
        if hole.any():
            rows, columns = _surroundings(hole)
            corner = (columns.start, rows.start)
            crop = shown.crop((*corner, columns.stop, rows.stop))
            own_hole = hole[rows, columns]
            hidden = own_hole | ~visible(crop)
            if hidden.all():
                raise BadImageError(
                    "the hole covers the whole picture, and classical methods need a known part; "
                    "leave some of it or take a model"
                )
            limits = value_range(crop, ~hidden)
            filled = inpaint(to_rgb(crop, limits), hidden)
            colours = filled.astype(np.float32) / np.float32(255)
            patch = from_rgb(colours, crop, own_hole, limits)
            result.paste(patch, corner, PIL.Image.fromarray(own_hole))
        return as_stored(result, picture)

    return restore


def errors_beside(
    picture: PIL.Image.Image, hole: Mask, models: Mapping[str, OneModel]
) -> dict[str, float]:
    """Root mean squared error of each model where the hole's shape is hidden beside it.

    In levels of 0 to 255; empty if the picture has no room beside its hole. Averaged over up to
    four places by the geometric mean, so that one place unlike the hole's own decides nothing.
    """
    rows, columns = _surroundings(hole)
    crop = upright(picture).crop((columns.start, rows.start, columns.stop, rows.stop))
    # an orientation tag would turn the crop once more
    crop.info = {key: crop.info[key] for key in ("transparency",) if key in crop.info}
    own_hole = hole[rows, columns]
    known = ~own_hole & visible(crop)
    limits = value_range(crop, known)
    truth = to_rgb(crop, limits)
    found: dict[str, list[float]] = {name: [] for name in models}
    for probe in _probes(own_hole, known):
        for name, model in models.items():
            guess = to_rgb(model.restore(crop, own_hole | probe), limits)
            error = guess[probe].astype(np.float32) - truth[probe]  # (N, 3)
            found[name].append(float(np.sqrt((error**2).mean())))
    return {
        name: round(float(np.expm1(np.log1p(errors).mean())), 3)
        for name, errors in found.items()
        if errors
    }


def _surroundings(hole: Mask) -> tuple[slice, slice]:
    """The rows and columns of the hole with its context, inside the picture."""
    return _stretch(np.asarray(hole.any(axis=1))), _stretch(np.asarray(hole.any(axis=0)))


def _stretch(used: NDArray[np.bool_]) -> slice:
    first, last = np.flatnonzero(used)[[0, -1]]
    context = max(int(CONTEXT * (last - first + 1)), MIN_CONTEXT_PX)
    return slice(max(int(first) - context, 0), min(int(last) + 1 + context, len(used)))


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
    result = np.zeros_like(hole)
    height, width = hole.shape
    target = np.s_[max(rows, 0) : height + min(rows, 0), max(columns, 0) : width + min(columns, 0)]
    source = np.s_[
        max(-rows, 0) : height + min(-rows, 0), max(-columns, 0) : width + min(-columns, 0)
    ]
    result[target] = hole[source]
    return result
