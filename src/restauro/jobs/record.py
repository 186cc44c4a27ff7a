"""What became of each picture of a job, in the same words in CSV, in JSON and for people.

The record of a job is a CSV with a row for each picture, by which it goes on after a stop.
"""

from __future__ import annotations

import csv
import dataclasses
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, TextIO

from restauro.errors import OutputExistsError, RestauroError
from restauro.files import whole_file
from restauro.jobs.planning import Task
from restauro.places import Place
from restauro.restore import Restored

RESTORED, NO_HOLE, SKIPPED, FAILED = STATUSES = ("restored", "no hole", "skipped", "failed")


@dataclass(frozen=True)
class Outcome:
    """What became of one picture."""

    picture: str
    mask: str
    """Its file, or `transparency` or `colour #rrggbb` of the picture itself."""
    output: str
    status: str
    """restored; no hole: written unchanged; skipped: whole since an earlier call; failed."""
    seconds: float = 0.0
    """Wall time of decoding, restoring and encoding."""
    model: str = ""
    """What restored it; empty if nothing did."""
    message: str = ""
    """Why it failed, or what else a user should know."""
    fingerprint: str = ""
    """That of the task."""
    output_bytes: int = 0

    @classmethod
    def of(cls, task: Task, status: str, **what: Any) -> Outcome:
        """The outcome of a task, with more fields in `what`."""
        return cls(
            picture=str(task.picture),
            mask=task.marked_by,
            output=str(task.output),
            status=status,
            fingerprint=task.fingerprint,
            **what,
        )

    @classmethod
    def restored(cls, task: Task, restored: Restored) -> Outcome:
        """That of a task whose picture was restored, or had no hole, and was written."""
        return cls.of(
            task,
            RESTORED if restored.hole_pixels else NO_HOLE,
            seconds=round(sum(restored.seconds.values()), 3),
            model=restored.model if restored.hole_pixels else "",
            message=restored.remark,
            output_bytes=len(restored.data),
        )

    @property
    def is_written(self) -> bool:
        """Whether this call made an output."""
        return self.status in (RESTORED, NO_HOLE)

    def to_json(self) -> str:
        """One line for programs."""
        return json.dumps(dataclasses.asdict(self))


COLUMNS = tuple(field.name for field in dataclasses.fields(Outcome))


class Record:
    """What was done, written row by row; a kill costs at most the row that is being written.

    Use it in a `with` block. Failed pictures of earlier calls are forgotten when it begins, as
    they are tried again; when it ends, only the last success and failure of each output stay.
    """

    def __init__(self, path: Path) -> None:
        """Reads what earlier calls wrote, if anything.

        Raises:
            OutputExistsError: The file is something else.
        """
        self.path = path
        self._rows = [row for row in _read(path) if row.is_written]
        self._done = {row.fingerprint: row.output_bytes for row in self._rows}
        self._file: TextIO | None = None

    def __enter__(self) -> Record:
        self._write_whole()
        self._file = _opened(self.path, "a")
        return self

    def __exit__(self, *error: object) -> None:
        assert self._file is not None
        self._file.close()
        self._write_whole()

    def is_done(self, fingerprint: str, output: Place) -> bool:
        """Whether the output is there, whole, and made from the same files, options and model."""
        try:
            return self._done.get(fingerprint) == output.stat().st_size
        except OSError:
            return False

    def add(self, outcome: Outcome) -> None:
        """Appends a row; it is in the file when this returns."""
        assert self._file is not None, "a record is written in a `with` block"
        self._rows.append(outcome)
        try:
            csv.writer(self._file).writerow(dataclasses.astuple(outcome))
            self._file.flush()
        except OSError as error:
            raise self._unwritable(error) from error

    def _write_whole(self) -> None:
        # an output that an earlier call made stays known when this one was refused
        rows = {(row.output, row.is_written): row for row in self._rows}.values()
        try:
            with whole_file(self.path) as aside, _opened(aside, "w") as file:
                csv.writer(file).writerows([COLUMNS, *map(dataclasses.astuple, rows)])
        except OSError as error:
            raise self._unwritable(error) from error

    def _unwritable(self, error: OSError) -> RestauroError:
        return RestauroError(
            f"{self.path} cannot be written: {error.strerror}; choose another with --csv"
        )


def _read(path: Path) -> Iterator[Outcome]:
    """The rows of a record; one that a kill cut short is left out."""
    if not path.exists():
        return
    with _opened(path, "r") as file:
        reader = csv.reader(file)
        if next(reader, list(COLUMNS)) != list(COLUMNS):
            raise OutputExistsError(
                f"{path} is no record of an earlier job; choose another with --csv"
            )
        for cells in reader:
            if len(cells) == len(COLUMNS) and cells[-1]:
                values = dict(zip(COLUMNS, cells, strict=True))
                seconds, output_bytes = float(values["seconds"]), int(values["output_bytes"])
                numbers = {"seconds": seconds, "output_bytes": output_bytes}
                yield Outcome(**(values | numbers))  # type: ignore[arg-type]


def _opened(path: Path, mode: Literal["r", "w", "a"]) -> TextIO:
    # surrogates: names of files may be no text
    return path.open(mode, encoding="utf-8", errors="surrogateescape", newline="")
