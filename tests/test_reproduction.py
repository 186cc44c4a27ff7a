"""The reproduction, in small: six trainings, a page, and what is kept of each."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import numpy as np
import pytest
import torch
from click.testing import CliRunner

from restauro.cli import cli
from restauro.reproduction import RUNS, mean
from tinyfolders import write_bank

CONFIG = """
name = "{name}"
[model]
name = "conv_autoencoder_32"
arguments = {{ first_width = 8 }}
[data]
bank = "replaced"
[curriculum]
epochs = 2
[curriculum.start.box]
height = [0.1, 0.2]
width = [0.1, 0.2]
spread = 0.3
[curriculum.end.box]
height = [0.25, 0.5]
width = [0.25, 0.5]
spread = 1.0
[loss]
name = "{loss}"
[training]
epochs = 2
global_batch_size = 4
precision = "32-true"
"""


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("reproduction")
    (folder / "configs").mkdir()
    for run in RUNS:
        loss = "huber" if "huber" in run.config else "mse"
        text = CONFIG.format(name=run.config, loss=loss)
        (folder / "configs" / f"{run.config}.toml").write_text(text)
    images = np.random.default_rng(0).integers(0, 256, (16, 32, 32, 3), dtype=np.uint8)
    images[11] //= 16  # very dark
    bank = str(write_bank(folder / "bank", images, split=["train"] * 8 + ["val"] * 8))
    arguments = ["reproduce", "--data", bank, "--aircraft", bank, "--accelerator", "cpu"]
    arguments += ["--configs", str(folder / "configs"), "--runs", str(folder / "runs")]
    arguments += ["--output", str(folder / "page"), "--share", "0.5"]
    result = CliRunner().invoke(cli, arguments, catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return folder / "page" / "README.md"


def test_page_says_what_was_run(page: Path) -> None:
    text = page.read_text()
    assert "every epoch is 0.5 of a pass" in text
    assert "--share 0.5" in text
    for run in RUNS:
        assert f"| {run.title} | 2 | 8 | 8 | 2 |" in text  # epochs, pictures, seen, steps


def test_page_sets_the_report_beside_ours(page: Path) -> None:
    rows = [line for line in page.read_text().splitlines() if line.startswith("| 32 |")]
    assert rows[0].startswith("| 32 | 1.77e+05 | 1.98e+05 | 1.151 |")


def test_every_picture_of_the_page_exists(page: Path) -> None:
    for name in ("curves.svg", "curriculum.svg", "faces.jpg", "dark.jpg", "aircraft.jpg"):
        assert name in page.read_text()
        assert (page.parent / name).exists()


def test_scores_of_the_table_are_means_of_the_kept_rows(page: Path) -> None:
    with (page.parent / "runs" / "reference_32" / "scores.csv").open() as file:
        rows = [row for row in csv.DictReader(file) if row["split"] == "val"]
    assert len(rows) == 8
    expected = np.mean([float(row["sse"]) for row in rows])
    line = next(x for x in page.read_text().splitlines() if x.startswith("| latent 32 | val |"))
    assert float(line.split("|")[3]) == pytest.approx(expected, rel=1e-3)  # printed to 0.1


def test_kept_checksum_is_that_of_the_weights(page: Path) -> None:
    kept = (page.parent / "runs" / "reference_512" / "best.safetensors.sha256").read_text()
    import hashlib

    weights = page.parents[1] / "runs" / "reference_512" / "best.safetensors"
    assert kept.split()[0] == hashlib.sha256(weights.read_bytes()).hexdigest()


def test_history_of_a_run_is_kept(page: Path) -> None:
    path = page.parent / "runs" / "reference_fc" / "history.jsonl"
    assert [json.loads(line)["epoch"] for line in path.read_text().splitlines()] == [1, 2]


def test_mean_leaves_out_perfect_pictures() -> None:
    assert mean(torch.tensor([20.0, float("inf"), 30.0])) == 25.0
