from __future__ import annotations

import dataclasses
import json
import tomllib
from pathlib import Path
from typing import Any

import pytest
import torch
from tinyruns import tiny_config, write_config

from restauro import imports
from restauro.data.batches import Augmentation
from restauro.errors import ConfigError
from restauro.losses import LOSSES
from restauro.masks import BoxLimits, StrokeLimits
from restauro.models import MODELS
from restauro.training.config import (
    AdversaryConfig,
    Config,
    DataConfig,
    LossConfig,
    ModelConfig,
    TrainingConfig,
    config_from_dict,
    config_to_dict,
    dump_toml,
    load_config,
)

ROOT = Path(__file__).parents[2]
SHIPPED = sorted((ROOT / "configs").glob("*.toml"))


@pytest.fixture
def load(tmp_path: Path) -> Any:
    """Loads the tiny config with overrides."""

    def load(*overrides: str) -> Config:
        return tiny_config(tmp_path, Path("banks/tiny"), *overrides)

    return load


def test_values_and_defaults_are_read(load: Any) -> None:
    config = load()
    assert config.name == "tiny"
    assert config.data.bank == "banks/tiny"
    assert config.data.flip_probability == 0.5
    assert config.training.learning_rate == 1e-3
    assert config.loss.name == "mse"
    assert config.curriculum.start.box == BoxLimits((0.2, 0.3), (0.2, 0.3), 0.5)
    assert config.curriculum.start.strokes is None
    assert config.curriculum.end.strokes == StrokeLimits((1, 3), (0.1, 0.2), (0.1, 0.3), 3)


