"""What long work tells, with a clock that moves only when a test says so."""

from __future__ import annotations

import io
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest
import tqdm.std
from click.testing import CliRunner

from restauro.cli import cli
from restauro.data.bank import BankWriter
from restauro.picture.types import Image
from restauro.progress import progress_bar


class Clock:
    """Seconds since 1970, for tqdm."""

    def __init__(self) -> None:
        self.now = 1e9

    def __call__(self) -> float:
        return self.now


class Terminal(io.StringIO):
    """What a person would look at."""

    def isatty(self) -> bool:
        return True


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(tqdm.std, "time", clock)
    return clock


def test_preparing_without_a_terminal_writes_a_line_in_thirty_seconds(
    clock: Clock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    add = BankWriter.add

    def add_in_a_second(self: BankWriter, image: Image, row: Sequence[str]) -> None:
        clock.now += 1
        add(self, image, row)

    monkeypatch.setattr(BankWriter, "add", add_in_a_second)
    arguments = ["prepare", "samples", str(tmp_path / "bank"), "--size", "16", "--count", "100"]
    told = CliRunner().invoke(cli, arguments, catch_exceptions=False).stderr
    assert told.endswith("\n")
    assert "\r" not in told
    lines = told.splitlines()
    assert [line.split("|")[0].strip() for line in lines] == ["0%", "30%", "60%", "90%", "100%"]
    assert lines[2].split("| ")[1] == "60/100 [01:00<00:40,  1.00 pictures/s]"


def test_what_is_slower_is_told_as_it_comes(
    clock: Clock, capsys: pytest.CaptureFixture[str]
) -> None:
    with progress_bar(3, "step") as bar:
        for _ in range(3):
            clock.now += 100
            bar.update()
    lines = capsys.readouterr().err.splitlines()
    assert [line.split("|")[0].strip() for line in lines][:4] == ["0%", "33%", "67%", "100%"]


def test_a_message_is_a_line_and_draws_no_bar(
    clock: Clock, capsys: pytest.CaptureFixture[str]
) -> None:
    with progress_bar(3, "step") as bar:
        bar.write("a message", file=sys.stderr)
        bar.write("a result", file=sys.stdout)
        out, err = capsys.readouterr()
    assert out == "a result\n"
    assert err.splitlines()[1:] == ["a message"]


def test_a_terminal_shows_a_bar_that_moves(clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    with progress_bar(10, "step") as bar:
        for _ in range(10):
            clock.now += 1
            bar.update()
    assert terminal.getvalue().count("\n") == 1
    assert terminal.getvalue().count("\r") > 10


def test_a_bar_that_is_not_shown_writes_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    with progress_bar(3, "step", is_shown=False) as bar:
        bar.update(3)
    assert capsys.readouterr().err == ""
