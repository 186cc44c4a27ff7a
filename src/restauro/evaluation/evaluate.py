"""Evaluates methods on a bank, and writes the folder that `store` describes."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path

import numpy as np
import PIL.Image
import torch
from numpy.typing import NDArray

from restauro.cores import num_cores
from restauro.data.bank import Bank
from restauro.errors import MissingExtraError
from restauro.evaluation.groups import choose_examples
from restauro.evaluation.plan import EvaluationPlan, Method
from restauro.evaluation.program import environment, program_sha256
from restauro.evaluation.protocols import Protocol
from restauro.evaluation.score import PART_SIZE, Cache, Part, PartScores, run_parts, time_methods
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
from restauro.interrupt import StopRequest
from restauro.metrics import METRICS, SET_METRICS
from restauro.sheets import show_hole

FEW = 64
"""Fewer examples than this are restored without starting further processes."""


def evaluate(
    plan: EvaluationPlan,
    output: Path,
    *,
    processes: int | None = None,
    on_progress: Callable[[int, int], None] = lambda done, total: None,
) -> Evaluation | None:
    """Scores all methods on all protocols, and writes the folder `output`.

    Continues where an earlier call with the same output stopped, and computes nothing twice.
    `processes` work side by side; None = as many as there are cores, and 1 = here. `on_progress` is
    called with the number of restored pictures and of all. Returns None if Ctrl-C or SIGTERM
    stopped it.

    Raises:
        BadDataError: The bank or its split cannot be used.
        BadImageError: The pictures are too small for a protocol.
        MissingExtraError: A method needs a library that is not installed.
        RestauroError: Some pictures ended their process, and once more when tried alone.
    """
    with StopRequest() as stop:
        try:
            return _Pass(plan, output, processes or num_cores(), on_progress, stop).run()
        except _StoppedError:
            return None


class _StoppedError(Exception):
    """Ctrl-C or SIGTERM asked for an end."""


class _Pass:
    """One call of `evaluate`, and what its steps share."""

    def __init__(
        self,
        plan: EvaluationPlan,
        output: Path,
        processes: int,
        on_progress: Callable[[int, int], None],
        stop: StopRequest,
    ) -> None:
        self.plan, self.output, self.processes = plan, output, processes
        self.on_progress, self.stop = on_progress, stop
        self.bank = Bank.open(plan.bank)
        self.rows = {protocol.task: plan.rows(protocol, self.bank) for protocol in plan.protocols}
        code = (path for name in plan.metrics for path in METRICS.code_files(name))
        self.cache = Cache(
            output / "cache", self.bank, plan.metrics, plan.seed, program_sha256(code)
        )
        self.total = 0
        """Pictures to restore, with those that an earlier call has restored."""

    def run(self) -> Evaluation:
        self._try_out()
        self.total = sum(map(len, self.rows.values())) * len(self.plan.methods)
        self._do(self._missing_scores(), self.processes)
        tables, sets, failures = self._gather()
        shutil.rmtree(self.output / "rows", ignore_errors=True)  # made anew from the cache
        for (task, name), table in tables.items():
            write_rows(rows_path(self.output, task, name), table)
        examples = self._examples(tables)
        parts = list(self._missing_examples(examples))
        amount = sum(part.amount for part in parts)
        self.total += amount
        self._do(parts, self.processes if amount >= FEW else 1)
        self._write_examples(examples)
        timing = self._time()
        if self.stop.is_requested:
            raise _StoppedError
        evaluation = Evaluation(
            self.output,
            self.plan.bank.resolve().name,
            self.plan.split,
            self.bank.size,
            self.plan.seed,
            self.plan.command,
            environment(),
            list(map(self._task_record, self.plan.protocols)),
            list(map(self._method_record, self.plan.methods)),
            sets,
            timing,
            failures,
            examples,
            self.plan.imports,
            self.bank.description.get("sha256", ""),
        )
        write_evaluation(evaluation)
        return evaluation

    def _try_out(self) -> None:
        """Runs every method once, so that a missing library is told before the work begins."""
        protocol = self.plan.protocols[0]
        row = int(self.rows[protocol.task][0])
        hole = protocol.hole(self.bank.size, row, self.plan.seed)
        for filler in self.plan.methods.values():
            try:
                filler(self.bank.images[row], hole)
            except MissingExtraError:
                raise
            except Exception:  # noqa: BLE001, S110 - the pass reports it with its picture
                pass

    def _do(self, parts: Iterable[Part], processes: int) -> None:
        """Does the parts, which are what is missing of `total`, and tells of it."""
        parts = list(parts)
        done = self.total - sum(part.amount for part in parts)
        self.on_progress(done, self.total)
        plan = self.plan
        for amount in run_parts(plan.bank, parts, plan.metrics, plan.seed, processes, self.stop):
            done += amount
            self.on_progress(done, self.total)
        if self.stop.is_requested:
            raise _StoppedError

    def _missing_scores(self) -> Iterator[Part]:
        for protocol in self.plan.protocols:
            for rows in _slices(self.rows[protocol.task]):
                yield from self._missing(protocol, rows, self.cache.scores_path)

    def _missing_examples(self, examples: Sequence[Example]) -> Iterator[Part]:
        for protocol in self.plan.protocols:
            for index in dict.fromkeys(e.index for e in examples if e.task == protocol.task):
                yield from self._missing(protocol, np.array([index]), self.cache.example_path)

    def _missing(
        self,
        protocol: Protocol,
        rows: NDArray[np.int64],
        path_of: Callable[[Protocol, Method, NDArray[np.int64]], Path],
    ) -> Iterator[Part]:
        """A part with the methods whose files are not there; nothing if all are."""
        files = {method: path_of(protocol, method, rows) for method in self.plan.methods}
        if files := {method: path for method, path in files.items() if not path.exists()}:
            yield Part(protocol, rows, files)

    def _gather(self) -> tuple[dict[tuple[str, str], Rows], list[SetScore], list[Failure]]:
        """Puts the parts of the cache together: rows by task and method."""
        tables, sets, failures = {}, [], []
        known = [name for name in self.bank.index[0] if name not in ("name", "split")]
        for protocol in self.plan.protocols:
            task, index = protocol.task, self.rows[protocol.task]
            described = [self.bank.index[row] for row in index]
            names = [row["name"] for row in described]
            labels = {column: [row[column] for row in described] for column in known}
            for method in self.plan.methods:
                parts = [
                    PartScores.load(self.cache.scores_path(protocol, method, rows))
                    for rows in _slices(index)
                ]
                values = np.concatenate([part.values for part in parts])
                columns = {name: values[:, i] for i, name in enumerate(parts[0].metrics)}
                tables[task, method.name] = Rows(index, names, labels, columns)
                sets += _set_scores(task, method, parts, self.plan.metrics)
                failures += [
                    Failure(task, method.name, self.bank.index[row]["name"], message)
                    for part in parts
                    for row, message in part.failures.items()
                ]
        return tables, sets, failures

    def _examples(self, tables: dict[tuple[str, str], Rows]) -> list[Example]:
        """Of the pictures as they are: at other exposures they would be the same."""
        examples = []
        for protocol in self.plan.protocols:
            if not protocol.exposure:
                of_task = [tables[protocol.task, method.name] for method in self.plan.methods]
                examples += choose_examples(protocol.task, of_task)
        return examples

    def _write_examples(self, examples: Sequence[Example]) -> None:
        shutil.rmtree(self.output / "examples", ignore_errors=True)  # made anew from the cache
        protocols = {protocol.task: protocol for protocol in self.plan.protocols}
        for example in examples:
            protocol = protocols[example.task]
            original = np.asarray(self.bank.images[example.index])
            hole = protocol.hole(self.bank.size, example.index, self.plan.seed)
            path = example_path(self.output, example, "original")
            path.parent.mkdir(parents=True, exist_ok=True)
            PIL.Image.fromarray(original).save(path)
            PIL.Image.fromarray(show_hole(original, hole)).save(path.with_name("damaged.png"))
            for method in self.plan.methods:
                kept = self.cache.example_path(protocol, method, np.array([example.index]))
                if kept.exists():
                    shutil.copyfile(kept, path.with_name(f"{method.name}.png"))

    def _time(self) -> dict[str, Timing]:
        protocol = self.plan.protocols[0]
        rows = self.rows[protocol.task][: self.plan.timing_rounds]
        pictures = np.ascontiguousarray(self.bank.images[rows])
        holes = protocol.holes(self.bank.size, rows, self.plan.seed)
        fillers = {method.name: filler for method, filler in self.plan.methods.items()}
        return time_methods(fillers, pictures, holes) if len(rows) else {}

    def _task_record(self, protocol: Protocol) -> TaskRecord:
        pictures = {int(row): self.bank.index[row]["name"] for row in self.rows[protocol.task]}
        checksum = self.bank.description.get("sha256", "")
        digest = protocol.hash(self.bank.size, pictures, checksum, self.plan.seed)
        return TaskRecord(protocol.task, protocol.name, protocol.exposure, digest, len(pictures))

    def _method_record(self, method: Method) -> MethodRecord:
        filler = self.plan.methods[method]
        return MethodRecord(
            method.name,
            method.origin,
            filler.files[0].stat().st_size if filler.files else None,
            method.identity[1] if filler.files else None,
            filler.parameters,
        )


def _slices(rows: NDArray[np.int64]) -> list[NDArray[np.int64]]:
    return [rows[start : start + PART_SIZE] for start in range(0, len(rows), PART_SIZE)]


def _set_scores(
    task: str, method: Method, parts: Sequence[PartScores], metrics: Sequence[str]
) -> list[SetScore]:
    """The metrics of sets over all pictures that the method restored; none if all say nothing."""
    failed = [index for part in parts for index in part.failures]
    restored = ~np.isin(np.concatenate([part.index for part in parts]), failed)
    features = {
        network: [
            torch.from_numpy(
                np.concatenate([part.features[network][i] for part in parts])[restored]
            )
            for i in (0, 1)
        ]
        for network in parts[0].features
    }
    found = {
        name: SET_METRICS[name].measure(*features[SET_METRICS[name].network])
        for name in metrics
        if name in SET_METRICS
    }
    known = {name: value for name, value in found.items() if np.isfinite(value)}
    return [SetScore(task, method.name, int(restored.sum()), **known)] if known else []
