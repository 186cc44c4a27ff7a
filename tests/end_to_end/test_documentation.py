"""What the documentation shows exists: commands with their options, pages and files."""

from __future__ import annotations

import contextlib
import re
import shlex
from pathlib import Path

import click
import pytest

from restauro.cli import cli
from restauro.errors import RestauroError

ROOT = Path(__file__).parents[2]
PAGES = [*sorted(ROOT.glob("*.md")), *sorted((ROOT / "docs").rglob("*.md"))]
COMMAND = re.compile(
    r"^restauro [a-z](?:[^`\n#\\]|\\\n)*|(?<=`)restauro [a-z][^`#]*(?=`)", re.MULTILINE
)
"""A line of a code block and those that a backslash joins to it, or what stands between backticks,
which prose may wrap."""
PARTS = "|".join(path.name for path in (ROOT / "src" / "restauro").glob("[a-z]*/"))
FILE = re.compile(
    rf"`((?:src|tests|docs|benchmarks)/[^`\s]+|configs/[^`\s/]+|(?:{PARTS})/[^`\s]+\.py)`"
)
"""What a page names as code and is a file or a folder of ours; other projects have configs, too."""


def shown_commands() -> list[str]:
    """Every `restauro ...` in a code block or between backticks that is meant to be typed."""
    texts = [text for page in PAGES for text in COMMAND.findall(page.read_text())]
    found = {" ".join(text.replace("\\\n", " ").split()) for text in texts}
    is_synopsis = re.compile(r"[\[\]|]|\.\.\.|[A-Z]{3,}")
    return sorted(text for text in found if not is_synopsis.search(text))


@pytest.mark.parametrize("text", shown_commands())
def test_shown_command_can_be_typed(text: str) -> None:
    for part in text.split("&&"):
        _, name, *arguments = shlex.split(part)
        command = cli.get_command(click.Context(cli), name)
        assert command is not None, f"there is no command {name}"
        with contextlib.suppress(click.MissingParameter, click.exceptions.Exit, RestauroError):
            # Raises on an unknown option or value; a command named in prose may lack arguments,
            # and a URL the library of its file system.
            command.make_context(name, arguments)


def test_some_commands_are_shown() -> None:
    assert len(shown_commands()) > 10


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_links_lead_somewhere(page: Path) -> None:
    links = re.findall(r"\]\((?!https?:)([^)#]*)(?:#([^)]+))?\)", prose(page))
    targets = [(page.parent / path if path else page, section) for path, section in links]
    missing = [
        (path, section)
        for path, section in targets
        if not path.exists() or (section and section not in sections(path))
    ]
    assert not missing


# the log tells where code was
@pytest.mark.parametrize(
    "page",
    [page for page in PAGES if page.name != "log.md"],
    ids=lambda page: page.relative_to(ROOT).as_posix(),
)
def test_named_files_exist(page: Path) -> None:
    names = [re.sub(r"{.*?}", "*", name) for name in FILE.findall(prose(page))]
    folders = ROOT, ROOT / "src" / "restauro"
    missing = [name for name in names if not any(any(folder.glob(name)) for folder in folders)]
    assert not missing


def prose(page: Path) -> str:
    """A page without its blocks of code."""
    return re.sub(r"^```.*?^```", "", page.read_text(), flags=re.MULTILINE | re.DOTALL)


def sections(page: Path) -> set[str]:
    """What a link to a heading of the page says behind its `#`, as GitHub makes it."""
    titles = re.findall(r"^#+ (.+)$", prose(page), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}
