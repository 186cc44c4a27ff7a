"""Dark tones in the report: scores by light, contrast, apparent tone and label, and the probe.

Markdown and plots alone; the numbers come from `groups` and `restauro.metrics.statistics`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import reduce
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
from restauro.evaluation.records import Evaluation, Rows
from restauro.metrics.statistics import MIN_PICTURES, Estimate, Gap, estimate
from restauro.reports.markdown_parts import escaped, folded, picture, table
from restauro.reports.plots import Series, plot_estimates, save
from restauro.reports.score_table import NONE, Column, cell

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

NOTES = {
    "hole_lightness": (
        "Fifths of the pictures by the mean L* that the hole hides, darkest first. Where dark "
        "content is flatter, plain PSNR flatters it and SNR is hard on it; the gap after matching "
        "compares equal content. A fill that knows little answers something average, too light "
        "for dark content and too dark for light content: some such lean is no bias of training, "
        "so compare how far the methods lean."
    ),
    "hole_contrast": (
        "Fifths by the standard deviation of the L* that the hole hides, flattest first. The other "
        "groups are matched by nearly the same thing, so that nothing is left to match here."
    ),
    "backlight": (
        "Fifths by how much lighter the surroundings are than the central ellipse; the last is the "
        "most backlit. It sees no faces: a dark subject before a light wall counts as well."
    ),
    "ita": (
        "Groups by the typology angle of the undamaged picture's skin. This apparent tone "
        "describes a photograph, which light and camera change, and no person; the hole hides skin "
        "only in part. A skin tone error above 0 says that skin was made lighter; average answers "
        "lean here as they do for L*."
    ),
}
LABEL_NOTE = (
    "Groups by the labels that came with the pictures: other people's judgement. A gap can stem "
    "from how a group was photographed as well as from the method."
)
PROBE_NOTE = (
    "The same pictures and holes with less light, so that content explains no difference. Errors "
    "shrink with the light, so that every metric here but SNR improves by that alone, relative "
    "error too, near its floor of 0.01. SNR stays for a method that treats dark as light; what it "
    "loses is the method's own. Dark steps leave fewer of the 256 levels, light steps clip, and a "
    "darkened picture is neither a dark scene, which has noise, nor dark skin. The last column but "
    "one compares every picture with itself."
)


def tone_section(evaluation: Evaluation, task: str, methods: Sequence[str], folder: Path) -> str:
    """The section "Dark tones" of a task in Markdown, whose plots are written into `folder`.

    Raises:
        BadDataError: The rows of a method are missing, damaged or of other pictures.
    """
    tables = {name: evaluation.rows(task, name) for name in methods}
    truth = undamaged(list(tables.values()))
    found = groupings(truth)
    is_of_people = any(grouping.name == "ita" for grouping in found)
    scores: dict[str, Scores] = {
        grouping.name: {
            metric: {name: group_scores(rows, grouping, metric) for name, rows in tables.items()}
            for metric in _measured(tables)
            if metric != SKIN_METRIC or (is_of_people and grouping.name not in FIFTHS)
        }
        for grouping in found
    }
    parts = [
        f"### Dark tones: {escaped(task)}",
        _reading(scores),
        _unknown_tones(truth, is_of_people),
        *_glance(found, scores, methods),
    ]
    for grouping in found:
        name, title = grouping.name, escaped(grouping.title)
        of_metric = {
            metric: _group_table(grouping, metric, one) for metric, one in scores[name].items()
        }
        parts += [f"#### By {title}", NOTES.get(name, LABEL_NOTE), *_tables(name, of_metric)]
        if name in PLOTTED_GROUPINGS:
            stem = _slug(f"{evaluation.bank}_{evaluation.split}_{task}_by_{name}")
            parts += _group_plots(grouping, scores[name], folder, stem)
    return "\n\n".join(parts) + "\n"


def probe_section(evaluation: Evaluation, protocol: str, folder: Path) -> str:
    """The section on error against exposure in Markdown; empty if there is one exposure alone.

    Its plots are written into `folder`. All numbers are of the pictures that the tasks share.

    Raises:
        BadDataError: The rows of a method are missing or damaged.
    """
    tasks = [task for task in evaluation.tasks if task.protocol == protocol]
    tasks.sort(key=lambda task: -task.exposure)
    if len(tasks) < 2:
        return ""
    tables = {
        method.name: [evaluation.rows(task.name, method.name) for task in tasks]
        for method in evaluation.methods
    }
    first = next(iter(tables.values()))
    common: NDArray[np.int64] = reduce(np.intersect1d, [rows.index for rows in first])
    exposures = [task.exposure for task in tasks]
    stem = _slug(f"{evaluation.bank}_{evaluation.split}_{protocol}_by_exposure")
    of_metric, plots = {}, []
    for metric in _measured({name: rows[0] for name, rows in tables.items()}):
        if metric != SKIN_METRIC:
            values = {name: _paired(metric, rows, common) for name, rows in tables.items()}
            found = {name: [estimate(row) for row in one] for name, one in values.items()}
            of_metric[metric] = _probe_table(metric, exposures, values, found)
            if metric in PLOTTED:
                series = {name: Series(exposures, one) for name, one in found.items()}
                path = folder / f"{stem}_{metric}.svg"
                plots.append(_plot(metric, series, "exposure (stops)", path))
    parts = [
        f"### Darkened pictures: {escaped(protocol)}",
        f"{PROBE_NOTE} {len(common):,} pictures are in all of these tasks.",
        *_tables("exposure", of_metric),
        *plots,
    ]
    return "\n\n".join(parts) + "\n"


def _measured(tables: Mapping[str, Rows]) -> list[str]:
    """Metrics of this section that have a number for some picture."""
    return [
        name
        for name in COLUMNS
        if any(np.isfinite(rows.values.get(name, [])).any() for rows in tables.values())
    ]


def _reading(scores: Mapping[str, Scores]) -> str:
    """How the tables are to be read, and how many gaps luck alone would print bold."""
    num_gaps = sum(
        gap is not None
        for of_metric in scores.values()
        for of_method in of_metric.values()
        for one in of_method.values()
        for gap in (one.gap, one.matched)
    )
    return (
        "A gap is the distance of the best group's mean from the worst's, of groups of "
        f"{MIN_PICTURES} pictures or more, with its 95 % interval; of a signed error, whose groups "
        "are neither, it is the distance of the highest mean from the lowest. Chance is the share "
        "of shuffled groupings with a gap as large. After matching, all groups are weighed to the "
        "same variance of what the hole hides; the percentage is the share of the pictures that "
        "can be matched, and a dash says that too few can. Bold: interval above 0 and chance below "
        f"{LUCK:g}, which luck alone would give to about {round(LUCK * num_gaps):,} of the "
        f"{num_gaps:,} gaps here."
    )


def _unknown_tones(truth: Rows, is_of_people: bool) -> str:
    if "ita" not in truth.values:
        return "Apparent skin tone was not measured."
    unknown = int(np.isnan(truth.values["ita"]).sum())
    end = "." if is_of_people else ", so that pictures are not grouped by it."
    return f"Apparent skin tone is unknown in {unknown:,} of {len(truth):,} pictures{end}"


def _glance(
    found: Sequence[Grouping], scores: Mapping[str, Scores], methods: Sequence[str]
) -> list[str]:
    """Every method's matched gaps of one metric, together; empty if there are none."""
    columns = {}
    for grouping in found:
        of_method = scores[grouping.name].get(GLANCE, {})
        if any(one.matched for one in of_method.values()):
            columns[escaped(grouping.title)] = [
                _gap(one.matched, GLANCE) for one in of_method.values()
            ]
    if not columns:
        return []
    rows = [list(cells) for cells in zip(map(escaped, methods), *columns.values(), strict=True)]
    caption = f"**Gaps after matching**, {escaped(COLUMNS[GLANCE].header)}, between groups by"
    return [caption, table(["method", *columns], rows)]


