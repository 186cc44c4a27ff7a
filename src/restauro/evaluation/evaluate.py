"""Evaluates methods on a bank: each restores a picture once, and all metrics see the result."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import PIL.Image
import torch
from numpy.typing import NDArray

from restauro.cores import num_cores
from restauro.data.bank import Bank
from restauro.errors import ConfigError, MissingExtraError
from restauro.evaluation.environment import environment
from restauro.evaluation.examples import choose_examples
from restauro.evaluation.parts import PART_SIZE, Part, Setting, Source, run_parts
from restauro.evaluation.program import program_sha256
from restauro.evaluation.scoring import PartScores
from restauro.evaluation.store import (
    Evaluation,
    Example,
    Failure,
    MethodRecord,
    Rows,
    SetScore,
    TaskRecord,
    Timing,
    example_path,
    rows_path,
    write_evaluation,
    write_rows,
)
from restauro.evaluation.tasks import Task
from restauro.evaluation.timing import time_methods
from restauro.fill.catalogue import load
from restauro.fill.filler import Filler
from restauro.fill.sessions import CPU, Device
from restauro.interrupt import StopRequest
from restauro.metrics import (
    METRICS,
    FeatureStatistics,
    all_metrics,
    feature_network,
    frechet_feature_distance,
    pixel_metrics,
)
from restauro.sheets import show_hole

FEW = 64
"""Fewer pictures than this are restored without starting further processes."""
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")


@dataclass(frozen=True)
class Plan:
    """What is to be evaluated."""

    bank: Path
    split: str
    methods: Mapping[str, Filler]
    """By the name that tables call them."""
    sources: tuple[Source, ...]
    tasks: tuple[Task, ...]
    metrics: tuple[str, ...]
    limit: int | None = None
    """How many pictures at most, the first of the split; None = all."""
    probe_limit: int = 300
    """How many pictures at most in tasks with another exposure."""
    timing_rounds: int = 7
    """Pictures that every method is timed on; 0 = no timing."""
    seed: int = 0
    """Seed of the holes."""
    command: str = ""
    """The command that makes the evaluation again, to be printed with it."""
    imports: tuple[str, ...] = ()
    """Plug-ins that its names come from, as `import_plugins` gives them."""


def find_methods(
    origins: Sequence[str], device: Device = CPU
) -> tuple[dict[str, Filler], tuple[Source, ...]]:
    """Methods by name, and their sources; an origin is a name or path, or NAME=ORIGIN.

    Networks compute on the device.

    Raises:
        ConfigError: Two have the same name, or a name is not fit for a file.
        UnknownNameError: There is no such method; the message suggests the closest name.
        BadModelError: A file is missing, damaged or of another kind.
        MissingExtraError: Its libraries are not installed.
    """
    methods: dict[str, Filler] = {}
    sources = []
    for given in dict.fromkeys(origins):
        wanted, is_renamed, origin = given.rpartition("=")
        found = load(origin, device)
        name = wanted if is_renamed else found.name
        if not _NAME.fullmatch(name):
            raise ConfigError(
                f"the method's name {name!r} is not fit for a file; give another before it, such "
                f"as mine={origin}, of letters, digits, '.', '_' and '-'"
            )
        if name in methods:
            raise ConfigError(
                f"two methods are called {name!r}; give one another name, such as {name}_2={origin}"
            )
        methods[name] = found
        sources.append(Source.of(name, origin, found, device))
    return methods, tuple(sources)


def choose_metrics(names: Sequence[str]) -> tuple[str, ...]:
    """The metrics called `names`, or by default all whose packages are installed.

    Raises:
        UnknownNameError: No such metric; the message suggests the closest name.
    """
    if names:
        return tuple(METRICS.create(name).name for name in dict.fromkeys(names))
    try:
        feature_network()
    except MissingExtraError:
        return tuple(pixel_metrics())
    return tuple(metric.name for metric in all_metrics())


def evaluate(
    plan: Plan,
    output: Path,
    *,
    processes: int | None = None,
    on_progress: Callable[[int, int], None] = lambda done, total: None,
) -> Evaluation | None:
    """Scores all methods on all tasks and writes the folder that `records` describes.

    Continues where an earlier call with the same output stopped, and computes nothing twice.

    Args:
        plan: What is to be evaluated.
        output: The folder.
        processes: How many work side by side; None = as many as there are cores, and 1 = here.
        on_progress: Called with the number of restored pictures and of all.

    Returns:
        The evaluation, or None if Ctrl-C or SIGTERM stopped it.

    Raises:
        BadDataError: The bank or its split cannot be used.
        BadImageError: The pictures are too small for a protocol.
        MissingExtraError: A method needs a library that is not installed.
        RestauroError: Some pictures ended their process, and once more when tried alone.
    """
    bank = Bank.open(plan.bank)
    rows = {task.name: _rows_of(plan, task, bank) for task in plan.tasks}
    _try_out(plan, bank, rows)
    digest = bank.description.get("sha256", "")
    program = program_sha256(path for name in plan.metrics for path in METRICS.code_files(name))
    setting = Setting(
        plan.bank, digest, bank.size, output / "cache", plan.metrics, plan.seed, program
    )
    processes = processes or num_cores()
    with StopRequest() as stop:
        parts = [part for task in plan.tasks for part in _score_parts(setting, plan, task, rows)]
        total = sum(map(len, rows.values())) * len(plan.sources)
        done = _run(setting, parts, processes, stop, total - _amount(parts), total, on_progress)
        if stop.is_requested:
            return None
        tables, sets, failures = _gather(setting, plan, bank, rows)
        shutil.rmtree(output / "rows", ignore_errors=True)  # made anew from the cache
        for (task, name), table in tables.items():
            write_rows(rows_path(output, task, name), table)
        examples = [
            example
            for task in plan.tasks
            if not task.exposure
            for example in choose_examples(
                task.name, [tables[task.name, source.name] for source in plan.sources]
            )
        ]
        parts = _example_parts(setting, plan, examples)
        if _amount(parts) < FEW:
            processes = 1
        _run(setting, parts, processes, stop, done, total + _amount(parts), on_progress)
        if stop.is_requested:
            return None
        _write_examples(setting, plan, bank, examples, output)
        timing = _time(plan, bank, rows) if plan.timing_rounds else {}
        if stop.is_requested:
            return None
    evaluation = Evaluation(
        output,
        plan.bank.resolve().name,
        plan.split,
        bank.size,
        plan.seed,
        plan.command,
        environment(),
        [_task_record(plan, task, bank, rows[task.name]) for task in plan.tasks],
        [_method_record(plan.methods[source.name], source) for source in plan.sources],
        sets,
        timing,
        failures,
        examples,
        plan.imports,
    )
    write_evaluation(evaluation)
    return evaluation


def _rows_of(plan: Plan, task: Task, bank: Bank) -> NDArray[np.int64]:
    """Positions in the bank of a task's pictures."""
    rows = bank.split(plan.split)[: plan.limit]
    return rows[: plan.probe_limit] if task.exposure else rows


