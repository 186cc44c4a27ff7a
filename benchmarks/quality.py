"""How well a model fills boxes, beside OpenCV's Telea: `python benchmarks/quality.py BANK`.

Boxes of 44 to 64 of 128 pixels a side (mmagic's bounding-box protocol, scaled), one a picture,
drawn from the picture's number alone; pictures that training never saw.
"""

from __future__ import annotations

from pathlib import Path

import click
import numpy as np
import torch
from tqdm import tqdm

import restauro
from restauro.baselines import navier_stokes, telea
from restauro.data.bank import Bank
from restauro.data.batches import to_tensor
from restauro.images import Inpaint
from restauro.masks import BoxLimits, boxes
from restauro.metrics import fidelity_scores
from restauro.seeds import seed_of

LIMITS = BoxLimits(height=(44 / 128, 0.5), width=(44 / 128, 0.5), spread=0.85)
COLUMNS = ("hole_psnr", "hole_ssim", "composite_psnr", "composite_ssim")


@click.command()
@click.argument("bank", type=click.Path(path_type=Path))
@click.option("--model", default="faces", show_default=True, help="A name or an .onnx file.")
@click.option("--split", default="test", show_default=True)
@click.option("--count", default=0, help="Only the first pictures; 0 = all.")
def main(bank: Path, model: str, split: str, count: int) -> None:
    """Print mean scores with 95 % intervals, one row a method."""
    opened = Bank.open(bank)
    rows = opened.split(split)[: count or None]
    methods: dict[str, Inpaint] = {
        model: restauro.load(model),
        "Telea": telea,
        "Navier-Stokes": navier_stokes,
    }
    click.echo(f"{len(rows)} pictures of {bank}, split {split}")
    click.echo("| method | " + " | ".join(COLUMNS) + " |\n" + "| --- " * (len(COLUMNS) + 1) + "|")
    for name, inpaint in methods.items():
        scores = np.array([_scores(opened, int(row), inpaint) for row in tqdm(rows, desc=name)])
        error = 1.96 * scores.std(axis=0) / len(scores) ** 0.5
        cells = [f"{m:.3f} ± {e:.3f}" for m, e in zip(scores.mean(axis=0), error, strict=True)]
        click.echo(f"| {name} | " + " | ".join(cells) + " |")


def _scores(bank: Bank, row: int, inpaint: Inpaint) -> list[float]:
    image = np.array(bank.images[row])
    rng = torch.Generator().manual_seed(seed_of(0, row, "quality"))
    mask = boxes(LIMITS, 1, bank.size, rng)
    filled = inpaint(image, mask[0, 0].numpy())
    tensors = to_tensor(torch.from_numpy(np.stack([filled, image])))
    scores = fidelity_scores(tensors[:1], tensors[1:], mask.float())
    return [float(scores[column]) for column in COLUMNS]


if __name__ == "__main__":
    main()
