"""Whether `--model auto` chooses well, and how long that takes.

    python benchmarks/auto.py BANK:SPLIT:COUNT ... [--seed N]

Draws COUNT pictures of each bank's split, gives each a hole of the protocols `box` and `irregular`,
and restores it with every model and with what `auto` takes, without turning faces upright. Prints
as Markdown the mean PSNR in the holes, in dB, what the choice gains over the default model with its
interval, and the processor time of `auto` over that of the models that it took, alone.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from pathlib import Path

import click
import numpy as np
import PIL.Image

from restauro.data.bank import Bank
from restauro.fill.auto import SUBJECTS, AutoFiller
from restauro.fill.catalogue import FACES, load
from restauro.fill.entries import AUTO
from restauro.fill.filler import Filler
from restauro.metrics.statistics import Estimate, estimate
from restauro.picture.types import Image, Mask
from restauro.registry import PROTOCOLS

HOLES = ("box", "irregular")


def hole_psnr(restored: PIL.Image.Image, image: Image, hole: Mask) -> float:
    """In dB."""
    error = np.asarray(restored)[hole].astype(float) - image[hole]
    return float(20 * np.log10(255 / np.sqrt((error**2).mean())))


def scores(fillers: Mapping[str, Filler], image: Image, hole: Mask) -> dict[str, float]:
    """PSNR of each model and of what `auto` took, the best model's, and seconds of the last two."""
    picture = PIL.Image.fromarray(image)
    found, seconds, taken = {}, {}, ""
    for name, filler in fillers.items():
        start = time.process_time()
        filled = filler.fill(picture, hole)
        seconds[name] = time.process_time() - start
        found[name], taken = hole_psnr(filled.picture, image, hole), filled.model
    best = max(found[name] for name in SUBJECTS)
    return found | {"best": best, "seconds": seconds[AUTO], "seconds alone": seconds[taken]}


def drawn(task: str, seed: int) -> tuple[Bank, list[int]]:
    """The bank, and positions of random pictures of a split, of `BANK:SPLIT:COUNT`."""
    path, split, count = task.rsplit(":", 2)
    bank = Bank.open(Path(path))
    rows = np.random.default_rng(seed).permutation(bank.split(split))[: int(count)]
    return bank, rows.tolist()


def row(title: str, found: list[dict[str, float]]) -> str:
    """A line of the table."""
    columns = {name: np.array([one[name] for one in found]) for name in found[0]}
    gain = estimate(columns[AUTO] - columns[FACES])
    hits = (columns[AUTO] == columns["best"]).mean()
    means = " | ".join(f"{columns[name].mean():.2f}" for name in (*SUBJECTS, AUTO, "best"))
    times = columns["seconds"].sum() / columns["seconds alone"].sum()
    return f"| {title} | {len(found)} | {means} | {interval(gain)} | {hits:.0%} | {times:.2f} |"


def interval(gain: Estimate) -> str:
    """Such as `+0.85 (0.52 to 1.20)`."""
    return f"{gain.mean:+.2f} ({gain.low:.2f} to {gain.high:.2f})"


@click.command()
@click.argument("tasks", nargs=-1, required=True, metavar="BANK:SPLIT:COUNT...")
@click.option("--seed", default=1, show_default=True, help="Of pictures and holes.")
def main(tasks: tuple[str, ...], seed: int) -> None:
    """Scores what `--model auto` chooses."""
    fillers = {name: load(name, threads=1) for name in SUBJECTS}
    fillers[AUTO] = AutoFiller(fillers.copy())  # the last one
    everything: list[dict[str, float]] = []
    by_hole: dict[str, list[dict[str, float]]] = {name: [] for name in HOLES}
    headings = (
        "pictures",
        "holes",
        *SUBJECTS,
        AUTO,
        "best of all",
        "gain",
        "takes the best",
        "time",
    )
    click.echo(f"| {' | '.join(headings)} |")
    click.echo("| --- " * len(headings) + "|")
    for task in tasks:
        bank, rows = drawn(task, seed)
        found = []
        for protocol in HOLES:
            holes = PROTOCOLS.create(protocol).holes(bank.size, rows, seed)
            here = [
                scores(fillers, bank.images[i], hole) for i, hole in zip(rows, holes, strict=True)
            ]
            by_hole[protocol] += here
            found += here
        everything += found
        click.echo(row(task.rsplit(":", 1)[0], found))
    for protocol, here in by_hole.items():
        click.echo(row(f"all, `{protocol}`", here))
    click.echo(row("all", everything))


if __name__ == "__main__":
    main()
