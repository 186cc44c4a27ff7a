"""From the tables of a set to the sections of its page."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from restauro.evaluation.groups import UNKNOWN
from restauro.metrics import SET_METRICS
from restauro.metrics.statistics import MIN_PICTURES, Estimate
from restauro.report.page import NONE, Cell, Picture, Section, Table, cells
from restauro.report.plots import Series, plot_estimates, save
from restauro.report.scores import RATIOS
from restauro.report.tables import (
    ALL,
    BETTER,
    MATCHED,
    SKIN_METRIC,
    TIED,
    TITLES,
    WORSE,
    Line,
    SetTables,
    chosen,
    column_of,
    heading,
    num_pictures,
    number,
    pivot,
    shown,
)

FACTS = {
    "command": "Made by",
    "bank sha256": "SHA-256 of the bank's pictures",
    "seed": "Seed of the holes",
    "ranks": "Ranks by",
    "skin tone unknown": "Skin tone unknown",
}
"""Fact -> what the page calls it; the others are of the set's name, or of the machine."""
CLOSE = ("hole_psnr", "hole_ssim", "hole_ms_ssim", "hole_ciede2000", "hole_l1", "composite_psnr",
         "composite_ssim")  # fmt: skip
LOOKS = ("hole_feature_distance", "hole_st_lpips", "hole_st_lpips_vgg", *SET_METRICS, *RATIOS)
OVERVIEW = ("hole_psnr", "hole_feature_distance", "hole_st_lpips")
IN_WORDS = ("hole_psnr", "hole_ssim", "hole_feature_distance", "hole_st_lpips")
"""Metrics by which methods are compared in words."""
BY_RATIO = ("hole_psnr", "hole_ciede2000", "hole_feature_distance")
OPEN = {"ita": ("hole_psnr", SKIN_METRIC), "exposure": ("hole_snr", "hole_psnr")}
"""Grouping -> metrics whose tables are not folded away."""
OPEN_ELSEWHERE = ("hole_psnr", "lightness_error")
PLOTTED = ("hole_psnr", "hole_snr", "hole_feature_distance", "relative_error", "lightness_error")
PLOTTED_GROUPINGS = ("hole_lightness", "ita", "exposure")
LUCK = 0.05
"""Chance below which a gap is printed bold."""
MAX_FAILURES = 100
"""That the page lists; the table has all."""


def set_section(
    tables: SetTables, folder: Path, sheets: Mapping[str, Sequence[Picture]]
) -> Section:
    """The chapter of a set, whose plots are written into `folder`; sheets are by task."""
    facts, found = tables.facts, Section(tables.title)
    found.facts = [
        f"Pictures: the bank {facts['bank']}, its split {facts['split']}, {facts['size']} pixels",
        *(f"{words}: {facts[name]}" for name, words in FACTS.items() if name in facts),
    ]
    rows = [
        cells(name, line["hash"], line["exposure"], f"{num_pictures(line):,}")
        for name, line in tables.tasks.items()
    ]
    header = cells("task", "hash", "exposure (stops)", "pictures")
    found.tables = [Table("Tasks", header, rows, ": pictures and holes, named by a hash")]
    plain = tables.plain_tasks
    if len(plain) > 1:
        overviews = []
        for metric in OVERVIEW:
            lines = tables.scores(metric=metric, hole_ratio=ALL)
            some = [line for line in lines if line["task"] in plain]
            note = " of the hole, by protocol"
            overviews += [pivot(heading(metric), some, "task", shown, note)] if some else []
        found.sections += [Section("All protocols", tables=overviews)] if overviews else []
    found.sections += [_protocol(tables, task, folder, sheets.get(task, [])) for task in plain]
    found.sections += _tones(tables, folder)
    found.sections.append(Section("What to state beside these numbers", block=tables.stated))
    return found


def time_and_size(methods: Sequence[Line]) -> Iterator[Section]:
    """What methods cost; nothing if nothing is known of it."""
    timed = [line for line in methods if line.get("median")]
    if not timed and not any(line["file_bytes"] for line in methods):
        return
    header = cells(
        "method", "parameters", "MB", "SHA-256", "median (ms)", "range (ms)", "not apart from"
    )
    rows = []
    for line in methods:
        size = f"{int(line['file_bytes']) / 1e6:.1f}" if line["file_bytes"] else NONE
        parameters = f"{int(line['parameters']):,}" if line["parameters"] else NONE
        weights = [parameters, size, line["file_sha256"][:12] or NONE]
        rows.append(cells(line["name"], *weights, *_times(line, timed)))
    rounds = " or ".join(sorted({line["num_rounds"] for line in timed})) or "no"
    note = (
        f" of the weights, and milliseconds of one picture at a time: median and range of {rounds} "
        "rounds, each of which had every method once. Where ranges overlap, neither is faster."
    )
    yield Section("Time and size", tables=[Table("Size and time", header, rows, note)])


