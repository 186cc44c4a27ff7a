"""A run ends early when its validation loss no longer falls, and keeps the last checkpoints."""

from __future__ import annotations

import shutil
import signal
from pathlib import Path

import pytest
import tinyvariational
from click.testing import CliRunner
from tinyruns import (
    assert_same_run,
    history,
    last_state,
    make_bank,
    tiny_config,
    train_here,
    write_config,
)
from torch import Tensor

from restauro.commands.train import command
from restauro.training import loop
from restauro.training.loop import Run, train_step
from restauro.training.weights import save_checkpoint

TINY = "model.name=tiny_variational"
STUCK = ("training.learning_rate=1e-30", "model.arguments.kl_weight=0", "training.epochs=9")
"""No weight moves, and the validation loss rises with the progress that this network counts."""
LAST_TWO = "training.keep_checkpoints=2"


@pytest.fixture(scope="module")
def bank(tmp_path_factory: pytest.TempPathFactory) -> Path:
    tinyvariational.register()
    return make_bank(tmp_path_factory.mktemp("banks") / "bank", 24, 8)


def checkpoints(run: Path) -> list[str]:
    """Names of all checkpoints of a run."""
    return sorted(path.name for path in run.glob("*.pt"))


def test_run_ends_when_the_validation_loss_no_longer_falls(bank: Path, tmp_path: Path) -> None:
    config = tiny_config(tmp_path, bank, TINY, *STUCK, "training.patience=2")
    run = train_here(config, tmp_path / "run")
    assert run.is_finished
    assert run.is_out_of_patience
    assert [record["epoch"] for record in history(tmp_path / "run")] == [1, 2, 3]
    assert train_here(config, tmp_path / "run", resume=True).step == 9

    patient = tiny_config(tmp_path, bank, TINY, *STUCK, "training.patience=4")
    assert train_here(patient, tmp_path / "run", resume=True).step == 15


def test_run_whose_loss_falls_goes_on(bank: Path, tmp_path: Path) -> None:
    config = tiny_config(tmp_path, bank, TINY, "training.epochs=3", "training.patience=1")
    # the progress that this network counts rises by 1/3 an epoch: the loss falls in the first alone
    assert train_here(config, tmp_path / "rising").step == 6
    config = tiny_config(tmp_path, bank, "training.epochs=3", "training.patience=1")
    assert train_here(config, tmp_path / "falling").step == 9
    losses = [record["validation_loss"] for record in history(tmp_path / "falling")]
    assert losses == sorted(losses, reverse=True)


def test_patience_is_resumed(bank: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    config = tiny_config(tmp_path, bank, TINY, *STUCK, "training.patience=2")
    train_here(config, tmp_path / "whole")

    def stopped_step(run: Run, images: Tensor, masks: Tensor) -> dict[str, Tensor]:
        if run.step in (4, 7):
            signal.raise_signal(signal.SIGTERM)
        return train_step(run, images, masks)

    monkeypatch.setattr(loop, "train_step", stopped_step)
    for step in (5, 8, 9):
        assert train_here(config, tmp_path / "parts", resume=True).step == step
    assert_same_run(tmp_path / "parts", tmp_path / "whole")


def test_resumed_run_that_ended_early_says_so(bank: Path, tmp_path: Path) -> None:
    settings = (TINY, *STUCK, "training.patience=1")
    train_here(tiny_config(tmp_path, bank, *settings), tmp_path / "run")
    options = [str(write_config(tmp_path, bank)), "--run", str(tmp_path / "run"), "--resume"]
    options += [part for setting in settings for part in ("--set", setting)]
    result = CliRunner().invoke(command, [*options, "--accelerator", "cpu"], catch_exceptions=False)
    assert result.exit_code == 0
    assert "ended at step 6, as the validation loss has stopped falling" in result.output
    assert "--resume --set training.patience=0 goes on" in result.output


def test_checkpoints_of_the_last_epochs_are_kept(bank: Path, tmp_path: Path) -> None:
    config = tiny_config(tmp_path, bank, TINY, "training.epochs=4", LAST_TWO)
    train_here(config, tmp_path / "run")
    assert checkpoints(tmp_path / "run") == ["epoch_003.pt", "epoch_004.pt", "last.pt"]
    assert last_state(tmp_path / "run")["step"] == 12

    whole = tmp_path / "whole"
    shutil.copytree(tmp_path / "run", whole)
    (tmp_path / "run" / "epoch_003.pt").replace(tmp_path / "run" / "last.pt")
    assert last_state(tmp_path / "run")["step"] == 9
    train_here(config, tmp_path / "run", resume=True)
    assert_same_run(tmp_path / "run", whole)
    assert checkpoints(tmp_path / "run") == ["epoch_004.pt", "last.pt"]


def test_checkpoint_goes_only_when_a_newer_one_is_whole(
    bank: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    left: list[list[str]] = []

    def seen_save(path: Path, state: dict[str, object]) -> None:
        left.append(checkpoints(path.parent))
        save_checkpoint(path, state)

    monkeypatch.setattr(loop, "save_checkpoint", seen_save)
    config = tiny_config(tmp_path, bank, TINY, "training.epochs=2", "training.keep_checkpoints=1")
    train_here(config, tmp_path / "run")
    before_second, before_last = left[2:]
    assert before_second == ["epoch_001.pt", "last.pt"]
    assert before_last == ["epoch_001.pt", "epoch_002.pt", "last.pt"]
    assert checkpoints(tmp_path / "run") == ["epoch_002.pt", "last.pt"]


def test_no_epoch_is_kept_unless_asked_for(bank: Path, tmp_path: Path) -> None:
    train_here(tiny_config(tmp_path, bank, TINY, "training.epochs=2"), tmp_path / "run")
    assert checkpoints(tmp_path / "run") == ["last.pt"]
