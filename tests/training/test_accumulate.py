"""A step in several micro-batches is the step that it is at one go."""

from __future__ import annotations

from pathlib import Path

import pytest
import tinyvariational
import torch
from tinyruns import history, last_state, make_bank, tiny_config, train_here
from torch import Tensor

from restauro.errors import ConfigError
from restauro.models import MODELS
from restauro.training.run import train

PARTS = "training.accumulate=4"
CASES = {
    "averaged and clipped": ("training.average_decay=0.9", "training.max_gradient_norm=1.0"),
    "against a discriminator": ("adversary.weight=0.1", "adversary.num_stages=2"),
    "own losses": ("model.name=tiny_variational", "model.arguments.noise=0"),
}


@pytest.fixture(scope="module")
def bank(tmp_path_factory: pytest.TempPathFactory) -> Path:
    tinyvariational.register()
    return make_bank(tmp_path_factory.mktemp("banks") / "bank", 24, 8)


def weights_of(run: Path) -> Tensor:
    """All weights after training, as one vector."""
    return torch.cat([weight.flatten() for weight in last_state(run)["model"].values()])


@pytest.mark.parametrize("case", CASES)
def test_four_micro_batches_make_the_step_of_the_whole(
    case: str, bank: Path, tmp_path: Path
) -> None:
    settings = (*CASES[case], "training.epochs=1", "training.schedule=constant")
    config = tiny_config(tmp_path, bank, *settings)
    train_here(config, tmp_path / "whole")
    train_here(tiny_config(tmp_path, bank, *settings, PARTS), tmp_path / "parts")
    torch.manual_seed(0)
    model = MODELS.create(config.model.name, **config.model.arguments)
    before = torch.cat([weight.detach().flatten() for weight in model.parameters()])
    whole, parts = weights_of(tmp_path / "whole"), weights_of(tmp_path / "parts")
    # 1e-3 of what was learned: sums over the batch are rounded in another order, and AdamW divides
    # a gradient by its own size, so that a weight whose gradient is nearly 0 may differ by a step;
    # the discriminator's Muon also rounds to 16 bits. Wrong shares give 1e-2 and 6e-2
    tolerance = 5e-3 if "discriminator" in case else 1e-3
    assert (parts - whole).norm() < tolerance * (whole - before).norm()
    # weights that differ by rounding show in the losses as little
    assert history(tmp_path / "parts")[0] == pytest.approx(history(tmp_path / "whole")[0], rel=1e-3)


def test_pictures_that_cannot_be_shared_out_are_refused(bank: Path, tmp_path: Path) -> None:
    config = tiny_config(tmp_path, bank, "training.accumulate=3")
    with pytest.raises(ConfigError, match="global_batch_size is 8, but must be a multiple of 3"):
        train(config, tmp_path / "run", accelerator="cpu")
