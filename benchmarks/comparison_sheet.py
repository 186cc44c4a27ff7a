"""The sheet of the README: the same holes as several methods fill them.

    python benchmarks/comparison_sheet.py BANK OUTPUT METHOD... [--protocol box]

Takes pictures of the test split at even distances, so that nobody chooses them. A method is
LABEL=NAME, where NAME is what `restauro evaluate --methods` takes.
"""

from __future__ import annotations

from pathlib import Path

import click
import numpy as np

from restauro.data.bank import Bank
from restauro.fill.catalogue import load
from restauro.registry import PROTOCOLS
from restauro.sheets import sheet, show_hole


@click.command()
@click.argument("bank_path", type=click.Path(path_type=Path))
@click.argument("output", type=click.Path(path_type=Path))
@click.argument("methods", nargs=-1, required=True)
@click.option("--protocol", default="box", show_default=True)
@click.option("--pictures", default=8, show_default=True)
def main(
    bank_path: Path, output: Path, methods: tuple[str, ...], protocol: str, pictures: int
) -> None:
    """Writes a picture, one row a method."""
    bank = Bank.open(bank_path)
    split = bank.split("test")
    chosen = [int(split[place]) for place in np.linspace(0, len(split) - 1, pictures).astype(int)]
    images = [bank.images[index] for index in chosen]
    holes = [PROTOCOLS.create(protocol).hole(bank.size, index) for index in chosen]
    rows = {"damaged": list(map(show_hole, images, holes))}
    for label, name in (given.split("=", 1) for given in methods):
        rows[label] = list(map(load(name), images, holes))
    rows["original"] = images
    page = sheet(list(rows.values()), [""] * pictures, list(rows))
    page.save(output, quality=85)


if __name__ == "__main__":
    main()
