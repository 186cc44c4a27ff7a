"""Which trainings there are, and how each comes to its end."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from restauro.data.bank import Bank
from restauro.training.config import Config, load_config
from restauro.training.run import train, with_size
from restauro.training.run_folder import RunFolder

LATENTS = ("reference_32", "reference_128", "reference_512")
LARGEST = LATENTS[-1]
PARTS = ("seeds", "plateau", "growing")
"""What may be asked for beside the paper's own runs."""
CELEBA_TRAINING_PICTURES = 162_770
CELEBA_VALIDATION_PICTURES = 19_867
MOST_EPOCHS = 40
"""A run to the plateau ends there at the latest."""
LEAST_FALL = 0.005
"""Share of the validation loss that a period must bring, or the run is on its plateau."""
LINEAR_DROPOUT = 0.1


@dataclass(frozen=True)
class ReferenceRun:
    """One training: a config of the paper's, as it is or changed."""

    name: str
    """Of its folder, and of what is kept of it."""
    title: str
    config: str = ""
    """Name of the file in `configs/`, without `.toml`; empty = `name`."""
    settings: tuple[str, ...] = ()
    """Changes of that config, as `--set` has them."""
    parts: tuple[str, ...] = ()
    """Which of `PARTS` it belongs to; none = always trained."""
    is_to_plateau: bool = False
    """Whether it goes on, restart by restart, while the validation loss falls."""
    goes_on_from: str = ""
    """The run whose first epochs are this one's, too."""
    training_loss: float | None = None
    """The paper's training loss, in a unit that it does not give."""
    validation_loss: float | None = None
    """The paper's validation loss, in the same unit."""
    paper_epochs: int = 8
    """Epochs of the paper's run that this one stands beside."""
    bank: str = "celeba"
    """Which bank it is trained on: `celeba` or `aircraft`."""


def _seed(latent: int, seed: int, *parts: str) -> ReferenceRun:
    return ReferenceRun(
        f"reference_{latent}_seed{seed}",
        f"latent {latent}, seed {seed}",
        config=f"reference_{latent}",
        settings=(f"training.seed={seed}",),
        parts=("seeds", *parts),
        paper_epochs=10 if latent == 128 else 8,
    )


def _full_holes(seed: int) -> ReferenceRun:
    return ReferenceRun(
        f"reference_512_full_seed{seed}",
        f"latent 512, full holes, seed {seed}",
        config="reference_512",
        settings=("curriculum.shape=constant", f"training.seed={seed}"),
        parts=("growing",),
    )


def _to_plateau(latent: int) -> ReferenceRun:
    return ReferenceRun(
        f"reference_{latent}_plateau",
        f"latent {latent}, on",
        config=f"reference_{latent}",
        parts=("plateau",),
        is_to_plateau=True,
        goes_on_from=f"reference_{latent}",
    )


RUNS = (
    ReferenceRun("reference_32", "latent 32", training_loss=1.77e5, validation_loss=1.98e5),
    ReferenceRun(
        "reference_128",
        "latent 128",
        training_loss=1.71e5,
        validation_loss=1.81e5,
        paper_epochs=10,
    ),
    ReferenceRun("reference_512", "latent 512", training_loss=1.67e5, validation_loss=1.72e5),
    ReferenceRun("reference_512_huber", "latent 512, Huber"),
    ReferenceRun("reference_fc", "fully connected"),
    ReferenceRun("reference_aircraft", "latent 512, aircraft", bank="aircraft"),
    _seed(512, 1, "growing"),
    _seed(32, 1),
    _seed(128, 1),
    _full_holes(0),
    _full_holes(1),
    _to_plateau(512),
    ReferenceRun(
        "reference_512_dropout",
        f"latent 512, on, linear dropout {LINEAR_DROPOUT}",
        config="reference_512",
        settings=(f"model.arguments.linear_dropout={LINEAR_DROPOUT}",),
        parts=("plateau",),
        is_to_plateau=True,
    ),
    _to_plateau(32),
    _seed(512, 2),
    _seed(32, 2),
    _seed(128, 2),
)
"""In the order in which they are trained."""


def runs_of(parts: Sequence[str], banks: Mapping[str, Bank]) -> list[ReferenceRun]:
    """The paper's own runs and those of `parts`, as far as their banks are given."""
    return [run for run in RUNS if run.bank in banks and (not run.parts or {*run.parts} & {*parts})]


def config_of(reference: ReferenceRun, configs: Path, bank: Bank, share: float) -> Config:
    """What `reference` is trained with, where `share` of a pass over its bank makes an epoch.

    Raises:
        ConfigError: The file in `configs` is not there, or not valid.
    """
    settings = [f"data.bank={json.dumps(str(bank.path))}", f"training.epoch_share={share}"]
    if not reference.goes_on_from:  # which it is the same run as
        settings.append(f"name={reference.name}")
    path = configs / f"{reference.config or reference.name}.toml"
    return with_size(load_config(path, [*settings, *reference.settings]), bank.size)


def train_to_the_end(
    reference: ReferenceRun, config: Config, runs_dir: Path, accelerator: str
) -> bool:
    """Trains the run, going on where an earlier call stopped; False if it was interrupted."""
    folder = RunFolder(runs_dir / reference.name)
    before = RunFolder(runs_dir / reference.goes_on_from)
    if reference.goes_on_from and not folder.checkpoint.exists() and before.checkpoint.exists():
        shutil.rmtree(folder.path, ignore_errors=True)
        aside = folder.path.with_name(f".{folder.path.name}.partial")
        shutil.copytree(before.path, aside, dirs_exist_ok=True)
        aside.replace(folder.path)
    if reference.is_to_plateau and folder.config.exists():
        epochs, cycles = _length(load_config(folder.config))
        config = replace(config, training=replace(config.training, epochs=epochs, cycles=cycles))
    while train(config, folder.path, resume=True, accelerator=accelerator).is_finished:
        epochs, cycles = _length(config)
        is_enough = has_plateaued(folder.records(), config) or epochs >= MOST_EPOCHS
        if is_enough or not reference.is_to_plateau:
            return True
        longer = replace(config.training, epochs=epochs + period_of(config), cycles=cycles + 1)
        config = replace(config, training=longer)
    return False


def _length(config: Config) -> tuple[float, int]:
    return config.training.epochs, config.training.cycles


def period_of(config: Config) -> int:
    """Epochs from one warm restart to the next."""
    return max(1, round(config.training.epochs / config.training.cycles))


def fall_of(records: Sequence[Mapping[str, Any]], config: Config) -> float:
    """Share by which the lowest validation loss fell in the last period; 1 if it is the first."""
    losses, period = [float(record["validation_loss"]) for record in records], period_of(config)
    before = min(losses[:-period], default=float("inf"))
    return 1 - min(losses[-period:]) / before


def has_plateaued(records: Sequence[Mapping[str, Any]], config: Config) -> bool:
    """Whether a whole period brought less than `LEAST_FALL`."""
    return fall_of(records, config) < LEAST_FALL
