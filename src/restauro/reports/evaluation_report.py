"""What evaluations say: CSV tables, one page in HTML, and a short one in Markdown."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict
from pathlib import Path

from restauro.evaluation.records import Evaluation, read_evaluation
from restauro.files import whole_file
from restauro.metrics.statistics import MIN_PICTURES
from restauro.reports.example_sheets import REASONS, write_sheets
from restauro.reports.page import NONE, Picture, Section, Table, cells, write_page
from restauro.reports.plots import Series, plot_estimates, save
from restauro.reports.readme import table_path, write_readme
from restauro.reports.score_table import (
    BY_RATIO,
    FEATURES,
    PSNR,
    Record,
    TaskScores,
    close_table,
    looks_table,
    overview,
    ratio_tables,
    records,
)
from restauro.reports.tone_report import Probe, Tones

TITLE = "Evaluation of inpainting methods"
TIMED = ("median (ms)", "range (ms)", "not apart from")
MAX_FAILURES = 100
"""That the page lists; the evaluation's own file has all."""


def write_report(
    folders: Sequence[Path], output: Path, sheets: Sequence[str] = tuple(REASONS)
) -> Path:
    """Writes README.md, tables, plots, sheets and report.html to `output`; returns the last.

    `sheets` are the reasons for which pictures are shown, of `REASONS`.

    Raises:
        BadDataError: A folder is no finished evaluation, or is damaged.
    """
    evaluations = [read_evaluation(folder) for folder in folders]
    table_path(output, "", "").parent.mkdir(parents=True, exist_ok=True)
    sets = []
    named = _named(evaluations)
    for name, evaluation in named.items():
        folder = output / name
        folder.mkdir(exist_ok=True)
        for old in [*folder.glob("*.svg"), *folder.glob("*.webp")]:
            old.unlink()  # of an earlier call with other tasks or sheets
        tasks = [TaskScores(evaluation, task) for task in evaluation.tasks]
        # once, on the protocol that is darkened too: it is long, and tells of methods, not holes
        tones = Tones(evaluation, evaluation.tasks[0].name)
        protocols = dict.fromkeys(task.protocol for task in evaluation.tasks)
        probes = [probe for protocol in protocols if (probe := Probe(evaluation, protocol)).is_one]
        toned: list[Tones | Probe] = [tones, *probes]
        tables = {
            "facts": _facts(evaluation),
            "scores": [record for task in tasks for record in records(task)],
            "groups": [record for part in toned for record in part.records()],
            "gaps": list(tones.gap_records()),
            "methods": _costs(evaluation),
        }
        for what, lines in tables.items():
            _write_csv(table_path(output, name, what), lines)
        section = _set_section(evaluation, tasks, folder, sheets)
        section.sections += [part.section(folder) for part in toned]
        section.sections += [*_time_and_size(evaluation), *_failures(evaluation)]
        sets.append(section)
    write_readme(output, list(named))
    page = output / "report.html"
    titles = ", ".join(evaluation.title for evaluation in evaluations)
    write_page(sets, page, title=TITLE, subtitle=titles)
    return page


def _named(evaluations: Iterable[Evaluation]) -> dict[str, Evaluation]:
    """Evaluations by the name of their files: `celeba-test`, `celeba-test-2`."""
    named: dict[str, Evaluation] = {}
    for evaluation in evaluations:
        stem = name = re.sub(r"\W+", "-", f"{evaluation.bank}-{evaluation.split}")
        number = 1
        while name in named:
            number += 1
            name = f"{stem}-{number}"
        named[name] = evaluation
    return named


def _facts(evaluation: Evaluation) -> list[Record]:
    """What was asked, and of which machine, a line a fact."""
    height, width = evaluation.size
    known = {
        "bank": evaluation.bank,
        "split": evaluation.split,
        "size": f"{width} x {height}",
        "seed": str(evaluation.seed),
        "command": evaluation.command,
        **evaluation.environment,
    }
    return [{"fact": name, "value": value} for name, value in known.items() if value]


def _set_section(
    evaluation: Evaluation, tasks: Sequence[TaskScores], folder: Path, sheets: Sequence[str]
) -> Section:
    """The chapter of an evaluation, without what is not of a single protocol."""
    height, width = evaluation.size
    ran_on = [f"{name} {value}" for name, value in evaluation.environment.items() if value]
    facts = [
        f"Pictures: the bank {evaluation.bank}, its split {evaluation.split}, "
        f"{width} x {height} pixels",
        f"Seed of the holes: {evaluation.seed}",
        f"Made by: {evaluation.command}",
        f"With: {', '.join(ran_on)}",
    ]
    asked = [
        cells(task.name, task.hash, f"{task.exposure:g}", f"{task.num_pictures:,}")
        for task in evaluation.tasks
    ]
    header = cells("task", "hash", "exposure (stops)", "pictures")
    found = Section(evaluation.title, facts)
    found.tables.append(Table("Tasks", header, asked, ": pictures and holes, named by a hash"))
    plain = [scores for scores in tasks if not scores.task.exposure]
    if len(plain) > 1:
        known = [one for one in (PSNR, FEATURES) if any(scores.has(one) for scores in plain)]
        overviews = [overview(plain, column) for column in known]
        found.sections.append(Section("All protocols", tables=overviews))
    found.sections += [_protocol(scores, folder, sheets) for scores in plain]
    return found


