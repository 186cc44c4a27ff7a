"""The losses are read now and then, which changes nothing that is learned.

Nothing here depends on the clock: the loop is given one that the steps themselves move.
"""

from __future__ import annotations

import signal
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch
from tinyruns import assert_same_run, last_state, make_bank, tiny_config, train_here
from torch import Tensor

from restauro.errors import TrainingError
from restauro.training import loop
from restauro.training.loop import Run, train_step
from restauro.training.reading import MOST_STEPS, Reading, read

EVERY_STEP = "training.checkpoint_minutes=1e-9"
AVERAGED = ("training.average_decay=0.9", "training.epochs=6")


@pytest.fixture(scope="module")
def bank(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_bank(tmp_path_factory.mktemp("banks") / "bank", 24, 8)


@pytest.fixture
def around_step(monkeypatch: pytest.MonkeyPatch) -> Callable[[Callable[[Run], None]], None]:
    """Has a function called with the run after each optimizer step."""

    def install(after: Callable[[Run], None]) -> None:
        def step(run: Run, images: Tensor, masks: Tensor) -> dict[str, Tensor]:
            losses = train_step(run, images, masks)
            after(run)
            return losses

        monkeypatch.setattr(loop, "train_step", step)

    return install


@pytest.mark.parametrize(
    ("seconds_per_step", "most_seconds", "steps"),
    [(0.1, 300, 10), (5.0, 300, 1), (1e-5, 300, MOST_STEPS), (0.0, 300, MOST_STEPS)]
    + [(0.1, 0.35, 3), (0.1, 1e-7, 1), (float("inf"), 300, 1)],
)
def test_about_a_second_lies_between_two_readings(
    seconds_per_step: float, most_seconds: float, steps: int
) -> None:
    reading = Reading([], False, False, seconds_per_step)
    assert reading.steps_to_the_next(most_seconds) == steps


def test_steps_are_read_together_and_each_is_shown(
    bank: Path,
    tmp_path: Path,
    around_step: Callable[[Callable[[Run], None]], None],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    now = [0.0]
    readings: list[int] = []

    def counted_read(*args: object, **details: object) -> Reading:
        reading = read(*args, **details)  # type: ignore[arg-type]
        readings.append(len(reading.losses))
        return reading

    def take_a_quarter_second(run: Run) -> None:
        now[0] += 0.25

    monkeypatch.setattr(loop, "time", SimpleNamespace(monotonic=lambda: now[0]))
    monkeypatch.setattr(loop, "read", counted_read)
    around_step(take_a_quarter_second)
    config = tiny_config(
        tmp_path, bank, "training.epochs=2", "training.global_batch_size=2", "model.name=unet_tiny"
    )
    run = train_here(config, tmp_path / "run")
    # the first tells how long a step takes, the next are told; epochs of 12 steps end with one
    assert readings == [1, 1, 4, 4, 2, 4, 4, 4]
    assert run.seconds == 24 * 0.25


def test_stopping_and_reading_at_other_steps_change_no_bit(
    bank: Path, tmp_path: Path, around_step: Callable[[Callable[[Run], None]], None]
) -> None:
    config = tiny_config(tmp_path, bank, *AVERAGED)
    train_here(config, tmp_path / "whole")

    def stop_within_an_epoch(run: Run) -> None:
        if run.step in (4, 10):
            signal.raise_signal(signal.SIGTERM)

    around_step(stop_within_an_epoch)
    often = tiny_config(tmp_path, bank, *AVERAGED, EVERY_STEP)
    for step, settings in ((5, config), (11, often), (18, config)):
        assert train_here(settings, tmp_path / "parts", resume=True).step == step
        assert last_state(tmp_path / "parts")["step"] == step
    assert_same_run(tmp_path / "parts", tmp_path / "whole")


def test_weights_that_are_no_numbers_are_never_saved(
    bank: Path, tmp_path: Path, around_step: Callable[[Callable[[Run], None]], None]
) -> None:
    def spoil(run: Run) -> None:
        if run.step == 3:
            next(run.bare_model.parameters()).data[0] = torch.nan

    around_step(spoil)
    config = tiny_config(tmp_path, bank, EVERY_STEP)
    with pytest.raises(TrainingError, match="the largest weight is nan after step 4, .*lower"):
        train_here(config, tmp_path / "run")
    state = last_state(tmp_path / "run")
    assert state["step"] == 3
    assert all(weight.isfinite().all() for weight in state["model"].values())


def test_clipping_leaves_a_bad_gradient_to_the_reading(bank: Path, tmp_path: Path) -> None:
    """PyTorch's own check would wait for the device at every step, and end in a traceback."""
    settings = ("training.learning_rate=1e30", "training.max_gradient_norm=1.0")
    with pytest.raises(TrainingError, match=r"is nan after step 2, .*learning_rate"):
        train_here(tiny_config(tmp_path, bank, *settings), tmp_path / "run")
