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
    without a description, are not chosen, nor is any for a reason whose metric was not asked for;
    with few pictures one may have several reasons.
    """
    ranked = _ascending(_medians([table.values_of("hole_psnr") for table in rows]))
    first = max(0, (len(ranked) - NUM_SHOWN + 1) // 2)
    picked = {
        "best": ranked[::-1][:NUM_SHOWN],
        "median": ranked[first : first + NUM_SHOWN],
        "worst": ranked[:NUM_SHOWN],
        "dark": _spread(_ascending(rows[0].values_of("hole_lightness"))),
        "backlit": _spread(_ascending(-rows[0].values_of("backlight"))),
    }
    return [
        Example(task, int(rows[0].index[i]), rows[0].names[i], reason)
        for reason, positions in picked.items()
        for i in positions
    ]


def _medians(values: Sequence[NDArray[np.float64]]) -> NDArray[np.float64]:
    """Of every picture over the methods that have a value, nan where none has: (N,)."""
    known = [column[~np.isnan(column)] for column in np.stack(values, axis=1)]
    return np.array([np.median(column) if len(column) else np.nan for column in known])


def _ascending(values: NDArray[np.float64]) -> NDArray[np.intp]:
    """Positions of the values that are numbers, lowest first."""
    order = np.argsort(values, kind="stable")
    return order[~np.isnan(values[order])]


def _spread(positions: NDArray[np.intp]) -> NDArray[np.intp]:
    """Some of the first positions, evenly."""
    first = positions[: max(NUM_TONED, round(len(positions) * TONED_SHARE))]
    chosen = np.linspace(0, len(first) - 1, min(NUM_TONED, len(first))).round().astype(int)
    return np.asarray(first[chosen])
