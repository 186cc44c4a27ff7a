"""What it is worth to turn faces upright before a model of aligned faces fills them.

    python benchmarks/turned_faces.py [--bank banks/faces_free] [--count 120] [--sheet SHEET]

Portraits that no training of `faces` has seen, scaled so that the face is 64 to 600 pixels high,
turned by up to 40 degrees, each with a hole of 0.3 to 0.6 of the face's height over it. Prints
Markdown; needs the extras `faces` and `evaluate`.
"""

from __future__ import annotations

import math
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import click
import numpy as np
import PIL.Image
import torch

from restauro.data.bank import Bank
from restauro.fill.catalogue import load
from restauro.fill.face_finder import load_face_finder
from restauro.fill.windows import Box
from restauro.metrics.st_lpips import ShiftTolerant
from restauro.picture.types import Image, Mask
from restauro.sheets import sheet, show_hole

TILE = 224


class Case(NamedTuple):
    """A portrait with a hole."""

    image: Image
    hole: Mask
    face: Box
    """A square of twice the face's height around it, inside the picture."""
    height: float
    degrees: float


def cases(bank: Bank, count: int) -> Iterator[Case]:
    """Of as many portraits, evenly from the whole bank."""
    finder, rng = load_face_finder(1), np.random.default_rng(0)
    for row in np.linspace(0, len(bank.images) - 1, count).astype(int):
        portrait = PIL.Image.fromarray(bank.images[row])
        found = finder.find_upright(np.asarray(portrait.resize((2 * TILE, 2 * TILE))))
        if not found:
            continue
        own = found[0].scaled(1 / 2)
        height, degrees = math.exp(rng.uniform(math.log(64), math.log(600))), rng.uniform(-40, 40)
        scale = height / own.height
        side = round(portrait.width * scale)
        turned = portrait.resize((side, side), PIL.Image.Resampling.LANCZOS).rotate(
            degrees, PIL.Image.Resampling.BICUBIC
        )
        centre = complex(side / 2, side / 2)
        middle = (own.points.mean() * scale - centre) * np.exp(-1j * math.radians(degrees)) + centre
        (rows, columns), (down, right) = (
            height * rng.uniform(0.3, 0.6, 2),
            height * rng.uniform(-0.25, 0.25, 2),
        )
        whole = Box(0, 0, side, side)
        top, left = middle.imag + down - rows / 2, middle.real + right - columns / 2
        box = Box(int(top), int(left), int(top + rows), int(left + columns)).clipped(whole)
        hole = np.zeros((side, side), dtype=bool)
        hole[box.slices] = True
        y, x = int(middle.imag), int(middle.real)
        face = Box(y, x, y, x).grown(int(height)).clipped(whole)
        yield Case(np.asarray(turned), hole, face, height, degrees)


def psnr(one: Image, other: Image, hole: Mask) -> float:
    """Over the pixels of the hole, in dB."""
    error = (one[hole].astype(np.float64) - other[hole]) ** 2
    return float(10 * np.log10(255**2 / max(error.mean(), 1e-3)))


def tile(image: Image, face: Box) -> Image:
    """The face, `TILE` pixels a side."""
    crop = PIL.Image.fromarray(image[face.slices])
    return np.asarray(crop.resize((TILE, TILE), PIL.Image.Resampling.LANCZOS))


@click.command()
@click.option("--bank", type=click.Path(path_type=Path), default=Path("banks/faces_free"))
@click.option("--count", default=120, show_default=True)
@click.option("--sheet", "sheet_path", type=click.Path(path_type=Path))
def main(bank: Path, count: int, sheet_path: Path | None) -> None:
    """Prints tables of both."""
    fillers = [load(name, threads=1) for name in ("faces", "aligned:faces")]
    judge = ShiftTolerant("alex")
    scores, seconds, facts, shown = [], np.zeros(2), [], []
    for case in cases(Bank.open(bank), count):
        fills = []
        for number, filler in enumerate(fillers):
            started = time.process_time()
            fills.append(filler(case.image, case.hole))
            seconds[number] += time.process_time() - started
        tiles = [tile(image, case.face) for image in (case.image, *fills)]
        maps = [judge(torch.from_numpy(one.transpose(2, 0, 1)[None] / 255)) for one in tiles]
        apart = [
            float(sum(layer.mean() for layer in judge.differences(maps[0], other)))
            for other in maps[1:]
        ]
        scores.append([[psnr(fill, case.image, case.hole) for fill in fills], apart])
        facts.append((abs(case.degrees), case.height))
        damaged = tile(show_hole(case.image, case.hole), case.face)
        shown.append([tiles[0], damaged, *tiles[1:]])
    results, turns = np.array(scores), np.array(facts)  # (N, measures, fillers), (N, 2)
    print("| portraits | number | PSNR in the hole: faces | aligned | ST-LPIPS: faces | aligned |")
    print("| --- | ---: | ---: | ---: | ---: | ---: |")
    groups = {
        "all": np.ones(len(turns), dtype=bool),
        **{
            f"turned by {low} to {high} degrees": (turns[:, 0] >= low) & (turns[:, 0] < high)
            for low, high in ((0, 10), (10, 25), (25, 40))
        },
        **{
            f"{low} to {high} pixels high": (turns[:, 1] >= low) & (turns[:, 1] < high)
            for low, high in ((64, 128), (128, 256), (256, 600))
        },
    }
    for name, chosen in groups.items():
        (plain, aligned), (far, near) = results[chosen].mean(axis=0)
        print(f"| {name} | {chosen.sum()} | {plain:.2f} | {aligned:.2f} | {far:.3f} | {near:.3f} |")
    better = (results[:, :, 1] - results[:, :, 0]) * (1, -1) > 0
    print(
        f"\nbetter by PSNR in {better[:, 0].mean():.0%}, by ST-LPIPS in {better[:, 1].mean():.0%}"
    )
    print(f"processor time: {seconds[1] / seconds[0]:.1f} times that of faces")
    if sheet_path:
        labels = ("original", "damaged", "faces", "aligned:faces")
        sheet(shown[:8], labels).save(sheet_path)


if __name__ == "__main__":
    main()
