"""How good and how different the several fills of a model are, against the one fill of another.

    python benchmarks/several.py BANK [--model NAME] [--against NAME] [--split test] [--count 256]
        [--fills 6] [--protocol box] [--seed 0] [--sheet FILE]

Restores COUNT pictures of a split, each in a hole of the protocol, with `against`, and with fills
number 0 to FILLS - 1 of `model`. Prints as Markdown, by two networks' distances of features
(EfficientNet's, which trainings have seen, and ST-LPIPS's, which none has): that of each to the
truth; that between the fills of a picture; that between the truth and what another person has in
the same place; and the Frechet distance of all restored pictures to all true ones, of `against`,
and of `model` where every picture is filled by another number.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from pathlib import Path

import click
import numpy as np
import torch
from torch import Tensor

from restauro.data.bank import Bank
from restauro.data.batches import to_tensor
from restauro.evaluation.protocols import choose_protocols
from restauro.fill.catalogue import FACES, load
from restauro.fill.filler import SEVERAL
from restauro.metrics.comparison import Comparison
from restauro.metrics.perceptual import feature_distance
from restauro.metrics.sets import FEATURES, frechet_feature_distance
from restauro.metrics.st_lpips import st_lpips
from restauro.picture.types import Image, Mask
from restauro.sheets import sheet, show_hole

DISTANCES = {"feature_distance": feature_distance, "st_lpips": st_lpips}
AT_ONCE = 32
"""Pictures that are compared together."""


def distances(one: Image, other: Image, holes: Mask) -> dict[str, Tensor]:
    """Between pictures (N, H, W, 3) in their holes (N, H, W), by the name of a distance: (N,)."""
    found: dict[str, list[Tensor]] = {name: [] for name in DISTANCES}
    for start in range(0, len(one), AT_ONCE):
        some = slice(start, start + AT_ONCE)
        compared = _comparison(one[some], other[some], holes[some])
        for name, distance in DISTANCES.items():
            found[name].append(distance(compared, compared.mask))
    return {name: torch.cat(values) for name, values in found.items()}


def frechet(fills: Image, truth: Image, holes: Mask) -> dict[str, float]:
    """Between two sets (N, H, W, 3), by the name of the distance whose network sees them."""
    found = {}
    for name, pooled in FEATURES.items():
        sets: list[tuple[Tensor, Tensor]] = []
        for start in range(0, len(fills), AT_ONCE):
            some = slice(start, start + AT_ONCE)
            sets.append(pooled(_comparison(fills[some], truth[some], holes[some])))
        found[name] = frechet_feature_distance(*map(torch.cat, zip(*sets, strict=True)))
    return found


def _comparison(one: Image, other: Image, holes: Mask) -> Comparison:
    pictures = [
        to_tensor(torch.from_numpy(np.ascontiguousarray(images))) for images in (one, other)
    ]
    return Comparison(pictures[0], pictures[1], torch.from_numpy(holes)[:, None].float())


def write_sheet(path: Path, truth: Image, holes: Mask, one: Image, several: Image) -> None:
    """The first pictures: damaged, the one fill, the several, the truth."""
    rows = [
        [show_hole(truth[i], holes[i]), one[i], *several[:, i], truth[i]]
        for i in range(min(8, len(truth)))
    ]
    numbers = [str(number) for number in range(len(several))]
    sheet(rows, ["damaged", "one fill", *numbers, "original"]).save(path)


@click.command()
@click.argument("bank", type=click.Path(exists=True, path_type=Path))
@click.option("--model", default=SEVERAL, show_default=True)
@click.option("--against", default=FACES, show_default=True)
@click.option("--split", default="test", show_default=True)
@click.option("--count", default=256, show_default=True)
@click.option("--fills", default=6, show_default=True)
@click.option("--protocol", default="box", show_default=True)
@click.option("--seed", default=0, show_default=True, help="Of the pictures and holes.")
@click.option("--sheet", "sheet_path", type=click.Path(path_type=Path))
@torch.no_grad()
def main(
    bank: Path,
    model: str,
    against: str,
    split: str,
    count: int,
    fills: int,
    protocol: str,
    seed: int,
    sheet_path: Path | None,
) -> None:
    """Prints a Markdown table."""
    pictures = Bank.open(bank)
    rows = np.random.default_rng(seed).permutation(pictures.split(split))[:count].tolist()
    truth = np.asarray(pictures.images[rows])
    (chosen,) = choose_protocols([protocol])
    holes = chosen.holes(pictures.size, rows, seed)
    one, filler = load(against).batch(truth, holes), load(model)
    several = np.stack([filler.seeded(number).batch(truth, holes) for number in range(fills)])
    own = np.stack(
        [
            filler.seeded(number).fill(image, hole).picture
            for number, (image, hole) in enumerate(zip(truth, holes, strict=True))
        ]
    )
    if sheet_path:
        write_sheet(sheet_path, truth, holes, one, several)
    others = np.roll(truth, 1, axis=0)
    of_one = distances(one, truth, holes)
    of_fills = [distances(fill, truth, holes) for fill in several]
    pairs = [distances(a, b, holes) for a, b in itertools.combinations(several, 2)]
    of_people = distances(others, truth, holes)
    realism = {"one": frechet(one, truth, holes), "own": frechet(own, truth, holes)}
    click.echo(f"| {len(truth)} of `{split}`, {protocol} | " + " | ".join(DISTANCES) + " |")
    click.echo("| --- |" + " ---: |" * len(DISTANCES))
    best = {name: torch.stack([f[name] for f in of_fills]).amin(dim=0) for name in DISTANCES}
    apart = {name: torch.stack([p[name] for p in pairs]).mean(dim=0) for name in DISTANCES}
    table: dict[str, Mapping[str, float | Tensor]] = {
        f"{against} to the truth": {n: of_one[n].mean() for n in DISTANCES},
        "one of the several": {n: of_fills[0][n].mean() for n in DISTANCES},
        f"the best of {fills}": {n: best[n].mean() for n in DISTANCES},
        f"share of them nearer than {against}": {
            n: (best[n] < of_one[n]).float().mean() for n in DISTANCES
        },
        "between the several": {n: apart[n].mean() for n in DISTANCES},
        "between people": {n: of_people[n].mean() for n in DISTANCES},
        "share of that": {n: apart[n].mean() / of_people[n].mean() for n in DISTANCES},
        f"Frechet of {against}": realism["one"],
        "Frechet of the several": realism["own"],
    }
    for name, values in table.items():
        click.echo(f"| {name} | " + " | ".join(f"{float(v):.4g}" for v in values.values()) + " |")


if __name__ == "__main__":
    main()
