from __future__ import annotations

from pathlib import Path

import pytest

from restauro.training.history import append_record, best_record, forget_after, read_history

RECORDS = [{"epoch": i, "step": 3 * i, "training_loss": 0.1 / i} for i in (1, 2, 3)]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "history.jsonl"
    for record in RECORDS:
        append_record(path, record)
    return path


def test_records_come_back_in_order(path: Path) -> None:
    assert read_history(path) == RECORDS


def test_missing_history_is_empty(tmp_path: Path) -> None:
    assert read_history(tmp_path / "history.jsonl") == []


@pytest.mark.parametrize("cut", [1, 10, 40])
def test_last_line_that_a_kill_cut_short_is_left_out(path: Path, cut: int) -> None:
    text = path.read_text().removesuffix("\n")
    path.write_text(text[:-cut])
    assert read_history(path) == RECORDS[:2]


@pytest.mark.parametrize(("step", "kept"), [(0, 0), (3, 1), (5, 1), (6, 2), (9, 3)])
def test_records_after_a_step_are_forgotten(path: Path, step: int, kept: int) -> None:
    forget_after(path, step)
    assert read_history(path) == RECORDS[:kept]


def test_a_resumed_run_writes_on_after_a_cut_line(path: Path) -> None:
    path.write_text(path.read_text()[:-10])
    forget_after(path, 6)
    append_record(path, RECORDS[2])
    assert read_history(path) == RECORDS


def test_best_record_of_an_adversarial_run_is_the_newest(tmp_path: Path) -> None:
    path = tmp_path / "history.jsonl"
    for step, loss in ((1, 0.2), (2, 0.3)):
        append_record(path, {"step": step, "validation_loss": loss, "discriminator_loss": 1.0})
    assert best_record(path)["step"] == 2