def _tables(name: str, of_metric: Mapping[str, str]) -> list[str]:
    """Captioned tables by metric, the less important ones folded."""
    is_open = OPEN.get(name, OPEN_ELSEWHERE)
    captioned = {metric: f"{_caption(metric)}\n\n{text}" for metric, text in of_metric.items()}
    rest = [text for metric, text in captioned.items() if metric not in is_open]
    titles = [COLUMNS[metric].title for metric in of_metric if metric not in is_open]
    shown = [captioned[metric] for metric in is_open if metric in captioned]
    return [*shown, *([folded(escaped(", ".join(titles)), *rest)] if rest else [])]


def _group_table(grouping: Grouping, metric: str, scores: Mapping[str, GroupScores]) -> str:
    """One row a method, one column a group, then the gaps, and what they lack."""
    is_matched = any(one.matched for one in scores.values())
    groups = [f"{escaped(name)}<br />n = {count:,}" for name, count in grouping.counts().items()]
    header = ["method", *groups, "gap", *["gap after matching"] * is_matched]
    rows = []
    for name, one in scores.items():
        means = [cell(mean, COLUMNS[metric].digits, None) for mean in one.estimates.values()]
        gaps = [one.gap, one.matched] if is_matched else [one.gap]
        rows.append([escaped(name), *means, *(_gap(gap, metric) for gap in gaps)])
    return "\n\n".join([table(header, rows), *_left_out(scores)])


