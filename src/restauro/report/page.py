"""A page for people: sections with tables and pictures, and the template that shows them.

The template asks no other file and no other host: SVG becomes a part of the page, other pictures
data URIs.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import jinja2
from markupsafe import Markup

from restauro.files import whole_file

NONE = "–"
MAX_NUMBER_LETTERS = 32
"""A cell with more is a text that lines may break, whatever it begins with."""
_NUMBER = re.compile(r"\s*([-+−±]?\d|[–—-]?\s*$)")


@dataclass(frozen=True)
class Cell:
    """What stands at one place of a table."""

    text: str
    small: tuple[str, ...] = ()
    """Lines of small print beneath."""
    is_bold: bool = False


@dataclass(frozen=True)
class Table:
    """Numbers under a caption; the first column names the rows."""

    title: str
    header: Sequence[Cell]
    rows: Sequence[Sequence[Cell]]
    note: str = ""
    """The rest of the caption, behind the title."""

    @property
    def kinds(self) -> list[str]:
        """How each column is set: `number`, `name`, or `text` whose lines may break."""
        return ["name", *map(_kind, list(zip(*self.rows, strict=True))[1:])]

    def beside(self, other: Table) -> Table:
        """This table with the columns of another for the same rows."""
        more = {row[0].text: list(row[1:]) for row in other.rows}
        empty = cells(*[NONE] * (len(other.header) - 1))
        rows = [[*row, *more.get(row[0].text, empty)] for row in self.rows]
        return replace(self, header=[*self.header, *other.header[1:]], rows=rows)

    def turned(self) -> Table:
        """This table with its columns as rows."""
        header, *rows = zip(self.header, *self.rows, strict=True)
        return replace(self, header=header, rows=rows)


@dataclass(frozen=True)
class Picture:
    """A plot (SVG) or a sheet of pictures (anything else) that lies in a file."""

    path: Path
    description: str
    """For those who do not see it."""
    title: str = ""
    note: str = ""
    figure: Any = field(default=None, compare=False)
    """What a plot was drawn from, for other formats."""

    @property
    def drawing(self) -> Markup:
        """A plot as a part of the page."""
        return Markup(self.path.read_text(encoding="utf-8"))  # noqa: S704 - we drew it

    @property
    def data(self) -> str:
        """The pixels as a URI."""
        content = base64.b64encode(self.path.read_bytes()).decode()
        return f"data:image/{self.path.suffix[1:]};base64,{content}"


@dataclass
class Section:
    """A heading and what stands beneath, in this order."""

    title: str
    facts: list[str] = field(default_factory=list)
    note: str = ""
    """Which of the template's notes tells how to read it; empty for none."""
    texts: list[str] = field(default_factory=list)
    tables: list[Table] = field(default_factory=list)
    plots: list[Picture] = field(default_factory=list)
    folded: list[Table] = field(default_factory=list)
    """Tables that a click unfolds."""
    fold_title: str = ""
    sheets: list[Picture] = field(default_factory=list)
    sections: list[Section] = field(default_factory=list)
    block: str = ""
    """Lines to be copied as they are."""


def cells(*texts: str) -> list[Cell]:
    """Plain cells."""
    return [Cell(text) for text in texts]


def render(template: str, **content: object) -> str:
    """The text that a template beside this file makes of its content."""
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(Path(__file__).parent),
        autoescape=jinja2.select_autoescape(["html.j2"]),
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template(template).render(**content).rstrip("\n") + "\n"


def write_page(sections: Sequence[Section], output: Path, *, title: str, subtitle: str) -> None:
    """Writes the sections as one HTML file, with a table of contents of two levels."""
    text = render("page.html.j2", title=title, subtitle=subtitle, sections=sections)
    with whole_file(output) as aside:
        aside.write_text(text, encoding="utf-8")


def _kind(column: Sequence[Cell]) -> str:
    texts = ["".join((one.text, *one.small)) for one in column]
    if max(map(len, texts), default=0) > MAX_NUMBER_LETTERS:
        return "text"
    is_empty = set(texts) <= {NONE}
    return "number" if not is_empty and all(map(_NUMBER.match, texts)) else "name"
