"""How well a model fills holes, beside OpenCV: `python benchmarks/quality.py BANK`.

Pictures that training never saw; every method gets the same holes of one protocol
(docs/protocols.md). One pass a method, mean and 95 % interval over the pictures.
"""

from __future__ import annotations

from pathlib import Path

import click
import numpy as np
import torch
from tqdm import tqdm

from restauro.data.bank import Bank
from restauro.data.batches import to_tensor
from restauro.evaluation.methods import Method, method
from restauro.evaluation.protocols import PROTOCOLS, Protocol
from restauro.metrics import fidelity_scores

COLUMNS = ("hole_psnr", "hole_ssim", "composite_psnr", "composite_ssim")
BATCH_SIZE = 64


@click.command()
@click.argument("bank", type=click.Path(path_type=Path))
@click.option("--methods", default="faces,telea,navier_stokes", show_default=True)
@click.option("--protocol", default="box", show_default=True)
@click.option("--split", default="test", show_default=True)
@click.option("--count", default=0, help="Only the first pictures; 0 = all.")
def main(bank: Path, methods: str, protocol: str, split: str, count: int) -> None:
    """Print mean scores with 95 % intervals, one row a method."""
    opened, task = Bank.open(bank), PROTOCOLS.create(protocol)
    rows = [int(row) for row in opened.split(split)[: count or None]]
    names = {row: opened.index[row]["name"] for row in rows}
    digest = task.hash(opened.size, names, opened.description.get("sha256", ""))
    click.echo(f"{len(rows)} pictures of {bank}, split {split}, protocol {protocol}, hash {digest}")
    click.echo("\n| method | " + " | ".join(COLUMNS) + " |\n" + "| --- " * 5 + "|")
    for name in methods.split(","):
        scores = all_scores(opened, rows, task, method(name))
        error = 1.96 * scores.std(axis=0) / len(scores) ** 0.5
        cells = [f"{m:.3f} ± {e:.3f}" for m, e in zip(scores.mean(axis=0), error, strict=True)]
        click.echo(f"| {name} | " + " | ".join(cells) + " |")


def all_scores(
    bank: Bank, rows: list[int], protocol: Protocol, inpaint: Method
) -> np.ndarray[tuple[int, int], np.dtype[np.float64]]:
    """(N, 4): the `COLUMNS` of every picture."""
    scores = []
    for start in tqdm(range(0, len(rows), BATCH_SIZE), desc=inpaint.name):
        batch = rows[start : start + BATCH_SIZE]
        images, masks = np.array(bank.images[batch]), protocol.holes(bank.size, batch)
        filled = to_tensor(torch.from_numpy(inpaint.batch(images, masks)))
        values = fidelity_scores(
            filled, to_tensor(torch.from_numpy(images)), torch.from_numpy(masks)[:, None].float()
        )
        scores.append(torch.stack([values[column] for column in COLUMNS], dim=1).double().numpy())
    return np.concatenate(scores)


if __name__ == "__main__":
    main()
