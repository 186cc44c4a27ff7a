"""A network that takes a size is made for the bank's, from training down to the exported file."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from tinyruns import make_bank, tiny_config, train_here

import restauro
from restauro.commands.export import command as export
from restauro.errors import ConfigError
from restauro.training.config import load_config
from restauro.training.weights import load_best

SHORT = ("training.epochs=1", "training.global_batch_size=2", "model.name=conv_autoencoder_64")
NARROW = "model.arguments.first_width=8"


def test_one_line_trains_for_the_size_of_the_bank(tmp_path: Path) -> None:
    """The run's config then builds the network without the bank."""
    bank, run = make_bank(tmp_path / "bank", 4, 2, size=(48, 64)), tmp_path / "run"
    config = tiny_config(tmp_path, bank, *SHORT, NARROW)
    train_here(config, run)
    assert train_here(config, run, resume=True).is_finished
    assert train_here(load_config(run / "config.toml"), run, resume=True).is_finished
    for file in bank.iterdir():
        file.unlink()

    loaded, _ = load_best(run)
    assert loaded.model.arguments == {"first_width": 8, "size": [48, 64]}
    file_path = tmp_path / "small.onnx"
    result = CliRunner().invoke(export, [str(run), "-o", str(file_path)], catch_exceptions=False)
    assert "64x48: differs from PyTorch by" in result.output
    image = np.random.default_rng(0).integers(0, 256, (48, 64, 3), dtype=np.uint8)
    mask = np.zeros((48, 64), dtype=bool)
    mask[10:20, 10:30] = True
    restored = restauro.load(file_path)(image, mask)
    assert (restored[~mask] == image[~mask]).all()
    assert (restored[mask] != image[mask]).any()


def test_bank_of_a_size_that_no_such_network_has_is_refused(tmp_path: Path) -> None:
    bank = make_bank(tmp_path / "bank", 4, 2, size=(40, 64))
    with pytest.raises(ConfigError, match=r"size is \[40, 64\], .*multiples of 16; .*the bank"):
        train_here(tiny_config(tmp_path, bank, *SHORT, NARROW), tmp_path / "run")
