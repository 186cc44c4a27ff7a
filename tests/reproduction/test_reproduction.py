"""The reproduction, in small: every training, a page, and what is kept of each."""

from __future__ import annotations

import csv
import hashlib
import json
import re
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from click.testing import CliRunner, Result

from restauro.cli import cli
from restauro.data.bank import Bank
from restauro.interrupt import INTERRUPTED
from restauro.reproduction import page as reproduction_page
from restauro.reproduction import runs as reproduction_runs
from restauro.reproduction.findings import mean
from restauro.reproduction.record import is_kept
from restauro.reproduction.runs import RUNS, config_of, has_plateaued
from restauro.training.config import load_config
from tinyfolders import write_bank

CONFIG = """
name = "{name}"
[model]
name = "conv_autoencoder_32"
arguments = {{ first_width = 8, channels = 4 }}
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
ALL = ("--also", "seeds", "--also", "plateau", "--also", "growing")


def reproduce(folder: Path, *arguments: str) -> Result:
    bank, configs = str(folder / "bank"), str(folder / "configs")
    given = ["reproduce", "--data", bank, "--aircraft", bank, "--accelerator", "cpu"]
    given += ["--configs", configs, "--runs", str(folder / "runs")]
    given += ["--output", str(folder / "page"), "--share", "0.5", *arguments]
    return CliRunner().invoke(cli, given, catch_exceptions=False)


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("reproduction")
    (folder / "configs").mkdir()
    for run in RUNS:
        loss = "huber" if "huber" in run.name else "mse"
        text = CONFIG.format(name=run.name, loss=loss)
        (folder / "configs" / f"{run.name}.toml").write_text(text)
    images = np.random.default_rng(0).integers(0, 256, (16, 32, 32, 3), dtype=np.uint8)
    images[11] //= 16  # very dark
    write_bank(folder / "bank", images, split=["train"] * 8 + ["val"] * 8)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(reproduction_page, "write_page", lambda *args, **more: "no page yet")
        result = reproduce(folder, *ALL)
    assert result.exit_code == 0, result.output
    (folder / "runs").rename(folder / "lost")  # pages need what is kept, and no weights
    result = reproduce(folder, *ALL)
    assert result.exit_code == 0, result.output
    return folder / "page" / "README.md"


def test_page_says_what_was_run(page: Path) -> None:
    text = page.read_text()
    assert "every epoch is 0.5 of a pass" in text
    assert "--share 0.5" in text
    for run in RUNS:
        if not run.is_to_plateau:  # epochs, training pictures, pictures seen, and their share
            share = "–" if run.bank == "aircraft" else "0.0 %"
            assert f"| {run.title} | 2 | 8 | 8 | {share} | 2 |" in text


def test_page_sets_the_report_beside_ours(page: Path) -> None:
    rows = [line for line in page.read_text().splitlines() if line.startswith("| 32 |")]
    assert rows[0].startswith("| 32 | 1.77e+05 | 1.98e+05 | 1.151 |")


def test_page_names_nothing_that_is_not_there(page: Path) -> None:
    links = re.findall(r"\]\(([^)]+)\)", page.read_text())
    assert {"curves.svg", "dark.jpg", "plateau.svg", "runs/reference_fc/scores.csv"} <= {*links}
    beside = [link for link in links if not link.startswith("../")]
    assert [link for link in beside if not (page.parent / link).exists()] == []


def test_scores_of_the_table_are_means_of_the_kept_rows(page: Path) -> None:
    with (page.parent / "runs" / "reference_32" / "scores.csv").open() as file:
        rows = [row for row in csv.DictReader(file) if row["split"] == "val"]
    assert len(rows) == 8
    expected = np.mean([float(row["sse"]) for row in rows])
    line = next(x for x in page.read_text().splitlines() if x.startswith("| latent 32 | val |"))
    assert float(line.split("|")[3]) == pytest.approx(expected, rel=1e-3)  # printed to 0.1


def test_kept_checksum_is_that_of_the_weights(page: Path) -> None:
    kept = (page.parent / "runs" / "reference_512" / "best.safetensors.sha256").read_text()
    weights = page.parents[1] / "lost" / "reference_512" / "best.safetensors"
    assert kept.split()[0] == hashlib.sha256(weights.read_bytes()).hexdigest()


def test_run_to_the_plateau_goes_on_from_the_one_before(page: Path) -> None:
    before, after = (
        (page.parent / "runs" / name / "history.jsonl").read_text().splitlines()
        for name in ("reference_32", "reference_32_plateau")
    )
    assert after[: len(before)] == before
    assert json.loads(after[len(before)])["changed"]["training.epochs"] == [2.0, 4.0]


def test_page_says_which_runs_have_not_finished(
    page: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    shutil.copytree(page.parents[1] / "bank", tmp_path / "bank")
    shutil.copytree(page.parents[1] / "configs", tmp_path / "configs")
    for name in ("reference_32", "reference_128"):
        shutil.copytree(page.parent / "runs" / name, tmp_path / "page" / "runs" / name)
    monkeypatch.setattr(reproduction_runs, "train_to_the_end", lambda *arguments: False)
    result = reproduce(tmp_path)
    assert result.exit_code == INTERRUPTED
    text = (tmp_path / "page" / "README.md").read_text()
    missing = "latent 512; latent 512, Huber; fully connected; latent 512, aircraft"
    assert f"**Not finished yet:** {missing}." in text
    assert "faces.jpg" in text
    assert "aircraft.jpg" not in text


def test_record_of_another_training_does_not_count(page: Path) -> None:
    folder = page.parent / "runs" / "reference_32"
    (run, *_), bank = RUNS, Bank.open(page.parents[1] / "bank")
    asked = config_of(run, page.parents[1] / "configs", bank, share=0.5)
    assert is_kept(run, folder, asked, bank)
    assert not is_kept(run, folder, replace(asked, name="another"), bank)
    longer = replace(asked, training=replace(asked.training, epochs=3))
    assert not is_kept(run, folder, longer, bank)
    assert is_kept(replace(run, is_to_plateau=True), folder, longer, bank)


def losses(*values: float) -> list[dict[str, float]]:
    return [{"validation_loss": value} for value in values]


def test_plateau_is_a_period_without_a_fall_of_half_a_percent(page: Path) -> None:
    config = load_config(page.parent / "runs" / "reference_32" / "config.toml")  # a period of 2
    assert not has_plateaued(losses(9, 8), config)
    assert not has_plateaued(losses(9, 8, 9, 7.9), config)
    assert has_plateaued(losses(9, 8, 9, 7.97), config)  # by 0.4 %
    assert has_plateaued(losses(9, 7, 8, 7.5), config)


def test_history_of_a_run_is_kept(page: Path) -> None:
    path = page.parent / "runs" / "reference_fc" / "history.jsonl"
    assert [json.loads(line)["epoch"] for line in path.read_text().splitlines()] == [1, 2]


def test_mean_leaves_out_perfect_pictures() -> None:
    assert mean(torch.tensor([20.0, float("inf"), 30.0])) == 25.0
