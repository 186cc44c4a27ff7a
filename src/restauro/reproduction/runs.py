"""Trains and scores the networks of the Catania paper again, on the pictures at hand.

The paper is the reference system of docs/reference.md.
"""

from __future__ import annotations

import csv
import json
import shutil
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch
from lightning_fabric import Fabric
from torch import Tensor

from restauro.data.bank import Bank
from restauro.files import file_sha256
from restauro.losses import LOSSES
from restauro.models import InpaintingModel
from restauro.training.config import Config, load_config
from restauro.training.run import train
from restauro.training.run_folder import RunFolder
from restauro.training.validation import Validation
from restauro.training.weights import load_best


@dataclass(frozen=True)
class ReferenceRun:
    """One of the paper's trainings."""

    config: str
    """Name of the file in `configs/`, without `.toml`."""
    title: str
    training_loss: float | None = None
    """The paper's training loss, in a unit that it does not give."""
    validation_loss: float | None = None
    """The paper's validation loss, in the same unit."""
    bank: str = "celeba"
    """Which bank it is trained on: `celeba` or `aircraft`."""


RUNS = (
    ReferenceRun("reference_32", "latent 32", 1.77e5, 1.98e5),
    ReferenceRun("reference_128", "latent 128", 1.71e5, 1.81e5),
    ReferenceRun("reference_512", "latent 512", 1.67e5, 1.72e5),
    ReferenceRun("reference_512_huber", "latent 512, Huber"),
    ReferenceRun("reference_fc", "fully connected"),
    ReferenceRun("reference_aircraft", "latent 512, aircraft", bank="aircraft"),
)


@dataclass(frozen=True)
class ScoredRun:
    """A finished training and its scores, picture by picture."""

    reference: ReferenceRun
    config: Config
    history: list[dict[str, Any]]
    environment: dict[str, Any]
    checkpoint_sha256: str
    network: InpaintingModel
    validation: Validation
    training_scores: dict[str, Tensor]
    """(N,) float64 by name, of as many training pictures as validation has."""
    validation_scores: dict[str, Tensor]
    """(N,) float64 by name."""


def train_all(
    references: Sequence[ReferenceRun],
    runs_dir: Path,
    configs: Path,
    banks: dict[str, Path],
    share: float,
    accelerator: str,
) -> bool:
    """Trains every run, going on where an earlier call stopped; False if one was interrupted.

    Each has its config's epochs, shortened to `share` of a pass over the pictures of its bank.
    """
    for reference in references:
        config = load_config(configs / f"{reference.config}.toml")
        config = replace(
            config,
            data=replace(config.data, bank=str(banks[reference.bank])),
            training=replace(config.training, epoch_share=share),
        )
        run = train(config, runs_dir / reference.config, resume=True, accelerator=accelerator)
        if not run.is_finished:
            return False
    return True


def score(reference: ReferenceRun, run_dir: Path, accelerator: str) -> ScoredRun:
    """Scores the best weights of a run on its validation and as many training pictures.

    Both with the holes of the curriculum's last limits and without dropout, so that they can be
    compared with each other, which the running loss of a training, of easier holes, cannot.
    """
    config, network = load_best(run_dir)
    folder = RunFolder(run_dir)
    environment = json.loads(folder.environment.read_text())
    fabric = Fabric(accelerator=accelerator, devices=1, precision=environment["precision"])
    bank, limits = Bank.open(Path(config.data.bank)), config.curriculum.end
    network = network.to(fabric.device)
    network = network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    criterion = LOSSES.create(config.loss.name, **config.loss.arguments)
    validation = Validation(fabric, bank, limits, criterion, seed=config.training.seed)
    training = Validation(
        fabric, bank, limits, criterion, split="train", max_images=len(validation.rows)
    )
    return ScoredRun(
        reference,
        config,
        folder.records(),
        environment,
        file_sha256(folder.weights),
        network,
        validation,
        training.all_pictures(network),
        validation.all_pictures(network),
    )


def keep_record(run: ScoredRun, run_dir: Path, output: Path) -> None:
    """Copies what explains a run, its weights being too large for a repository.

    `scores.csv` has a row a picture: split, name and every score, to five significant digits.
    """
    target = output / "runs" / run.reference.config
    target.mkdir(parents=True, exist_ok=True)
    folder = RunFolder(run_dir)
    for path in (folder.config, folder.history, folder.environment):
        shutil.copyfile(path, target / path.name)
    (target / "best.safetensors.sha256").write_text(f"{run.checkpoint_sha256}  best.safetensors\n")
    bank = run.validation.bank
    with (target / "scores.csv").open("w", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["split", "name", *run.validation_scores])
        for split, rows, scores in (
            ("train", bank.split("train"), run.training_scores),
            ("val", run.validation.rows, run.validation_scores),
        ):
            values = torch.stack([scores[name] for name in run.validation_scores], dim=1)
            for row, numbers in zip(rows, values.tolist(), strict=False):
                writer.writerow([split, bank.index[row]["name"], *(f"{n:.5g}" for n in numbers)])


def mean(values: Tensor) -> float:
    """Mean of the finite values: one perfect picture must not make a mean infinite."""
    return float(values[values.isfinite()].mean())
