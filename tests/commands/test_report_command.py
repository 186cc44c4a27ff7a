from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from restauro.cli import cli
from restauro.commands.report import SHEETS
from restauro.errors import BadDataError
from restauro.evaluation.store import (
    Evaluation,
    MethodRecord,
    Rows,
    TaskRecord,
    rows_path,
    write_evaluation,
    write_rows,
)
from restauro.report.sheets import REASONS
from tinyfolders import CONFIG

RECORD = (
    '{"epoch": 1, "validation_loss": 0.1, "mse": 0.25, "psnr": 6.0, "ssim": 0.5, '
    '"hole_psnr": 5.0, "hole_ssim": 0.4, "composite_psnr": 9.0, "composite_ssim": 0.8}\n'
)


@pytest.fixture
def training(tmp_path: Path) -> Path:
    """The folder of a run of one epoch."""
    path = tmp_path / "tiny"
    path.mkdir()
    (path / "config.toml").write_text(CONFIG)
    (path / "history.jsonl").write_text(RECORD)
    return path


@pytest.fixture
def evaluation(tmp_path: Path) -> Path:
    """The folder of an evaluation of two pictures by one method."""
    made = Evaluation(
        path=tmp_path / "evaluated",
        bank="bank",
        split="test",
        size=(37, 50),
        seed=0,
        command="restauro evaluate",
        environment={},
        tasks=[TaskRecord("box", "box", 0.0, "cae9aa4c8d16", 2)],
        methods=[MethodRecord("telea", "telea", None, None, None)],
        sets=[],
        timing={},
        failures=[],
        examples=[],
    )
    rows = Rows(np.arange(2), ["0.png", "1.png"], {}, {"hole_psnr": np.array([20.0, 30.0])})
    write_rows(rows_path(made.path, "box", "telea"), rows)
    write_evaluation(made)
    return made.path


def report(*folders: Path, output: Path) -> str:
    arguments = ["report", *map(str, folders), "--output", str(output)]
    return CliRunner().invoke(cli, arguments, catch_exceptions=False).output


def test_trainings_become_a_page_of_their_curves(training: Path, tmp_path: Path) -> None:
    assert report(training, output=tmp_path / "out") == f"wrote {tmp_path}/out/README.md\n"
    assert "| tiny | 1 | 0.10000 | 0.25000 |" in (tmp_path / "out" / "README.md").read_text()


def test_sharpness_is_shown_where_every_epoch_has_it(training: Path, tmp_path: Path) -> None:
    assert "sharpness.svg" not in page_of(training, tmp_path / "before")
    (training / "history.jsonl").write_text(RECORD.replace("}", ', "sharpness": 0.75}'))
    page = page_of(training, tmp_path / "after")
    assert "| 0.8000 | 0.75 |" in page
    assert "![sharpness of the fills](sharpness.svg)" in page
    assert (tmp_path / "after" / "sharpness.svg").exists()


def page_of(training: Path, output: Path) -> str:
    report(training, output=output)
    return (output / "README.md").read_text()


def test_evaluations_become_one_html_page(evaluation: Path, tmp_path: Path) -> None:
    assert report(evaluation, output=tmp_path / "out") == f"wrote {tmp_path}/out/report.html\n"
    assert "25.00" in (tmp_path / "out" / "report.html").read_text()


def test_both_at_once_are_refused(training: Path, evaluation: Path, tmp_path: Path) -> None:
    with pytest.raises(BadDataError, match="report them one after the other"):
        report(training, evaluation, output=tmp_path / "out")


def test_folder_that_is_neither_is_told(training: Path, tmp_path: Path) -> None:
    with pytest.raises(BadDataError, match="empty holds neither evaluation.json nor config.toml"):
        report(training, tmp_path / "empty", output=tmp_path / "out")


def test_the_sheets_to_choose_from_are_those_there_are() -> None:
    assert set(SHEETS) == set(REASONS)


def test_an_unknown_sheet_is_a_usage_error(evaluation: Path, tmp_path: Path) -> None:
    arguments = ["report", str(evaluation), "-o", str(tmp_path / "out"), "--sheets", "bright"]
    result = CliRunner().invoke(cli, arguments)
    assert result.exit_code == 2
    assert not (tmp_path / "out").exists()