def _try_out(plan: Plan, bank: Bank, rows: Mapping[str, NDArray[np.int64]]) -> None:
    """Runs every method once, so that a missing library is told before the work begins."""
    task = plan.tasks[0]
    row = int(rows[task.name][0])
    hole = task.protocol.hole(bank.size, row, plan.seed)
    for found in plan.methods.values():
        try:
            found(bank.images[row], hole)
        except MissingExtraError:
            raise
        except Exception:  # noqa: BLE001, S110 - the pass reports it with its picture
            pass


def _score_parts(
    setting: Setting, plan: Plan, task: Task, rows: Mapping[str, NDArray[np.int64]]
) -> list[Part]:
    """What is missing in the cache of a task."""
    parts = []
    for some in _slices(rows[task.name]):
        missing = [s for s in plan.sources if not setting.scores_path(task, s, some).exists()]
        if missing:
            parts.append(Part(task, some, tuple(missing)))
    return parts


def _slices(rows: NDArray[np.int64]) -> list[NDArray[np.int64]]:
    return [rows[start : start + PART_SIZE] for start in range(0, len(rows), PART_SIZE)]


def _example_parts(setting: Setting, plan: Plan, examples: Sequence[Example]) -> list[Part]:
    """Examples that are not restored yet, a part a picture."""
    tasks = {task.name: task for task in plan.tasks}
    parts = []
    for name, index in dict.fromkeys((example.task, example.index) for example in examples):
        missing = tuple(
            source
            for source in plan.sources
            if not setting.example_path(tasks[name], source, index).exists()
        )
        if missing:
            parts.append(Part(tasks[name], np.array([index]), missing, keeps_pictures=True))
    return parts


