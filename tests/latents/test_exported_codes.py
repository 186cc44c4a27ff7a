"""Codes by an exported model: those of its run, without PyTorch."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from numpy.testing import assert_allclose, assert_array_equal
from tinycodes import SIZE, write_run_with_codes

import restauro
from restauro.cli import cli
from restauro.errors import BadDataError, BadModelError, UnknownNameError
from restauro.latents import Coder, load_codes
from tinyfolders import textured, write_bank

COUNT = 70  # more than a batch


def latent(*words: object) -> str:
    result = CliRunner().invoke(cli, ["latent", *map(str, words)], catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.output


def exported(run: Path) -> Path:
    (run / "history.jsonl").write_text('{"epoch": 1, "validation_loss": 1.0}\n')
    path = run.parent / f"{run.name}.onnx"
    words = ["export", str(run), "-o", str(path), "--no-half"]
    result = CliRunner().invoke(cli, words, catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return path


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_run_with_codes(tmp_path_factory.mktemp("runs") / "run")


@pytest.fixture(scope="module")
def model(run: Path) -> Path:
    return exported(run)


def test_codes_and_pictures_are_those_of_the_run(run: Path, model: Path) -> None:
    images, ours, theirs = textured(COUNT, SIZE), Coder(run), Coder(model)
    assert theirs.checksum == ours.checksum
    assert (theirs.name, theirs.size, theirs.latent_dim) == ("vae", SIZE, 3)
    codes = ours.encode(images)
    assert codes.std() > 0.01
    assert_allclose(theirs.encode(images), codes, atol=1e-4)
    difference = theirs.decode(codes).astype(int) - ours.decode(codes)
    assert np.abs(difference).max() <= 1  # .5 may round the other way
    assert theirs.decode(codes).std(axis=0).max() > 0


def test_file_with_codes_restores_as_ever(run: Path, model: Path) -> None:
    image, hole = textured(1, SIZE)[0], np.zeros(SIZE, dtype=bool)
    hole[8:20, 10:30] = True
    by_file = restauro.load(model, threads=1)(image, hole)
    by_run = restauro.load(f"network:{model}", threads=1)(image, hole)
    assert_array_equal(by_file[~hole], image[~hole])
    run_fill = restauro.load(run)(image, hole)
    assert np.abs(by_run.astype(int) - run_fill).max() <= 1


def test_all_commands_work_without_pytorch(run: Path, model: Path, tmp_path: Path) -> None:
    bank = write_bank(tmp_path / "bank", textured(4, SIZE))
    script = f"""
import sys
sys.modules.update(dict.fromkeys(("torch", "onnx", "lightning_fabric")))  # cannot be imported
from restauro.cli import cli
for words in (
    "encode {model} {bank} -o {tmp_path}/codes.npy",
    "decode {model} {tmp_path}/codes.npy -o {tmp_path}/decoded",
    "traverse {model} -o {tmp_path}/traversal.png",
    "interpolate {model} {tmp_path}/decoded -o {tmp_path}/between.png",
    "sample {model} -o {tmp_path}/drawn.png",
):
    cli.main(["latent", *words.split()], standalone_mode=False)
"""
    subprocess.run([sys.executable, "-c", script], check=True, capture_output=True)
    assert len(list((tmp_path / "decoded").iterdir())) == 4
    assert (tmp_path / "drawn.png").exists()
    # a run takes the codes that its file made
    assert len(load_codes(tmp_path / "codes.npy", Coder(run)).names) == 4


def test_codes_of_another_model_are_refused(
    model: Path, tmp_path_factory: pytest.TempPathFactory, tmp_path: Path
) -> None:
    folder = tmp_path_factory.mktemp("others")
    plain = exported(write_run_with_codes(folder / "plain", "conv_autoencoder", seed=1))
    bank = write_bank(tmp_path / "bank", textured(4, SIZE))
    latent("encode", model, bank, "-o", tmp_path / "codes.npy")
    sentence = f"the weights {Coder(model).checksum}, but these are {Coder(plain).checksum}; give"
    with pytest.raises(BadDataError, match=sentence):
        latent("decode", plain, tmp_path / "codes.npy", "-o", tmp_path / "out")
    with pytest.raises(BadModelError, match="'conv_autoencoder' is not variational"):
        latent("sample", plain, "-o", tmp_path / "drawn.png")


def test_models_without_a_code_are_refused(tmp_path: Path) -> None:
    with pytest.raises(BadModelError, match="'faces' of .* has no code; give a run of an auto"):
        latent("sample", "faces", "-o", tmp_path / "drawn.png")
    with pytest.raises(UnknownNameError, match="did you mean 'faces'"):
        latent("sample", "facess", "-o", tmp_path / "drawn.png")
