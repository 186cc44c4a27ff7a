from __future__ import annotations

import subprocess
import sys

import click
import pytest
from click.testing import CliRunner

from restauro.cli import cli, sentence_for
from restauro.errors import BadImageError


def run(*arguments: str, before: str = "pass") -> subprocess.CompletedProcess[str]:
    """The command line in a process of its own, after the Python statements `before`."""
    program = f"import sys; {before}; sys.argv = {['restauro', *arguments]!r}; "
    program += "from restauro.cli import main; main()"
    return subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)


def test_missing_library_is_one_sentence_with_the_pip_command() -> None:
    result = run("train", "configs/quick.toml", before="sys.modules['torch'] = None")
    assert result.returncode == 1
    assert "pip install 'restauro[train]'" in result.stderr
    assert "Traceback" not in result.stderr


def test_debug_shows_the_traceback() -> None:
    result = run("--debug", "inpaint", "nowhere", "nowhere", "x.png")
    assert result.returncode != 0
    assert "Traceback" in result.stderr


@pytest.mark.parametrize(
    ("error", "part"),
    [
        (BadImageError("the mask is too small"), "too small"),
        (FileNotFoundError(2, "No such file or directory", "x/y"), "x/y cannot be used"),
        (ModuleNotFoundError("", name="onnx.helper"), "needs onnx.helper"),
    ],
)
def test_what_a_user_can_mend_is_told(error: Exception, part: str) -> None:
    assert part in (sentence_for(error) or "")


@pytest.mark.parametrize(
    "error", [ModuleNotFoundError("", name="restauro.nothing"), OSError("no file named")]
)
def test_our_own_mistakes_keep_their_traceback(error: Exception) -> None:
    assert sentence_for(error) is None


@pytest.mark.parametrize("name", cli.list_commands(click.Context(cli)))
def test_help_shows_no_marks_of_its_layout(name: str) -> None:
    result = CliRunner().invoke(cli, [name, "--help"])
    assert result.exit_code == 0
    assert "\\b" not in result.output
    assert "\b" not in result.output
