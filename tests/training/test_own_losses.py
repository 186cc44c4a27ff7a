"""A network's own loss terms are learned from, validated and recorded, whatever wraps it."""

from __future__ import annotations

import signal
from pathlib import Path

import pytest
import tinyvariational
import torch
from lightning_fabric import Fabric
from tinyruns import (
    assert_same_run,
    history,
    make_bank,
    tiny_config,
    train_here,
)
from torch import Tensor
from torch._dynamo.testing import CompileCounter

from restauro.data.bank import Bank
from restauro.losses import LOSSES
from restauro.masks import BoxLimits, HoleLimits
from restauro.models import MODELS, WithLosses
from restauro.training import loop
from restauro.training.loop import Run, train_step
from restauro.training.validation import Validation

NAME = "model.name=tiny_variational"
SHORT = "training.epochs=2"
FACTOR_VAE = ["model.name=factor_vae", "loss.name=bernoulli"]
FACTOR_VAE += [f"model.arguments.{name}=8" for name in ("first_width", "channels", "width")]


@pytest.fixture(scope="module", autouse=True)
def registered() -> None:
    tinyvariational.register()


@pytest.fixture(scope="module")
def bank(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_bank(tmp_path_factory.mktemp("banks") / "bank", 24, 8)


def test_terms_are_in_the_history_and_in_both_losses(bank: Path, tmp_path: Path) -> None:
    config = tiny_config(tmp_path, bank, NAME, SHORT)
    run = train_here(config, tmp_path / "run")
    first, second = history(tmp_path / "run")
    # 6 steps: the progress at each is that of the steps before it
    assert first["training_progress"] == pytest.approx((0 + 1 + 2) / 6 / 3)
    assert second["training_progress"] == pytest.approx((3 + 4 + 5) / 6 / 3)
    assert [first["validation_progress"], second["validation_progress"]] == [0.5, 1.0]
    for record in (first, second):
        assert record["training_kl"] > 0
        assert record["training_loss"] > record["training_progress"] + record["training_kl"]
        # the criterion of the tiny config is the mean squared error
        assert record["validation_loss"] == pytest.approx(
            record["mse"] + record["validation_kl"] + record["validation_progress"]
        )
    assert run.progress == 1.0


def test_terms_are_learned_from(bank: Path, tmp_path: Path) -> None:
    divergences = []
    for weight in (1e-9, 1.0):
        config = tiny_config(tmp_path, bank, NAME, SHORT, f"model.arguments.kl_weight={weight}")
        train_here(config, tmp_path / f"run_{weight}")
        divergences.append(history(tmp_path / f"run_{weight}")[-1]["validation_kl"] / weight)
    assert divergences[1] < 0.5 * divergences[0]


def test_terms_are_scored_by_hand_in_evaluation_mode(bank: Path) -> None:
    fabric = Fabric(accelerator="cpu", devices=1)
    limits = HoleLimits(BoxLimits((0.3, 0.3), (0.3, 0.3), 1.0))
    validation = Validation(fabric, Bank.open(bank), limits, LOSSES.create("mse"))
    network = tinyvariational.TinyVariational()
    for weight in network.parameters():
        torch.nn.init.zeros_(weight)
    network.encoder.bias.data[0] = 2.0  # a mean of 2, variance 1: a divergence of 2
    scores = validation.scores(network, progress=0.25)
    assert scores["validation_kl"] == pytest.approx(2 * 1e-3)
    assert scores["validation_progress"] == 0.25
    assert scores["validation_loss"] == pytest.approx(scores["mse"] + 0.25 + 2e-3)


def test_network_without_terms_trains_as_it_predicts() -> None:
    network = MODELS.create("unet_tiny").eval()
    images, masks = torch.rand(2, 3, 32, 32), torch.zeros(2, 1, 32, 32)
    prediction, terms = WithLosses(network)(images, masks, torch.tensor(0.0))
    assert torch.equal(prediction, network(images, masks))
    assert terms == {}


def test_one_program_is_compiled_for_the_whole_training() -> None:
    """None for each step, whose progress is another."""
    network = WithLosses(tinyvariational.TinyVariational(noise=0)).eval()
    images, masks = torch.rand(2, 3, 32, 32), torch.zeros(2, 1, 32, 32)
    counter = CompileCounter()
    compiled = torch.compile(network, backend=counter)
    for progress in torch.linspace(0, 1, 5):
        prediction, terms = compiled(images, masks, progress)
        expected, expected_terms = network(images, masks, progress)
        assert torch.equal(prediction, expected)
        assert {name: term.tolist() for name, term in terms.items()} == {
            name: term.tolist() for name, term in expected_terms.items()
        }
    assert counter.frame_count == 1


@pytest.mark.parametrize("overrides", [[NAME], FACTOR_VAE], ids=["codes", "discriminator"])
def test_drawn_codes_are_resumed_exactly(
    overrides: list[str], bank: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = tiny_config(tmp_path, bank, *overrides, SHORT)
    train_here(config, tmp_path / "whole")

    def stopped_step(run: Run, images: Tensor, masks: Tensor) -> dict[str, Tensor]:
        if run.step in (1, 3):
            signal.raise_signal(signal.SIGTERM)
        return train_step(run, images, masks)

    monkeypatch.setattr(loop, "train_step", stopped_step)
    for step in (2, 4, 6):
        assert train_here(config, tmp_path / "parts", resume=True).step == step
    assert_same_run(tmp_path / "parts", tmp_path / "whole")
