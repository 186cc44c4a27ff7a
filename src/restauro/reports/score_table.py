"""Methods side by side: estimates of a task's rows, ranks where they are apart, tables, records."""

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
from restauro.reports.page import NONE, Cell, Table

ALL = "all"
"""The bin of all pictures, in CSV files."""
QUARTILES = ("first_quartile", "median", "third_quartile")
FRECHET = "frechet_feature_distance"
"""Its name in CSV files: no metric of a picture, but of all together."""
Mask = NDArray[np.bool_]
Record = dict[str, object]
"""A line of a CSV file."""


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
            inside = self._inside(ratios)
            self._known[metric, ratios] = {
                name: estimate(self.values(name, metric)[inside]) for name in self.rows
            }
        return self._known[metric, ratios]

    def _inside(self, ratios: str) -> Mask | slice:
        return slice(None) if ratios == ALL else self.bins[ratios]

    def quartiles(self, method: str, metric: str, ratios: str = ALL) -> tuple[float, float, float]:
        """First quartile, median and third of the finite values; nan if there is none."""
        values = self.values(method, metric)[self._inside(ratios)]
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


def cell(one: Estimate, digits: int, rank: int | None = None) -> Cell:
    """The mean, bold if nobody is better, above its interval, its rank and what it leaves out."""
    if not math.isfinite(one.mean):
        return Cell("all perfect" if one.num_infinite else NONE)
    beneath = []
    if math.isfinite(one.low):
        beneath.append(f"{one.low:z.{digits}f} to {one.high:z.{digits}f}")  # z: no -0.00
    if rank:
        beneath.append(f"#{rank}")
    left_out = {"perfect": one.num_infinite, "missing": one.num_missing}
    lines = [
        " · ".join(beneath),
        *(f"{count:,} {what}" for what, count in left_out.items() if count),
    ]
    return Cell(f"{one.mean:z.{digits}f}", tuple(filter(None, lines)), rank == 1)


def close_table(scores: TaskScores, note: str) -> Table:
    """How close the fills are to the truth, a row a method."""
    columns = {
        Cell(column.header): _ranked(scores, column) for column in CLOSE if scores.has(column)
    }
    return _method_table("How close to the truth", scores, columns, note)


def looks_table(scores: TaskScores, note: str) -> Table:
    """How the fills look, how many are perfect, and how often a method gave up."""
    columns = {
        Cell(column.header): _ranked(scores, column) for column in LOOKS if scores.has(column)
    }
    if scores.sets:
        columns[Cell("Fréchet ↓")] = partial(_frechet_cell, scores)
    for column in MEDIANS:
        if scores.has(column):
            columns[Cell(column.header)] = partial(_median_cell, scores, column)
    perfect = scores.estimates(PSNR.metric)
    columns[Cell("perfect")] = lambda name: Cell(f"{perfect[name].num_infinite:,}")
    columns[Cell("failed")] = lambda name: Cell(f"{scores.num_failures[name]:,}")
    return _method_table("How it looks", scores, columns, note)


def ratio_tables(scores: TaskScores) -> list[Table]:
    """One table a metric, a column for each bin of hole ratios."""
    return [
        _method_table(
            column.header,
            scores,
            {
                Cell(ratios, (f"n = {inside.sum():,}",)): _ranked(scores, column, ratios)
                for ratios, inside in scores.bins.items()
            },
            " by hole ratio",
        )
        for column in BY_RATIO
        if scores.has(column)
    ]


def overview(several: Sequence[TaskScores], column: Column) -> Table:
    """One metric over several tasks of an evaluation."""
    columns = {Cell(scores.task.name): _ranked(scores, column) for scores in several}
    return _method_table(column.header, several[0], columns, " of the hole, by protocol")


def records(scores: TaskScores) -> Iterator[Record]:
    """The tables' numbers, one record a bin, metric and method."""
    task = scores.task
    asked = {"task": task.name, "exposure": f"{task.exposure:g}", "hash": task.hash}
    columns = [c for c in (*CLOSE, *LOOKS, *MEDIANS) if scores.has(c)]
    for ratios in (ALL, *scores.bins):
        for column in columns:
            found = scores.estimates(column.metric, ratios)
            ranked = {} if column in MEDIANS else ranks(found, column.reading)
            for name, one in found.items():
                what = {"hole_ratio": ratios, "metric": column.metric, "method": name}
                reading = {"better": column.reading.better}
                record = asked | what | reading | estimate_record(one)
                record["rank"] = ranked.get(name, "")
                if column in MEDIANS:
                    quartiles = scores.quartiles(name, column.metric, ratios)
                    record |= dict(zip(QUARTILES, [f"{q:.6g}" for q in quartiles], strict=True))
                yield record
    for name, of_all in scores.sets.items():
        distance = f"{of_all.frechet_feature_distance:.6g}"
        what = {"hole_ratio": ALL, "metric": FRECHET, "method": name, "better": "lower"}
        yield asked | what | {"mean": distance} | {"num_finite": of_all.num_pictures}


def estimate_record(one: Estimate) -> Record:
    """An estimate, to six digits."""
    return {
        "mean": f"{one.mean:.6g}",
        "low": f"{one.low:.6g}",
        "high": f"{one.high:.6g}",
        "num_finite": one.num_finite,
        "num_infinite": one.num_infinite,
        "num_missing": one.num_missing,
    }


def _method_table(
    title: str,
    scores: TaskScores,
    columns: Mapping[Cell, Callable[[str], Cell]],
    note: str,
) -> Table:
    """A row a method, a column a head and what stands beneath it in the row of a method."""
    rows = [[Cell(name), *(one(name) for one in columns.values())] for name in scores.rows]
    return Table(title, [Cell("method"), *columns], rows, note)


def _ranked(scores: TaskScores, column: Column, ratios: str = ALL) -> Callable[[str], Cell]:
    """The cell of a method in a column of estimates."""
    found = scores.estimates(column.metric, ratios)
    ranked = ranks(found, column.reading)
    return lambda name: cell(found[name], column.digits, ranked.get(name))


def _frechet_cell(scores: TaskScores, method: str) -> Cell:
    one = scores.sets.get(method)
    if one is None or not math.isfinite(one.frechet_feature_distance):
        return Cell(NONE)
    is_short = one.num_pictures != scores.task.num_pictures
    small = (f"{one.num_pictures:,} pictures",) if is_short else ()
    return Cell(f"{one.frechet_feature_distance:.1f}", small)


def _median_cell(scores: TaskScores, column: Column, method: str) -> Cell:
    low, middle, high = scores.quartiles(method, column.metric)
    if not math.isfinite(middle):
        return Cell(NONE)
    places = column.digits
    return Cell(f"{middle:.{places}f}", (f"{low:.{places}f} to {high:.{places}f}",))
