"""Two processes agree on what to do together, and train as one does."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import pytest
import tinyvariational
import torch
from tinyruns import (
    SMALL_AUTOENCODER,
    assert_same_run,
    assert_trained_alike,
    history,
    last_state,
    make_bank,
    tiny_config,
    train_here,
    write_config,
)
from twoprocesses import Training, train_together

from restauro.models import MODELS

TINY = "model.name=tiny_variational"
STILL = (TINY, "model.arguments.noise=0", "training.epochs=2")
WHOLE_BATCHES = ("model.arguments.dropout=0.0", "training.global_batch_size=8")
BATCH_STATISTICS = (*SMALL_AUTOENCODER, *WHOLE_BATCHES)
"""Over all processes; no dropout, whose pattern is each process's own."""
EVERY_STEP = "training.checkpoint_minutes=1e-9"


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[list[int]]]:
    """The folder of all runs of this file, and the steps at which the processes ended each."""
    folder = tmp_path_factory.mktemp("together")
    config_path = write_config(folder, make_bank(folder / "bank", 24, 8))
    trainings = [
        Training("two", [*STILL, "training.accumulate=2"]),
        Training("whole", [TINY]),
        Training("parts", [TINY, EVERY_STEP], stops_at=4),
        Training("parts", [TINY], resume=True),
        Training("autoencoder", BATCH_STATISTICS),
    ]
    return folder, train_together(config_path, trainings)


def test_both_stop_after_the_same_step_when_one_is_asked_to(
    trained: tuple[Path, list[list[int]]],
) -> None:
    """Within an epoch, and though the clock of one calls for a checkpoint whenever it looks."""
    assert trained[1] == [[6, 6], [12, 12], [5, 5], [12, 12], [6, 6]]


def test_both_go_on_to_the_same_bits(trained: tuple[Path, list[list[int]]]) -> None:
    folder, _ = trained
    assert_same_run(folder / "parts", folder / "whole")


def test_terms_and_micro_batches_of_two_make_the_steps_of_one(
    trained: tuple[Path, list[list[int]]], tmp_path: Path
) -> None:
    folder, _ = trained
    tinyvariational.register()
    train_here(tiny_config(tmp_path, folder / "bank", *STILL), tmp_path / "one")
    one, two = last_state(tmp_path / "one")["model"], last_state(folder / "two")["model"]
    for name in one:
        # 1e-5: a hundredth of one step of AdamW, which divides a gradient by its own size
        torch.testing.assert_close(two[name], one[name], rtol=0, atol=1e-5)
    for ours, theirs in zip(history(folder / "two"), history(tmp_path / "one"), strict=True):
        assert ours == pytest.approx(theirs, rel=1e-4)


def test_batch_statistics_of_two_are_those_of_one(
    trained: tuple[Path, list[list[int]]], tmp_path: Path
) -> None:
    folder, _ = trained
    train_here(tiny_config(tmp_path, folder / "bank", *BATCH_STATISTICS), tmp_path / "one")
    narrow = {"first_width": 8, "size": (32, 32), "dropout": 0.0}
    make = partial(MODELS.create, "conv_autoencoder_32", **narrow)
    assert_trained_alike(folder / "autoencoder", tmp_path / "one", make)
