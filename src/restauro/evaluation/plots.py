"""Plots, readable without colour: every line has its own dash and marker and carries its name."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import matplotlib as mpl
import torch
from matplotlib.figure import Figure

from restauro.masks import Curriculum

# Okabe & Ito's colours, which people with colour-blindness tell apart
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#56B4E9", "#E69F00", "#000000")
DASHES = ("-", "--", "-.", ":", (0, (5, 1)), (0, (3, 1, 1, 1)), (0, (1, 1)))
MARKERS = ("o", "s", "^", "D", "v", "P", "X")
STYLE: Any = {
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "grid.alpha": 0.25,
    "font.size": 10,
    "svg.hashsalt": "restauro",  # the same picture gives the same file
}
Line = tuple[Sequence[float], Sequence[float]]


def plot_lines(lines: Mapping[str, Line], *, x_label: str, y_label: str, title: str) -> Figure:
    """Lines by name, each (x values, y values), named at their right end."""
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(7, 4), layout="constrained")
        axes = figure.subplots()
        for i, (name, (x, y)) in enumerate(lines.items()):
            axes.plot(
                x,
                y,
                color=COLOURS[i % len(COLOURS)],
                linestyle=DASHES[i % len(DASHES)],
                marker=MARKERS[i % len(MARKERS)],
                markersize=4,
                label=name,
            )
        axes.set(xlabel=x_label, ylabel=y_label, title=title)
        axes.legend(frameon=False)
    return figure


def plot_curriculum(curriculum: Curriculum, num_epochs: int, *, title: str) -> Figure:
    """How the limits of the holes grow, and what share of a picture the holes then take."""
    epochs = list(range(num_epochs))
    limits = [curriculum.limits(epoch) for epoch in epochs]
    shares = [_hole_shares(curriculum, epoch) for epoch in epochs]
    ticks = [epoch + 1 for epoch in epochs]
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(9, 3.6), layout="constrained")
        left, right = figure.subplots(1, 2)
        for side, colour, hatch in (("height", COLOURS[0], "//"), ("width", COLOURS[1], "\\\\")):
            low = [getattr(limit.box, side)[0] for limit in limits]
            high = [getattr(limit.box, side)[1] for limit in limits]
            left.fill_between(
                ticks, low, high, color=colour, alpha=0.25, hatch=hatch, label=f"box {side}"
            )
        left.plot(ticks, [limit.box.spread for limit in limits], "k--", label="spread of position")
        left.set(xlabel="epoch", ylabel="share of the side", ylim=(0, 1.05), title="limits")
        left.legend(frameon=False)
        least, median, most = zip(*shares, strict=True)
        right.fill_between(ticks, least, most, color=COLOURS[2], alpha=0.25, label="5 to 95 %")
        right.plot(ticks, median, color=COLOURS[2], marker="o", markersize=4, label="median")
        right.set(xlabel="epoch", ylabel="hole ratio", ylim=(0, None), title="holes drawn")
        right.legend(frameon=False)
        for axes in (left, right):
            axes.set_xticks(ticks[:: math.ceil(len(ticks) / 10)])
        figure.suptitle(title)
    return figure


def save(figure: Figure, path: Path) -> None:
    """Writes the figure; the same figure gives the same bytes."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with mpl.rc_context(STYLE):
        figure.savefig(path, metadata={"Date": None} if path.suffix == ".svg" else None, dpi=160)


def _hole_shares(curriculum: Curriculum, epoch: int) -> list[float]:
    """The 5 %, 50 % and 95 % quantiles of the hole ratio of 1,000 holes of an epoch."""
    rng = torch.Generator().manual_seed(epoch)
    ratios = curriculum.draw(epoch, 1000, (64, 64), rng).float().mean(dim=(1, 2, 3))
    quantiles: list[float] = torch.quantile(ratios, torch.tensor([0.05, 0.5, 0.95])).tolist()
    return quantiles
