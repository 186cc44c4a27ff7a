from __future__ import annotations

import hashlib
import json
import shutil
import signal
import sys
from collections.abc import Sequence
from pathlib import Path
from subprocess import DEVNULL

import numpy as np
import pytest
from click.testing import CliRunner
from sourcemakers import jpeg, prepared, rejections, write_folder, write_zip

from restauro.data.bank import Bank, BankWriter
from restauro.data.prepare import Recipe, prepare, written_aside
from restauro.data.sources import SOURCES, SourceOptions
from restauro.errors import BadDataError, OutputExistsError, RestauroError, UnknownNameError
from restauro.picture.types import Image
from started import PATIENCE, started, until

PICTURES = {f"{number:02}.jpg": jpeg(seed=number) for number in range(30)}


@pytest.fixture
def source(tmp_path: Path) -> Path:
    return write_zip(tmp_path / "source.zip", PICTURES)


@pytest.fixture
def bank(tmp_path: Path) -> Path:
    return tmp_path / "banks" / "bank"


def names_beside(bank: Path) -> list[str]:
    return sorted(path.name for path in bank.parent.iterdir())


def test_the_bank_is_the_same_for_every_number_of_workers(source: Path, tmp_path: Path) -> None:
    contents = set()
    for workers in (1, 2, 7):
        bank = tmp_path / f"bank{workers}"
        prepare(Recipe("folder", SourceOptions(source), 16), bank, workers=workers)
        contents.add((bank / "images.npy").read_bytes() + (bank / "index.csv").read_bytes())
    assert len(contents) == 1


def test_images_npy_is_what_numpy_itself_would_write(
    source: Path, bank: Path, tmp_path: Path
) -> None:
    prepared("folder", source, bank)
    np.save(tmp_path / "again.npy", np.load(bank / "images.npy"))
    assert (bank / "images.npy").read_bytes() == (tmp_path / "again.npy").read_bytes()


def test_bank_json_says_what_the_bank_is(source: Path, bank: Path) -> None:
    result = prepared("folder", source, bank)
    facts = json.loads((bank / "bank.json").read_text())
    assert facts == result.description
    assert facts["sha256"] == hashlib.sha256((bank / "images.npy").read_bytes()).hexdigest()
    assert facts["arguments"]["from"] == str(source)
    assert (facts["format"], facts["source"], facts["size"]) == (1, "folder", 16)
    assert facts["crop"] == "the largest square in the middle"
    assert sum(facts["counts"].values()) == len(PICTURES)


def test_a_second_run_does_nothing(source: Path, bank: Path) -> None:
    assert prepared("folder", source, bank).is_new
    before = {path: path.stat().st_mtime_ns for path in bank.iterdir()}
    result = prepared("folder", source, bank)
    assert not result.is_new
    assert {path: path.stat().st_mtime_ns for path in bank.iterdir()} == before


def test_a_source_that_moved_is_still_the_same(source: Path, bank: Path, tmp_path: Path) -> None:
    prepared("folder", source, bank)
    (tmp_path / "elsewhere").mkdir()
    moved = source.rename(tmp_path / "elsewhere" / source.name)
    assert not prepared("folder", moved, bank).is_new


def test_other_arguments_need_force(source: Path, bank: Path) -> None:
    prepared("folder", source, bank, size=16)
    with pytest.raises(OutputExistsError, match=r"other arguments .* --force, or choose another"):
        prepared("folder", source, bank, size=20)
    assert Bank.open(bank).size == (16, 16)
    assert prepared("folder", source, bank, size=20, force=True).is_new
    assert Bank.open(bank).size == (20, 20)
    assert names_beside(bank) == ["bank"]


def test_a_source_that_changed_needs_force(source: Path, bank: Path) -> None:
    prepared("folder", source, bank)
    write_zip(source, PICTURES | {"new.jpg": jpeg(seed=99)})
    with pytest.raises(OutputExistsError, match="an older source"):
        prepared("folder", source, bank)


@pytest.mark.parametrize("force", [False, True])
def test_folders_with_other_things_are_never_replaced(
    source: Path, bank: Path, force: bool
) -> None:
    write_folder(bank, {"thesis.txt": b"four years of work"})
    with pytest.raises(OutputExistsError, match="'thesis.txt', which is no part of a bank"):
        prepared("folder", source, bank, force=force)
    assert (bank / "thesis.txt").read_bytes() == b"four years of work"


def test_a_damaged_bank_needs_force(source: Path, bank: Path) -> None:
    prepared("folder", source, bank)
    (bank / "index.csv").unlink()
    with pytest.raises(OutputExistsError, match="or replace it with --force"):
        prepared("folder", source, bank)
    assert prepared("folder", source, bank, force=True).is_new


def test_an_empty_folder_may_become_a_bank(source: Path, bank: Path) -> None:
    bank.mkdir(parents=True)
    assert prepared("folder", source, bank).is_new