def test_plug_ins_are_imported_and_found_again(load: Any, tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text("")
    config = load("imports=['mine.py', 'gone.py', 'json']")
    assert config.imports == (str(tmp_path / "mine.py"), "json") == imports.imported()
    assert config_from_dict(config_to_dict(config)) == config


def test_overrides_change_values_of_every_kind(load: Any) -> None:
    config = load(
        "training.learning_rate=3e-4",
        "training.epochs=2",
        "training.compile=true",
        "data.bank=elsewhere/a bank",
        'model.name="fc_autoencoder"',
        "model.arguments.dropout=0.1",
        "loss.arguments.hole_weight=6",
        "curriculum.end.box.height=[0.1, 0.9]",
    )
    assert config.training.learning_rate == 3e-4
    assert config.training.epochs == 2.0
    assert type(config.training.epochs) is float
    assert config.training.compile is True
    assert config.data.bank == "elsewhere/a bank"
    assert config.model.name == "fc_autoencoder"
    assert config.model.arguments == {"dropout": 0.1}
    assert config.loss.arguments == {"hole_weight": 6}
    assert config.curriculum.end.box.height == (0.1, 0.9)


@pytest.mark.parametrize(
    ("override", "message"),
    [
        ("training.learning_rat=1", "no key 'training.learning_rat' .did you mean 'learning_rate'"),
        ("trainings.seed=1", "no key 'trainings' .did you mean 'training'"),
        ("model.zzz=1", "no key 'model.zzz' .known: name, arguments, initial_weights"),
        ("training.seed", "has no '='; write key=value"),
        ("name.first=1", "'name' is a value, not a table"),
        ("training=3", "training is 3, but must be a table"),
        ("training.seed=0.5", "training.seed is 0.5, but must be a whole number"),
        ("training.seed=true", "training.seed is True, but must be a whole number"),
        ("training.compile=1", "training.compile is 1, but must be true or false"),
        ("training.learning_rate=fast", "training.learning_rate is 'fast', but must be a number"),
        ("name=3", "name is 3, but must be text"),
        ("model.arguments=3", "model.arguments is 3, but must be a table"),
        ("curriculum.end.box.width=[0.1]", r"box.width is \[0.1\], but must be a list of 2"),
        ("curriculum.end.box.width=wide", "box.width is 'wide', but must be a list of 2"),
        ("curriculum.end.box.width=[0.5, 0.2]", "smaller one first"),
        ("training.epochs=0", "training.epochs is 0.0, but must be positive"),
        ("training.global_batch_size=0", "training.global_batch_size is 0, but must be positive"),
        ("training.cycles=0", "training.cycles is 0, but must be at least 1"),
        ("training.accumulate=0", "training.accumulate is 0, but must be at least 1"),
        ("training.patience=-1", "training.patience is -1, but must be at least 0"),
        ("training.keep_checkpoints=-1", "keep_checkpoints is -1, but must be at least 0"),
        ("training.warmup_steps=-1", "training.warmup_steps is -1, but must be at least 0"),
        ("training.seed=-1", "training.seed is -1, but must be at least 0"),
        ("training.schedule=exponential", "'exponential', but must be one of warm_restarts"),
        ("training.precision=16", "training.precision is 16, but must be text"),
        ("training.precision=fp16", "'fp16', but must be one of auto, bf16-mixed, 32-true"),
        ("training.epoch_share=0", r"epoch_share is 0.0, but must be in \(0, 1\]"),
        ("training.average_decay=1", r"average_decay is 1.0, but must be in \[0, 1\)"),
        ("data.tone_exponent=2", r"tone_exponent is 2.0, but must be in \[0, 1\]"),
        ("data.flip_probability=2", r"flip_probability is 2.0, but must be in \[0, 1\]"),
        ("data.max_validation_images=-3", "max_validation_images is -3, but must be at least 0"),
    ],
)
def test_wrong_override_is_one_sentence(load: Any, override: str, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        load(override)


def test_patience_against_an_adversary_is_refused(load: Any) -> None:
    with pytest.raises(ConfigError, match=r"training.patience is 3, .* against an adversary"):
        load("adversary.weight=0.1", "training.patience=3")


@pytest.mark.parametrize(
    ("line", "key"), [('name = "tiny"', "name"), ("epochs = 4", "training.epochs")]
)
def test_missing_key_is_named(tmp_path: Path, line: str, key: str) -> None:
    path = write_config(tmp_path, Path("banks/tiny"))
    path.write_text(path.read_text().replace(line, "", 1))
    with pytest.raises(ConfigError, match=f"the key '{key}' is missing; correct the config"):
        load_config(path)


def test_missing_file_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"nowhere.toml cannot be read .*check the path"):
        load_config(tmp_path / "nowhere.toml")


@pytest.mark.parametrize("content", [b"name = ", b'name = "\xff"'], ids=["not TOML", "not UTF-8"])
def test_file_that_is_no_toml_is_one_sentence(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "bad.toml"
    path.write_bytes(content)
    with pytest.raises(ConfigError, match=r"bad.toml is not valid TOML"):
        load_config(path)


def test_config_survives_toml_and_plain_values(load: Any, tmp_path: Path) -> None:
    config = load(
        'name="Größe 😀 \\"quoted\\" \\\\ back"',
        "training.learning_rate=1e-10",
        "training.compile=true",
        "model.arguments.first_width=8",
    )
    assert config_from_dict(config_to_dict(config)) == config
    path = tmp_path / "written.toml"
    path.write_text(dump_toml(config_to_dict(config)), encoding="utf-8")
    assert load_config(path) == config


def test_none_is_left_out_of_toml() -> None:
    assert tomllib.loads(dump_toml({"a": 1, "b": None, "c": {"d": None, "e": [1, 2]}})) == {
        "a": 1,
        "c": {"e": [1, 2]},
    }


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_shipped_config_names_what_exists(path: Path, tmp_path: Path) -> None:
    config = load_config(path)
    assert config.name == path.stem
    with torch.device("meta"):  # builds the network without its memory
        MODELS.create(config.model.name, **config.model.arguments)
    LOSSES.create(config.loss.name, **config.loss.arguments)
    for epoch in range(int(config.training.epochs) + 1):
        config.curriculum.limits(epoch)
    written = tmp_path / "written.toml"
    written.write_text(dump_toml(config_to_dict(config)), encoding="utf-8")
    assert load_config(written) == config


def test_there_are_shipped_configs() -> None:
    assert SHIPPED


@pytest.mark.parametrize(
    "table",
    [ModelConfig, DataConfig, Augmentation, LossConfig, AdversaryConfig, TrainingConfig],
)
def test_documentation_has_every_key_with_its_default(table: Any) -> None:
    text = (ROOT / "docs" / "training.md").read_text()
    for key in dataclasses.fields(table):
        if key.default_factory is not dataclasses.MISSING:
            default = "{}"
        elif key.default is dataclasses.MISSING:
            default = "required"
        else:
            default = json.dumps(key.default)
        assert f"| `{key.name}` | {default} |" in text
