"""What may change between the sessions of a run, what may not, and what its folder then says."""

from __future__ import annotations

import json
import os
import re
import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from subprocess import PIPE, STDOUT
from typing import Any

import numpy as np
import pytest
import torch
from tinyruns import (
    assert_same_run,
    history,
    largest_file,
    last_state,
    make_bank,
    tiny_config,
    train_here,
    training_arguments,
    write_config,
)

from restauro.errors import ConfigError, OutputExistsError, TrainingError
from restauro.training.config import load_config
from restauro.training.run_folder import RunFolder
from started import reserved_port, started

NUM_PICTURES = (24, 8)
"""Three steps an epoch."""


def settings(epochs: float, *more: str) -> tuple[str, ...]:
    return (f"training.epochs={epochs}", "training.schedule=constant", *more)


@pytest.fixture(scope="module")
def banks(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of banks: `bank`, `more`, and both `closer`."""
    folder = tmp_path_factory.mktemp("banks")
    make_bank(folder / "bank", *NUM_PICTURES)
    make_bank(folder / "more", *NUM_PICTURES, num_different=5)
    make_bank(folder / "closer", *NUM_PICTURES, size=(64, 64))
    make_bank(folder / "more_closer", *NUM_PICTURES, size=(64, 64), num_different=5)
    return folder


@pytest.fixture(scope="module")
def done_two_epochs(tmp_path_factory: pytest.TempPathFactory, banks: Path) -> Path:
    folder = tmp_path_factory.mktemp("two")
    train_here(tiny_config(folder, banks / "bank", *settings(2)), folder / "run")
    return folder / "run"


@pytest.fixture
def run(done_two_epochs: Path, tmp_path: Path) -> Path:
    """A run of two epochs and six steps, to go on with."""
    return Path(shutil.copytree(done_two_epochs, tmp_path / "run"))


def contents(run: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in run.rglob("*") if path.is_file()}


def notes(run: Path) -> list[dict[str, Any]]:
    """The lines of the history that are no records."""
    lines = [json.loads(line) for line in (run / "history.jsonl").read_text().splitlines()]
    return [line for line in lines if "changed" in line]


def test_other_pictures_are_refused(run: Path, banks: Path, tmp_path: Path) -> None:
    before = contents(run)
    config = tiny_config(tmp_path, banks / "more", *settings(3))
    sentence = (
        r"data.bank has other pictures in \S+more than \S+run was trained with, then in \S+bank; "
        r"give it those, wherever they lie now, or choose another --run"
    )
    with pytest.raises(ConfigError, match=sentence):
        train_here(config, run, resume=True)
    assert contents(run) == before


@pytest.mark.parametrize("key", ["more_banks", "closer_banks"])
def test_other_pictures_of_further_banks_are_refused(key: str, banks: Path, tmp_path: Path) -> None:
    more = [str(banks / "more")]
    closer = [str(banks / "closer"), str(banks / "more_closer")]
    asked = (f"data.more_banks={more}", f"data.closer_banks={closer}")
    train_here(tiny_config(tmp_path, banks / "bank", *settings(1, *asked)), tmp_path / "run")
    asked = {
        "more_banks": (f"data.more_banks={[str(banks / 'bank')]}", asked[1]),
        "closer_banks": (asked[0], f"data.closer_banks={closer[::-1]}"),
    }[key]
    config = tiny_config(tmp_path, banks / "bank", *settings(2, *asked))
    with pytest.raises(ConfigError, match=rf"data.{key} has other pictures in \S+"):
        train_here(config, tmp_path / "run", resume=True)


def test_pictures_that_were_swapped_in_their_place_are_refused(banks: Path, tmp_path: Path) -> None:
    bank = Path(shutil.copytree(banks / "bank", tmp_path / "bank"))
    train_here(tiny_config(tmp_path, bank, *settings(1)), tmp_path / "run")
    np.save(bank / "images.npy", 255 - np.load(bank / "images.npy"))
    with pytest.raises(ConfigError, match=r"data.bank has other pictures"):
        train_here(tiny_config(tmp_path, bank, *settings(2)), tmp_path / "run", resume=True)


def test_a_copy_of_the_bank_will_do_and_is_then_the_one_in_the_config(
    run: Path, banks: Path, tmp_path: Path
) -> None:
    copy = Path(shutil.copytree(banks / "bank", tmp_path / "copy"))
    config = tiny_config(tmp_path, copy, *settings(3))
    assert train_here(config, run, resume=True).is_finished
    assert load_config(run / "config.toml") == config


def test_checksums_are_on_record(run: Path, banks: Path) -> None:
    sums = last_state(run)["banks"]
    assert {key: len(of_banks) for key, of_banks in sums.items()} == {
        "bank": 1,
        "more_banks": 0,
        "closer_banks": 0,
    }
    assert json.loads((run / "environment.json").read_text())["banks"] == sums


def test_a_checkpoint_from_before_checksums_goes_on_and_gets_them(
    run: Path, banks: Path, tmp_path: Path
) -> None:
    state = last_state(run)
    sums = state.pop("banks")
    torch.save(state, run / "last.pt")
    train_here(tiny_config(tmp_path, banks / "bank", *settings(3)), run, resume=True)
    assert last_state(run)["banks"] == sums


@pytest.mark.parametrize(
    "schedule", [("training.schedule=constant",), ("training.cycles=2",)], ids=["constant", "cycle"]
)
def test_a_finished_run_given_more_epochs_equals_one_that_had_them_from_the_outset(
    schedule: tuple[str, ...], banks: Path, tmp_path: Path
) -> None:
    """Bit for bit; where the learning rate falls, a second cycle as long as the first goes on."""
    bank = banks / "bank"
    asked = tiny_config(tmp_path, bank, "training.epochs=4", *schedule)
    train_here(asked, tmp_path / "straight")
    first = tiny_config(tmp_path, bank, "training.epochs=2", *schedule, "training.cycles=1")
    train_here(first, tmp_path / "run")
    assert train_here(asked, tmp_path / "run", resume=True).step == 12
    assert_same_run(tmp_path / "run", tmp_path / "straight")


def test_the_folder_tells_of_more_epochs(run: Path, banks: Path, tmp_path: Path) -> None:
    config = tiny_config(tmp_path, banks / "bank", *settings(3))
    for _ in range(2):  # the second time there is nothing left to do, and nothing to note
        train_here(config, run, resume=True)
    assert load_config(run / "config.toml") == config
    assert notes(run) == [{"changed": {"training.epochs": [2.0, 3.0]}, "step": 6}]
    assert [record["step"] for record in history(run)] == [3, 6, 9]
    environment = json.loads((run / "environment.json").read_text())
    assert environment["step"] == 6
    assert [session["step"] for session in environment["earlier_sessions"]] == [0]


def test_an_epoch_that_was_cut_short_is_finished_with_the_loss_of_all_its_steps(
    banks: Path, tmp_path: Path
) -> None:
    bank = banks / "bank"
    train_here(tiny_config(tmp_path, bank, *settings(1.4)), tmp_path / "run")
    train_here(tiny_config(tmp_path, bank, *settings(2)), tmp_path / "run", resume=True)
    train_here(tiny_config(tmp_path, bank, *settings(2)), tmp_path / "straight")
    assert history(tmp_path / "run")[-1] == history(tmp_path / "straight")[-1]


def stopped_after_an_epoch(bank: Path, folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A run of which one of four epochs is done."""
    with monkeypatch.context() as patch:
        patch.setattr(RunFolder, "append", fail_at_step(6))
        with pytest.raises(TrainingError):
            train_here(tiny_config(folder, bank, *settings(4)), folder / "run")
    return folder / "run"


def fail_at_step(step: int) -> Callable[[RunFolder, dict[str, Any]], None]:
    append = RunFolder.append

    def fail(self: RunFolder, record: dict[str, Any]) -> None:
        if record["step"] == step:
            raise OSError(28, "No space left on device")
        append(self, record)

    return fail


def test_a_run_may_end_earlier_but_not_before_what_is_done(
    banks: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bank = banks / "bank"
    run = stopped_after_an_epoch(bank, tmp_path, monkeypatch)
    before = contents(run)
    with pytest.raises(ConfigError, match=r"training.epochs is 0.5, but \S+ has done 1 already"):
        train_here(tiny_config(tmp_path, bank, *settings(0.5)), run, resume=True)
    assert contents(run) == before
    assert train_here(tiny_config(tmp_path, bank, *settings(1)), run, resume=True).is_finished
    assert load_config(run / "config.toml").training.epochs == 1
    assert train_here(tiny_config(tmp_path, bank, *settings(2)), run, resume=True).step == 6
    assert notes(run) == [{"changed": {"training.epochs": [4.0, 2.0]}, "step": 3}]


def test_a_run_cannot_end_within_an_epoch_that_was_not_scored(banks: Path, tmp_path: Path) -> None:
    bank = banks / "bank"
    train_here(tiny_config(tmp_path, bank, *settings(1.4)), tmp_path / "run")
    config = tiny_config(tmp_path, bank, *settings(4 / 3))
    with pytest.raises(ConfigError, match=r"training.epochs is 1.333.* has done 1.333 already"):
        train_here(config, tmp_path / "run", resume=True)


def train_in_two_processes(
    config_path: Path, run: Path, *overrides: str, options: tuple[str, ...] = ()
) -> tuple[int, str]:
    """Exit status of `restauro train --devices 2`, and what both processes said."""
    arguments = [*training_arguments(config_path, run, *overrides), "--devices", "2", *options]
    with reserved_port() as port:
        environment = os.environ | {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(port)}
        command = [sys.executable, "-m", "restauro", *arguments]
        with started(command, env=environment, stdout=PIPE, stderr=STDOUT) as process:
            output, _ = process.communicate()
    return process.returncode, output


def test_weights_without_a_checkpoint_are_not_overwritten(run: Path, banks: Path) -> None:
    (run / "last.pt").unlink()
    with pytest.raises(ConfigError, match="holds a run already"):
        train_here(tiny_config(run.parent, banks / "bank", *settings(2)), run)


def test_a_second_run_in_the_folder_is_refused_and_changes_nothing(run: Path, banks: Path) -> None:
    config = tiny_config(run.parent, banks / "bank", *settings(3))
    before = contents(run)
    with (
        RunFolder(run).locked(),
        pytest.raises(OutputExistsError, match=r"another run is training in \S+run; wait until"),
    ):
        train_here(config, run, resume=True)
    assert contents(run) == before


def test_all_processes_of_a_second_run_are_refused(run: Path, banks: Path) -> None:
    before = contents(run)
    config = write_config(run.parent, banks / "bank")
    with RunFolder(run).locked():
        status, output = train_in_two_processes(config, run, *settings(3), options=("--resume",))
    assert status != 0  # Lightning kills the first process if the other ends before
    assert "another run is training in" in output
    assert "Traceback" not in output
    assert contents(run) == before


@pytest.mark.parametrize(
    ("name", "count", "step"),
    [
        ("config.toml", 1, None),
        ("environment.json", 1, None),
        ("history.jsonl", 2, 3),
        ("epoch_002.png", 1, 3),
        ("best.safetensors", 1, None),
        ("last.pt", 2, 3),
    ],
)
def test_a_full_disk_is_one_sentence_and_the_run_can_go_on(
    name: str,
    count: int,
    step: int | None,
    done_two_epochs: Path,
    banks: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The disk is full when the file `name` is written for the `count`th time, after `step`."""
    config = tiny_config(tmp_path, banks / "bank", *settings(2))
    run = tmp_path / "run"
    num_written = 0
    replace = Path.replace

    def fill_the_disk(self: Path, target: Path) -> Path:
        nonlocal num_written
        num_written += target.name == name
        if target.name == name and num_written == count:
            raise OSError(28, "No space left on device", str(self), None, str(target))
        return replace(self, target)

    with monkeypatch.context() as patch:
        patch.setattr(Path, "replace", fill_the_disk)
        sentence = rf"{name} cannot be written \(No space left on device\); make room .*--resume"
        with pytest.raises(TrainingError, match=sentence):
            train_here(config, run)
    assert not list(run.rglob(".*"))
    assert (last_state(run)["step"] if (run / "last.pt").exists() else None) == step
    train_here(config, run, resume=True)
    assert_same_run(run, done_two_epochs)


@pytest.mark.skipif(sys.platform == "win32", reason="no limit on the size of files")
def test_a_checkpoint_that_finds_no_room_leaves_the_last_good_one(run: Path, banks: Path) -> None:
    config = tiny_config(run.parent, banks / "bank", *settings(3))
    before = (run / "last.pt").read_bytes()
    sentence = r"last.pt cannot be written \(File too large\); make room"
    with largest_file(len(before) - 1000), pytest.raises(TrainingError, match=sentence):
        train_here(config, run, resume=True)
    assert (run / "last.pt").read_bytes() == before
    assert not list(run.rglob(".*"))
    assert train_here(config, run, resume=True).is_finished


def test_processes_end_with_the_one_that_cannot_write(banks: Path, tmp_path: Path) -> None:
    run = tmp_path / "run"
    run.mkdir()
    (run / "samples").write_text("no folder, so that the first process cannot write into it")
    config = write_config(tmp_path, banks / "bank")
    status, output = train_in_two_processes(config, run, *settings(50))
    assert status != 0
    assert re.search(r"samples cannot be written \(File exists\); make room", output)
    assert "Traceback" not in output
