"""Dark tones: scores by light, contrast, apparent tone and label, and of darkened pictures.

Sections of the page and records for CSV files; the numbers come from `evaluation.groups` and
`metrics.statistics`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, reduce
from pathlib import Path
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from restauro.evaluation.groups import (
    FIFTHS,
    UNKNOWN,
    Grouping,
    GroupScores,
    group_scores,
    groupings,
    undamaged,
)
from restauro.evaluation.records import Evaluation, Rows, TaskRecord
from restauro.metrics.statistics import MIN_PICTURES, Estimate, GroupGap, estimate
from restauro.reports.page import NONE, Cell, Picture, Section, Table, cells
from restauro.reports.plots import Series, plot_estimates, save
from restauro.reports.score_table import Column, Record, cell, estimate_record

Scores: TypeAlias = Mapping[str, Mapping[str, GroupScores]]
"""Of one grouping, by metric and method."""

COLUMNS = {
    column.metric: column
    for column in (
        Column("hole_psnr", "hole PSNR", 2),
        Column("hole_snr", "hole SNR", 2),
        Column("hole_ssim", "hole SSIM", 3),
        Column("hole_feature_distance", "hole features", 3),
        Column("relative_error", "relative error of light", 2),
        Column("lightness_error", "lightness error", 1),
        Column("ita_error", "skin tone error", 1),
    )
}
SKIN_METRIC = "ita_error"
"""Only for groups of people, in banks that are grouped by tone."""
GLANCE = "hole_psnr"
"""The metric whose matched gaps are gathered in one table."""
OPEN = {"ita": ("hole_psnr", SKIN_METRIC), "exposure": ("hole_snr", "hole_psnr")}
"""Grouping -> metrics whose tables are not folded away."""
OPEN_ELSEWHERE = ("hole_psnr", "lightness_error")
PLOTTED = ("hole_psnr", "hole_snr", "hole_feature_distance", "relative_error", "lightness_error")
PLOTTED_GROUPINGS = ("hole_lightness", "ita")
LUCK = 0.05
"""Chance below which a gap is printed bold."""


@dataclass(frozen=True)
class Tones:
    """What the methods of a task made of every group of pictures; each number is made once."""

    evaluation: Evaluation
    task: str

    @cached_property
    def tables(self) -> dict[str, Rows]:
        """By method."""
        names = [method.name for method in self.evaluation.methods]
        return {name: self.evaluation.rows(self.task, name) for name in names}

    @cached_property
    def truth(self) -> Rows:
        """What is known of the undamaged pictures."""
        return undamaged(list(self.tables.values()))

    @cached_property
    def groupings(self) -> list[Grouping]:
        """All ways to sort these pictures."""
        return groupings(self.truth)

    @property
    def is_of_people(self) -> bool:
        """Whether pictures are grouped by the tone of skin."""
        return any(grouping.name == "ita" for grouping in self.groupings)

    @cached_property
    def scores(self) -> dict[str, Scores]:
        """By grouping, metric and method."""
        return {
            grouping.name: {
                metric: {
                    name: group_scores(rows, grouping, metric) for name, rows in self.tables.items()
                }
                for metric in _measured(self.tables)
                if metric != SKIN_METRIC or (self.is_of_people and grouping.name not in FIFTHS)
            }
            for grouping in self.groupings
        }

    def section(self, folder: Path) -> Section:
        """The section "Dark tones", whose plots are written into `folder`.

        Raises:
            BadDataError: The rows of a method are missing, damaged or of other pictures.
        """
        found = Section(f"Dark tones: {self.task}", note="gaps", tables=self._glance())
        found.texts = [self._luck(), self._unknown_tones()]
        for grouping in self.groupings:
            name, title, scores = grouping.name, grouping.title, self.scores[grouping.name]
            of_metric = {
                metric: _group_table(grouping, metric, scores[metric]) for metric in scores
            }
            below = _arranged(f"By {title}", name, of_metric)
            below.note = name if name in (*FIFTHS, "ita") else "label"
            if name in PLOTTED_GROUPINGS:
                stem = _slug(self.evaluation, f"{self.task}_by_{name}")
                below.plots = _group_plots(grouping, scores, folder, stem)
            found.sections.append(below)
        return found

    def records(self) -> Iterator[Record]:
        """Every group's scores."""
        for grouping, metric, method, one in self._all():
            for group, found in one.estimates.items():
                what = {"task": self.task, "grouping": grouping, "group": group}
                yield what | {"metric": metric, "method": method} | estimate_record(found)

    def gap_records(self) -> Iterator[Record]:
        """The gaps between groups, before and after matching."""
        for grouping, metric, method, one in self._all():
            for gap, is_matched in ((one.gap, "no"), (one.matched, "yes")):
                if gap:
                    yield {
                        "task": self.task,
                        "grouping": grouping,
                        "metric": metric,
                        "method": method,
                        "matched": is_matched,
                        "gap": f"{gap.gap:.6g}",
                        "low": f"{gap.low:.6g}",
                        "high": f"{gap.high:.6g}",
                        "chance": f"{gap.chance:.6g}",
                        "best": gap.best,
                        "worst": gap.worst,
                        "covered": f"{gap.covered:.6g}",
                    }

    def _all(self) -> Iterator[tuple[str, str, str, GroupScores]]:
        for grouping, of_metric in self.scores.items():
            for metric, of_method in of_metric.items():
                for method, one in of_method.items():
                    yield grouping, metric, method, one

    def _luck(self) -> str:
        """How many gaps luck alone would print bold."""
        gaps = [gap for *_, one in self._all() for gap in (one.gap, one.matched) if gap]
        return (
            f"Groups of fewer than {MIN_PICTURES} pictures have no part in a gap. Bold: interval "
            f"above 0 and chance below {LUCK:g}, which luck alone would give to about "
            f"{round(LUCK * len(gaps)):,} of the {len(gaps):,} gaps here."
        )

    def _unknown_tones(self) -> str:
        if "ita" not in self.truth.values:
            return "Apparent skin tone was not measured."
        unknown = int(np.isnan(self.truth.values["ita"]).sum())
        end = "." if self.is_of_people else ", so that pictures are not grouped by it."
        return f"Apparent skin tone is unknown in {unknown:,} of {len(self.truth):,} pictures{end}"

    def _glance(self) -> list[Table]:
        """Every method's matched gaps of one metric, together; none if there are none."""
        columns = {}
        for grouping in self.groupings:
            of_method = self.scores[grouping.name].get(GLANCE, {})
            if any(one.matched for one in of_method.values()):
                columns[grouping.title] = [_gap(one.matched, GLANCE) for one in of_method.values()]
        if not columns:
            return []
        rows = [list(row) for row in zip(cells(*self.tables), *columns.values(), strict=True)]
        note = f", {COLUMNS[GLANCE].header}, between groups by"
        return [Table("Gaps after matching", cells("method", *columns), rows, note)]


