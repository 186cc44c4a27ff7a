"""Chooses the pictures to show: the same for all methods, by the scores of all methods."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from restauro.evaluation.store import Example, Rows

NUM_SHOWN = 3
NUM_TONED = 4
TONED_SHARE = 0.1
"""Dark and backlit pictures are taken evenly from this share: the very extremes are odd."""


def choose_examples(task: str, rows: Sequence[Rows]) -> list[Example]:
    """Best, median and worst by the methods' median hole PSNR; dark and backlit by the truth.

    `rows` are the same pictures by several methods. Pictures that no method restored, and those
    without a description, are not chosen, nor any for a reason whose metric was not asked for;
    with few pictures one may have several reasons.
    """
    unasked = np.full(len(rows[0]), np.nan)
    with np.errstate(all="ignore"):
        psnr = np.stack([table.values.get("hole_psnr", unasked) for table in rows])
        middle = np.array([_median(column) for column in psnr.T])
    ranked = _ascending(middle)
    centre = len(ranked) // 2
    half = NUM_SHOWN // 2
    picked = {
        "best": ranked[::-1][:NUM_SHOWN],
        "median": ranked[max(0, centre - half) : centre - half + NUM_SHOWN],
        "worst": ranked[:NUM_SHOWN],
        "dark": _spread(_ascending(rows[0].values.get("hole_lightness", unasked))),
        "backlit": _spread(_ascending(-rows[0].values.get("backlight", unasked))),
    }
    return [
        Example(task, int(rows[0].index[i]), rows[0].names[i], reason)
        for reason, positions in picked.items()
        for i in positions
    ]


def _median(values: NDArray[np.float64]) -> float:
    known = values[~np.isnan(values)]
    return float(np.median(known)) if len(known) else np.nan


def _ascending(values: NDArray[np.float64]) -> NDArray[np.intp]:
    """Positions of the values that are numbers, lowest first."""
    order = np.argsort(values, kind="stable")
    return order[~np.isnan(values[order])]


def _spread(positions: NDArray[np.intp]) -> NDArray[np.intp]:
    """Some of the first positions, evenly."""
    first = positions[: max(NUM_TONED, round(len(positions) * TONED_SHARE))]
    chosen = np.linspace(0, len(first) - 1, min(NUM_TONED, len(first))).round().astype(int)
    return np.asarray(first[chosen])
