"""The folder of an evaluation: what was asked, and the scores of every method, a row a picture.

    evaluation.json         bank, split, tasks with their hashes, methods, sets, timing, machine
    rows/TASK/METHOD.csv    one row a picture: index, name, labels, every metric
    failures.csv            pictures on which a method gave up, and why
    examples/TASK/...       a few restored pictures, for people to look at
    cache/                  parts of a pass that are done; may be deleted

`restauro evaluate` writes it, `restauro report` reads it.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from restauro.errors import BadDataError
from restauro.files import whole_file
from restauro.imports import import_kept
from restauro.typed import build

DESCRIPTION = "evaluation.json"
FORMAT = 1
DIGITS = 6
"""How many significant digits a value in a row has."""
KEYS = ("index", "name")


@dataclass(frozen=True)
class TaskRecord:
    """What was asked of every method."""

    name: str
    """Such as `box`, or `box_-2EV`."""
    protocol: str
    exposure: float
    """In stops; 0 = the pictures as they are."""
    hash: str
    """Names pictures and holes: only numbers of equal hashes may be compared."""
    num_pictures: int


@dataclass(frozen=True)
class MethodRecord:
    """What was evaluated."""

    name: str
    source: str
    """The name or path by which it was asked for."""
    file_bytes: int | None
    """Size of its weights; None for methods without."""
    file_sha256: str | None
    parameters: int | None
    """Number of its weights; None if it has none or does not say."""


@dataclass(frozen=True)
class Timing:
    """Milliseconds of one picture at a time, over interleaved rounds."""

    median: float
    low: float
    """The fastest round."""
    high: float
    """The slowest round."""
    num_rounds: int


@dataclass(frozen=True)
class SetScore:
    """What can only be measured on all pictures of a task together."""

    task: str
    method: str
    num_pictures: int
    frechet_feature_distance: float | None = None
    frechet_st_lpips: float | None = None
    p_ids_st_lpips: float | None = None
    u_ids_st_lpips: float | None = None


@dataclass(frozen=True)
class Failure:
    """A picture on which a method gave up."""

    task: str
    method: str
    picture: str
    message: str


@dataclass(frozen=True)
class Example:
    """A picture whose restorations are kept, and why it was chosen."""

    task: str
    index: int
    name: str
    reason: str
    """`best`, `median`, `worst`, `dark` or `backlit`."""


@dataclass(frozen=True)
class Rows:
    """The scores of one method on one task, picture by picture."""

    index: NDArray[np.int64]
    """(N,) positions in the bank."""
    names: list[str]
    labels: Mapping[str, list[str]]
    """What the bank's index knows of the pictures, by column, such as `gender`."""
    values: Mapping[str, NDArray[np.float64]]
    """(N,) by metric; nan where a metric says nothing, or the method gave up."""

    def __len__(self) -> int:
        return len(self.names)

    def values_of(self, metric: str) -> NDArray[np.float64]:
        """(N,); nan throughout if the metric was not asked for."""
        return self.values.get(metric, np.full(len(self), np.nan))


@dataclass(frozen=True)
class Evaluation:
    """All that the folder of an evaluation says, but for its rows and pictures."""

    path: Path
    bank: str
    """Name of the bank."""
    split: str
    size: tuple[int, int]
    """(height, width) in pixels."""
    seed: int
    command: str
    """The command that makes it again."""
    environment: Mapping[str, Any]
    tasks: list[TaskRecord]
    methods: list[MethodRecord]
    sets: list[SetScore]
    timing: Mapping[str, Timing]
    """By method; empty if it was not asked for."""
    failures: list[Failure]
    examples: list[Example]
    imports: tuple[str, ...] = ()
    """Plug-ins that its names come from: modules, and absolute paths of `.py` files."""
    bank_sha256: str = ""
    """Of the bank's pictures; empty in older evaluations."""

    def rows(self, task: str, method: str) -> Rows:
        """The scores of a method on a task.

        Raises:
            BadDataError: The file is missing or damaged.
        """
        return read_rows(rows_path(self.path, task, method))

    def example_path(self, example: Example, what: str) -> Path:
        """The PNG of an example; `what` is `original`, `damaged` or a method's name."""
        return example_path(self.path, example, what)


def rows_path(folder: Path, task: str, method: str) -> Path:
    """Where the rows of a method on a task lie."""
    return folder / "rows" / task / f"{method}.csv"


def example_path(folder: Path, example: Example, what: str) -> Path:
    """Where a picture of an example lies."""
    return folder / "examples" / example.task / str(example.index) / f"{what}.png"


def write_rows(path: Path, rows: Rows) -> None:
    """Writes one row a picture; a reader finds a whole file or none."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with whole_file(path) as aside, aside.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow([*KEYS, *(f"label:{name}" for name in rows.labels), *rows.values])
        labels, values = list(rows.labels.values()), list(rows.values.values())
        for i, name in enumerate(rows.names):
            numbers = [f"{column[i]:.{DIGITS}g}" for column in values]
            writer.writerow([rows.index[i], name, *(column[i] for column in labels), *numbers])


def read_rows(path: Path) -> Rows:
    """Reads what `write_rows` wrote.

    Raises:
        BadDataError: The file is missing or damaged.
    """
    try:
        with path.open(newline="", encoding="utf-8") as file:
            header, *lines = list(csv.reader(file))
        columns = dict(zip(header, zip(*lines, strict=True), strict=True))
        index = np.array(columns.pop("index"), dtype=np.int64)
        names = list(columns.pop("name"))
        labels = {
            key.removeprefix("label:"): list(columns.pop(key))
            for key in header
            if key.startswith("label:")
        }
        values = {key: np.array(column, dtype=np.float64) for key, column in columns.items()}
    except (OSError, ValueError, KeyError) as error:
        raise BadDataError(
            f"{path} cannot be read as rows of scores ({error}); run `restauro evaluate` again"
        ) from error
    return Rows(index, names, labels, values)


def write_evaluation(evaluation: Evaluation) -> None:
    """Writes `evaluation.json` and `failures.csv`, each whole or not at all."""
    content = asdict(evaluation)
    failures = content.pop("failures")
    del content["path"]
    evaluation.path.mkdir(parents=True, exist_ok=True)
    with whole_file(evaluation.path / "failures.csv") as path, path.open("w", newline="") as file:
        writer = csv.DictWriter(file, ["task", "method", "picture", "message"], lineterminator="\n")
        writer.writeheader()
        writer.writerows(failures)
    with whole_file(evaluation.path / DESCRIPTION) as path:
        path.write_text(json.dumps({"format": FORMAT, **content}, indent=2) + "\n")


def read_evaluation(path: Path) -> Evaluation:
    """Opens the folder of an evaluation, and imports the plug-ins that it was made with.

    Raises:
        BadDataError: The folder is no finished evaluation, or is damaged.
        PlugInError: A plug-in cannot be imported any more.
    """
    try:
        content = json.loads((path / DESCRIPTION).read_text())
        with (path / "failures.csv").open(newline="") as file:
            content |= {"path": path, "failures": list(csv.DictReader(file))}
        if content.pop("format") > FORMAT:
            raise BadDataError(f"{path} was written by a newer restauro; update restauro")
        evaluation: Evaluation = build(Evaluation, content)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise BadDataError(
            f"{path} is no finished evaluation ({error}); make one with `restauro evaluate`"
        ) from error
    import_kept(evaluation.imports)
    return evaluation