@dataclass(frozen=True)
class Probe:
    """Scores of the same pictures at several exposures: of those that all the tasks share."""

    evaluation: Evaluation
    protocol: str

    @cached_property
    def tasks(self) -> list[TaskRecord]:
        """One an exposure, brightest first."""
        tasks = [task for task in self.evaluation.tasks if task.protocol == self.protocol]
        return sorted(tasks, key=lambda task: -task.exposure)

    @property
    def is_one(self) -> bool:
        """Whether there are several exposures to compare."""
        return len(self.tasks) > 1

    @cached_property
    def tables(self) -> dict[str, list[Rows]]:
        """By method, then one an exposure."""
        return {
            method.name: [self.evaluation.rows(task.name, method.name) for task in self.tasks]
            for method in self.evaluation.methods
        }

    @cached_property
    def common(self) -> NDArray[np.int64]:
        """Positions of the pictures that all tasks have."""
        first = next(iter(self.tables.values()))
        shared: NDArray[np.int64] = reduce(np.intersect1d, [rows.index for rows in first])
        return shared

    @cached_property
    def estimates(self) -> dict[str, dict[str, dict[str, Estimate]]]:
        """By metric, method and column: the exposures, then the change from 0 to the darkest.

        The change is of every picture with itself.
        """
        exposures = [task.exposure for task in self.tasks]
        names = [f"{stops:+g} EV" if stops else "0 EV" for stops in exposures]
        start = int(np.argmin(np.abs(exposures)))
        found: dict[str, dict[str, dict[str, Estimate]]] = {}
        for metric in _measured({name: rows[0] for name, rows in self.tables.items()}):
            if metric == SKIN_METRIC:
                continue
            found[metric] = {}
            for method, tables in self.tables.items():
                values = _paired(metric, tables, self.common)
                columns = dict(zip(names, map(estimate, values), strict=True))
                columns[f"{names[-1]} minus {names[start]}"] = estimate(values[-1] - values[start])
                found[metric][method] = columns
        return found

    def section(self, folder: Path) -> Section:
        """The section on error against exposure, whose plots are written into `folder`.

        Raises:
            BadDataError: The rows of a method are missing or damaged.
        """
        tables, plots = {}, []
        for metric, of_method in self.estimates.items():
            rows = [
                [Cell(name), *(cell(mean, COLUMNS[metric].digits) for mean in columns.values())]
                for name, columns in of_method.items()
            ]
            header = cells("method", *next(iter(of_method.values())))
            tables[metric] = Table(COLUMNS[metric].header, header, rows, _above(metric))
            if metric in PLOTTED:
                exposures = [task.exposure for task in self.tasks]
                series = {
                    name: Series(exposures, list(columns.values())[:-1])
                    for name, columns in of_method.items()
                }
                stem = _slug(self.evaluation, f"{self.protocol}_by_exposure")
                path = folder / f"{stem}_{metric}.svg"
                plots.append(_plot(metric, series, "exposure (stops)", path))
        found = _arranged(f"Darkened pictures: {self.protocol}", "exposure", tables)
        found.note = "exposure"
        found.texts = [f"{len(self.common):,} pictures are in all of these tasks."]
        found.plots = plots
        return found

    def records(self) -> Iterator[Record]:
        """The scores at every exposure, as groups of the grouping `exposure`."""
        for metric, of_method in self.estimates.items():
            for method, columns in of_method.items():
                for group, one in columns.items():
                    what = {"task": self.protocol, "grouping": "exposure", "group": group}
                    yield what | {"metric": metric, "method": method} | estimate_record(one)


