"""The short page in Markdown: a table a set, made from the CSV tables alone."""

from __future__ import annotations

import csv
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from restauro.errors import BadDataError
from restauro.files import whole_file
from restauro.reports.page import NONE, render
from restauro.reports.score_table import ALL, FEATURES, PSNR, Column

TABLES = ("scores", "groups", "gaps", "methods", "facts")
"""What there is a CSV file of for each set, unless it has no lines."""
OTHER_FACTS = ("bank", "split", "size", "seed", "command")
"""Facts of a set that are not of the machine."""
_MARKUP = re.compile(r"""[&<>|*`\[\]\\~$"'#]|(?<![^\W_])_|_(?![^\W_])""")
Line = dict[str, str]


@dataclass(frozen=True)
class _Set:
    """A set as the template shows it."""

    name: str
    facts: Line
    hashes: dict[str, str]
    """By task, at every exposure."""
    num_pictures: dict[str, int]
    """By task."""
    header: list[str]
    rows: list[list[str]]
    tables: list[str]
    """Those of `TABLES` that there are."""

    @property
    def ran_on(self) -> str:
        """The machine and its versions."""
        kept = {name: value for name, value in self.facts.items() if name not in OTHER_FACTS}
        return ", ".join(f"{name} {value}" for name, value in kept.items())


def write_readme(folder: Path, names: Sequence[str]) -> None:
    """Writes `folder`/README.md of the sets with these names, from their CSV tables.

    Raises:
        BadDataError: A table is missing or lacks a column.
    """
    try:
        sets = [_read(folder, name) for name in names]
    except (OSError, KeyError) as error:
        raise BadDataError(
            f"the tables of {folder} cannot be used ({error}); "
            "make them again with `restauro report`"
        ) from error
    with whole_file(folder / "README.md") as aside:
        aside.write_text(render("readme.md.j2", sets=sets, escaped=escaped), encoding="utf-8")


def table_path(folder: Path, name: str, what: str) -> Path:
    """Where a CSV table of a set lies; `what` is one of `TABLES`."""
    return folder / "tables" / f"{name}_{what}.csv"


def escaped(text: str) -> str:
    """A foreign name that stands for itself wherever Markdown has text, in a table too."""
    line = " ".join(text.split())
    seen = "".join(sign if sign.isprintable() else "\N{REPLACEMENT CHARACTER}" for sign in line)
    return _MARKUP.sub(lambda sign: f"&#{ord(sign[0])};", seen)


def _read(folder: Path, name: str) -> _Set:
    facts, scores, methods = (
        _lines(table_path(folder, name, what)) for what in ("facts", "scores", "methods")
    )
    whole = {
        (line["task"], line["metric"], line["method"]): line
        for line in scores
        if line["hole_ratio"] == ALL
    }
    tasks: dict[str, Line] = {}
    for line in whole.values():
        tasks.setdefault(line["task"], line)
    plain = [task for task, line in tasks.items() if float(line["exposure"]) == 0]
    columns = [
        (task, column)
        for task in plain
        for column in (PSNR, FEATURES)
        if any((task, column.metric, method["name"]) in whole for method in methods)
    ]
    rows = [
        [
            escaped(method["name"]),
            *(_cell(whole.get((task, one.metric, method["name"])), one) for task, one in columns),
            f"{float(method['file_bytes']) / 1e6:.1f}" if method["file_bytes"] else NONE,
            f"{float(method['median']):.1f}" if method.get("median") else NONE,
        ]
        for method in methods
    ]
    counts = ("num_finite", "num_infinite", "num_missing")
    return _Set(
        name,
        {line["fact"]: line["value"] for line in facts},
        {task: line["hash"] for task, line in tasks.items()},
        {task: sum(int(line[count] or 0) for count in counts) for task, line in tasks.items()},
        ["method", *(f"{escaped(task)}: {one.header}" for task, one in columns), "MB", "ms"],
        rows,
        [what for what in TABLES if table_path(folder, name, what).exists()],
    )


def _cell(line: Line | None, column: Column) -> str:
    """The mean and half of its interval, bold if no method is better."""
    if line is None or line["mean"] == "nan":
        return NONE
    mean = f"{float(line['mean']):z.{column.digits}f}"
    half = (float(line["high"]) - float(line["low"])) / 2
    shown = f"**{mean}**" if line["rank"] == "1" else mean
    return shown if half != half else f"{shown} ± {half:.{column.digits}f}"


def _lines(path: Path) -> list[Line]:
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))
