"""The task "find": what is drawn, scored and trained, and that it goes on exactly."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import PIL.Image
import pytest
import torch
from lightning_fabric import Fabric
from tinyruns import history, last_state, make_bank, tiny_config, train_here
from torch import Tensor

from restauro.data.bank import Bank
from restauro.data.batches import Batches
from restauro.data.damage import KINDS
from restauro.errors import BadDataError, BadModelError, ConfigError
from restauro.export import export_onnx
from restauro.fill.catalogue import load
from restauro.fill.finder import DamageFinder
from restauro.fill.model_file import ModelCard
from restauro.losses import LOSSES
from restauro.models import MODELS, TaskModel
from restauro.models.finder import Finder, Likelihood
from restauro.report.runs import write_run_report
from restauro.training.config import NO_HOLES, Config, load_config
from restauro.training.finding import DamageFeed, DamageValidation

CONFIG = """
name = "tiny"
task = "find"

[model]
name = "finder"
arguments = {{ widths = [8, 8, 8, 8] }}

[data]
bank = "{bank}"

[loss]
name = "damage"

[training]
epochs = 2
global_batch_size = 2
learning_rate = 1e-3
precision = "32-true"
"""


@pytest.fixture(scope="module")
def bank(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_bank(tmp_path_factory.mktemp("banks") / "bank", 4, 16)


def config_of(folder: Path, bank: Path, *overrides: str) -> Config:
    path = folder / "find.toml"
    path.write_text(CONFIG.format(bank=bank.as_posix()))
    return load_config(path, overrides)


class Answers(TaskModel):
    """Says of every picture what it is told to."""

    task = "find"

    def __init__(self, logits: Tensor) -> None:
        super().__init__(size=(128, 128))
        self.logits = logits

    def forward(self, image: Tensor, mask: Tensor) -> Tensor:
        return self.logits


def validation_of(bank: Path) -> DamageValidation:
    fabric = Fabric(accelerator="cpu", devices=1)
    return DamageValidation(fabric, Bank.open(bank), NO_HOLES.end, LOSSES.create("damage"))


def logits_of(kinds: Tensor) -> Tensor:
    """Those of a network that is right and certain, (B, 5, 128, 128)."""
    damaged = 20 * (kinds > 0).float() - 10
    return torch.cat([damaged, *(10 * (kinds == number).float() for number in range(1, 5))], dim=1)


def test_scores_of_what_is_right_and_of_what_marks_everything(bank: Path) -> None:
    validation = validation_of(bank)
    _, kinds = validation._batch(0)
    assert kinds.any()
    assert not kinds.flatten(1).any(dim=1).all(), "one must be sound"
    right = validation.scores(Answers(logits_of(kinds)))
    assert (right["recall"], right["precision"], right["marked_clean"]) == (1, 1, 0)
    everything = validation.scores(Answers(torch.full((16, 5, 128, 128), 9.0)))
    assert (everything["recall"], everything["marked_clean"]) == (1, 1)
    assert everything["precision"] < 0.9
    assert everything["validation_loss"] > right["validation_loss"]


def test_what_lies_three_pixels_beside_counts_and_four_do_not(bank: Path) -> None:
    validation = validation_of(bank)
    kinds = torch.zeros(16, 1, 128, 128)
    kinds[:, :, 60, 20:100] = 1
    validation._batch = lambda number: (torch.zeros(16, 3, 128, 128), kinds)  # type: ignore[method-assign]
    scores = [
        validation.scores(Answers(logits_of(kinds.roll(rows, dims=2))))["recall"] for rows in (3, 4)
    ]
    assert scores == [1, 0]


def test_sheet_shows_what_was_found(bank: Path, tmp_path: Path) -> None:
    validation = validation_of(bank)
    network = Answers(logits_of(validation._batch(0)[1][:12]))
    sheet = validation.write_sheet(network, tmp_path / "a.png")
    assert sheet.height > 12 * 128


def test_damage_of_a_step_follows_from_the_seed_alone(bank: Path, tmp_path: Path) -> None:
    config = config_of(tmp_path, bank)
    batches = Batches(Bank.open(bank), "train", 2, seed=0)

    def at(step: int, seed: int = 0) -> Tensor:
        with DamageFeed(batches, config.curriculum, seed, 10) as feed:
            return feed.at(step)[0]

    assert torch.equal(at(1), at(1))
    assert not torch.equal(at(1), at(2))
    assert not torch.equal(at(1), at(1, seed=1))


def test_resumed_run_ends_as_one_that_was_not_stopped(bank: Path, tmp_path: Path) -> None:
    def train(name: str, epochs: int, *, resume: bool = False) -> None:
        overrides = (f"training.epochs={epochs}", "training.schedule=constant")
        train_here(config_of(tmp_path, bank, *overrides), tmp_path / name, resume=resume)

    train("whole", 2)
    train("parts", 1)
    train("parts", 2, resume=True)
    whole, parts = (last_state(tmp_path / name)["model"] for name in ("whole", "parts"))
    assert all(torch.equal(parts[name], weights) for name, weights in whole.items())
    records = history(tmp_path / "whole")
    assert records[0]["validation_loss"] != records[1]["validation_loss"]
    assert {"recall", "precision", "marked_clean"} <= records[0].keys()


def test_run_that_finds_damage_fills_no_holes(bank: Path, tmp_path: Path) -> None:
    train_here(config_of(tmp_path, bank, "training.epochs=1"), tmp_path / "run")
    with pytest.raises(BadModelError, match="is a run that finds damage and fills no holes"):
        load(tmp_path / "run")
    with pytest.raises(BadDataError, match="is a run that finds damage, and reports are of"):
        write_run_report([tmp_path / "run"], tmp_path / "report")


def test_export_finds_what_the_network_does(bank: Path, tmp_path: Path) -> None:
    model = MODELS.create("finder", widths=[8, 8, 8, 8])
    assert isinstance(model, Finder)
    card = ModelCard("f", "1", "finder", (128, 128), 16, "", "", "", 1, {}, "", tuple(KINDS))
    differences = export_onnx(model, card, tmp_path / "f.onnx")
    assert {one.size for one in differences} == {(128, 128), (32, 80), (176, 96)}
    finder = DamageFinder(tmp_path / "f.onnx")
    image = np.random.default_rng(0).integers(0, 256, (64, 48, 3), dtype=np.uint8)
    tensor = torch.from_numpy(image).permute(2, 0, 1)[None].float() / 255
    with torch.no_grad():
        shares = Likelihood(model)(tensor)[0]
    for number, kind in enumerate(KINDS):
        expected = 255 * shares[number].numpy()
        found = finder.likelihood(PIL.Image.fromarray(image), [kind])
        np.testing.assert_allclose(found, expected, atol=1.5)


def test_loss_asks_for_what_is_damaged_and_for_nothing_else() -> None:
    loss, image = LOSSES.create("damage"), torch.zeros(2, 3, 16, 16)
    kinds = torch.zeros(2, 1, 16, 16)
    kinds[0, :, 4, 2:14] = 3  # the second picture is sound
    right = loss(logits_of(kinds), image, kinds)
    wrong = loss(logits_of(kinds.flip(0)), image, kinds)
    other_kind = loss(logits_of(kinds * 4 / 3), image, kinds)
    assert right.shape == (2,)
    assert (wrong > right + 0.1).all()
    assert other_kind[0] > right[0]
    assert right.max() < 0.01


def test_task_that_does_not_fit_is_refused(bank: Path, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="'fill' needs a table"):
        config_of(tmp_path, bank, "task=fill")
    with pytest.raises(ConfigError, match="'find' takes no table"):
        tiny_config(tmp_path, bank, "task=find")
    with pytest.raises(ConfigError, match="task is 'seek', but must be one of fill, find"):
        config_of(tmp_path, bank, "task=seek")
    other = config_of(tmp_path, bank, "model.name=unet_tiny", "model.arguments={}")
    with pytest.raises(ConfigError, match="'unet_tiny' is for the task 'fill', but .* 'find'"):
        train_here(other, tmp_path / "other")
