"""A job: skips what is done, refuses what must not be written, runs the rest and records it."""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Callable, Generator, Iterable, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from functools import partial
from typing import TypeAlias

from restauro.errors import RestauroError, first_line
from restauro.fill.filler import Filler
from restauro.fill.finder import DamageFinder
from restauro.jobs.planning import Task
from restauro.jobs.record import FAILED, SKIPPED, Outcome, Record
from restauro.picture.holes import HoleOptions
from restauro.picture.masks import Marked, read_marked
from restauro.picture.write import check_output, format_named, write_bytes
from restauro.places import Place, move, remove_folder, state
from restauro.pool import ShouldStop, map_unordered
from restauro.restore import restore

UNFINISHED = ".restauro-unfinished"
"""Folder inside the output's, for results that are not recorded yet; gone when a job ends."""

Attempt: TypeAlias = Callable[[Task], Outcome]
"""Restores the picture of a task; a failure is an outcome, too."""
Engine: TypeAlias = Callable[
    [Iterable[Task], Callable[[], Attempt], ShouldStop], Generator[Outcome]
]
"""Runs tasks somewhere, in any order, and gives an outcome for each, as they come and exactly once;
asked to stop, only those of the tasks in hand. It builds an attempt once in every process."""


def in_processes(count: int) -> Engine:
    """The engine of `count` processes of this machine; one is this process itself."""
    return partial(map_unordered, processes=count, given_up=ended_its_process)


def ended_its_process(task: Task) -> Outcome:
    """The failure of a task whose process died whenever it was tried."""
    message = (
        f"{task.picture} ended the process that restored it, perhaps for lack of memory; "
        "restore it alone or make it smaller"
    )
    return Outcome.of(task, FAILED, message=message)


@dataclass(frozen=True)
class Job:
    """Many pictures, one folder of results."""

    tasks: Sequence[Task]
    output: Place
    holes: HoleOptions
    make_filler: Callable[[], Filler]
    """Builds what fills holes, once in every process; picklable."""
    identity: str
    """That of what `make_filler` builds."""
    force: bool = False
    """Whether outputs of another origin are replaced."""
    page: int | None = None
    """Which page of a file with several, from 1."""
    make_finder: Callable[[], DamageFinder] | None = None
    """Builds what finds damage, where that is the hole; picklable."""

    def run(self, engine: Engine, record: Record, should_stop: ShouldStop) -> Generator[Outcome]:
        """The outcome of each task, first of those that need no work; asked to stop, of fewer."""
        unfinished = self.output / UNFINISHED
        remove_folder(unfinished)  # of a call that was killed
        unfinished.mkdir(parents=True, exist_ok=True)
        to_do: dict[str, Task] = {}
        try:
            for task in map(self._identified, self.tasks):
                if record.is_done(task.fingerprint, task.output):
                    yield Outcome.of(task, SKIPPED)
                elif problem := task.problem or self._refusal(task):
                    record.add(refused := Outcome.of(task, FAILED, message=problem))
                    yield refused
                else:
                    to_do[task.fingerprint] = task
            make = partial(
                _make_attempt,
                self.make_filler,
                self.make_finder,
                self.holes,
                self.page,
                unfinished,
            )
            with closing(engine(to_do.values(), make, should_stop)) as outcomes:
                for outcome in outcomes:
                    yield self._settled(outcome, to_do[outcome.fingerprint], record)
        finally:
            remove_folder(unfinished)

    def _identified(self, task: Task) -> Task:
        """The task with a fingerprint of all that its output is made from."""
        inputs = (task.picture, task.mask, self.holes.keep)
        files = [state(path) for path in inputs if path is not None]
        parts = repr([task.name, files, self.holes, self.page, self.identity])
        fingerprint = hashlib.sha256(parts.encode(errors="surrogateescape")).hexdigest()[:16]
        return dataclasses.replace(task, fingerprint=fingerprint)

    def _refusal(self, task: Task) -> str:
        """Why the output must not be written; empty if it may."""
        inputs = [path for path in (task.picture, task.mask) if path is not None]
        try:
            task.output.parent.mkdir(parents=True, exist_ok=True)
            check_output(task.output, inputs, force=self.force)
        except RestauroError as error:
            return str(error)
        except Exception as error:  # noqa: BLE001  every file system has errors of its own
            return f"{task.output.parent} cannot be a folder: {_reason(error)}; choose another"
        return ""

    def _settled(self, outcome: Outcome, task: Task, record: Record) -> Outcome:
        """Records the outcome, and puts its file into place.

        In this order: after a kill in between the picture is done once more, and no output is
        there that the record does not know. An older output goes first, as the record would take
        it for the new one.
        """
        if not outcome.is_written:
            record.add(outcome)
            return outcome
        try:
            task.output.unlink(missing_ok=True)
            record.add(outcome)
            move(_staged(task, self.output / UNFINISHED), task.output)
        except RestauroError:  # of the record, without which nothing goes on
            raise
        except Exception as error:  # noqa: BLE001  every file system has errors of its own
            message = f"{task.output} cannot be written: {_reason(error)}; free the place"
            outcome = Outcome.of(task, FAILED, message=message)
            record.add(outcome)
        return outcome


def _reason(error: Exception) -> str:
    return getattr(error, "strerror", None) or first_line(error)


@dataclass
class _Attempt:
    """Restores pictures into a folder beside their outputs; whatever goes wrong is an outcome.

    Keeps the last mask, as one mask often serves a whole folder.
    """

    filler: Filler
    finder: DamageFinder | None
    holes: HoleOptions
    page: int | None
    folder: Place
    _last_mask: tuple[Place, Marked] | None = field(default=None, init=False)

    def __call__(self, task: Task) -> Outcome:
        """The outcome; if it is written, its file is `_staged(task, folder)`."""
        place = _staged(task, self.folder)
        try:
            restored = restore(
                task.picture,
                self._mask(task.mask),
                self.filler,
                finder=self.finder,
                holes=self.holes,
                page=self.page,
                written_as=format_named(task.output),
                mask_name=task.marked_by,
            )
            write_bytes(place, restored.data)
            return Outcome.restored(task, restored)
        except RestauroError as error:
            message = str(error).replace(str(place), str(task.output))
        except Exception as error:  # noqa: BLE001  a fault of ours must not stop the others
            message = f"{task.picture} failed with {type(error).__name__}: {first_line(error)}"
        return Outcome.of(task, FAILED, message=message)

    def _mask(self, path: Place | None) -> Marked | None:
        if path is None:
            return None
        if self._last_mask is None or self._last_mask[0] != path:
            self._last_mask = path, read_marked(path)
        return self._last_mask[1]


def _make_attempt(
    make_filler: Callable[[], Filler],
    make_finder: Callable[[], DamageFinder] | None,
    holes: HoleOptions,
    page: int | None,
    unfinished: Place,
) -> _Attempt:
    finder = make_finder() if make_finder else None
    return _Attempt(make_filler(), finder, holes, page, unfinished)


def _staged(task: Task, folder: Place) -> Place:
    """Where a task's result waits in `folder` until it is recorded."""
    return folder / f"{task.fingerprint}{task.output.suffix}"
