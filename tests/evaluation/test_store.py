from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from restauro.errors import BadDataError
from restauro.evaluation.store import (
    Evaluation,
    Example,
    Failure,
    MethodRecord,
    Rows,
    SetScore,
    TaskRecord,
    Timing,
    read_evaluation,
    read_rows,
    rows_path,
    write_evaluation,
    write_rows,
)

ROWS = Rows(
    np.array([3, 5, 8]),
    ["a, b.png", 'quote".png', "größe.png"],
    {"gender": ["Male", "Female", "Male"]},
    {
        "hole_psnr": np.array([12.345678901, np.inf, np.nan]),
        "lightness_error": np.array([-1.5, 0.0, 2e-9]),
    },
)


def evaluation(path: Path) -> Evaluation:
    return Evaluation(
        path,
        "celeba",
        "test",
        (128, 96),
        0,
        "restauro evaluate",
        {"cores": "2"},
        [TaskRecord("box_-1EV", "box", -1.0, "abc-1EV", 3)],
        [MethodRecord("telea", "telea", None, None, None)],
        [SetScore("box_-1EV", "telea", 3, 1.5)],
        {"telea": Timing(2.0, 1.0, 3.0, 7)},
        [Failure("box_-1EV", "telea", "a, b.png", "ValueError: no")],
        [Example("box_-1EV", 3, "a, b.png", "dark")],
    )


def test_rows_come_back_to_six_digits(tmp_path: Path) -> None:
    path = rows_path(tmp_path, "box", "telea")
    write_rows(path, ROWS)
    again = read_rows(path)
    assert (again.index == ROWS.index).all()
    assert (again.names, again.labels) == (ROWS.names, ROWS.labels)
    for name, values in ROWS.values.items():
        np.testing.assert_allclose(again.values[name], values, rtol=1e-5)
    assert [entry.name for entry in path.parent.iterdir()] == ["telea.csv"]


def test_an_evaluation_comes_back_equal(tmp_path: Path) -> None:
    original = evaluation(tmp_path)
    write_evaluation(original)
    assert read_evaluation(tmp_path) == original


@pytest.mark.parametrize("damage", ["missing", "cut", "other"])
def test_damage_is_one_sentence(damage: str, tmp_path: Path) -> None:
    write_evaluation(evaluation(tmp_path))
    path = tmp_path / "evaluation.json"
    if damage == "missing":
        path.unlink()
    else:
        path.write_text(path.read_text()[:50] if damage == "cut" else '{"format": 1}')
    with pytest.raises(BadDataError, match=r"is no finished evaluation .*restauro evaluate") as e:
        read_evaluation(tmp_path)
    assert "\n" not in str(e.value)


def test_rows_that_were_cut_are_one_sentence(tmp_path: Path) -> None:
    path = tmp_path / "rows.csv"
    write_rows(path, ROWS)
    path.write_text(path.read_text()[:-10])
    with pytest.raises(BadDataError, match="cannot be read as rows"):
        read_rows(path)
