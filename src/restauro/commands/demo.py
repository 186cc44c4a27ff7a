"""`restauro demo`: restores damaged sample pictures, and shows both side by side."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import click

from restauro.commands._options import PATH, device_option, import_option, model_option

if TYPE_CHECKING:
    from restauro.fill.filler import Filler
    from restauro.picture.types import Image

SAMPLES_DIR = Path(__file__).parents[1] / "samples"
SHEET_NAME = "before_after.png"
HEADINGS = ("damaged", "restored", "original")

_CELL_PX = 256


class Row(NamedTuple):
    """One sample picture, all images uint8 (H, W, 3) RGB."""

    name: str
    damaged: Image
    restored: Image
    original: Image


@click.command("demo")
@click.option(
    "--output",
    default="demo",
    show_default=True,
    type=PATH,
    help=f"Folder for the sheet {SHEET_NAME}; an older sheet there is replaced.",
)
@model_option
@device_option
@import_option
def command(output: Path, model: str, device: str) -> None:
    """Restore damaged sample pictures, one of them without a mask, and write a sheet."""
    from restauro.fill.catalogue import load
    from restauro.picture.write import write_picture  # loads NumPy: --help need not wait
    from restauro.sheets import sheet

    output.mkdir(parents=True, exist_ok=True)
    filler = load(model, device)
    rows = [*restored_samples(filler), repaired_sample(filler)]
    path = output / SHEET_NAME
    cells = [[_cell(image) for image in row[1:]] for row in rows]
    write_picture(path, sheet(cells, HEADINGS, [row.name for row in rows]))
    click.echo(f"restored {len(rows)} pictures; wrote {path.resolve()}")


def restored_samples(filler: Filler) -> Iterator[Row]:
    """The shipped samples, damaged by their masks and restored; what is around the holes."""
    from restauro.fill.windows import surroundings_of
    from restauro.picture.masks import read_mask
    from restauro.picture.read import read_image
    from restauro.sheets import show_hole

    for mask_path in sorted(SAMPLES_DIR.glob("*_mask.png")):
        name = mask_path.stem.removesuffix("_mask")
        (path,) = SAMPLES_DIR.glob(f"{name}.*")
        image, mask = read_image(path), read_mask(mask_path)
        images = show_hole(image, mask), filler(image, mask), image
        around = surroundings_of(mask).slices
        yield Row(name, *(one[around] for one in images))


def repaired_sample(filler: Filler) -> Row:
    """A scratched sample, whose damage is found first."""
    from restauro.picture.read import read_image
    from restauro.repairing import repair

    scan, sound = (read_image(SAMPLES_DIR / f"{name}.jpg") for name in ("scan_damaged", "scan"))
    return Row("scan", scan, repair(scan, model=filler), sound)


def _cell(image: Image) -> Image:
    """The image as large as a square cell allows, with its proportions, on paper."""
    import numpy as np
    import PIL.Image
    import PIL.ImageOps

    from restauro.sheets import PAPER

    picture = PIL.Image.fromarray(image)
    cell = PIL.ImageOps.pad(picture, (_CELL_PX, _CELL_PX), PIL.Image.Resampling.BICUBIC, PAPER)
    return np.array(cell)
