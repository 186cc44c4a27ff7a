"""What is kept of a finished training: small enough for a repository, and all that a page needs."""

from __future__ import annotations

import csv
import json
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import PIL.Image
import torch
from lightning_fabric import Fabric
from torch import Tensor

from restauro.data.bank import Bank
from restauro.data.batches import to_tensor
from restauro.files import file_sha256, whole_file
from restauro.losses import LOSSES
from restauro.masks import draw_holes
from restauro.metrics import backlight_of, lightness, subject_lightness
from restauro.picture.types import Image
from restauro.reproduction.runs import ReferenceRun
from restauro.seeds import seed_of
from restauro.training.config import Config, config_to_dict, differences, load_config
from restauro.training.resuming import MAY_CHANGE, NOTED
from restauro.training.run_folder import RunFolder
from restauro.training.validation import BATCH_SIZE, Validation, to_uint8
from restauro.training.weights import load_best

SCORES = (
    *("sse", "ssim", "hole_mse", "hole_ssim", "composite_psnr", "composite_ssim"),
    *("log2_sharpness", "lightness_error", "relative_error"),
)
"""Columns of `scores.csv`; the other scores follow from these."""
NUM_PICTURES = 6
"""Of each kind that a page shows."""
SEED = 0
"""Of the holes by which all runs are scored, whatever theirs is."""


@dataclass(frozen=True)
class RunRecord:
    """A finished training and its scores, picture by picture."""

    reference: ReferenceRun
    bank: Bank
    config: Config
    history: list[dict[str, Any]]
    environment: dict[str, Any]
    weights_sha256: str
    training: dict[str, Tensor]
    """(N,) float64 by name, of the first training pictures, as many as validation has."""
    validation: dict[str, Tensor]
    """(N,) float64 by name."""
    predictions: list[Image]
    """Of the `shown` pictures."""


@dataclass(frozen=True)
class Shown:
    """The validation pictures that a page shows, with their holes."""

    positions: dict[str, Tensor]
    """Where they stand in the split, by kind: the `first`, `dark` and `backlit` ones."""
    tone: Tensor
    """(N,) mean L* of the subject, of all validation pictures."""
    backlight: Tensor
    """(N,) how much lighter its surroundings are."""
    images: Tensor
    """(B, 3, H, W) in [0, 1], kind by kind."""
    masks: Tensor
    """(B, 1, H, W), 1 = hole."""


def shown(bank: Bank, config: Config) -> Shown:
    """Chooses the pictures by their light, and draws holes of the curriculum's last limits."""
    rows = bank.split("val")
    tones, backlights = [], []
    for start in range(0, len(rows), BATCH_SIZE):
        images = to_tensor(torch.from_numpy(bank.images[rows[start : start + BATCH_SIZE]]))
        tones.append(subject_lightness(images))
        backlights.append(backlight_of(lightness(images)))
    tone, backlight = torch.cat(tones), torch.cat(backlights)
    positions = {
        "first": torch.arange(len(rows)),
        "dark": tone.argsort(),
        "backlit": backlight.argsort(descending=True),
    }
    positions = {kind: order[:NUM_PICTURES] for kind, order in positions.items()}
    chosen = rows[torch.cat([*positions.values()]).numpy()]
    images = to_tensor(torch.from_numpy(bank.images[chosen]))
    rng = torch.Generator().manual_seed(seed_of(SEED, 0, "sheet"))
    masks = draw_holes(config.curriculum.end, len(chosen), bank.size, rng).float()
    return Shown(positions, tone, backlight, images, masks)


def is_kept(reference: ReferenceRun, folder: Path, config: Config, bank: Bank) -> bool:
    """Whether `folder` has the whole record of a training with this config and bank."""
    kept = RunFolder(folder)
    if not (folder / "scores.csv").exists():
        return False
    before = config_to_dict(load_config(kept.config))
    may_change = MAY_CHANGE if reference.is_to_plateau else MAY_CHANGE - {*NOTED}
    if differences(before, config_to_dict(config)).keys() - may_change:
        return False
    checksums: list[str] = json.loads(kept.environment.read_text())["banks"]["bank"]
    return checksums == [bank.checksum()]


