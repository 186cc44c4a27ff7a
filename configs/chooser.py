"""Trains what `--model auto` chooses by, and writes its ONNX file.

    python configs/chooser.py BANKS chooser.onnx [--seed N]

BANKS is a folder with the banks that `SETS` names. Each picture of their training splits gets a
random crop, a box or strokes, and other light; the network learns from what `auto` would see of it
which model loses least on its kind of pictures. Prints how often it takes the set's own model on
the validation splits.
"""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import NamedTuple

import click
import numpy as np
import onnx
import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from restauro.data.bank import Bank
from restauro.export import trace, weights_as_half
from restauro.files import whole_file
from restauro.fill.auto import SUBJECTS, small_copy
from restauro.fill.windows import Box, surroundings_of
from restauro.masks import BoxLimits, HoleLimits, StrokeLimits, draw_holes

SETS = {
    "faces": ("celeba", "fairface", "celeba224", "faces_free"),
    "aircraft": ("aircraft",),
    "photos": ("photos", "photos128"),
}
"""Name of a model -> banks of its kind of pictures."""
HOLES = HoleLimits(
    BoxLimits(height=(0.1, 0.8), width=(0.1, 0.8), spread=1.0),
    StrokeLimits(count=(1, 8), width=(0.02, 0.25), length=(0.1, 0.6), num_pieces=4),
    stroke_share=0.5,
)
COSTS = torch.tensor([[0.0, 3.4, 0.9], [0.5, 0.0, 0.2], [0.5, 0.9, 0.0]])
"""Decibels that each model of `SUBJECTS` costs (columns) on pictures of each kind (rows).

About as on validation pictures; `photos` does as well on planes, but `aircraft` is for them.
"""
STEPS, BATCH = 2000, 32
LEAST_CROP = 0.6
"""Shortest side of a crop, as a share of the picture's."""
ENLARGED = (1, 1, 2, 4)
"""Times that pictures are enlarged: in a large one the surroundings of a hole are less of it."""


class Source(NamedTuple):
    """Pictures of one bank's split, and the position of their model in `SUBJECTS`."""

    label: int
    bank: Bank
    rows: np.ndarray


def sources(banks: Path, split: str) -> list[Source]:
    """Those of all `SETS` that have the split."""
    found = []
    for label, name in enumerate(SUBJECTS):
        for bank in (Bank.open(banks / folder) for folder in SETS[name]):
            found.append(Source(label, bank, bank.split(split)))
    return found


def example(source: Source, rng: np.random.Generator, holes: torch.Generator) -> np.ndarray:
    """What `auto` would see of a random picture (4, SIDE, SIDE), in other light."""
    image = np.asarray(source.bank.images[rng.choice(source.rows)])
    height, width = (int(side * rng.uniform(LEAST_CROP, 1)) for side in image.shape[:2])
    top, left = (
        int(rng.integers(spare + 1)) for spare in np.subtract(image.shape[:2], (height, width))
    )
    image = image[top : top + height, left : left + width][:, :: rng.choice((-1, 1))]
    hole = draw_holes(HOLES, 1, (height, width), holes)[0, 0].numpy()
    times = rng.choice(ENLARGED)
    box = surroundings_of(hole.repeat(times, axis=0).repeat(times, axis=1))
    part = Box(*(side // times for side in box)).slices
    seen = small_copy(image[part], ~hole[part])
    colours = seen[:3]
    if rng.random() < 0.2:
        colours[:] = colours.mean(axis=0)
    tint = rng.uniform(0.85, 1.15, (3, 1, 1)) * rng.uniform(0.4, 1.2)
    colours[:] = (colours ** rng.uniform(0.7, 1.4) * tint).clip(0, 1) * (seen[3:] > 0)
    return seen


def batch(
    some: list[Source], size: int, rng: np.random.Generator, holes: torch.Generator
) -> tuple[Tensor, Tensor]:
    """Examples (size, 4, SIDE, SIDE), every model as often, and their labels (size,)."""
    of_label = {
        label: [one for one in some if one.label == label] for label in {one.label for one in some}
    }
    labels = rng.choice(list(of_label), size)
    seen = [
        example(of_label[label][rng.integers(len(of_label[label]))], rng, holes) for label in labels
    ]
    return torch.from_numpy(np.stack(seen)), torch.from_numpy(labels)


class Centred(nn.Module):
    """Colours about 0, and 0 where nothing is known: (B, 4, H, W) -> the same."""

    def forward(self, seen: Tensor) -> Tensor:
        """Leaves the share that is known as it is."""
        known = seen[:, 3:]
        return torch.cat([(seen[:, :3] - 0.5) * known, known], dim=1)


def network() -> nn.Sequential:
    """(B, 4, 64, 64) in [0, 1] -> logits (B, 3)."""
    layers: list[nn.Module] = [Centred()]
    for before, after in itertools.pairwise((4, 16, 32, 64, 64, 96)):  # 64 pixels a side -> 2
        convolution = nn.Conv2d(before, after, 3, stride=2, padding=1, bias=False)
        layers += [convolution, nn.BatchNorm2d(after), nn.ReLU()]
    layers += [nn.Flatten(), nn.Dropout(0.2), nn.Linear(4 * 96, len(SUBJECTS))]
    return nn.Sequential(*layers).to(memory_format=torch.channels_last)


def trained(some: list[Source], seed: int) -> nn.Sequential:
    """The network after `STEPS` steps, ready to be used."""
    torch.manual_seed(seed)
    rng, holes = np.random.default_rng(seed), torch.Generator().manual_seed(seed)
    model = network()
    optimizer = torch.optim.AdamW(model.parameters(), weight_decay=0.01)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, max_lr=0.004, total_steps=STEPS)
    for step in range(STEPS):
        seen, labels = batch(some, BATCH, rng, holes)
        logits = model(seen)
        cost = (logits.softmax(dim=1) * COSTS[labels]).sum(dim=1).mean()
        loss = cost + 0.1 * cross_entropy(logits, labels)  # which teaches from the first step
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        schedule.step()
        if step % 100 == 99:
            click.echo(f"step {step + 1}: expected loss {cost.item():.2f} dB")
    return model.eval()


@click.command()
@click.argument("banks", type=click.Path(exists=True, path_type=Path))
@click.argument("output", type=click.Path(path_type=Path))
@click.option("--seed", default=0, show_default=True, help="Of weights, pictures and holes.")
def main(banks: Path, output: Path, seed: int) -> None:
    """Trains, scores and writes the chooser."""
    model = trained(sources(banks, "train"), seed)
    rng, holes = np.random.default_rng(seed), torch.Generator().manual_seed(seed)
    for source in sources(banks, "val"):
        seen, labels = batch([source], 200, rng, holes)
        hits = (model(seen).argmax(dim=1) == labels).float().mean()
        click.echo(f"{source.bank.path.name}: right {hits:.0%}")
    graph = trace(nn.Sequential(model, nn.Softmax(dim=1)), {"seen": seen[:2]}, None)
    weights_as_half(graph)
    onnx.checker.check_model(graph)
    with whole_file(output) as aside:
        aside.write_bytes(graph.SerializeToString())


if __name__ == "__main__":
    torch.set_num_threads(1)
    main()