def _run(
    setting: Setting,
    parts: Sequence[Part],
    processes: int,
    stop: StopRequest,
    done: int,
    total: int,
    on_progress: Callable[[int, int], None],
) -> int:
    """Does the parts and tells of it; returns how many pictures of `total` are done then."""
    on_progress(done, total)
    for amount in run_parts(setting, parts, processes, stop):
        done += amount
        on_progress(done, total)
    return done


def _amount(parts: Sequence[Part]) -> int:
    return sum(part.amount for part in parts)


def _gather(
    setting: Setting, plan: Plan, bank: Bank, rows: Mapping[str, NDArray[np.int64]]
) -> tuple[dict[tuple[str, str], Rows], list[SetScore], list[Failure]]:
    """Puts the parts of the cache together."""
    tables, sets, failures = {}, [], []
    for task in plan.tasks:
        index = rows[task.name]
        names = [bank.index[row]["name"] for row in index]
        labels = {
            column: [bank.index[row][column] for row in index]
            for column in bank.index[0]
            if column not in ("name", "split")
        }
        for source in plan.sources:
            parts = [
                PartScores.load(setting.scores_path(task, source, some)) for some in _slices(index)
            ]
            values = np.concatenate([part.values for part in parts])
            columns = {name: values[:, i] for i, name in enumerate(parts[0].metrics)}
            tables[task.name, source.name] = Rows(index, names, labels, columns)
            sets += _set_scores(task.name, source.name, parts)
            failures += [
                Failure(task.name, source.name, bank.index[row]["name"], message)
                for part in parts
                for row, message in part.failures.items()
            ]
    return tables, sets, failures


def _set_scores(task: str, method_name: str, parts: Sequence[PartScores]) -> list[SetScore]:
    """The Frechet distance over all pictures that the method restored."""
    num_features = parts[0].composite_features.shape[1]
    fills, truth = FeatureStatistics(num_features), FeatureStatistics(num_features)
    for part in parts:
        restored = ~np.isin(part.index, list(part.failures))
        fills.update(torch.from_numpy(part.composite_features[restored]))
        truth.update(torch.from_numpy(part.target_features[restored]))
    if num_features == 0 or fills.count < 2:
        return []
    return [SetScore(task, method_name, fills.count, frechet_feature_distance(fills, truth))]


def _write_examples(
    setting: Setting, plan: Plan, bank: Bank, examples: Sequence[Example], output: Path
) -> None:
    shutil.rmtree(output / "examples", ignore_errors=True)  # made anew from the cache
    tasks = {task.name: task for task in plan.tasks}
    for example in examples:
        task = tasks[example.task]
        original = task.pictures(np.asarray(bank.images[example.index]))
        hole = task.protocol.hole(bank.size, example.index, plan.seed)
        path = example_path(output, example, "original")
        path.parent.mkdir(parents=True, exist_ok=True)
        PIL.Image.fromarray(original).save(path)
        PIL.Image.fromarray(show_hole(original, hole)).save(path.with_name("damaged.png"))
        for source in plan.sources:
            kept = setting.example_path(task, source, example.index)
            if kept.exists():
                shutil.copyfile(kept, path.with_name(f"{source.name}.png"))


def _time(plan: Plan, bank: Bank, rows: Mapping[str, NDArray[np.int64]]) -> dict[str, Timing]:
    task = plan.tasks[0]
    chosen = rows[task.name][: plan.timing_rounds]
    pictures = task.pictures(np.ascontiguousarray(bank.images[chosen]))
    holes = task.protocol.holes(bank.size, chosen, plan.seed)
    return time_methods(plan.methods, pictures, holes)


def _task_record(plan: Plan, task: Task, bank: Bank, rows: NDArray[np.int64]) -> TaskRecord:
    pictures = {int(row): bank.index[row]["name"] for row in rows}
    digest = task.hash(bank.size, pictures, bank.description.get("sha256", ""), plan.seed)
    return TaskRecord(task.name, task.protocol.name, task.exposure, digest, len(rows))


def _method_record(found: Filler, source: Source) -> MethodRecord:
    return MethodRecord(
        source.name,
        source.origin,
        found.files[0].stat().st_size if found.files else None,
        source.identity[1] if found.files else None,
        found.parameters,
    )
