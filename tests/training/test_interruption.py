"""A run that was killed or stopped, and goes on, ends as if nothing had happened.

The interrupted runs are real processes; all is compared bit for bit, on the processor in fp32.
"""

from __future__ import annotations

import random
import signal
import subprocess
import time
from pathlib import Path

import pytest
from tinyruns import (
    SMALL_AUTOENCODER,
    assert_same_run,
    last_state,
    make_bank,
    start_training,
    tiny_config,
    train_here,
    train_to_the_end,
    write_config,
)

EVERY_STEP = "training.checkpoint_minutes=1e-9"
NUM_STEPS = 36
UNET = (
    "training.average_decay=0.9",
    "training.max_gradient_norm=1.0",
    "training.epochs=12",
    "training.optimizer=muon",
    "adversary.weight=0.1",
    "adversary.feature_matching=1.0",
    "adversary.num_stages=2",
)
"""All that keeps a state, and long enough that no process reaches the end before it is killed."""
RESUME = ("--resume",)


@pytest.fixture(scope="module")
def config_path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("tiny")
    return write_config(folder, make_bank(folder / "bank", 24, 8))


@pytest.fixture(scope="module")
def uninterrupted(tmp_path_factory: pytest.TempPathFactory, config_path: Path) -> Path:
    """The run folder of the U-Net, trained at one go without a checkpoint within an epoch."""
    folder = tmp_path_factory.mktemp("uninterrupted")
    config = tiny_config(folder, config_path.parent / "bank", *UNET)
    run = train_here(config, folder / "run")
    assert run.step == NUM_STEPS
    return folder / "run"


def wait_for_checkpoints(process: subprocess.Popen[str], run_path: Path, count: int) -> float:
    """Waits until `count` checkpoints were written since now; the seconds from the last but one."""
    checkpoint = run_path / "last.pt"
    seen = checkpoint.stat().st_mtime_ns if checkpoint.exists() else 0
    deadline = time.monotonic() + 120
    seconds, last = 0.0, time.monotonic()
    while count:
        assert process.poll() is None, process.communicate()[0]
        assert time.monotonic() < deadline, "no checkpoint within two minutes"
        now = checkpoint.stat().st_mtime_ns if checkpoint.exists() else 0
        if now != seen:
            count, seen = count - 1, now
            seconds, last = time.monotonic() - last, time.monotonic()
        time.sleep(0.002)
    return seconds


def kill_at_a_random_moment(process: subprocess.Popen[str], run_path: Path, most: int) -> None:
    """Kills up to two steps after 2 to `most` further checkpoints, anywhere in a step or a save."""
    seconds_per_step = wait_for_checkpoints(process, run_path, random.randint(2, most))
    time.sleep(random.uniform(0, 2 * seconds_per_step))
    process.kill()
    process.communicate()
    assert process.returncode == -signal.SIGKILL, "the run was over before it was killed"


def test_killed_twice_and_resumed_equals_uninterrupted(
    config_path: Path, uninterrupted: Path, tmp_path: Path
) -> None:
    run = tmp_path / "run"
    kill_at_a_random_moment(start_training(config_path, run, *UNET, EVERY_STEP), run, most=4)
    kill_at_a_random_moment(
        start_training(config_path, run, *UNET, EVERY_STEP, options=RESUME), run, most=3
    )
    assert 2 <= last_state(run)["step"] < NUM_STEPS
    train_to_the_end(config_path, run, *UNET, EVERY_STEP, options=RESUME)
    assert_same_run(run, uninterrupted)


def test_killed_before_its_first_checkpoint_starts_again(
    config_path: Path, uninterrupted: Path, tmp_path: Path
) -> None:
    run = tmp_path / "run"
    run.mkdir()
    (run / "history.jsonl").write_text('{"epoch": 1, "step": 3, "seco')
    (run / ".last.pt.partial").write_bytes(b"half a checkpoint")
    config = tiny_config(tmp_path, config_path.parent / "bank", *UNET)
    train_here(config, run, resume=True)
    assert_same_run(run, uninterrupted)


def test_dropout_and_batch_statistics_are_resumed_exactly(tmp_path: Path) -> None:
    config_path = write_config(tmp_path, make_bank(tmp_path / "bank", 4, 2, size=(128, 128)))
    dropout = ("model.arguments.dropout=0.3", "model.arguments.linear_dropout=0.3")
    settings = (*SMALL_AUTOENCODER, *dropout, "training.epochs=4")
    config = tiny_config(tmp_path, tmp_path / "bank", *settings)
    train_here(config, tmp_path / "uninterrupted")

    run = tmp_path / "run"
    kill_at_a_random_moment(start_training(config_path, run, *settings, EVERY_STEP), run, most=2)
    train_to_the_end(config_path, run, *settings, EVERY_STEP, options=RESUME)
    assert last_state(run)["step"] == 8
    assert_same_run(run, tmp_path / "uninterrupted")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT], ids=["SIGTERM", "Ctrl-C"])
def test_stopped_run_saves_and_says_how_to_go_on(
    number: signal.Signals, config_path: Path, uninterrupted: Path, tmp_path: Path
) -> None:
    run = tmp_path / "run"
    process = start_training(config_path, run, *UNET, EVERY_STEP)
    wait_for_checkpoints(process, run, count=2)
    process.send_signal(number)
    output, _ = process.communicate(timeout=120)
    assert process.returncode == 130, output
    step = last_state(run)["step"]
    assert 2 <= step < NUM_STEPS
    assert f"stopped at step {step}; go on with the same command and --resume" in output
    assert "Traceback" not in output

    config = tiny_config(tmp_path, config_path.parent / "bank", *UNET)
    train_here(config, run, resume=True)
    assert_same_run(run, uninterrupted)
