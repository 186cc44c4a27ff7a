"""How well, how sharply and how seamlessly holes of growing size are filled, as a Markdown table.

    python benchmarks/hole_sizes.py BANK:SPLIT ... [--method faces --method telea] [--pictures 24]

Random pictures of each split (or of `all`) get one square hole each, of 1/6 to 2/3 of their shorter
side, at a random place. Sharpness and seam are ratios to the truth's, 1 is right.
"""

from __future__ import annotations

from pathlib import Path

import click
import numpy as np
import torch

from restauro.data.bank import Bank
from restauro.data.batches import to_tensor
from restauro.fill.catalogue import load
from restauro.metrics import Comparison, psnr, seam, sharpness
from restauro.picture.types import Image, Mask

SHARES = (1 / 6, 1 / 4, 2 / 5, 2 / 3)
"""Sides of the holes, as shares of the picture's shorter side."""


def square(size: tuple[int, int], side: int, rng: np.random.Generator) -> Mask:
    """A square hole somewhere: (H, W) bool, True = hole."""
    top, left = (int(rng.integers(length - side + 1)) for length in size)
    mask = np.zeros(size, dtype=bool)
    mask[top : top + side, left : left + side] = True
    return mask


def scores(restored: list[Image], images: list[Image], masks: list[Mask]) -> tuple[float, ...]:
    """Mean PSNR in the hole in dB, geometric mean of sharpness and of seam."""
    prediction, target = (to_tensor(torch.from_numpy(np.stack(x))) for x in (restored, images))
    mask = torch.from_numpy(np.stack(masks))[:, None].float()
    pictures = Comparison(prediction, target, mask)
    ratios = (sharpness(pictures), seam(pictures))
    return (
        float(psnr(pictures, mask).mean()),
        *(float(ratio.log().mean().exp()) for ratio in ratios),
    )


@click.command()
@click.argument("tasks", nargs=-1, required=True)
@click.option("--method", "names", multiple=True, default=("faces", "telea"), show_default=True)
@click.option("--pictures", default=24, show_default=True)
def main(tasks: tuple[str, ...], names: tuple[str, ...], pictures: int) -> None:
    """Prints the table."""
    columns = [f"{name}: {what}" for name in names for what in ("PSNR, dB", "sharpness", "seam")]
    click.echo(f"| pictures | hole | {' | '.join(columns)} |")
    click.echo("| --- | ---: |" + " ---: |" * len(columns))
    for path, split in (task.rsplit(":", 1) for task in tasks):
        bank = Bank.open(Path(path))
        rows = np.arange(len(bank.index)) if split == "all" else bank.split(split)
        rng = np.random.default_rng(0)
        images = [bank.images[i] for i in rng.permutation(rows)[:pictures]]
        for share in SHARES:
            side = round(min(bank.size) * share)
            masks = [square(bank.size, side, rng) for _ in images]
            filled = [list(map(load(name), images, masks)) for name in names]
            cells = [f"{x:.2f}" for restored in filled for x in scores(restored, images, masks)]
            click.echo(f"| {bank.path.name} | {side} | {' | '.join(cells)} |")


if __name__ == "__main__":
    main()
