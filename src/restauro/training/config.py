"""What a training run is: frozen dataclasses, read from TOML, changed by `--set key=value`."""

from __future__ import annotations

import dataclasses
import json
import math
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from restauro.data.batches import Augmentation
from restauro.errors import ConfigError
from restauro.files import read_toml
from restauro.imports import import_kept
from restauro.masks import BoxLimits, Curriculum, HoleLimits
from restauro.training.optimizers import OPTIMIZERS
from restauro.typed import (
    AT_LEAST_ONE,
    NOT_NEGATIVE,
    POSITIVE,
    SHARE,
    MisfitError,
    build,
    check,
    one_of,
)


@dataclass(frozen=True)
class ModelConfig:
    """Which network."""

    name: str
    """A name in the registry of models."""
    arguments: dict[str, Any] = field(default_factory=dict)
    """Arguments of that network, such as `dropout`; if it takes a `size`, the bank's is given."""
    initial_weights: str = ""
    """A `best.safetensors` or an exported `.onnx` file to start from, or the name of an installed
    model; empty = random."""


@dataclass(frozen=True)
class DataConfig:
    """Which pictures."""

    bank: str
    """Folder made by `restauro prepare`."""
    more_banks: tuple[str, ...] = ()
    """Further banks of the same size, whose training pictures are added; validation stays."""
    closer_banks: tuple[str, ...] = ()
    """For `bank` and each of `more_banks`, in this order, the same pictures with more pixels: what
    `augmentation.zoom` shows closer is cut from there, and so as sharp as the rest."""
    augmentation: Augmentation = field(default_factory=Augmentation)
    flip_probability: float = 0.5
    """Chance that a training picture is mirrored left to right, in [0, 1]."""
    tone_exponent: float = 1.0
    """1 = every picture equally often; towards 0, dark and light subjects as often as others."""
    copied_batches: int = 0
    """Batches of which patches of the known part are copied beforehand, for a network that is shown
    copies; it sees them again and again. 0 = none."""
    max_validation_images: int = 0
    """Pictures of the validation split that are scored after each epoch; 0 = all."""

    def __post_init__(self) -> None:
        check("data", self, SHARE, "flip_probability", "tone_exponent")
        check("data", self, NOT_NEGATIVE, "copied_batches", "max_validation_images")

    def banks(self) -> dict[str, tuple[str, ...]]:
        """The folders of the banks by their keys."""
        keys = ("more_banks", "closer_banks")
        return {"bank": (self.bank,), **{key: getattr(self, key) for key in keys}}


@dataclass(frozen=True)
class LossConfig:
    """What is minimised."""

    name: str = "mse"
    """A name in the registry of losses."""
    arguments: dict[str, Any] = field(default_factory=dict)
    """Arguments of that loss, such as `hole_weight`."""