def keep_record(run_dir: Path, folder: Path, bank: Bank, accelerator: str) -> None:
    """Scores the best weights of a run, and writes to `folder` what explains it.

    The pictures are those of validation and as many of training, with the holes of the
    curriculum's last limits and without dropout, so that they can be compared with each other,
    which the running loss of a training, of easier holes, cannot. `scores.csv` has a row a picture:
    split, name and `SCORES`, to five significant digits; `predictions.jpg` has what the network
    makes of the `shown` pictures, side by side.
    """
    folder.mkdir(parents=True, exist_ok=True)
    run = RunFolder(run_dir)
    config, network = load_best(run_dir)
    for path in (run.config, run.history, run.environment):
        shutil.copyfile(path, folder / path.name)
    (folder / "best.safetensors.sha256").write_text(
        f"{file_sha256(run.weights)}  best.safetensors\n"
    )
    precision = json.loads(run.environment.read_text())["precision"]
    fabric = Fabric(accelerator=accelerator, devices=1, precision=precision)
    network = network.to(fabric.device)
    network = network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    criterion = LOSSES.create(config.loss.name, **config.loss.arguments)
    validation, training = (
        Validation(
            fabric,
            bank,
            config.curriculum.end,
            criterion,
            seed=SEED,
            split=split,
            max_images=len(bank.split("val")),
            metrics=("lightness_error", "relative_error"),
        )
        for split in ("val", "train")
    )
    pictures = shown(bank, config)
    with torch.no_grad():
        inputs = pictures.images.to(fabric.device), pictures.masks.to(fabric.device)
        strip = np.hstack([*to_uint8(validation.predict(network, *inputs).clamp(0, 1))])
    PIL.Image.fromarray(strip).save(folder / "predictions.jpg", quality=95, subsampling=0)
    with whole_file(folder / "scores.csv") as aside, aside.open("w", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["split", "name", *SCORES])
        for split, scored in (("train", training), ("val", validation)):
            scores = scored.all_pictures(network)
            values = torch.stack([scores[name] for name in SCORES], dim=1).tolist()
            for row, numbers in zip(scored.rows, values, strict=True):
                writer.writerow([split, bank.index[row]["name"], *(f"{n:.5g}" for n in numbers)])


def read_record(reference: ReferenceRun, folder: Path, bank: Bank) -> RunRecord:
    """What `keep_record` wrote to `folder`."""
    kept = RunFolder(folder)
    with (folder / "scores.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    with PIL.Image.open(folder / "predictions.jpg") as strip:
        predictions = np.asarray(strip)
    return RunRecord(
        reference,
        bank,
        load_config(kept.config),
        kept.records(),
        json.loads(kept.environment.read_text()),
        (folder / "best.safetensors.sha256").read_text().split()[0],
        _scores([row for row in rows if row["split"] == "train"], bank),
        _scores([row for row in rows if row["split"] == "val"], bank),
        np.split(predictions, predictions.shape[1] // bank.size[1], axis=1),
    )


def _scores(rows: list[dict[str, str]], bank: Bank) -> dict[str, Tensor]:
    found = {
        name: torch.tensor([float(row[name]) for row in rows], dtype=torch.float64)
        for name in SCORES
    }
    mse = found["sse"] / num_values(bank)
    psnrs = {"psnr": -10 * mse.log10(), "hole_psnr": -10 * found["hole_mse"].log10()}
    return {**found, "mse": mse, **psnrs}


def num_values(bank: Bank) -> int:
    """Numbers of one picture: three a pixel."""
    return 3 * bank.size[0] * bank.size[1]