def _probe_table(
    metric: str,
    exposures: Sequence[float],
    values: Mapping[str, NDArray[np.float64]],
    found: Mapping[str, Sequence[Estimate]],
) -> str:
    """One row a method, one column an exposure, then the change from 0 EV to the darkest.

    Values are (exposures, pictures) by method, brightest first; `found` are their estimates.
    """
    names = [f"{stops:+g} EV" if stops else "0 EV" for stops in exposures]
    start = int(np.argmin(np.abs(exposures)))
    header = ["method", *names, f"{names[-1]} minus {names[start]}", "pictures"]
    rows = []
    for name, one in values.items():
        changes = [*found[name], estimate(one[-1] - one[start])]
        means = [cell(mean, COLUMNS[metric].digits, None) for mean in changes]
        rows.append([escaped(name), *means, f"{one.shape[1]:,}"])
    return table(header, rows)


def _paired(metric: str, tables: Sequence[Rows], common: NDArray[np.int64]) -> NDArray[np.float64]:
    """Values of the common pictures that are finite at every exposure: (exposures, pictures)."""
    places = [np.intersect1d(rows.index, common, return_indices=True)[1] for rows in tables]
    values = np.stack(
        [rows.values[metric][place] for rows, place in zip(tables, places, strict=True)]
    )
    return values[:, np.isfinite(values).all(axis=0)]


def _group_plots(grouping: Grouping, scores: Scores, folder: Path, stem: str) -> list[str]:
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


def _plot(metric: str, series: Mapping[str, Series], x_label: str, path: Path) -> str:
    """Writes the plot of a metric; the Markdown that shows it."""
    column = COLUMNS[metric]
    title = f"{column.title} against {x_label}"
    best = column.reading.best if _is_signed(metric) else None
    save(
        plot_estimates(series, x_label=x_label, y_label=column.header, title=title, best=best), path
    )
    return picture(title, path.name)


def _caption(metric: str) -> str:
    above = ", above 0 is lighter than the truth" if _is_signed(metric) else ""
    return f"**{escaped(COLUMNS[metric].header)}**{above}"


def _is_signed(metric: str) -> bool:
    return COLUMNS[metric].reading.better == "near"


def _gap(gap: Gap | None, metric: str) -> str:
    """The gap, bold if it is hardly luck, above its interval, its chance and the worst group."""
    if gap is None:
        return NONE
    digits = COLUMNS[metric].digits
    size = f"{gap.gap:.{digits}f}"
    chance = f"{gap.chance:.3f}" if gap.chance >= 0.001 else "below 0.001"
    beneath = [
        f"{gap.low:.{digits}f} to {gap.high:.{digits}f}, chance {chance}",
        f"{'highest' if _is_signed(metric) else 'worst'}: {escaped(gap.worst)}",
    ]
    if gap.covered < 1:
        beneath.append(f"{100 * gap.covered:.0f} % matched")
    is_clear = gap.low > 0 and gap.chance < LUCK
    return f"{f'**{size}**' if is_clear else size}<br /><small>{'<br />'.join(beneath)}</small>"


def _left_out(scores: Mapping[str, GroupScores]) -> list[str]:
    """What the means and gaps of a table lack, if anything."""
    estimates = {name: list(one.estimates.values()) for name, one in scores.items()}
    missing = {name: sum(one.num_missing for one in found) for name, found in estimates.items()}
    perfect = {name: sum(one.num_infinite for one in found) for name, found in estimates.items()}
    notes = [
        f"{what}: {_counts(counts)}."
        for what, counts in (("Without a value", missing), ("Perfect fills", perfect))
        if any(counts.values())
    ]
    small = {name for one in scores.values() if one.gap for name in one.gap.left_out}
    if small:
        notes.append(f"Too few pictures for a gap: {escaped(', '.join(sorted(small)))}.")
    return [" ".join(notes)] if notes else []


def _counts(counts: Mapping[str, int]) -> str:
    """Such as `telea 3, faces 1`, or `3 of every method`."""
    if len(set(counts.values())) == 1:
        return f"{next(iter(counts.values())):,} of every method"
    return ", ".join(f"{escaped(name)} {count:,}" for name, count in counts.items() if count)


def _slug(text: str) -> str:
    return re.sub(r"[^A-Za-z0-9.+-]+", "_", text)
