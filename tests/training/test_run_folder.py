from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from restauro.errors import OutputExistsError
from restauro.training.run_folder import RunFolder

RECORDS: list[dict[str, Any]] = [
    {"epoch": i, "step": 3 * i, "training_loss": 0.1 / i} for i in (1, 2, 3)
]
CHANGE: dict[str, Any] = {"changed": {"training.epochs": [2.0, 3.0]}, "step": 6}


@pytest.fixture
def folder(tmp_path: Path) -> RunFolder:
    folder = RunFolder(tmp_path)
    for record in RECORDS:
        folder.append(record)
    return folder


def test_records_come_back_in_order(folder: RunFolder) -> None:
    assert folder.records() == RECORDS


def test_missing_history_is_empty(tmp_path: Path) -> None:
    assert RunFolder(tmp_path).records() == []


@pytest.mark.parametrize("cut", [1, 10, 40])
def test_last_line_that_was_cut_short_is_left_out(folder: RunFolder, cut: int) -> None:
    text = folder.history.read_text().removesuffix("\n")
    folder.history.write_text(text[:-cut])
    assert folder.records() == RECORDS[:2]
    folder.append(RECORDS[2])
    assert folder.records() == RECORDS


@pytest.mark.parametrize(("step", "kept"), [(0, 0), (3, 1), (5, 1), (6, 2), (9, 3)])
def test_records_after_a_step_are_forgotten(folder: RunFolder, step: int, kept: int) -> None:
    folder.forget_after(step)
    assert folder.records() == RECORDS[:kept]


@pytest.mark.parametrize(("step", "is_kept"), [(3, False), (6, False), (7, True)])
def test_a_change_is_no_record_and_counts_from_the_next_checkpoint_on(
    tmp_path: Path, step: int, is_kept: bool
) -> None:
    folder = RunFolder(tmp_path)
    for line in (*RECORDS[:2], CHANGE, RECORDS[2]):
        folder.append(line)
    assert folder.records() == RECORDS
    folder.forget_after(step)
    assert ('"changed"' in folder.history.read_text()) is is_kept


def test_best_record_of_an_adversarial_run_is_the_newest(tmp_path: Path) -> None:
    folder = RunFolder(tmp_path)
    for step, loss in ((1, 0.2), (2, 0.3)):
        folder.append({"step": step, "validation_loss": loss, "discriminator_loss": 1.0})
    assert folder.best_record()["step"] == 2


def test_sessions_before_are_kept_unless_no_step_of_theirs_is_left(tmp_path: Path) -> None:
    folder = RunFolder(tmp_path)
    for step, device in ((0, "cpu"), (6, "cuda"), (6, "cpu"), (9, "mps")):
        folder.add_session({"device": device, "step": step})
    assert json.loads(folder.environment.read_text()) == {
        "device": "mps",
        "step": 9,
        "earlier_sessions": [{"device": "cpu", "step": 0}, {"device": "cpu", "step": 6}],
    }


@pytest.mark.parametrize("content", ['{"device": "cpu"', None], ids=["cut", "missing"])
def test_a_damaged_environment_is_replaced(tmp_path: Path, content: str | None) -> None:
    folder = RunFolder(tmp_path)
    if content:
        folder.environment.write_text(content)
    folder.add_session({"device": "cpu", "step": 3})
    assert json.loads(folder.environment.read_text()) == {"device": "cpu", "step": 3}


def test_one_run_at_a_time_is_in_a_folder(tmp_path: Path) -> None:
    folder = RunFolder(tmp_path / "run")
    with (
        folder.locked(),
        pytest.raises(OutputExistsError, match="another run is training in .*run; wait until"),
        RunFolder(tmp_path / "run").locked(),
    ):
        pass
    with RunFolder(tmp_path / "run").locked():
        pass
    assert list((tmp_path / "run").iterdir()) == []