def test_an_error_in_the_middle_leaves_the_old_bank_and_nothing_else(
    source: Path, bank: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    prepared("folder", source, bank)
    before = (bank / "images.npy").read_bytes()
    added: list[str] = []

    def stop_at_the_tenth(self: BankWriter, image: Image, row: Sequence[str]) -> None:
        added.append(row[0])
        if len(added) == 10:
            raise KeyboardInterrupt

    monkeypatch.setattr(BankWriter, "add", stop_at_the_tenth)
    with pytest.raises(KeyboardInterrupt):
        prepared("folder", source, bank, size=20, force=True)
    assert (bank / "images.npy").read_bytes() == before
    assert names_beside(bank) == ["bank"]


def test_two_runs_cannot_write_the_same_bank(source: Path, bank: Path) -> None:
    with (
        written_aside(bank),
        pytest.raises(OutputExistsError, match="being written by another process; wait"),
    ):
        prepared("folder", source, bank)
    assert prepared("folder", source, bank).is_new


def test_a_run_killed_between_the_two_renames_loses_nothing(source: Path, bank: Path) -> None:
    prepared("folder", source, bank)
    bank.rename(bank.with_name(".bank.replaced"))
    (bank.with_name(".bank.partial")).mkdir()
    with pytest.raises(KeyError), written_aside(bank):
        raise KeyError
    assert len(Bank.open(bank).images) == len(PICTURES)
    assert names_beside(bank) == ["bank"]


def interrupted(bank: Path, number: signal.Signals) -> int:
    """The exit status of a run that was signalled after some pictures of a million were written."""
    command = [sys.executable, "-m", "restauro", "prepare", "samples", str(bank), "--size", "16"]
    images = bank.with_name(f".{bank.name}.partial") / "images.npy"
    with started([*command, "--count", "1000000"], stderr=DEVNULL) as run:
        until(lambda: images.exists() and images.stat().st_size > 20_000, True)
        run.send_signal(number)
        return run.wait(PATIENCE)


def test_control_c_leaves_nothing(bank: Path) -> None:
    assert interrupted(bank, signal.SIGINT) == 1
    assert names_beside(bank) == []


def test_what_a_killed_run_leaves_is_removed_by_the_next(source: Path, bank: Path) -> None:
    assert interrupted(bank, signal.SIGKILL) == -signal.SIGKILL
    assert names_beside(bank) == [".bank.lock", ".bank.partial"]
    prepared("folder", source, bank)
    assert names_beside(bank) == ["bank"]


def test_a_disk_without_room_is_noticed_before_the_work(
    source: Path, bank: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    nearly_full = shutil.disk_usage(source.parent)._replace(free=1000)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: nearly_full)
    with pytest.raises(BadDataError, match="make room or choose a smaller --size"):
        prepared("folder", source, bank)
    assert names_beside(bank) == []


def test_a_place_that_cannot_be_written_is_an_error(source: Path) -> None:
    with pytest.raises(BadDataError, match=r"source\.zip/bank cannot be written"):
        prepared("folder", source, source / "bank")


def test_reasons_are_one_line_each(tmp_path: Path, bank: Path) -> None:
    files = PICTURES | {"a\nb.jpg": b"", "c.jpg": b""}
    prepared("folder", write_folder(tmp_path / "source", files), bank)
    assert rejections(bank)["c.jpg"] == "no picture that Pillow can read"


def run(*arguments: object) -> str:
    """What the command prints on standard output."""
    from restauro.cli import cli

    result = CliRunner().invoke(cli, ["prepare", *map(str, arguments)], catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.stdout


def test_the_command_says_what_it_made(tmp_path: Path, bank: Path) -> None:
    files = {f"{split}/{number}.jpg": jpeg() for split in ("train", "val") for number in range(3)}
    source = write_zip(tmp_path / "source.zip", files | {"val/bad.jpg": b""})
    arguments = ("folder", bank, "--from", source, "--size", 16)
    assert run(*arguments) == (
        f"wrote {bank}: 6 pictures (3 train, 3 val, 0 test)\n"
        f"1 picture could not be used; {bank / 'rejected.csv'} says why\n"
    )
    assert run(*arguments).startswith("nothing to do: ")
    assert run(*arguments, "--force").startswith("wrote ")


def test_the_command_draws_samples_without_any_files(bank: Path) -> None:
    assert "10 pictures (8 train, 1 val, 1 test)" in run("samples", bank, "--count", 10)


def test_an_unknown_source_suggests_the_closest(bank: Path) -> None:
    with pytest.raises(UnknownNameError, match="did you mean 'celeba'"):
        prepared("celebra", bank, bank)


@pytest.mark.parametrize("name", ["celeba", "fgvc-aircraft", "folder"])
def test_every_source_that_reads_files_says_when_they_are_not_there(
    name: str, tmp_path: Path, bank: Path
) -> None:
    with pytest.raises(RestauroError, match="does not exist; give a folder, zip or tar"):
        prepared(name, tmp_path / "nowhere", bank)


def test_the_help_names_every_source() -> None:
    text = run("--help")
    assert all(name in text for name in SOURCES.names())
