"""What evaluations say: CSV tables, one page in HTML, and a short one in Markdown."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from pathlib import Path

from restauro.evaluation.store import Evaluation, read_evaluation
from restauro.files import whole_file
from restauro.report.latex import DOCUMENT, write_latex
from restauro.report.page import NONE, Cell, Table, cells, render, write_page
from restauro.report.scores import tables_of
from restauro.report.sections import FACTS, OVERVIEW, failures, set_section, time_and_size
from restauro.report.sheets import REASONS, write_sheets
from restauro.report.tables import (
    ALL,
    STATED,
    TABLES,
    SetTables,
    heading,
    num_pictures,
    pivot,
    short,
)

TITLE = "Evaluation of inpainting methods"
_MARKUP = re.compile(r"""[&<>|*`\[\]\\~$"'#]|(?<![^\W_])_|_(?![^\W_])""")


def write_report(
    folders: Sequence[Path],
    output: Path,
    sheets: Sequence[str] = tuple(REASONS),
    *,
    latex: bool = False,
) -> Path:
    """Writes README.md, tables, plots, sheets and report.html to `output`; returns the last.

    `sheets` are the reasons for which pictures are shown, of `REASONS`; `latex` also writes
    report.tex, with tables and plots for a paper.

    Raises:
        BadDataError: A folder is no finished evaluation, or is damaged.
    """
    sections, sets = [], []
    named = _named([read_evaluation(folder) for folder in folders])
    (output / DOCUMENT).unlink(missing_ok=True)
    for name, evaluation in named.items():
        folder = output / name
        folder.mkdir(parents=True, exist_ok=True)
        for old in ("*.svg", "*.pdf", "*.webp", f"../tables/{name}_*.tex"):
            for path in folder.glob(old):
                path.unlink()  # of an earlier call with other tasks or sheets
        tables = tables_of(name, evaluation)
        tables.write(output / "tables")
        shown = {
            task.name: write_sheets(evaluation, task.name, folder, sheets)
            for task in evaluation.tasks
        }
        section = set_section(tables, folder, shown)
        section.sections += time_and_size(tables.lines["methods"])
        section.sections += failures(tables.lines["failures"])
        sections.append(section)
        sets.append((tables, section))
    if latex:
        write_latex(output, sets)
    write_readme(output, list(named))
    page = output / "report.html"
    titles = ", ".join(section.title for section in sections)
    write_page(sections, page, title=TITLE, subtitle=titles)
    return page


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


def _table(tables: SetTables) -> Table:
    """The main metrics of every task, and what methods cost: a column a method, to fit a screen."""
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
    return table.beside(Table("", cells("method", "MB", "ms"), costs)).turned()
