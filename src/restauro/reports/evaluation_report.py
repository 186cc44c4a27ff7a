"""The report on evaluations: methods side by side, as Markdown, CSV and one HTML page."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path

from restauro.evaluation.records import Evaluation, read_evaluation
from restauro.files import whole_file
from restauro.metrics.statistics import MIN_PICTURES
from restauro.reports.example_sheets import REASONS, write_sheets
from restauro.reports.html_page import write_html_page
from restauro.reports.markdown_parts import escaped, folded, picture, table
from restauro.reports.plots import Series, plot_estimates, save
from restauro.reports.score_table import (
    BY_RATIO,
    FEATURES,
    NONE,
    PSNR,
    TaskScores,
    close_table,
    looks_table,
    overview,
    ratio_tables,
    records,
)
from restauro.reports.tone_report import probe_section, tone_section

TITLE = "Evaluation of inpainting methods"
HOW_TO_READ = """\
A number is the mean of a metric over the pictures, inside the hole unless it says *whole*, with \
its 95 % bootstrap interval beneath; arrows tell which way is better. **Methods are ranked only \
where their intervals do not overlap**: the rank #n is one more than the number of methods that \
are better by intervals apart, bold marks the methods that no other beats, and where all overlap \
there are no ranks. \
Perfect fills have no finite PSNR: they are counted beside the mean and not in it, and so are \
pictures on which a method gave up. Sharpness and seam are medians with quartiles, because their \
tails are long, and the Fréchet distance is one number of all pictures: these are not ranked. \
The features are EfficientNet-Lite0's: neither LPIPS nor FID. Numbers may be compared only where \
the hashes of their tasks are equal."""
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
        MissingExtraError: The package Markdown is not installed.
    """
    evaluations = [read_evaluation(folder) for folder in folders]
    (output / "tables").mkdir(parents=True, exist_ok=True)
    chapters = [f"# {TITLE}", HOW_TO_READ]
    for name, evaluation in _named(evaluations).items():
        folder = output / name
        folder.mkdir(exist_ok=True)
        for old in [*folder.glob("*.svg"), *folder.glob("*.webp")]:
            old.unlink()  # of an earlier report with other tasks or sheets
        tasks = [TaskScores(evaluation, task) for task in evaluation.tasks]
        text = "\n\n".join(part for part in _chapter(evaluation, tasks, folder, sheets) if part)
        chapters.append(re.sub(r"(!\[[^]]*\]\()", rf"\1{name}/", text))
        scores = [record for task in tasks for record in records(task)]
        _write_csv(output / "tables" / f"{name}_scores.csv", scores)
        _write_csv(output / "tables" / f"{name}_methods.csv", _costs(evaluation))
    text = "\n\n".join(chapters) + "\n"
    with whole_file(output / "README.md") as aside:
        aside.write_text(text, encoding="utf-8")
    page = output / "report.html"
    titles = ", ".join(evaluation.title for evaluation in evaluations)
    write_html_page(text, output, page, title=f"{TITLE}: {titles}")
    return page


def _named(evaluations: Iterable[Evaluation]) -> dict[str, Evaluation]:
    """Evaluations by the name of their folder in the report: `celeba-test`, `celeba-test-2`."""
    named: dict[str, Evaluation] = {}
    for evaluation in evaluations:
        stem = name = re.sub(r"\W+", "-", f"{evaluation.bank}-{evaluation.split}")
        number = 1
        while name in named:
            number += 1
            name = f"{stem}-{number}"
        named[name] = evaluation
    return named


def _chapter(
    evaluation: Evaluation, tasks: Sequence[TaskScores], folder: Path, sheets: Sequence[str]
) -> list[str]:
    methods = [method.name for method in evaluation.methods]
    plain = [scores for scores in tasks if not scores.task.exposure]
    parts = [f"## {escaped(evaluation.title)}", _what_was_asked(evaluation)]
    if len(plain) > 1:
        parts += ["### All protocols", *_overviews(plain)]
    for scores in plain:
        parts += _protocol(scores, folder, sheets)
    # Once, on the protocol that is darkened too: it is long, and tells of methods more than holes.
    parts.append(tone_section(evaluation, evaluation.tasks[0].name, methods, folder))
    for protocol in dict.fromkeys(task.protocol for task in evaluation.tasks):
        parts.append(probe_section(evaluation, protocol, folder))
    return [*parts, *_time_and_size(evaluation), *_failures(evaluation)]


def _what_was_asked(evaluation: Evaluation) -> str:
    height, width = evaluation.size
    known = {name: value for name, value in evaluation.environment.items() if value}
    ran_on = [escaped(f"{name} {value}") for name, value in known.items()]
    facts = [
        f"- Pictures: the bank {escaped(evaluation.bank)}, its split {escaped(evaluation.split)}, "
        f"{width} x {height} pixels",
        f"- Seed of the holes: {evaluation.seed}",
        f"- Made by: <code>{escaped(evaluation.command)}</code>",
        f"- With: {', '.join(ran_on)}",
    ]
    tasks = [
        [escaped(task.name), f"`{task.hash}`", f"{task.exposure:g}", f"{task.num_pictures:,}"]
        for task in evaluation.tasks
    ]
    header = ["task", "hash", "exposure (stops)", "pictures"]
    return "\n\n".join(
        [
            "\n".join(facts),
            "**Tasks**: pictures and holes, named by a hash",
            table(header, tasks, num_names=2),
        ]
    )


def _overviews(several: Sequence[TaskScores]) -> list[str]:
    parts = []
    for column in (PSNR, FEATURES):
        if any(scores.has(column) for scores in several):
            parts += [f"**{column.header}** of the hole, by protocol", overview(several, column)]
    return parts


def _protocol(scores: TaskScores, folder: Path, sheets: Sequence[str]) -> list[str]:
    """Tables, plots and sheets of one task."""
    task, name = scores.task, escaped(scores.task.name)
    asked = f"{name}, {task.num_pictures:,} pictures, task `{task.hash}`"
    parts = [
        f"### Protocol {name}",
        f"**How close to the truth**: {asked}",
        close_table(scores),
        f"**How it looks**: {asked}",
        looks_table(scores),
    ]
    if len(scores.bins) > 1:
        parts += ["#### By hole ratio", *_ratio_plots(scores, folder), ratio_tables(scores)]
    shown = write_sheets(scores.evaluation, task.name, folder, sheets)
    return [*parts, "#### Pictures", *shown] if shown else parts


def _ratio_plots(scores: TaskScores, folder: Path) -> list[str]:
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
        plots.append(picture(title, path.name))
    return plots


def _time_and_size(evaluation: Evaluation) -> list[str]:
    """A table of what methods cost; empty if nothing is known of it."""
    timing = evaluation.timing
    is_known = any(method.file_bytes is not None for method in evaluation.methods)
    if not timing and not is_known:
        return []
    rounds = {f"{one.num_rounds:,}" for one in timing.values()}
    timed = (
        "**Milliseconds** of one picture at a time: median and range of "
        f"{' or '.join(sorted(rounds))} rounds, each of which had every method once. Where ranges "
        "overlap, neither method is faster."
        if timing
        else "**Size** of the weights"
    )
    return ["### Time and size", timed, _cost_table(evaluation)]


def _cost_table(evaluation: Evaluation) -> str:
    rows = []
    for method in evaluation.methods:
        sizes = [
            NONE if method.parameters is None else f"{method.parameters:,}",
            NONE if method.file_bytes is None else f"{method.file_bytes / 1e6:.1f}",
            NONE if method.file_sha256 is None else method.file_sha256[:12],
        ]
        times = _times(evaluation, method.name) if evaluation.timing else []
        rows.append([escaped(method.name), *sizes, *times])
    timed = TIMED if evaluation.timing else ()
    return table(["method", "parameters", "MB", "SHA-256", *timed], rows)


def _times(evaluation: Evaluation, method: str) -> list[str]:
    one = evaluation.timing.get(method)
    if one is None:
        return [NONE] * len(TIMED)
    tied = [
        escaped(name)
        for name, other in evaluation.timing.items()
        if name != method and other.overlaps(one)
    ]
    return [f"{one.median:.1f}", f"{one.low:.1f} to {one.high:.1f}", ", ".join(tied) or NONE]


def _failures(evaluation: Evaluation) -> list[str]:
    if not evaluation.failures:
        return []
    listed = [
        [escaped(text) for text in (one.task, one.method, one.picture, one.message)]
        for one in evaluation.failures[:MAX_FAILURES]
    ]
    parts = [table(["task", "method", "picture", "why"], listed, num_names=4)]
    more = len(evaluation.failures) - len(listed)
    if more:
        parts.append(f"{more:,} more are in the evaluation's failures.csv.")
    count = f"{len(evaluation.failures):,} pictures on which a method gave up"
    return ["### Failures", folded(count, *parts)]


def _costs(evaluation: Evaluation) -> list[dict[str, object]]:
    """What is known of every method's size and time, for a CSV file."""
    times = {name: asdict(one) for name, one in evaluation.timing.items()}
    return [asdict(method) | times.get(method.name, {}) for method in evaluation.methods]


def _write_csv(path: Path, rows: Sequence[Mapping[str, object]]) -> None:
    columns = dict.fromkeys(name for row in rows for name in row)
    with whole_file(path) as aside, aside.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, list(columns), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
