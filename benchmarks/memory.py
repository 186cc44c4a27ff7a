"""Peak memory and processor time of one call on a large picture, for holes of several shapes.

    python benchmarks/memory.py [--side N] [HOLE ...]

Each in a process of its own: a square picture as an array, its mask, and a copy that is restored.
"""

from __future__ import annotations

import multiprocessing
import resource
import sys
import time

import click
import numpy as np

import restauro
from restauro.fill.catalogue import FACES
from restauro.picture.types import Image, Mask

HOLES = ("none", "small", "scratch", "square")
SCRATCH_PX = 8


def picture(side: int) -> Image:
    """Grey that grows to the right, under noise; made row by row, as peaks are what is measured."""
    image = np.empty((side, side, 3), dtype=np.uint8)
    image[:] = (np.arange(side) * 200 // side).astype(np.uint8)[:, None]
    rng = np.random.default_rng(0)
    for row in image:
        row += rng.integers(0, 30, row.shape, dtype=np.uint8)
    return image


def hole(name: str, side: int) -> Mask:
    """small: 40x30 pixels; scratch: from corner to corner; square: a third of each side."""
    mask = np.zeros((side, side), dtype=bool)
    if name == "small":
        mask[side // 2 :, side // 3 :][:40, :30] = True
    elif name == "scratch":
        steps = np.arange(side - SCRATCH_PX)
        for offset in range(SCRATCH_PX):
            mask[steps, steps + offset] = True
    elif name == "square":
        mask[side // 3 : 2 * side // 3, side // 3 : 2 * side // 3] = True
    return mask


def measure(name: str, side: int) -> tuple[float, float, float]:
    """Megabytes at the peak before the call and in it, and its processor seconds."""
    image, mask = picture(side), hole(name, side)
    restorer = restauro.load(FACES, threads=1)
    before, started = peak_megabytes(), time.process_time()
    restorer(image, mask)
    return before, peak_megabytes(), time.process_time() - started


def peak_megabytes() -> float:
    """Of this process so far."""
    kibibyte = 1024 if sys.platform == "linux" else 1  # macOS counts in bytes
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * kibibyte / 1e6


@click.command()
@click.argument("holes", nargs=-1, type=click.Choice(HOLES))
@click.option("--side", default=10_000, show_default=True, help="Of the picture, in pixels.")
def main(holes: tuple[str, ...], side: int) -> None:
    """Prints a Markdown table."""
    click.echo("| hole | MB before the call | MB at the peak | processor seconds |")
    click.echo("| --- | ---: | ---: | ---: |")
    spawn = multiprocessing.get_context("spawn")
    for name in holes or HOLES:
        with spawn.Pool(1) as pool:
            before, peak, seconds = pool.apply(measure, (name, side))
        click.echo(f"| {name} | {before:.0f} | {peak:.0f} | {seconds:.1f} |")


if __name__ == "__main__":
    main()