@dataclass(frozen=True)
class TrainingConfig:
    """How it is minimised."""

    epochs: float
    """Epochs to train; a fraction stops within one."""
    epoch_share: float = 1.0
    """Share of the training split that makes an epoch, in (0, 1]: shortens a run evenly."""
    global_batch_size: int = 64
    """Pictures per optimizer step, over all processes together."""
    accumulate: int = 1
    """Micro-batches in which a process takes its pictures of a step through the network, one after
    the other, to need less memory."""
    optimizer: str = "adamw"
    """`adamw` or `muon`; see `restauro.training.optimizers`."""
    learning_rate: float = 1e-4
    """Peak of the learning rate."""
    weight_decay: float = 1e-2
    """Decoupled weight decay."""
    schedule: str = "warm_restarts"
    """`warm_restarts`, `cosine` or `constant`; see `rate_at`."""
    cycles: int = 1
    """Cosine cycles of equal length in the run, for `warm_restarts`."""
    warmup_steps: int = 0
    """Steps in which the learning rate rises linearly from 0."""
    max_gradient_norm: float = 0.0
    """Gradients are scaled down to this norm; 0 = not at all."""
    average_decay: float = 0.0
    """Decay per step of the moving average of the weights, which is then validated and released
    in their place; 0 = off."""
    patience: int = 0
    """Epochs without a new lowest validation loss after which the run ends early; 0 = never."""
    precision: str = "auto"
    """`auto` (bf16 where the hardware has it), `bf16-mixed` or `32-true`."""
    compile: bool = False
    """Whether `torch.compile` is used: worth it on a GPU, not on a processor."""
    checkpoint_minutes: float = 5.0
    """Minutes between checkpoints within an epoch; each epoch ends with one anyway."""
    keep_checkpoints: int = 0
    """How many epochs' checkpoints are kept beside the last one, the newest of them."""
    seed: int = 0
    """Seed of everything random."""

    def __post_init__(self) -> None:
        for rule, *names in (
            (POSITIVE, "epochs", "global_batch_size", "learning_rate", "checkpoint_minutes"),
            (AT_LEAST_ONE, "cycles", "accumulate"),
            (NOT_NEGATIVE, "weight_decay", "warmup_steps", "max_gradient_norm"),
            (NOT_NEGATIVE, "patience", "keep_checkpoints", "seed"),
            (one_of(("warm_restarts", "cosine", "constant")), "schedule"),
            (one_of(("auto", "bf16-mixed", "32-true")), "precision"),
            (one_of(OPTIMIZERS), "optimizer"),
            ((lambda share: 0 < share <= 1, "in (0, 1]"), "epoch_share"),
            ((lambda decay: 0 <= decay < 1, "in [0, 1)"), "average_decay"),
        ):
            check("training", self, rule, *names)

    def rate_at(self, step: int, num_steps: int) -> float:
        """The learning rate of step number `step` of `num_steps`; resuming needs no state.

        `warm_restarts` is the report's cosine annealing with warm restarts (Loshchilov & Hutter
        2017, arXiv:1608.03983), from the peak to 1 % of it in each of `cycles` equal cycles. The
        report gives no period; equal cycles are chosen so that a run ends at the bottom of one.
        `cosine` is the same with one cycle, `constant` stays at the peak.
        """
        share = 1.0
        if self.schedule != "constant":
            cycles = self.cycles if self.schedule == "warm_restarts" else 1
            position = step * cycles % num_steps / num_steps  # whole numbers: a restart is exact
            share = 0.01 + 0.99 * (1 + math.cos(math.pi * position)) / 2
        if step < self.warmup_steps:
            share *= (step + 1) / self.warmup_steps
        return self.learning_rate * share


@dataclass(frozen=True)
class AdversaryConfig:
    """A discriminator that learns beside the network, and sees features of EfficientNet-Lite0."""

    weight: float = 0.1
    """Weight of the network's loss against it; 0 = feature matching alone."""
    feature_matching: float = 0.0
    """Weight of the distance of the features, as the loss `features` has it."""
    diversity: float = 0.0
    """Weight of how alike several fills of a hole are, for a network that draws such."""
    learning_rate: float = 3e-3
    """Constant learning rate of its optimizer, Muon."""
    num_stages: int = 4
    """How many of the five resolutions it sees, the finest first."""

    def __post_init__(self) -> None:
        check("adversary", self, NOT_NEGATIVE, "weight", "feature_matching", "diversity")
        check("adversary", self, POSITIVE, "learning_rate")
        check("adversary", self, (lambda number: 1 <= number <= 5, "1 to 5"), "num_stages")


NO_HOLES = Curriculum(HoleLimits(BoxLimits((0.0, 0.0), (0.0, 0.0), 0.0)))


