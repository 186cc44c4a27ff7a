"""Methods side by side: estimates of a task's rows, ranks where they are apart, tables."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property, partial

import numpy as np
from numpy.typing import NDArray

from restauro.evaluation.protocols import ratio_bin, ratio_bins
from restauro.evaluation.records import Evaluation, Rows, SetScore, TaskRecord
from restauro.metrics import METRICS, Metric
from restauro.metrics.statistics import Estimate, estimate
from restauro.reports.markdown_parts import escaped, folded, table

ALL = "all"
"""The bin of all pictures, in CSV files."""
NONE = "–"
Mask = NDArray[np.bool_]


@dataclass(frozen=True)
class Column:
    """A metric as tables print it."""

    metric: str
    title: str
    digits: int

    @property
    def reading(self) -> Metric:
        """What the metric's values mean."""
        return METRICS.create(self.metric)

    @property
    def header(self) -> str:
        """Title, unit and which way is better, such as `PSNR (dB) ↑`."""
        unit = f" ({self.reading.unit})" if self.reading.unit not in ("", self.title) else ""
        better = {"higher": "↑", "lower": "↓", "near": f"→ {self.reading.best:g}"}
        return f"{self.title}{unit} {better[self.reading.better or 'near']}"


PSNR = Column("hole_psnr", "PSNR", 2)
FEATURES = Column("hole_feature_distance", "feature distance", 3)
COLOUR = Column("hole_ciede2000", "ΔE00", 2)
CLOSE = (
    PSNR,
    Column("hole_ssim", "SSIM", 3),
    Column("hole_ms_ssim", "MS-SSIM", 3),
    COLOUR,
    Column("hole_l1", "L1", 4),
    Column("composite_psnr", "whole PSNR", 2),
    Column("composite_ssim", "whole SSIM", 4),
)
LOOKS = (FEATURES,)
MEDIANS = (Column("sharpness", "sharpness", 2), Column("seam", "seam", 2))
"""Ratios with a long tail, which a mean would follow."""
BY_RATIO = (PSNR, COLOUR, FEATURES)


@dataclass(frozen=True)
class TaskScores:
    """The rows of all methods on a task; every estimate is made once."""

    evaluation: Evaluation
    task: TaskRecord
    _known: dict[tuple[str, str], dict[str, Estimate]] = field(default_factory=dict)

    @cached_property
    def rows(self) -> dict[str, Rows]:
        """By method."""
        names = [method.name for method in self.evaluation.methods]
        return {name: self.evaluation.rows(self.task.name, name) for name in names}

    @cached_property
    def bins(self) -> dict[str, Mask]:
        """Which pictures, (N,), have a hole ratio in each bin that is not empty."""
        ratios = np.fmax.reduce([self.values(name, "hole_ratio") for name in self.rows])
        found = np.array([ratio_bin(ratio) if ratio >= 0 else "" for ratio in ratios])
        return {name: found == name for name in ratio_bins() if (found == name).any()}

    def values(self, method: str, metric: str) -> NDArray[np.float64]:
        """(N,); nan throughout if the rows lack the metric."""
        rows = self.rows[method]
        return rows.values.get(metric, np.full(len(rows), np.nan))

    def has(self, column: Column) -> bool:
        """Whether any method has a number of this metric for any picture."""
        return any(not np.isnan(self.values(name, column.metric)).all() for name in self.rows)

    def estimates(self, metric: str, ratios: str = ALL) -> dict[str, Estimate]:
        """By method, over all pictures or those of a bin of hole ratios."""
        if (metric, ratios) not in self._known:
            inside = slice(None) if ratios == ALL else self.bins[ratios]
            self._known[metric, ratios] = {
                name: estimate(self.values(name, metric)[inside]) for name in self.rows
            }
        return self._known[metric, ratios]

    def quartiles(self, method: str, metric: str) -> tuple[float, float, float]:
        """First quartile, median and third of the finite values; nan if there is none."""
        values = self.values(method, metric)
        finite = values[np.isfinite(values)]
        if len(finite) == 0:
            return np.nan, np.nan, np.nan
        low, middle, high = np.quantile(finite, [0.25, 0.5, 0.75]).tolist()
        return low, middle, high

    @cached_property
    def sets(self) -> dict[str, SetScore]:
        """What is known of all pictures together, by method."""
        return {one.method: one for one in self.evaluation.sets if one.task == self.task.name}

    @cached_property
    def num_failures(self) -> dict[str, int]:
        """Pictures on which a method gave up, by method."""
        failed = [one.method for one in self.evaluation.failures if one.task == self.task.name]
        return {name: failed.count(name) for name in self.rows}


