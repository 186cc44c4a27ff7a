"""`restauro latent measure`: what of a bank is measured, and what is told of it."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from tinycodes import SIZE, write_run_with_codes

from restauro.cli import cli
from restauro.data.bank import Bank
from restauro.errors import BadDataError, BadImageError, BadModelError, RestauroError
from restauro.latents import Coder, measure
from restauro.latents.measuring import factors_of
from tinyfolders import textured, write_bank, write_run

SPLITS = ["train"] * 60 + ["val"] * 4 + ["test"] * 40


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_run_with_codes(tmp_path_factory.mktemp("runs") / "run")


@pytest.fixture(scope="module")
def banks(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Pictures whose darkness is a factor, with it in the index or without."""
    folder = tmp_path_factory.mktemp("banks")
    darkness = np.arange(len(SPLITS)) % 3
    images = (textured(len(SPLITS), SIZE) / (1 + darkness[:, None, None, None])).astype(np.uint8)
    labels = {
        "darkness": [str(value) for value in darkness],
        "file": [f"{i}.png" for i in range(len(SPLITS))],  # of too many values
        "source": ["drawn"] * len(SPLITS),  # of a single one
    }
    return {
        "factors": write_bank(folder / "factors", images, labels, split=SPLITS),
        "photographs": write_bank(folder / "photographs", images, split=SPLITS),
        "small": write_bank(folder / "small", textured(4, (16, 16)), split=["train", "test"] * 2),
        "training": write_bank(folder / "training", images, split="train"),
    }


def printed(*arguments: object) -> str:
    words = ["latent", "measure", *map(str, arguments)]
    return CliRunner().invoke(cli, words, catch_exceptions=False).output


def test_columns_of_a_few_values_are_factors(banks: dict[str, Path]) -> None:
    assert factors_of(Bank.open(banks["factors"])) == ["darkness"]
    assert factors_of(Bank.open(banks["photographs"])) == []


def test_all_measures_are_told(run: Path, banks: dict[str, Path]) -> None:
    values = json.loads(printed(run, banks["factors"], "--json"))
    assert values == measure(Coder(run), Bank.open(banks["factors"]))
    assert list(values) == [
        *("psnr", "active", "total_correlation", "mutual_information", "mig", "sap"),
        *("dci_disentanglement", "dci_completeness", "dci_informativeness", "factor_vae_score"),
    ]
    lines = printed(run, banks["factors"]).splitlines()
    assert [line.split()[0] for line in lines] == list(values)
    assert float(lines[0].split()[1]) == pytest.approx(values["psnr"], rel=1e-3)


def test_without_factors_what_needs_none_is_told(run: Path, banks: dict[str, Path]) -> None:
    values = json.loads(printed(run, banks["photographs"], "--json"))
    assert list(values) == ["psnr", "active", "total_correlation", "mutual_information"]


def test_reconstruction_is_that_of_whole_test_pictures(run: Path, banks: dict[str, Path]) -> None:
    bank, coder = Bank.open(banks["photographs"]), Coder(run)
    images = bank.images[bank.split("test")]
    errors = [
        np.square((ours.astype(float) - truth) / 255).mean()
        for ours, truth in zip(coder.decode(coder.encode(images)), images, strict=True)
    ]
    expected = np.mean([-10 * np.log10(error) for error in errors])
    assert measure(coder, bank)["psnr"] == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize(
    ("bank", "error", "sentence"),
    [
        ("small", BadImageError, "pictures of 16x16 do not fit 'vae', which takes 48x32"),
        ("training", BadDataError, "no picture in the split 'test'"),
        ("absent", BadDataError, "is not a bank"),
    ],
)
def test_bank_that_does_not_do_is_one_sentence(
    bank: str, error: type[RestauroError], sentence: str, run: Path, banks: dict[str, Path]
) -> None:
    with pytest.raises(error, match=sentence):
        printed(run, banks.get(bank, Path(bank)))


def test_network_without_a_code_is_refused(banks: dict[str, Path], tmp_path: Path) -> None:
    sentence = "the network 'unet_tiny' of .* has no code; give a run of an autoencoder"
    with pytest.raises(BadModelError, match=sentence):
        printed(write_run(tmp_path / "run"), banks["factors"])
