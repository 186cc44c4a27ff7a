"""The numbers of an evaluation as lines of CSV tables: all that pages are made of."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from restauro.errors import BadDataError
from restauro.files import whole_file

TABLES = ("facts", "scores", "pairs", "groups", "gaps", "methods", "failures")
STATED = "stated.txt"
"""Behind a set's name, the file of `SetTables.stated`."""
ALL = "all"
"""The bin of all pictures, among those of hole ratios."""
BETTER, WORSE, TIED = "better than", "worse than", "not told apart from"
"""What a pair's first method is beside the second."""
UNMATCHED, MATCHED = "gap", "gap after matching"
Line = dict[str, str]


@dataclass(frozen=True)
class SetTables:
    """What is known of some methods on a set of pictures.

    facts: what was asked, and the machine. scores: every task, bin of hole ratios, metric and
    method. pairs: the same with two methods, one minus the other. groups: every grouping, group,
    metric and method; the grouping `exposure` has the same pictures at several. gaps: best group
    against worst. methods: size and time. failures: pictures that a method gave up on.
    """

    name: str
    """That files begin with, such as `celeba-test`."""
    lines: Mapping[str, Sequence[Line]]
    """By table."""

    @property
    def facts(self) -> Line:
        """By name."""
        return {line["fact"]: line["value"] for line in self.lines["facts"]}

    @property
    def title(self) -> str:
        """Such as `celeba, test`."""
        return f"{self.facts['bank']}, {self.facts['split']}"

    @property
    def tasks(self) -> dict[str, Line]:
        """A line of every task that is of all its pictures, by name."""
        found: dict[str, Line] = {}
        for line in self.scores(hole_ratio=ALL):
            found.setdefault(line["task"], line)
        return found

    @property
    def plain_tasks(self) -> list[str]:
        """Those whose pictures are as they are."""
        return [name for name, line in self.tasks.items() if float(line["exposure"]) == 0]

    @property
    def stated(self) -> str:
        """What decides the numbers, a line each, to be pasted beside them."""
        tasks = [
            f"task {name}: {line['hash']}, {num_pictures(line):,} pictures"
            for name, line in self.tasks.items()
        ]
        weights = [
            f"weights of {line['name']}: SHA-256 {line['file_sha256']}"
            for line in self.lines["methods"]
            if line["file_sha256"]
        ]
        facts = [f"{name}: {value}" for name, value in self.facts.items()]
        return "\n".join([*facts, *tasks, *weights])

    def scores(self, **wanted: str) -> list[Line]:
        """The lines with these values."""
        return chosen(self.lines["scores"], **wanted)

    def write(self, folder: Path) -> None:
        """Writes a file a table, of one without lines none, and what is to be stated."""
        folder.mkdir(parents=True, exist_ok=True)
        for table in TABLES:
            path = table_path(folder, self.name, table)
            columns = dict.fromkeys(name for line in self.lines[table] for name in line)
            if not columns:
                path.unlink(missing_ok=True)
                continue
            with whole_file(path) as aside, aside.open("w", newline="", encoding="utf-8") as file:
                writer = csv.DictWriter(file, list(columns), lineterminator="\n", restval="")
                writer.writeheader()
                writer.writerows(self.lines[table])
        with whole_file(folder / f"{self.name}_{STATED}") as aside:
            aside.write_text(self.stated + "\n", encoding="utf-8")

    @classmethod
    def read(cls, folder: Path, name: str) -> SetTables:
        """Reads what `write` wrote.

        Raises:
            BadDataError: There are no such tables.
        """
        found: dict[str, list[Line]] = dict.fromkeys(TABLES, [])
        for table in TABLES:
            path = table_path(folder, name, table)
            if path.exists():
                with path.open(newline="", encoding="utf-8") as file:
                    found[table] = list(csv.DictReader(file))
        if not (found["facts"] and found["scores"]):
            raise BadDataError(
                f"{folder} has no tables of {name}; make them with `restauro report`"
            )
        return cls(name, found)


def table_path(folder: Path, name: str, table: str) -> Path:
    """Where a table of a set lies."""
    return folder / f"{name}_{table}.csv"


def chosen(lines: Iterable[Line], **wanted: str) -> list[Line]:
    """The lines with these values."""
    return [line for line in lines if all(line[key] == wanted[key] for key in wanted)]


def num_pictures(line: Line) -> int | None:
    """How many pictures a line of scores or groups is of, if it says so."""
    counts = [line[name] for name in ("num_finite", "num_infinite", "num_missing")]
    return sum(map(int, counts)) if all(counts) else None
