"""The sheet of the README: the same holes as several methods fill them.

    python benchmarks/comparison_sheet.py BANK OUTPUT METHOD... [--protocol box]

Takes pictures of the test split at even distances, so that nobody chooses them; where BANK is
`samples`, the shipped photographs and what is around their holes. A method is LABEL=NAME, where
NAME is what `restauro evaluate --methods` takes.
"""

from __future__ import annotations

from pathlib import Path

import click
import numpy as np
import PIL.Image
import PIL.ImageOps

from restauro.commands.demo import restored_samples
from restauro.data.bank import Bank
from restauro.fill.catalogue import load
from restauro.picture.types import Image
from restauro.registry import PROTOCOLS
from restauro.sheets import sheet, show_hole

PHOTOGRAPHS = ("bear", "pier", "valley", "van")
"""Samples without a face."""


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
    if bank_path == Path("samples"):
        write_samples(output, methods)
        return
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


def write_samples(output: Path, methods: tuple[str, ...]) -> None:
    """The same of the shipped photographs, without originals: what is painted over is to go."""
    rows: dict[str, list[Image]] = {}
    for label, name in (given.split("=", 1) for given in methods):
        restored = [row for row in restored_samples(load(name)) if row.name in PHOTOGRAPHS]
        rows.setdefault("painted over", [square(row.damaged) for row in restored])
        rows[label] = [square(row.restored) for row in restored]
    sheet(list(rows.values()), [""] * len(PHOTOGRAPHS), list(rows)).save(output, quality=85)


def square(image: Image) -> Image:
    """The middle of an image, 320x320."""
    picture = PIL.Image.fromarray(image)
    return np.asarray(PIL.ImageOps.fit(picture, (320, 320), PIL.Image.Resampling.LANCZOS))


if __name__ == "__main__":
    main()
