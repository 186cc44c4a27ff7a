"""What a run learns, leaves behind and refuses."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import PIL.Image
import pytest
import torch
from lightning_fabric import Fabric
from tinyruns import history, last_state, make_bank, tiny_config, train_here
from torch import Tensor

from restauro.data.bank import Bank
from restauro.errors import BadDataError, BadImageError, BadModelError, ConfigError, TrainingError
from restauro.losses import LOSSES
from restauro.models import InpaintingModel
from restauro.training import loop
from restauro.training.config import load_config
from restauro.training.run import choose_precision
from restauro.training.validation import Validation
from restauro.training.weights import load_weights, save_weights

SHORT = ("training.epochs=1",)


@pytest.fixture(scope="module")
def bank(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_bank(tmp_path_factory.mktemp("banks") / "bank", 24, 8)


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory, bank: Path) -> Path:
    """The folder of a run of two epochs and six steps."""
    folder = tmp_path_factory.mktemp("finished")
    train_here(tiny_config(folder, bank, "training.epochs=2"), folder / "run")
    return folder / "run"


def test_denormals_are_taken_for_zero_only_while_it_trains(
    bank: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def doubled() -> float:
        return float(torch.tensor([1e-40]) * 2)

    seen = []
    train_step = loop.train_step

    def watched(*arguments: Any) -> Any:
        seen.append(doubled())
        return train_step(*arguments)

    monkeypatch.setattr(loop, "train_step", watched)
    train_here(tiny_config(tmp_path, bank, *SHORT), tmp_path / "run")
    assert seen == [0, 0, 0]
    assert doubled() > 0


class MeanColour(InpaintingModel):
    """Fills the hole with the mean colour of what is known: the least that a network must beat."""

    def restore(self, masked_image: Tensor, mask: Tensor) -> Tensor:
        known = masked_image.sum(dim=(2, 3)) / (1 - mask).sum(dim=(2, 3))
        return known[:, :, None, None].expand_as(masked_image)


def test_one_picture_is_learned_far_better_than_its_mean_colour(tmp_path: Path) -> None:
    path = make_bank(tmp_path / "bank", 80, 8, num_different=1)
    config = tiny_config(
        tmp_path,
        path,
        "training.epochs=1",
        "training.global_batch_size=1",
        "training.learning_rate=2e-3",
        "data.flip_probability=0.0",
        "curriculum.shape=constant",
    )
    run = train_here(config, tmp_path / "run")
    criterion = LOSSES.create("mse")
    fabric = Fabric(accelerator="cpu", devices=1)
    validation = Validation(fabric, Bank.open(path), config.curriculum.end, criterion)
    floor = validation.scores(MeanColour((32, 32)))["hole_psnr"]
    # 6 dB: half the error, where a network that learned nothing about the picture has as much
    assert validation.scores(run.network)["hole_psnr"] > floor + 6


def test_run_folder_explains_itself(finished: Path, bank: Path) -> None:
    names = {path.name for path in finished.iterdir()}
    assert names == {
        "config.toml",
        "environment.json",
        "history.jsonl",
        "last.pt",
        "best.safetensors",
        "samples",
    }
    assert load_config(finished / "config.toml") == tiny_config(
        finished.parent, bank, "training.epochs=2"
    )
    environment = json.loads((finished / "environment.json").read_text())
    assert environment["precision"] == "32-true"
    assert environment["processes"] == 1
    for epoch in (1, 2):
        with PIL.Image.open(finished / "samples" / f"epoch_{epoch:03d}.png") as picture:
            assert picture.width > 4 * 32
            assert picture.height > 8 * 32


def test_history_has_a_line_an_epoch(finished: Path) -> None:
    records = history(finished)
    assert [(r["epoch"], r["step"], r["pictures"]) for r in records] == [(1, 3, 24), (2, 6, 48)]
    assert records[1]["training_loss"] < records[0]["training_loss"]


def test_best_weights_are_those_of_the_epoch_with_the_lowest_loss(finished: Path) -> None:
    records = history(finished)
    assert last_state(finished)["best"] == min(r["validation_loss"] for r in records)
    if records[1]["validation_loss"] < records[0]["validation_loss"]:
        weights, last = load_weights(finished / "best.safetensors"), last_state(finished)["model"]
        assert all(torch.equal(weights[name], last[name]) for name in last)


def test_average_is_what_is_released(tmp_path: Path, bank: Path) -> None:
    train_here(tiny_config(tmp_path, bank, *SHORT, "training.average_decay=0.5"), tmp_path / "run")
    weights, state = (
        load_weights(tmp_path / "run" / "best.safetensors"),
        last_state(tmp_path / "run"),
    )
    average = {n.removeprefix("module."): v for n, v in state["averaged"].items()}
    assert all(torch.equal(weights[name], average[name]) for name in weights)
    assert not all(torch.equal(weights[name], state["model"][name]) for name in weights)


def test_fraction_of_an_epoch_ends_with_a_record(tmp_path: Path, bank: Path) -> None:
    run = train_here(tiny_config(tmp_path, bank, "training.epochs=1.4"), tmp_path / "run")
    assert run.step == 4
    assert [record["step"] for record in history(tmp_path / "run")] == [3, 4]


def test_finished_run_resumes_to_nothing(finished: Path, bank: Path) -> None:
    before = {path: path.stat().st_mtime_ns for path in finished.rglob("*.[ps]*t*")}
    config = tiny_config(finished.parent, bank, "training.epochs=2")
    assert train_here(config, finished, resume=True).is_finished
    assert {path: path.stat().st_mtime_ns for path in before} == before


def test_bank_may_move_between_sessions(finished: Path, bank: Path, tmp_path: Path) -> None:
    moved = tmp_path / "moved"
    moved.symlink_to(bank)
    config = tiny_config(tmp_path, moved, "training.epochs=2")
    assert train_here(config, finished, resume=True).is_finished


def test_existing_run_is_not_overwritten(finished: Path, bank: Path) -> None:
    config = tiny_config(finished.parent, bank, "training.epochs=2")
    with pytest.raises(ConfigError, match="holds a run already; continue it with --resume"):
        train_here(config, finished)


def test_resuming_with_other_settings_names_the_difference(finished: Path, bank: Path) -> None:
    config = tiny_config(
        finished.parent, bank, "training.epochs=2", "training.seed=3", "curriculum.epochs=5"
    )
    with pytest.raises(
        ConfigError,
        match=r"other settings \(curriculum.epochs is 3.0 there and 5.0 here, "
        r"training.seed is 0 there and 3 here\); resume it with .*config.toml",
    ):
        train_here(config, finished, resume=True)


def test_damaged_checkpoint_is_one_sentence(finished: Path, bank: Path, tmp_path: Path) -> None:
    run = tmp_path / "run"
    run.mkdir()
    (run / "last.pt").write_bytes((finished / "last.pt").read_bytes()[:100_000])
    with pytest.raises(BadModelError, match="cannot be read as a checkpoint .*delete it"):
        train_here(tiny_config(tmp_path, bank), run, resume=True)


def test_loss_that_is_no_number_stops_the_run_and_leaves_no_weights(
    tmp_path: Path, bank: Path
) -> None:
    config = tiny_config(tmp_path, bank, "training.learning_rate=1e30", "training.cycles=2")
    with pytest.raises(TrainingError, match=r"training loss is nan after step 2, .*learning_rate"):
        train_here(config, tmp_path / "run")
    assert not (tmp_path / "run" / "last.pt").exists()
    assert not (tmp_path / "run" / "best.safetensors").exists()


def test_run_starts_from_given_weights(finished: Path, bank: Path, tmp_path: Path) -> None:
    given = finished / "best.safetensors"
    config = tiny_config(tmp_path, bank, *SHORT, f"model.initial_weights={given}")
    train_here(config, tmp_path / "run")
    best = min(record["training_loss"] for record in history(finished))
    assert history(tmp_path / "run")[0]["training_loss"] < best


def test_weights_of_another_network_are_refused(bank: Path, tmp_path: Path) -> None:
    given = tmp_path / "other.safetensors"
    save_weights(given, {"weight": torch.zeros(3)})
    config = tiny_config(tmp_path, bank, f"model.initial_weights={given}")
    with pytest.raises(BadModelError, match="weights of another network than UNet"):
        train_here(config, tmp_path / "run")


def test_unknown_argument_of_a_model_is_refused(bank: Path, tmp_path: Path) -> None:
    config = tiny_config(tmp_path, bank, "model.name=fc_autoencoder", "model.arguments.depth=3")
    with pytest.raises(ConfigError, match="'fc_autoencoder' .*'depth'; it takes latent_dim"):
        train_here(config, tmp_path / "run")


def test_bank_of_a_wrong_size_is_refused(bank: Path, tmp_path: Path) -> None:
    config = tiny_config(
        tmp_path, bank, "model.name=fc_autoencoder", "model.arguments.size=[32, 48]"
    )
    with pytest.raises(BadImageError, match="pictures of 32x32 do not fit .*48x32"):
        train_here(config, tmp_path / "run")


def test_missing_bank_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadDataError, match="is not a bank .*restauro prepare"):
        train_here(tiny_config(tmp_path, tmp_path / "nowhere"), tmp_path / "run")


def test_pictures_need_not_be_square(tmp_path: Path) -> None:
    path = make_bank(tmp_path / "bank", 8, 3, size=(32, 48))
    assert train_here(tiny_config(tmp_path, path, *SHORT), tmp_path / "run").is_finished


@pytest.mark.parametrize("asked", ["bf16-mixed", "32-true"])
def test_precision_that_is_asked_for_is_used(asked: str) -> None:
    assert choose_precision(asked, "cpu") == asked


def test_automatic_precision_is_one_of_both() -> None:
    assert choose_precision("auto", "cpu") in {"bf16-mixed", "32-true"}


def test_mixed_precision_trains(tmp_path: Path, bank: Path) -> None:
    settings = (*SHORT, "training.precision=bf16-mixed")
    train_here(tiny_config(tmp_path, bank, *settings), tmp_path / "run")
    weights = load_weights(tmp_path / "run" / "best.safetensors")
    assert all(weight.dtype == torch.float32 for weight in weights.values())
    assert all(weight.isfinite().all() for weight in weights.values())