@dataclass(frozen=True)
class Config:
    """A whole run."""

    name: str
    """Name of the run and of its folder."""
    model: ModelConfig
    data: DataConfig
    training: TrainingConfig
    task: str = "fill"
    """`fill` holes, or `find` damage, which is drawn on the pictures."""
    curriculum: Curriculum = NO_HOLES
    """What holes may be; for `fill` alone, which needs it."""
    loss: LossConfig = field(default_factory=LossConfig)
    adversary: AdversaryConfig | None = None
    """None: the loss alone trains the network."""
    imports: tuple[str, ...] = ()
    """Plug-ins that are imported first: modules, and `.py` files as absolute paths."""

    def __post_init__(self) -> None:
        check("", self, one_of(("fill", "find")), "task")
        if (self.task == "fill") == (self.curriculum == NO_HOLES):
            rule = "needs a" if self.task == "fill" else "takes no"
            raise ConfigError(
                f"the task {self.task!r} {rule} table [curriculum]; correct the config"
            )
        if self.adversary and self.training.patience:
            raise ConfigError(
                f"training.patience is {self.training.patience}, but must be 0 against an "
                "adversary, where the validation loss may rise while pictures get sharper; "
                "set training.epochs instead"
            )


def load_config(path: Path, overrides: Sequence[str] = ()) -> Config:
    """Reads a TOML file and applies overrides such as `training.learning_rate=3e-4`.

    Imports the plug-ins that it names; paths are relative to the file.

    Raises:
        ConfigError: Not TOML, an unknown or missing key, a value of the wrong type or range.
        PlugInError: A plug-in cannot be imported.
    """
    values = read_toml(path)
    for override in overrides:
        _apply(values, override)
    return config_from_dict(values, path.parent)


def config_from_dict(values: Mapping[str, Any], folder: Path = Path()) -> Config:
    """The config that `config_to_dict` described; paths of plug-ins are relative to `folder`."""
    try:
        config: Config = build(Config, values)
    except MisfitError as error:
        raise ConfigError(f"{error}; correct the config") from error
    return dataclasses.replace(config, imports=import_kept(config.imports, folder))


def config_to_dict(config: Config) -> dict[str, Any]:
    """Plain values, as stored in a checkpoint and a run folder."""
    values: dict[str, Any] = json.loads(json.dumps(dataclasses.asdict(config)))
    return values


def differences(one: Mapping[str, Any], other: Mapping[str, Any]) -> dict[str, list[Any]]:
    """Where two configs differ, as plain values: dotted key -> [value in one, in the other]."""
    found: dict[str, list[Any]] = {}
    for key in sorted(one.keys() | other.keys()):
        a, b = one.get(key), other.get(key)
        if isinstance(a, Mapping) and isinstance(b, Mapping):
            found |= {f"{key}.{inner}": pair for inner, pair in differences(a, b).items()}
        elif a != b:
            found[key] = [a, b]
    return found


def dump_toml(values: Mapping[str, Any], prefix: str = "") -> str:
    """Writes plain values as TOML; None is left out, since TOML has no such thing."""
    plain = {k: v for k, v in values.items() if v is not None and not isinstance(v, Mapping)}
    tables = {k: v for k, v in values.items() if isinstance(v, Mapping)}
    lines = [f"{key} = {json.dumps(value, ensure_ascii=False)}" for key, value in plain.items()]
    for key, table in tables.items():
        lines += ["", f"[{prefix}{key}]", dump_toml(table, f"{prefix}{key}.").rstrip("\n")]
    return "\n".join(lines) + "\n"


def _apply(values: dict[str, Any], override: str) -> None:
    key, equals, text = override.partition("=")
    if not equals:
        raise ConfigError(
            f"--set {override!r} has no '='; write key=value, such as training.seed=1"
        )
    try:
        value = tomllib.loads(f"value = {text}")["value"]
    except tomllib.TOMLDecodeError:
        value = text  # a bare word is a string
    *tables, last = key.strip().split(".")
    for table in tables:
        values = values.setdefault(table, {})
        if not isinstance(values, dict):
            raise ConfigError(f"--set {override!r}: {table!r} is a value, not a table; correct it")
    values[last] = value
