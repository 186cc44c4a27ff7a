from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch
from tinyruns import make_bank, tiny_config, train_here

from restauro.errors import BadModelError, ConfigError, OutputExistsError
from restauro.files import file_sha256
from restauro.models import MODELS
from restauro.training.blending import blend
from restauro.training.run_folder import RunFolder
from restauro.training.weights import load_best, load_weights, save_weights

SHORT = ("training.epochs=1",)


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with two runs: `other`, and `run`, which goes on from it."""
    folder = tmp_path_factory.mktemp("runs")
    bank = make_bank(folder / "bank", 8, 3)
    train_here(tiny_config(folder, bank, *SHORT), folder / "other")
    start = f"model.initial_weights={folder / 'other' / 'best.safetensors'}"
    train_here(tiny_config(folder, bank, *SHORT, start), folder / "run")
    return folder


@pytest.mark.parametrize("share", [0.25, -0.5])
def test_weights_lie_on_the_line_through_both(runs: Path, tmp_path: Path, share: float) -> None:
    blend(runs / "run", runs / "other", share, tmp_path / "blend")
    one, other, blended = (
        load_weights(path / "best.safetensors")
        for path in (runs / "run", runs / "other", tmp_path / "blend")
    )
    assert any(not torch.equal(one[name], other[name]) for name in one)
    for name in one:
        expected = (1 - share) * one[name] + share * other[name]
        torch.testing.assert_close(blended[name], expected)


def test_a_blend_is_a_run_with_scores_of_its_own(runs: Path, tmp_path: Path) -> None:
    scores = blend(runs / "run", runs / "other", 0.5, tmp_path / "blend")
    config, _ = load_best(tmp_path / "blend")
    assert config == load_best(runs / "run")[0]
    record = RunFolder(tmp_path / "blend").best_record()
    assert record["hole_psnr"] == scores["hole_psnr"]
    assert record["hole_psnr"] != RunFolder(runs / "run").best_record()["hole_psnr"]
    made_of = json.loads((tmp_path / "blend" / "blend.json").read_text())
    assert made_of["share"] == 0.5
    assert list(made_of["of"]) == [str(runs / "run"), str(runs / "other")]


def test_nothing_of_the_other_run_gives_the_same_scores(runs: Path, tmp_path: Path) -> None:
    scores = blend(runs / "run", runs / "other", 0.0, tmp_path / "blend")
    record = RunFolder(runs / "run").best_record()
    assert scores["hole_psnr"] == pytest.approx(record["hole_psnr"])


def test_a_file_of_weights_is_as_good_as_its_run(runs: Path, tmp_path: Path) -> None:
    file = runs / "other" / "best.safetensors"
    blend(runs / "run", file, 0.25, tmp_path / "of_file")
    blend(runs / "run", runs / "other", 0.25, tmp_path / "of_run")
    one, other = (load_weights(tmp_path / of / "best.safetensors") for of in ("of_file", "of_run"))
    for name in one:
        assert torch.equal(one[name], other[name])
    made_of = json.loads((tmp_path / "of_file" / "blend.json").read_text())["of"]
    assert made_of[str(file)] == file_sha256(file)


def test_a_file_of_another_network_does_not_blend(runs: Path, tmp_path: Path) -> None:
    save_weights(tmp_path / "larger.safetensors", MODELS.create("unet").state_dict())
    with pytest.raises(BadModelError, match=r"another network than unet_tiny\(\) of .*run"):
        blend(runs / "run", tmp_path / "larger.safetensors", 0.5, tmp_path / "blend")
    assert not (tmp_path / "blend").exists()


def test_what_exists_is_kept(runs: Path) -> None:
    with pytest.raises(OutputExistsError, match="other exists; remove it"):
        blend(runs / "run", runs / "other", 0.5, runs / "other")


def test_other_networks_do_not_blend(runs: Path, tmp_path: Path) -> None:
    larger = tmp_path / "larger"
    larger.mkdir()
    config = (runs / "run" / "config.toml").read_text()
    (larger / "config.toml").write_text(config.replace("unet_tiny", "unet"))
    save_weights(larger / "best.safetensors", MODELS.create("unet").state_dict())
    with pytest.raises(ConfigError, match=r"holds unet_tiny\(\) and .* unet\(\), but only"):
        blend(runs / "run", larger, 0.5, tmp_path / "blend")
    assert not (tmp_path / "blend").exists()