def _measured(tables: Mapping[str, Rows]) -> list[str]:
    """Metrics of this section that have a number for some picture."""
    return [
        name
        for name in COLUMNS
        if any(np.isfinite(rows.values.get(name, [])).any() for rows in tables.values())
    ]


def _arranged(title: str, name: str, of_metric: Mapping[str, Table]) -> Section:
    """A section of tables by metric, the less important ones folded."""
    is_open = OPEN.get(name, OPEN_ELSEWHERE)
    rest = [metric for metric in of_metric if metric not in is_open]
    return Section(
        title,
        tables=[of_metric[metric] for metric in is_open if metric in of_metric],
        folded=[of_metric[metric] for metric in rest],
        fold_title=", ".join(COLUMNS[metric].title for metric in rest),
    )


def _group_table(grouping: Grouping, metric: str, scores: Mapping[str, GroupScores]) -> Table:
    """One row a method, one column a group, then the gaps."""
    is_matched = any(one.matched for one in scores.values())
    groups = [Cell(name, (f"n = {count:,}",)) for name, count in grouping.counts().items()]
    header = [Cell("method"), *groups, *cells("gap", *["gap after matching"] * is_matched)]
    rows = []
    for name, one in scores.items():
        means = [cell(mean, COLUMNS[metric].digits) for mean in one.estimates.values()]
        gaps = [one.gap, one.matched] if is_matched else [one.gap]
        rows.append([Cell(name), *means, *(_gap(gap, metric) for gap in gaps)])
    return Table(COLUMNS[metric].header, header, rows, _above(metric))


def _paired(metric: str, tables: Sequence[Rows], common: NDArray[np.int64]) -> NDArray[np.float64]:
    """Values of the common pictures, nan unless finite at every exposure: (exposures, pictures)."""
    places = [np.intersect1d(rows.index, common, return_indices=True)[1] for rows in tables]
    values = np.stack(
        [rows.values[metric][place] for rows, place in zip(tables, places, strict=True)]
    )
    return np.where(np.isfinite(values).all(axis=0), values, np.nan)


def _group_plots(grouping: Grouping, scores: Scores, folder: Path, stem: str) -> list[Picture]:
    plots = []
    # unknown has no place in the order of a line
    known = [name for name in grouping.names_in_order if name != UNKNOWN]
    for metric in PLOTTED:
        if metric in scores:
            series = {
                name: Series(known, [one.estimates[group] for group in known])
                for name, one in scores[metric].items()
            }
            plots.append(_plot(metric, series, grouping.title, folder / f"{stem}_{metric}.svg"))
    return plots


def _plot(metric: str, series: Mapping[str, Series], x_label: str, path: Path) -> Picture:
    """Writes the plot of a metric."""
    column = COLUMNS[metric]
    title = f"{column.title} against {x_label}"
    best = column.reading.best if _is_signed(metric) else None
    save(
        plot_estimates(series, x_label=x_label, y_label=column.header, title=title, best=best), path
    )
    return Picture(path, title)


def _above(metric: str) -> str:
    """What a caption adds to a metric's name."""
    return ", above 0 is lighter than the truth" if _is_signed(metric) else ""


def _is_signed(metric: str) -> bool:
    return COLUMNS[metric].reading.better == "near"


def _gap(gap: GroupGap | None, metric: str) -> Cell:
    """The gap, bold if it is hardly luck, above its interval, its chance and the worst group."""
    if gap is None:
        return Cell(NONE)
    digits = COLUMNS[metric].digits
    chance = f"{gap.chance:.3f}" if gap.chance >= 0.001 else "below 0.001"
    small = [
        f"{gap.low:.{digits}f} to {gap.high:.{digits}f}, chance {chance}",
        f"{'highest' if _is_signed(metric) else 'worst'}: {gap.worst}",
    ]
    if gap.covered < 1:
        small.append(f"{100 * gap.covered:.0f} % matched")
    return Cell(f"{gap.gap:.{digits}f}", tuple(small), gap.low > 0 and gap.chance < LUCK)


def _slug(evaluation: Evaluation, text: str) -> str:
    """The name of a plot's file, without its end."""
    whole = f"{evaluation.bank}_{evaluation.split}_{text}"
    return re.sub(r"[^A-Za-z0-9.+-]+", "_", whole)
