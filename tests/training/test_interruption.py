"""A run that was killed or stopped, and goes on, ends as if nothing had happened.

The interrupted runs are real processes; all is compared bit for bit, on the processor in fp32.
"""

from __future__ import annotations

import shutil
import signal
from itertools import count
from pathlib import Path

import pytest
import tinyvariational
from moments import Moment, killed, signalled
from tinyruns import (
    SMALL_AUTOENCODER,
    assert_same_run,
    last_state,
    make_bank,
    tiny_config,
    train_here,
    training_arguments,
    write_config,
)

EVERY_STEP = "training.checkpoint_minutes=1e-9"
NUM_STEPS = 24
UNET = (
    "training.average_decay=0.9",
    "training.max_gradient_norm=1.0",
    "training.epochs=8",
    "training.optimizer=muon",
    "adversary.weight=0.1",
    "adversary.feature_matching=1.0",
    "adversary.num_stages=2",
)
"""All that keeps a state."""
SHORT = (
    "model.name=tiny_variational",
    "training.average_decay=0.9",
    "training.max_gradient_norm=1.0",
    "training.epochs=1.5",
)
"""Three steps of a bank of 16 pictures, one of them in an epoch that is cut short.

A network of few tensors, for this is trained some eighty times; it draws random numbers.
"""


@pytest.fixture(scope="module")
def bank(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_bank(tmp_path_factory.mktemp("banks") / "bank", 24, 8)


@pytest.fixture(scope="module")
def uninterrupted(tmp_path_factory: pytest.TempPathFactory, bank: Path) -> Path:
    """The run folder of the U-Net, trained at one go without a checkpoint within an epoch."""
    folder = tmp_path_factory.mktemp("uninterrupted")
    run = train_here(tiny_config(folder, bank, *UNET), folder / "run")
    assert run.step == NUM_STEPS
    return folder / "run"


@pytest.fixture(scope="module")
def short(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The run folder of three steps, trained at one go; its bank lies beside it."""
    tinyvariational.register()
    folder = tmp_path_factory.mktemp("short")
    bank = make_bank(folder / "bank", 16, 4)
    train_here(tiny_config(folder, bank, *SHORT), folder / "run")
    return folder / "run"


def test_killed_at_any_moment_and_resumed_equals_uninterrupted(short: Path, tmp_path: Path) -> None:
    config = tiny_config(tmp_path, short.parent / "bank", *SHORT, EVERY_STEP)
    run, saved, found = tmp_path / "run", 0, set()
    for number in count(1):
        if not (what := killed(Moment(number), config, run)):
            break
        found.add(what)
        before, saved = saved, last_state(run)["step"] if (run / "last.pt").exists() else 0
        assert saved >= before, "the last good checkpoint was lost"
        train_here(config, run, resume=True)
        assert_same_run(run, short)
        shutil.rmtree(run)
    aside, plain = (
        ("last.pt", "best.safetensors"),
        ("config.toml", "history.jsonl", "epoch_001.png"),
    )
    assert found >= {f"whole {name}" for name in aside}
    assert found >= {f"half {name}" for name in aside + plain}


def test_killed_before_its_first_checkpoint_starts_again(short: Path, tmp_path: Path) -> None:
    run = tmp_path / "run"
    run.mkdir()
    (run / "history.jsonl").write_text('{"epoch": 1, "step": 3, "seco')
    (run / ".last.pt.partial").write_bytes(b"half a checkpoint")
    train_here(tiny_config(tmp_path, short.parent / "bank", *SHORT), run, resume=True)
    assert_same_run(run, short)


def test_dropout_and_batch_statistics_are_resumed_exactly(tmp_path: Path) -> None:
    bank = make_bank(tmp_path / "bank", 4, 2, size=(64, 64))
    dropout = ("model.arguments.dropout=0.3", "model.arguments.linear_dropout=0.3")
    settings = (*SMALL_AUTOENCODER, *dropout)
    train_here(tiny_config(tmp_path, bank, *settings), tmp_path / "uninterrupted")

    run = tmp_path / "run"
    config = tiny_config(tmp_path, bank, *settings, EVERY_STEP)
    assert killed(Moment(7, "last.pt"), config, run)  # the fourth checkpoint is half written
    assert last_state(run)["step"] == 3
    assert killed(Moment(1, "history.jsonl"), config, run)  # which is cut to what was saved
    train_here(config, run, resume=True)
    assert_same_run(run, tmp_path / "uninterrupted")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT], ids=["SIGTERM", "Ctrl-C"])
def test_stopped_run_saves_and_says_how_to_go_on(
    number: signal.Signals, bank: Path, uninterrupted: Path, tmp_path: Path
) -> None:
    run = tmp_path / "run"
    arguments = training_arguments(write_config(tmp_path, bank), run, *UNET, EVERY_STEP)
    told = tmp_path / "told.txt"
    status = signalled(number, Moment(3, "last.pt"), arguments, run, told)
    output = told.read_text()
    assert status == 130, output
    step = last_state(run)["step"]
    assert 2 <= step < NUM_STEPS
    assert f"stopped at step {step}; go on with the same command and --resume" in output
    assert "Traceback" not in output

    train_here(tiny_config(tmp_path, bank, *UNET), run, resume=True)
    assert_same_run(run, uninterrupted)