def ranks(estimates: Mapping[str, Estimate], metric: Metric) -> dict[str, int]:
    """One more than the number of methods that are better by intervals that do not overlap.

    So methods that cannot be told apart from the best are all first. Methods without a mean have
    no rank, and nobody has one where no two methods are apart.
    """
    known = {name: one for name, one in estimates.items() if math.isfinite(one.mean)}
    found = {
        name: 1
        + sum(
            other.is_apart_from(one) and metric.distance(other.mean) < metric.distance(one.mean)
            for other in known.values()
        )
        for name, one in known.items()
    }
    return found if len(set(found.values())) > 1 else {}


def cell(one: Estimate, digits: int, rank: int | None) -> str:
    """The mean, bold if nobody is better, above its interval and rank."""
    if not math.isfinite(one.mean):
        return "all perfect" if one.num_infinite else NONE
    mean = f"{one.mean:z.{digits}f}"  # z: no -0.00
    beneath = []
    if math.isfinite(one.low):
        beneath.append(f"{one.low:z.{digits}f} to {one.high:z.{digits}f}")
    if rank:
        beneath.append(f"#{rank}")
    small = f"<br /><small>{' · '.join(beneath)}</small>" if beneath else ""
    return (f"**{mean}**" if rank == 1 else mean) + small


def close_table(scores: TaskScores) -> str:
    """How close the fills are to the truth, a row a method."""
    columns = [column for column in CLOSE if scores.has(column)]
    return _method_table(scores, {c.header: _ranked(scores, c) for c in columns})


def looks_table(scores: TaskScores) -> str:
    """How the fills look, how many are perfect, and how often a method gave up."""
    cells = {c.header: _ranked(scores, c) for c in LOOKS if scores.has(c)}
    if scores.sets:
        cells["Fréchet ↓"] = partial(_frechet_cell, scores)
    for column in MEDIANS:
        if scores.has(column):
            cells[column.header] = partial(_median_cell, scores, column)
    perfect = scores.estimates(PSNR.metric)
    cells["perfect"] = lambda name: f"{perfect[name].num_infinite:,}"
    cells["failed"] = lambda name: f"{scores.num_failures[name]:,}"
    return _method_table(scores, cells)


def ratio_tables(scores: TaskScores) -> str:
    """Tables by hole ratio, folded."""
    parts = []
    for column in BY_RATIO:
        if scores.has(column):
            cells = {
                f"{ratios}<br />n = {inside.sum():,}": _ranked(scores, column, ratios)
                for ratios, inside in scores.bins.items()
            }
            parts += [f"**{column.header}** by hole ratio", _method_table(scores, cells)]
    return folded("Numbers by hole ratio", *parts)


def overview(several: Sequence[TaskScores], column: Column) -> str:
    """One metric over several tasks of an evaluation."""
    cells = {escaped(scores.task.name): _ranked(scores, column) for scores in several}
    return _method_table(several[0], cells)


def records(scores: TaskScores) -> Iterator[dict[str, object]]:
    """The tables' numbers, one record a bin, metric and method, for a CSV file."""
    columns = [c for c in (*CLOSE, *LOOKS, *MEDIANS) if scores.has(c)]
    for ratios in (ALL, *scores.bins):
        for column in columns:
            found = scores.estimates(column.metric, ratios)
            ranked = {} if column in MEDIANS else ranks(found, column.reading)
            for name, one in found.items():
                yield {
                    "task": scores.task.name,
                    "hash": scores.task.hash,
                    "hole_ratio": ratios,
                    "metric": column.metric,
                    "better": column.reading.better,
                    "method": name,
                    "mean": f"{one.mean:.6g}",
                    "low": f"{one.low:.6g}",
                    "high": f"{one.high:.6g}",
                    "rank": ranked.get(name, ""),
                    "num_finite": one.num_finite,
                    "num_infinite": one.num_infinite,
                    "num_missing": one.num_missing,
                }


def _method_table(scores: TaskScores, cells: Mapping[str, Callable[[str], str]]) -> str:
    rows = [[escaped(name), *(one(name) for one in cells.values())] for name in scores.rows]
    return table(["method", *cells], rows)


def _ranked(scores: TaskScores, column: Column, ratios: str = ALL) -> Callable[[str], str]:
    """The cell of a method in a column of estimates."""
    found = scores.estimates(column.metric, ratios)
    ranked = ranks(found, column.reading)
    return lambda name: cell(found[name], column.digits, ranked.get(name))


def _frechet_cell(scores: TaskScores, method: str) -> str:
    one = scores.sets.get(method)
    if one is None or not math.isfinite(one.frechet_feature_distance):
        return NONE
    is_short = one.num_pictures != scores.task.num_pictures
    few = f"<br /><small>{one.num_pictures:,} pictures</small>" if is_short else ""
    return f"{one.frechet_feature_distance:.1f}{few}"


def _median_cell(scores: TaskScores, column: Column, method: str) -> str:
    low, middle, high = scores.quartiles(method, column.metric)
    if not math.isfinite(middle):
        return NONE
    places = column.digits
    return f"{middle:.{places}f}<br /><small>{low:.{places}f} to {high:.{places}f}</small>"
