from __future__ import annotations

import csv
import dataclasses
import os
from pathlib import Path

import pytest

from restauro.errors import OutputExistsError, RestauroError
from restauro.jobs.record import COLUMNS, FAILED, NO_HOLE, RESTORED, Outcome, Record

DONE = Outcome("a.png", "m.png", "out/a.png", RESTORED, 0.25, "faces", "", "a" * 16, 3)


@pytest.fixture
def output(tmp_path: Path) -> Path:
    """An output of as many bytes as `DONE` has."""
    path = tmp_path / "a.png"
    path.write_bytes(b"abc")
    return path


def rows_of(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", errors="surrogateescape", newline="") as file:
        return list(csv.DictReader(file))


def write(path: Path, *outcomes: Outcome) -> None:
    with Record(path) as record:
        for outcome in outcomes:
            record.add(outcome)


@pytest.mark.parametrize("status", [RESTORED, NO_HOLE])
def test_what_was_written_is_done_while_its_file_is_whole(
    tmp_path: Path, output: Path, status: str
) -> None:
    write(tmp_path / "r.csv", dataclasses.replace(DONE, status=status))
    record = Record(tmp_path / "r.csv")
    assert record.is_done(DONE.fingerprint, output)
    assert not record.is_done("b" * 16, output)
    output.write_bytes(b"ab")
    assert not record.is_done(DONE.fingerprint, output)
    output.unlink()
    assert not record.is_done(DONE.fingerprint, output)


def test_a_row_is_in_the_file_before_the_job_ends(tmp_path: Path, output: Path) -> None:
    with Record(tmp_path / "r.csv") as record:
        record.add(DONE)
        assert Record(tmp_path / "r.csv").is_done(DONE.fingerprint, output)


def test_failures_are_written_but_tried_again(tmp_path: Path, output: Path) -> None:
    failure = dataclasses.replace(DONE, status=FAILED, message="no, it's damaged\nall of it")
    write(tmp_path / "r.csv", failure)
    (row,) = rows_of(tmp_path / "r.csv")
    assert (row["status"], row["message"]) == (FAILED, failure.message)
    assert not Record(tmp_path / "r.csv").is_done(DONE.fingerprint, output)
    write(tmp_path / "r.csv")
    assert rows_of(tmp_path / "r.csv") == []


def test_the_last_success_of_an_output_stays(tmp_path: Path) -> None:
    other = dataclasses.replace(DONE, output="out/b.png")
    write(tmp_path / "r.csv", DONE, other, dataclasses.replace(DONE, model="telea"))
    assert {row["output"]: row["model"] for row in rows_of(tmp_path / "r.csv")} == {
        "out/a.png": "telea",
        "out/b.png": "faces",
    }


def test_a_refusal_does_not_forget_what_was_done(tmp_path: Path, output: Path) -> None:
    write(tmp_path / "r.csv", DONE)
    write(tmp_path / "r.csv", dataclasses.replace(DONE, status=FAILED, fingerprint="b" * 16))
    assert len(rows_of(tmp_path / "r.csv")) == 2
    assert Record(tmp_path / "r.csv").is_done(DONE.fingerprint, output)


def test_a_kill_at_any_byte_leaves_a_record_that_can_be_read(tmp_path: Path, output: Path) -> None:
    write(tmp_path / "whole.csv", DONE, dataclasses.replace(DONE, output="b", fingerprint="b" * 16))
    whole = (tmp_path / "whole.csv").read_bytes()
    heading = whole.index(b"\n") + 1
    for length in (0, *range(heading, len(whole))):
        (tmp_path / "cut.csv").write_bytes(whole[:length])
        write(tmp_path / "cut.csv")
        for row in rows_of(tmp_path / "cut.csv"):
            assert None not in row.values()
    assert Record(tmp_path / "cut.csv").is_done(DONE.fingerprint, output)


def test_names_that_are_no_text_survive(tmp_path: Path) -> None:
    name = os.fsdecode(b'caf\xe9, "1".png')
    write(tmp_path / "r.csv", dataclasses.replace(DONE, picture=name))
    write(tmp_path / "r.csv")
    assert rows_of(tmp_path / "r.csv")[0]["picture"] == name


def test_a_file_that_is_no_record_is_kept(tmp_path: Path) -> None:
    (tmp_path / "mine.csv").write_text("name,price\nbread,3\n")
    with pytest.raises(OutputExistsError, match=r"mine.csv is no record .* another with --csv"):
        Record(tmp_path / "mine.csv")
    assert (tmp_path / "mine.csv").read_text() == "name,price\nbread,3\n"


def test_a_place_that_cannot_be_written_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(RestauroError, match=r"r.csv cannot be written: .* another with --csv"):
        write(tmp_path / "nowhere" / "r.csv")


def test_the_columns_are_those_of_the_documentation() -> None:
    page = Path(__file__).parents[2] / "docs" / "command_line.md"
    assert [name for name in COLUMNS if f"| `{name}` |" not in page.read_text()] == []
