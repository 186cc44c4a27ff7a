"""An evaluation for a paper: a table a protocol, and a document of all tables and plots."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from restauro.files import whole_file
from restauro.metrics import SET_METRICS
from restauro.report.page import Picture, Section, render
from restauro.report.plots import save
from restauro.report.sections import IN_WORDS
from restauro.report.tables import ALL, SetTables, num_pictures, pivot, short

DOCUMENT = "report.tex"
_SIGNS = {
    **{sign: f"\\{sign}" for sign in "&%$#_{}"},
    "\\": r"\textbackslash{}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "`": r"\textasciigrave{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "|": r"\textbar{}",
    "-": "{-}",  # two of them are no dash
    "–": "--",
    "±": r"$\pm$",
    "↑": r"$\uparrow$",
    "↓": r"$\downarrow$",
    "→": r"$\rightarrow$",
    "Δ": r"$\Delta$",
}
_LAST_LATIN = "\u017e"
"""Letters with an accent up to here are in LaTeX's encoding T1, and so are those of Latin 1."""


def write_latex(folder: Path, sets: Sequence[tuple[SetTables, Section]]) -> None:
    """Writes report.tex, the tables that it has from `folder`/tables, and the sections' plots.

    The plots are written as PDF beside their SVG.
    """
    chapters = []
    for tables, section in sets:
        names = [_write_table(folder, tables, task) for task in tables.plain_tasks]
        figures = []
        for plot in _plots(section):
            path = plot.path.with_suffix(".pdf")
            save(plot.figure, path)
            figures.append((path.relative_to(folder).as_posix(), plot.description))
        chapters.append((tables, names, figures))
    _write(folder / DOCUMENT, "document.tex.j2", chapters=chapters)


def escaped(text: str) -> str:
    """A foreign name that stands for itself in LaTeX; letters that pdflatex lacks by their code."""
    return "".join(map(_sign, " ".join(text.split())))


def _write_table(folder: Path, tables: SetTables, task: str) -> str:
    """Writes a task's table; returns its path without suffix, as LaTeX has it from `folder`."""
    lines = [
        line
        for metric in (*IN_WORDS, *SET_METRICS)
        for line in tables.scores(task=task, metric=metric, hole_ratio=ALL)
    ]
    name = re.sub(r"[^A-Za-z0-9.+-]+", "_", f"{tables.name}_{task}")
    _write(
        folder / "tables" / f"{name}.tex",
        "table.tex.j2",
        label=name,
        set=tables,
        task=task,
        asked=tables.tasks[task],
        table=pivot("", lines, "metric", short),
    )
    return f"tables/{name}"


def _write(path: Path, template: str, **content: Any) -> None:
    text = render(template, escaped=escaped, num_pictures=num_pictures, **content)
    with whole_file(path) as aside:
        aside.write_text(text, encoding="utf-8")


def _plots(section: Section) -> Iterator[Picture]:
    yield from section.plots
    for below in section.sections:
        yield from _plots(below)


def _sign(sign: str) -> str:
    if sign in _SIGNS:
        return _SIGNS[sign]
    has_accent = unicodedata.normalize("NFD", sign)[0].isascii() and sign <= _LAST_LATIN
    if sign.isalpha() and (has_accent or sign <= "\xff") or sign.isascii() and sign.isprintable():
        return sign
    return f"[U+{ord(sign):04X}]"
