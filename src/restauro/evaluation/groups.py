"""Groups of pictures by light, contrast, apparent tone and labels, and every group's scores.

And the few pictures to show: the same for all methods, by the scores of all. Pure functions of rows
with NumPy alone; `report.scores` makes tables of them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from restauro.errors import BadDataError
from restauro.evaluation.store import Example, Rows
from restauro.metrics.statistics import (
    Array,
    Estimate,
    GroupGap,
    estimate,
    group_gap,
    quantile_bins,
)
from restauro.metrics.tone import ITA_GROUPS, ita_group
from restauro.registry import METRICS

UNKNOWN = "unknown"
"""The group of pictures whose value is not known: shown, but never part of a gap."""
NUM_FIFTHS = 5
MAX_LABELS = 20
"""A label with more distinct values than this names pictures rather than groups."""
MIN_KNOWN_TONE = 0.5
"""Share of the pictures that must show skin: an aircraft's rust is no apparent tone."""
CONTENT = "hole_variance"
UNMATCHED_METRIC = "hole_snr"
"""The metric that is not matched, because it divides by the content's variance already."""
UNMATCHED_GROUPING = "hole_contrast"
"""The grouping that is not matched: its groups differ in contrast, which is nearly the content
that groups are matched by."""
FIFTHS = {
    "hole_lightness": "lightness of the hidden content",
    "hole_contrast": "contrast of the hidden content",
    "backlight": "backlight",
}
"""Metric, in L*, -> title of the grouping by its fifths."""
NUM_SHOWN = 3
NUM_TONED = 4
TONED_SHARE = 0.1
"""Dark and backlit pictures are taken evenly from this share: the very extremes are odd."""


@dataclass(frozen=True)
class Grouping:
    """One way to sort pictures into groups."""

    name: str
    """The metric that tells the group, such as `hole_lightness` or `ita`, or the label's column."""
    names_in_order: list[str]
    """Groups that have pictures: darkest or lowest first, `unknown` last."""
    group_of_picture: list[str]
    """(N,)"""


@dataclass(frozen=True)
class GroupScores:
    """A metric of one method, group by group."""

    estimates: dict[str, Estimate]
    """By group, in the grouping's order; each counts the values that it leaves out."""
    gap: GroupGap | None
    """Between the best and the worst group. Of a signed error, whose groups are neither, between
    the lowest mean (`best`) and the highest (`worst`): how unevenly the method lightens.
    """
    matched: GroupGap | None
    """The same after matching by `CONTENT`; None where that says nothing or cannot be done."""


def undamaged(tables: Sequence[Rows]) -> Rows:
    """What is known of the undamaged pictures of a task, from the rows of several methods.

    A method that gave up on a picture left nan there; what the others tell is the same for all.

    Raises:
        BadDataError: The rows are not of the same pictures in the same order.
    """
    first = tables[0]
    for table in tables:
        if not np.array_equal(table.index, first.index):
            raise BadDataError(
                "the methods of a task have rows of different pictures; "
                "run `restauro evaluate` again"
            )
    values = {
        name: np.fmax.reduce([table.values[name] for table in tables])
        for name in (*FIFTHS, "ita")
        if name in first.values
    }
    return Rows(first.index, first.names, first.labels, values)


def groupings(rows: Rows) -> list[Grouping]:
    """Every grouping that the rows' descriptive values and labels allow, of two groups or more.

    Fifths of the hole's L* and contrast and of the backlight; apparent tone by ITA, unless most
    pictures show no skin; every label of 2 to 20 values, and all of these crossed, because errors
    may show only where labels meet (Buolamwini and Gebru 2018), if that gives at most 20 groups.
    """
    found = [
        _fifths(metric, rows.values[metric])
        for metric in FIFTHS
        if np.isfinite(rows.values.get(metric, [])).any()
    ]
    angles = rows.values.get("ita", np.full(len(rows), np.nan))
    if np.isfinite(angles).mean() >= MIN_KNOWN_TONE:
        order = [*reversed(ITA_GROUPS), UNKNOWN]
        tones = [ita_group(angle) for angle in angles.tolist()]
        found.append(_grouping("ita", order, tones))
    labels = [_labelled(name, values) for name, values in rows.labels.items()]
    labels = [label for label in labels if 2 <= _num_known(label) <= MAX_LABELS]
    if len(labels) > 1:
        name = " and ".join(label.name for label in labels)
        crossed = [
            UNKNOWN if UNKNOWN in groups else ", ".join(groups)
            for groups in zip(*(label.group_of_picture for label in labels), strict=True)
        ]
        labels.append(_labelled(name, crossed))
    return [group for group in found + labels if 2 <= _num_known(group) <= MAX_LABELS]


def group_scores(rows: Rows, grouping: Grouping, metric: str) -> GroupScores:
    """A metric of one method in every group, and its gaps without the `unknown` pictures."""
    values, groups = rows.values[metric], np.array(grouping.group_of_picture)
    known = groups != UNKNOWN
    higher_is_better = METRICS.create(metric).better == "higher"

    def gap(content: Array | None) -> GroupGap | None:
        return group_gap(
            values[known],
            groups[known].tolist(),
            higher_is_better=higher_is_better,
            content=None if content is None else content[known],
        )

    is_matched = (
        metric != UNMATCHED_METRIC
        and grouping.name != UNMATCHED_GROUPING
        and CONTENT in rows.values
    )
    return GroupScores(
        {name: estimate(values[groups == name]) for name in grouping.names_in_order},
        gap(None),
        gap(rows.values[CONTENT]) if is_matched else None,
    )


def _fifths(metric: str, values: Array) -> Grouping:
    """Five groups of as many pictures each, named by their limits; equal values stay together."""
    known = np.isfinite(values)
    fifth = np.full(len(values), NUM_FIFTHS)
    fifth[known] = quantile_bins(values[known], NUM_FIFTHS)
    names = {
        i: f"{i + 1} (L* {round(values[fifth == i].min())} to {round(values[fifth == i].max())})"
        for i in np.unique(fifth[known]).tolist()
    }
    groups = [names.get(i, UNKNOWN) for i in fifth.tolist()]
    return _grouping(metric, [*names.values(), UNKNOWN], groups)


def _labelled(name: str, values: Sequence[str]) -> Grouping:
    groups = [value or UNKNOWN for value in values]
    return _grouping(name, [*sorted(set(groups) - {UNKNOWN}), UNKNOWN], groups)


def _grouping(name: str, order: Sequence[str], groups: list[str]) -> Grouping:
    return Grouping(name, [group for group in order if group in groups], groups)


def _num_known(grouping: Grouping) -> int:
    return len(set(grouping.names_in_order) - {UNKNOWN})


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


def _medians(values: Sequence[Array]) -> Array:
    """Of every picture over the methods that have a value, nan where none has: (N,)."""
    known = [column[~np.isnan(column)] for column in np.stack(values, axis=1)]
    return np.array([np.median(column) if len(column) else np.nan for column in known])


def _ascending(values: Array) -> NDArray[np.intp]:
    """Positions of the values that are numbers, lowest first."""
    order = np.argsort(values, kind="stable")
    return order[~np.isnan(values[order])]


def _spread(positions: NDArray[np.intp]) -> NDArray[np.intp]:
    """Some of the first positions, evenly."""
    first = positions[: max(NUM_TONED, round(len(positions) * TONED_SHARE))]
    chosen = np.linspace(0, len(first) - 1, min(NUM_TONED, len(first))).round().astype(int)
    return np.asarray(first[chosen])