def _times(line: Line, timed: Sequence[Line]) -> list[str]:
    if not line.get("median"):
        return [NONE] * 3
    median, low, high = (float(line[name]) for name in ("median", "low", "high"))
    tied = [
        other["name"]
        for other in timed
        if other is not line and low <= float(other["high"]) and float(other["low"]) <= high
    ]
    return [f"{median:.1f}", f"{low:.1f} to {high:.1f}", ", ".join(tied) or NONE]


def failures(lines: Sequence[Line]) -> Iterator[Section]:
    """The pictures that a method gave up on, folded away; nothing if there are none."""
    if not lines:
        return
    names = ("task", "method", "picture", "message")
    rows = [cells(*(line[name] for name in names)) for line in lines[:MAX_FAILURES]]
    more = len(lines) - len(rows)
    note = f"; {more:,} more are in the table of failures" if more else ""
    table = Table("Given up", cells("task", "method", "picture", "why"), rows, note)
    count = f"{len(lines):,} pictures on which a method gave up"
    yield Section("Failures", folded=[table], fold_title=count)


def _protocol(tables: SetTables, task: str, folder: Path, sheets: Sequence[Picture]) -> Section:
    """Tables, plots and sheets of one task."""
    of_all = tables.scores(task=task, hole_ratio=ALL)
    asked = f": {task}, {num_pictures(of_all[0]):,} pictures, task {of_all[0]['hash']}"
    found = Section(f"Protocol {task}")
    others = dict.fromkeys(line["metric"] for line in of_all if line["metric"] not in CLOSE + LOOKS)
    for title, metrics in (
        ("How close to the truth", CLOSE),
        ("How it looks", LOOKS),
        ("Other metrics", others),
    ):
        some = [line for metric in metrics for line in chosen(of_all, metric=metric)]
        found.tables += [pivot(title, some, "metric", shown, asked)] if some else []
    found.sections += _pairs(chosen(tables.lines["pairs"], task=task, hole_ratio=ALL))
    binned = [line for line in tables.scores(task=task) if line["hole_ratio"] != ALL]
    if len({line["hole_ratio"] for line in binned}) > 1:
        below = Section("By hole ratio", fold_title="Numbers by hole ratio")
        for metric in BY_RATIO:
            some, note = chosen(binned, metric=metric), " by hole ratio"
            if some:
                below.folded.append(
                    pivot(heading(metric), some, "hole_ratio", shown, note, is_counted=True)
                )
                enough = [one for one in some if (num_pictures(one) or 0) >= MIN_PICTURES]
                title = f"{column_of(metric).title} of the hole against hole ratio, {task}"
                path = folder / f"{tables.name}_{task}_{metric}_by_ratio.svg"
                below.plots += _plot(enough, "hole_ratio", title, "hole ratio", path)
        found.sections.append(below)
    if sheets:
        found.sections.append(Section("Pictures", sheets=list(sheets)))
    return found


def _pairs(pairs: Sequence[Line]) -> Iterator[Section]:
    """Every method against every other: in words by the main metrics, in numbers by all."""
    turned = {BETTER: WORSE, WORSE: BETTER, TIED: TIED}
    both = [line for pair in pairs for line in (pair, _turned(pair, turned[pair["verdict"]]))]
    if not both:
        return
    found = Section("Pairs", note="pairs", fold_title="Differences in numbers")
    names = list(dict.fromkeys(line["method"] for line in pairs)) + [pairs[-1]["other"]]
    for metric in dict.fromkeys(line["metric"] for line in pairs):
        some = chosen(both, metric=metric)
        if metric in IN_WORDS:
            rows = []
            for name in names:
                others: dict[str, list[str]] = {verdict: [] for verdict in turned}
                for line in chosen(some, method=name):
                    others[line["verdict"]].append(line["other"])
                rows.append(cells(name, *(", ".join(some) or NONE for some in others.values())))
            found.tables.append(Table(heading(metric), cells("method", *turned), rows, " in words"))
        some += [{"metric": metric, "method": name, "other": name} for name in names]
        some.sort(key=lambda line: (names.index(line["method"]), names.index(line["other"])))
        note = ": the row's method minus the column's"
        found.folded.append(pivot(heading(metric), some, "other", _difference, note))
    yield found


def _turned(pair: Line, verdict: str) -> Line:
    """The same pair from the other method's side."""
    minus = {"mean": "mean", "low": "high", "high": "low"}
    numbers = {name: f"{-number(pair, of):g}" for name, of in minus.items()}
    return pair | numbers | {"method": pair["other"], "other": pair["method"], "verdict": verdict}


def _difference(line: Line) -> Cell:
    """The difference, bold if the row's method is better, above its interval, if there is one."""
    digits = column_of(line["metric"]).digits
    mean, low, high = (number(line, name) for name in ("mean", "low", "high"))
    if math.isnan(low):
        return Cell(NONE)
    small = (f"{low:+z.{digits}f} to {high:+z.{digits}f}",)
    return Cell(f"{mean:+z.{digits}f}", small, line["verdict"] == BETTER)


