"""The short page in Markdown: a table a set, made from the CSV tables alone."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from restauro.files import whole_file
from restauro.report.columns import heading, pivot, short
from restauro.report.page import NONE, Cell, Table, cells, render
from restauro.report.sections import FACTS, OVERVIEW
from restauro.report.tables import ALL, STATED, TABLES, SetTables, num_pictures

_MARKUP = re.compile(r"""[&<>|*`\[\]\\~$"'#]|(?<![^\W_])_|_(?![^\W_])""")


def write_readme(folder: Path, names: Sequence[str]) -> None:
    """Writes `folder`/README.md of the sets with these names, from their tables in `folder`/tables.

    Raises:
        BadDataError: A set has no tables.
    """
    sets = [SetTables.read(folder / "tables", name) for name in names]
    text = render(
        "readme.md.j2",
        sets=[(tables, _table(tables)) for tables in sets],
        table_names=TABLES,
        stated=STATED,
        of_the_set={"bank", "split", "size", *FACTS},
        num_pictures=num_pictures,
        escaped=escaped,
    )
    with whole_file(folder / "README.md") as aside:
        aside.write_text(text, encoding="utf-8")


def escaped(text: str) -> str:
    """A foreign name that stands for itself wherever Markdown has text, in a table too."""
    line = " ".join(text.split())
    seen = "".join(sign if sign.isprintable() else "\N{REPLACEMENT CHARACTER}" for sign in line)
    return _MARKUP.sub(lambda sign: f"&#{ord(sign[0])};", seen)


def _table(tables: SetTables) -> Table:
    """The main metrics of every task, and what methods cost."""
    lines = [
        line | {"column": f"{task}: {heading(metric)}"}
        for task in tables.plain_tasks
        for metric in OVERVIEW
        for line in tables.scores(task=task, metric=metric, hole_ratio=ALL)
    ]
    table = pivot(tables.title, lines, "column", short)
    costs = [
        [
            Cell(line["name"]),
            Cell(f"{int(line['file_bytes']) / 1e6:.1f}" if line["file_bytes"] else NONE),
            Cell(f"{float(line['median']):.1f}" if line.get("median") else NONE),
        ]
        for line in tables.lines["methods"]
    ]
    return table.beside(Table("", cells("method", "MB", "ms"), costs))