def _protocol(scores: TaskScores, folder: Path, sheets: Sequence[str]) -> Section:
    """Tables, plots and sheets of one task."""
    task = scores.task
    asked = f": {task.name}, {task.num_pictures:,} pictures, task {task.hash}"
    tables = [close_table(scores, asked), looks_table(scores, asked)]
    found = Section(f"Protocol {task.name}", tables=tables)
    if len(scores.bins) > 1:
        plots, numbers = _ratio_plots(scores, folder), ratio_tables(scores)
        found.sections.append(
            Section(
                "By hole ratio", plots=plots, folded=numbers, fold_title="Numbers by hole ratio"
            )
        )
    shown = write_sheets(scores.evaluation, task.name, folder, sheets)
    if shown:
        found.sections.append(Section("Pictures", sheets=shown))
    return found


def _ratio_plots(scores: TaskScores, folder: Path) -> list[Picture]:
    """Error against hole ratio, where a bin has enough pictures to say something."""
    plots = []
    bins = [ratios for ratios, inside in scores.bins.items() if inside.sum() >= MIN_PICTURES]
    for column in BY_RATIO:
        if len(bins) < 2 or not scores.has(column):
            continue
        by_bin = {ratios: scores.estimates(column.metric, ratios) for ratios in bins}
        series = {
            name: Series(list(by_bin), [found[name] for found in by_bin.values()])
            for name in scores.rows
        }
        title = f"{column.title} of the hole against hole ratio, {scores.task.name}"
        figure = plot_estimates(series, x_label="hole ratio", y_label=column.header, title=title)
        path = folder / f"{scores.task.name}_{column.metric}_by_ratio.svg"
        save(figure, path)
        plots.append(Picture(path, title))
    return plots


def _time_and_size(evaluation: Evaluation) -> Iterator[Section]:
    """What methods cost; nothing if nothing is known of it."""
    timing = evaluation.timing
    if not timing and all(method.file_bytes is None for method in evaluation.methods):
        return
    rows = []
    for method in evaluation.methods:
        sizes = [
            NONE if method.parameters is None else f"{method.parameters:,}",
            NONE if method.file_bytes is None else f"{method.file_bytes / 1e6:.1f}",
            NONE if method.file_sha256 is None else method.file_sha256[:12],
        ]
        times = _times(evaluation, method.name) if timing else []
        rows.append(cells(method.name, *sizes, *times))
    header = cells("method", "parameters", "MB", "SHA-256", *(TIMED if timing else ()))
    title, note = "Size", " of the weights"
    if timing:
        rounds = " or ".join(sorted({f"{one.num_rounds:,}" for one in timing.values()}))
        title, note = (
            "Milliseconds",
            (
                f" of one picture at a time: median and range of {rounds} rounds, each of which "
                "had every method once. Where ranges overlap, neither method is faster."
            ),
        )
    yield Section("Time and size", tables=[Table(title, header, rows, note)])


def _times(evaluation: Evaluation, method: str) -> list[str]:
    one = evaluation.timing.get(method)
    if one is None:
        return [NONE] * len(TIMED)
    tied = [
        name for name, other in evaluation.timing.items() if name != method and other.overlaps(one)
    ]
    return [f"{one.median:.1f}", f"{one.low:.1f} to {one.high:.1f}", ", ".join(tied) or NONE]


def _failures(evaluation: Evaluation) -> Iterator[Section]:
    """The pictures that a method gave up on, folded away; nothing if there are none."""
    if not evaluation.failures:
        return
    listed = [
        cells(one.task, one.method, one.picture, one.message)
        for one in evaluation.failures[:MAX_FAILURES]
    ]
    more = len(evaluation.failures) - len(listed)
    note = f"; {more:,} more are in the evaluation's failures.csv" if more else ""
    table = Table("Given up", cells("task", "method", "picture", "why"), listed, note)
    count = f"{len(evaluation.failures):,} pictures on which a method gave up"
    yield Section("Failures", folded=[table], fold_title=count)


def _costs(evaluation: Evaluation) -> list[Record]:
    """What is known of every method's size and time."""
    times = {name: asdict(one) for name, one in evaluation.timing.items()}
    return [asdict(method) | times.get(method.name, {}) for method in evaluation.methods]


def _write_csv(path: Path, lines: Sequence[Record]) -> None:
    path.unlink(missing_ok=True)  # of an earlier call that had lines
    columns = dict.fromkeys(name for line in lines for name in line)
    if not columns:
        return
    with whole_file(path) as aside, aside.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, list(columns), lineterminator="\n")
        writer.writeheader()
        writer.writerows(lines)
