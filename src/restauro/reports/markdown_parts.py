"""Pieces of Markdown that GitHub and `html_page` show alike."""

from __future__ import annotations

import re
from collections.abc import Sequence

_MARKUP = re.compile(r"""[&<>|*`\[\]\\~$"'#]|(?<![^\W_])_|_(?![^\W_])""")


def escaped(text: str) -> str:
    """A foreign name that stands for itself wherever Markdown has text, in a table too."""
    line = " ".join(text.split())
    seen = "".join(sign if sign.isprintable() else "\N{REPLACEMENT CHARACTER}" for sign in line)
    return _MARKUP.sub(lambda sign: f"&#{ord(sign[0])};", seen)


def table(header: Sequence[str], rows: Sequence[Sequence[str]], *, num_names: int = 1) -> str:
    """A table whose first `num_names` columns are words and whose others are numbers.

    Cells are Markdown: what is foreign in them must be `escaped` already.
    """
    aligned = ["---"] * num_names + ["---:"] * (len(header) - num_names)
    return "\n".join(f"| {' | '.join(line)} |" for line in [header, aligned, *rows])


def picture(description: str, file_name: str) -> str:
    """A picture that lies beside the text."""
    return f"![{escaped(description)}]({file_name})"


def folded(summary: str, *parts: str) -> str:
    """Parts of a page that a click unfolds."""
    return "\n\n".join([f"<details><summary>{summary}</summary>", *parts, "</details>"])
