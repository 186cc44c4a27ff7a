"""Trains and scores the networks of the Catania paper again, and writes how they compare with it.

The paper is the reference system of docs/reference.md.
"""

from __future__ import annotations

import csv
import json
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch
from lightning_fabric import Fabric
from torch import Tensor

from restauro.data.bank import Bank
from restauro.data.batches import to_tensor
from restauro.files import file_sha256
from restauro.losses import LOSSES
from restauro.masks import draw_holes
from restauro.metrics import backlight_of, lightness, subject_lightness
from restauro.metrics.comparison import composite
from restauro.models import InpaintingModel
from restauro.report.page import render
from restauro.report.plots import save
from restauro.report.runs import ERROR, curriculum_of, curves
from restauro.seeds import seed_of
from restauro.sheets import sheet, show_hole
from restauro.training.config import Config, load_config
from restauro.training.run import train
from restauro.training.run_folder import RunFolder
from restauro.training.validation import Validation, to_uint8
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
LATENTS = ("reference_32", "reference_128", "reference_512")
AIRCRAFT = "reference_aircraft"
SHORT = {"latent 512, Huber": "512, Huber", "latent 512, aircraft": "prediction"}
"""Titles that are too long above a picture."""
NUM_PICTURES = 6


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


def write_page(runs: Mapping[str, ScoredRun], output: Path, *, share: float, command: str) -> Path:
    """Writes tables, plots and sheets of the runs, by name of their configs; returns the page.

    `share` of a pass over the training pictures, in (0, 1], made an epoch; `command` is what a
    reader types to get the page again.
    """
    output.mkdir(parents=True, exist_ok=True)
    faces = {name: run for name, run in runs.items() if name != AIRCRAFT}
    histories = {run.reference.title: run.history for run in faces.values()}
    save(curves(histories, *ERROR), output / "curves.svg")
    save(curriculum_of(next(iter(runs.values())).config), output / "curriculum.svg")
    validation = faces["reference_512"].validation
    images = to_tensor(torch.from_numpy(validation.bank.images[validation.rows]))
    tone, backlight = subject_lightness(images), backlight_of(lightness(images))
    first = torch.arange(NUM_PICTURES)
    for name, positions in {
        "faces": first,
        "dark": tone.argsort()[:NUM_PICTURES],
        "backlit": backlight.argsort(descending=True)[:NUM_PICTURES],
    }.items():
        _write_sheet(faces, positions, output / f"{name}.jpg")
    if AIRCRAFT in runs:
        _write_sheet({AIRCRAFT: runs[AIRCRAFT]}, first, output / "aircraft.jpg")
    text = render(
        "reproduction.md.j2",
        command=command,
        share=share,
        runs=runs,
        latents=LATENTS,
        tone=tone,
        backlight=backlight,
        aircraft=AIRCRAFT,
        mean=mean,
        change=_change,
    )
    page = output / "README.md"
    page.write_text(text)
    return page


@torch.no_grad()
def _write_sheet(runs: Mapping[str, ScoredRun], positions: Tensor, path: Path) -> None:
    """One row a picture: damaged, every run's prediction, the last latent's restored, original."""
    chosen = runs.get("reference_512") or next(iter(runs.values()))
    validation = chosen.validation
    rows = validation.rows[positions.numpy()]
    images = to_tensor(torch.from_numpy(validation.bank.images[rows]))
    rng = torch.Generator().manual_seed(seed_of(0, 0, "sheet"))
    masks = draw_holes(validation.limits, len(rows), validation.bank.size, rng).float()
    predictions = {
        run.reference.title: run.validation.predict(run.network, images, masks).clamp(0, 1)
        for run in runs.values()
    }
    restored = composite(predictions[chosen.reference.title], images, masks)
    originals, holes = to_uint8(images), masks[:, 0].bool().numpy()
    damaged = [show_hole(*pair) for pair in zip(originals, holes, strict=True)]
    columns = [damaged, *map(to_uint8, [*predictions.values(), restored]), originals]
    grid = list(map(list, zip(*columns, strict=True)))
    labels = ["damaged", *(SHORT.get(title, title) for title in predictions)]
    sheet(grid, [*labels, "restored", "original"]).save(path, quality=88)


def mean(values: Tensor) -> float:
    """Mean of the finite values: one perfect picture must not make a mean infinite."""
    return float(values[values.isfinite()].mean())


def _change(before: Tensor, after: Tensor) -> tuple[float, float]:
    """Mean change of the error of the same pictures, and half of its 95 % interval."""
    difference = after - before
    return float(difference.mean()), 1.96 * float(difference.std()) / len(difference) ** 0.5