def _tones(tables: SetTables, folder: Path) -> Iterator[Section]:
    """Scores by groups of pictures, and of darkened pictures."""
    groups, gaps = tables.lines["groups"], tables.lines["gaps"]
    toned = [line for line in groups if line["grouping"] != "exposure"]
    if toned:
        task = toned[0]["task"]
        section = Section(f"Dark tones: {task}", note="gaps", texts=[_luck(gaps)])
        glance = chosen(gaps, kind=MATCHED, metric="hole_psnr")
        if glance:
            note = f", {heading('hole_psnr')}, between groups by"
            section.tables = [pivot("Gaps after matching", glance, "grouping", _gap, note)]
        for grouping in dict.fromkeys(line["grouping"] for line in toned):
            title = f"By {TITLES.get(grouping, grouping)}"
            note = grouping if grouping in TITLES else "label"
            section.sections.append(_grouped(tables, title, task, grouping, note, folder))
        yield section
    for task in dict.fromkeys(line["task"] for line in chosen(groups, grouping="exposure")):
        title = f"Darkened pictures: {task}"
        yield _grouped(tables, title, task, "exposure", "exposure", folder)


def _grouped(
    tables: SetTables, title: str, task: str, grouping: str, note: str, folder: Path
) -> Section:
    """One table a metric, the less important ones folded, and plots."""
    found, is_open = Section(title, note=note), OPEN.get(grouping, OPEN_ELSEWHERE)
    lines = chosen(tables.lines["groups"], task=task, grouping=grouping)
    stem = re.sub(r"[^A-Za-z0-9.+-]+", "_", f"{tables.title}_{task}_by_{grouping}")
    metrics = dict.fromkeys(line["metric"] for line in lines)
    for metric in metrics:
        some = chosen(lines, metric=metric)
        above = ", above 0 is lighter than the truth" if column_of(metric).is_signed else ""
        table = pivot(heading(metric), some, "group", shown, above, is_counted=True)
        gaps = chosen(tables.lines["gaps"], task=task, grouping=grouping, metric=metric)
        table = table.beside(pivot("", gaps, "kind", _gap))
        (found.tables if metric in is_open else found.folded).append(table)
        if metric in PLOTTED and grouping in PLOTTED_GROUPINGS:
            # unknown and a change have no place in the order of a line
            known = [
                one for one in some if one["group"] != UNKNOWN and " minus " not in one["group"]
            ]
            words = TITLES[grouping]
            name = f"{column_of(metric).title} against {words}"
            found.plots += _plot(known, "group", name, words, folder / f"{stem}_{metric}.svg")
    found.tables.sort(key=lambda table: [heading(metric) for metric in is_open].index(table.title))
    found.fold_title = ", ".join(column_of(one).title for one in metrics if one not in is_open)
    return found


def _luck(gaps: Sequence[Line]) -> str:
    """How many gaps luck alone would print bold."""
    return (
        f"Groups of fewer than {MIN_PICTURES} pictures have no part in a gap. Bold: interval above "
        f"0 and chance below {LUCK:g}, which luck alone would give to about "
        f"{round(LUCK * len(gaps)):,} of the {len(gaps):,} gaps here."
    )


def _gap(line: Line) -> Cell:
    """The gap, bold if it is hardly luck, above its interval, its chance and the worst group."""
    column = column_of(line["metric"])
    gap, low, high = (f"{number(line, name):.{column.digits}f}" for name in ("gap", "low", "high"))
    chance = float(line["chance"].removeprefix("<"))
    is_tiny = chance < 0.001 or line["chance"].startswith("<")
    small = [
        f"{low} to {high}, chance {'below 0.001' if is_tiny else f'{chance:.3f}'}",
        f"{'highest' if column.is_signed else 'worst'}: {line['worst']}",
    ]
    covered = float(line["covered"])
    small += [f"{100 * covered:.0f} % matched"] * (covered < 1)
    return Cell(gap, tuple(small), number(line, "low") > 0 and chance < LUCK)


def _plot(lines: Sequence[Line], x: str, title: str, x_label: str, path: Path) -> Iterator[Picture]:
    """Writes the plot of a metric against a column of more than one value."""
    places = list(dict.fromkeys(line[x] for line in lines))
    if len(places) < 2:
        return
    series: dict[str, Series] = {}
    for method in dict.fromkeys(line["method"] for line in lines):
        some = chosen(lines, method=method)
        estimates = [
            Estimate(number(one, "mean"), number(one, "low"), number(one, "high"), 0, 0, 0)
            for one in some
        ]
        series[method] = [line[x] for line in some], estimates
    metric = lines[0]["metric"]
    best = 0.0 if column_of(metric).is_signed else None
    figure = plot_estimates(
        series, x_label=x_label, y_label=heading(metric), title=title, best=best
    )
    save(figure, path)
    yield Picture(path, title, figure=figure)
