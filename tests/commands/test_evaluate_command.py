"""`restauro evaluate` as it is typed: what it says, and how it ends."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from restauro.cli import cli
from restauro.errors import RestauroError


def make_bank(path: Path) -> Path:
    path.mkdir()
    rng = np.random.default_rng(0)
    np.save(path / "images.npy", rng.integers(0, 256, (3, 32, 40, 3), dtype=np.uint8))
    (path / "index.csv").write_text("name,split\na,test\nb,test\nc,test\n")
    (path / "bank.json").write_text('{"format": 1, "sha256": "0"}')
    return path


def evaluate(bank: Path, output: Path, *arguments: str) -> list[str]:
    words = ["evaluate", "--data", str(bank), "-o", str(output), "--jobs", "1"]
    return [*words, "--metrics", "hole_psnr,hole_lightness,backlight", *arguments]


def test_methods_come_with_commas_or_again(tmp_path: Path) -> None:
    bank = make_bank(tmp_path / "bank")
    arguments = evaluate(bank, tmp_path / "out", "--methods", "mean, telea", "--methods", "x=mean")
    result = CliRunner().invoke(cli, arguments, catch_exceptions=False)
    assert result.exit_code == 0, result.output
    assert f"restauro report {tmp_path / 'out'} -o PAGE" in result.output
    found = sorted(path.stem for path in (tmp_path / "out" / "rows" / "box").glob("*.csv"))
    assert found == ["mean", "telea", "x"]


def test_pictures_that_fail_are_told(tmp_path: Path) -> None:
    (tmp_path / "fails.py").write_text(
        "from restauro.plugins import method\n"
        '@method("fails")\n'
        "def fails(image, mask):\n"
        "    raise ValueError('never')\n"
    )
    bank = make_bank(tmp_path / "bank")
    arguments = evaluate(bank, tmp_path / "out", "--methods", str(tmp_path / "fails.py"))
    result = CliRunner().invoke(cli, [*arguments, "--protocol", "box"], catch_exceptions=False)
    assert result.exit_code == 0
    assert "3 pictures could not be restored by fails" in result.output


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--methods", "mean", "--protocol", "boxes"], "did you mean 'box'"),
        (["--methods", "mean", "--metrics", "hole_pnsr"], "did you mean 'hole_psnr'"),
        (["--methods", "mean", "--split", "train"], "no picture in the split 'train'"),
        (["--methods", "nothing.onnx"], "nothing.onnx"),
    ],
)
def test_mistakes_are_one_sentence(arguments: list[str], message: str, tmp_path: Path) -> None:
    bank = make_bank(tmp_path / "bank")
    with pytest.raises(RestauroError, match=message):
        CliRunner().invoke(
            cli, evaluate(bank, tmp_path / "out", *arguments), catch_exceptions=False
        )
    assert not (tmp_path / "out" / "evaluation.json").exists()


def test_an_exposure_that_is_no_number_is_a_usage_error(tmp_path: Path) -> None:
    arguments = evaluate(tmp_path, tmp_path, "--methods", "mean", "--exposures=-1,dark")
    result = CliRunner().invoke(cli, arguments)
    assert result.exit_code == 2
    assert "are not all numbers" in result.output


def test_it_is_a_command_of_its_own(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "restauro", "evaluate", "--methods", "mean", "--data", "none"]
    result = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, check=False)
    assert result.returncode == 1
    assert result.stderr.splitlines()[-1].startswith("restauro: none is not a bank")
    assert "Traceback" not in result.stderr
