"""From nothing to a restored picture, through the command line alone."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from PIL import Image

from restauro.cli import cli

CONFIGS = Path(__file__).parents[2] / "configs"
SAMPLES = Path(__file__).parents[2] / "src" / "restauro" / "samples"


def run(*arguments: str | Path) -> str:
    """What the command prints; fails with its traceback if it fails."""
    result = CliRunner().invoke(cli, [str(argument) for argument in arguments])
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    assert result.exit_code == 0, result.output
    return result.stdout


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run folder of a few steps on drawn pictures, beside its bank."""
    folder = tmp_path_factory.mktemp("road")
    run("prepare", "samples", folder / "bank", "--count", "40", "--size", "32")
    run(
        *("train", CONFIGS / "quick.toml", "--run", folder / "run", "--accelerator", "cpu"),
        *("--set", f"data.bank={folder / 'bank'}", "--set", "training.global_batch_size=8"),
        *("--set", "training.epochs=2"),
    )
    return folder / "run"


def test_a_run_folder_explains_itself(trained: Path) -> None:
    names = {path.name for path in trained.iterdir()}
    assert names == {
        "best.safetensors",
        "config.toml",
        "environment.json",
        "history.jsonl",
        "last.pt",
        "samples",
    }
    records = [json.loads(line) for line in (trained / "history.jsonl").read_text().splitlines()]
    assert [record["epoch"] for record in records] == [1, 2]
    assert all(np.isfinite(list(record.values())).all() for record in records)


def test_a_report_shows_curves_and_curriculum(trained: Path, tmp_path: Path) -> None:
    run("report", trained, "--output", tmp_path)
    page = (tmp_path / "README.md").read_text()
    for picture in ("curves.svg", "run_curriculum.svg", "run_samples.png"):
        assert picture in page
        assert (tmp_path / picture).stat().st_size > 1000


def test_an_exported_run_restores_a_picture(trained: Path, tmp_path: Path) -> None:
    model = tmp_path / "mine.onnx"
    run("export", trained, "--output", model, "--domain", "drawn pictures", "--terms", "MIT")
    picture, mask = SAMPLES / "pearls.png", SAMPLES / "pearls_mask.png"
    run("inpaint", picture, mask, tmp_path / "out.png", "--model", model)
    original = np.asarray(Image.open(picture).convert("RGB"))
    restored = np.asarray(Image.open(tmp_path / "out.png"))
    hole = np.asarray(Image.open(mask).convert("L")) > 127
    np.testing.assert_array_equal(restored[~hole], original[~hole])
    assert (restored[hole] != original[hole]).any()


def test_an_exported_file_is_not_overwritten_unasked(trained: Path, tmp_path: Path) -> None:
    model = tmp_path / "mine.onnx"
    model.write_bytes(b"precious")
    result = CliRunner().invoke(cli, ["export", str(trained), "--output", str(model)])
    assert "--force" in str(result.exception)
    assert model.read_bytes() == b"precious"
