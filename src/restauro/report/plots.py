"""Plots, readable without colour: every line has its own dash and marker and carries its name."""

from __future__ import annotations

import io
import math
import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import matplotlib as mpl
import torch
from matplotlib.figure import Figure

from restauro.masks import Curriculum, draw_holes
from restauro.metrics.statistics import Estimate

# Okabe & Ito's colours, which people with colour-blindness tell apart; sky blue and orange darker,
# so that each has a contrast of 3 to light and to dark ground. Black becomes the ink of an SVG.
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#000000", "#A87B00", "#3F93C4")
DASHES = ("-", "--", "-.", ":", (0, (5, 1, 1, 1, 1, 1)))
MARKERS = ("o", "s", "^", "D", "v", "P", "X", "*", "<", ">", "p", "h")
DODGE = 0.015
"""Distance of two lines' points at one x value, as a share of the axis: intervals stay visible."""
MAX_DODGE = 0.5
"""Share of the distance of two x values that all points at one of them may take up."""
DARK_INK, LIGHT_INK = "#1f2328", "#e6edf3"
"""Of text and axes in an SVG on light ground, and on dark."""
INK = (
    f"<style>svg{{color:{DARK_INK}}}@media(prefers-color-scheme:dark){{svg{{color:{LIGHT_INK}}}}}"
    "@media print{svg{color:#000}}</style>"
)
MAX_LEVEL_LETTERS = 75
"""Names of categories stand level while they are no longer together."""
STYLE: Any = {
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.titlesize": 11,
    "font.size": 10,
    "grid.alpha": 0.25,
    "pdf.fonttype": 42,  # publishers refuse type 3
    "svg.fonttype": "none",
    "text.parse_math": False,  # a name may hold a dollar
}
Line = tuple[Sequence[float], Sequence[float]]
Series = tuple[Sequence[float] | Sequence[str], Sequence[Estimate]]
"""Numbers or names of categories, and an estimate for each; one that is no number leaves a gap."""


def plot_lines(lines: Mapping[str, Line], *, x_label: str, y_label: str, title: str) -> Figure:
    """Lines by name, each (x values, y values), named at the right."""
    with mpl.rc_context(STYLE):
        figure = _empty(x_label, y_label, title)
        for i, (x, y) in enumerate(lines.values()):
            figure.axes[0].plot(x, y, **_look(i))
        _name_lines(figure, lines)
    return figure


def plot_estimates(
    series: Mapping[str, Series],
    *,
    x_label: str,
    y_label: str,
    title: str,
    best: float | None = None,
) -> Figure:
    """Lines by name with their intervals, named at the right; `best` is drawn as a thin line.

    Lines are moved sideways a little, so that no interval hides another. Categories stand in the
    order in which they first appear.
    """
    places = _places(places for places, _ in series.values())
    ordered = sorted(places.values())
    gaps = [b - a for a, b in zip(ordered, ordered[1:], strict=False)] or [1.0]
    dodge = min(DODGE * sum(gaps), MAX_DODGE * min(gaps) / len(series))
    with mpl.rc_context(STYLE):
        figure = _empty(x_label, y_label, title)
        (axes,) = figure.axes
        if best is not None and math.isfinite(best):
            axes.axhline(best, color="black", linewidth=0.8, alpha=0.6)
        for i, (values, estimates) in enumerate(series.values()):
            x = [places[value] + dodge * (i - (len(series) - 1) / 2) for value in values]
            mean, low, high = zip(*((e.mean, e.low, e.high) for e in estimates), strict=True)
            axes.plot(x, mean, **_look(i))
            axes.vlines(x, low, high, color=_look(i)["color"], linewidth=1.2)
        names = [name for name in places if isinstance(name, str)]
        if names:
            is_long = sum(map(len, names)) > MAX_LEVEL_LETTERS
            turn: Any = {"rotation": 20, "rotation_mode": "anchor", "ha": "right"}
            axes.set_xticks(range(len(names)), names, **(turn if is_long else {}))
        _name_lines(figure, series)
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
            look = {"facecolor": "none", "edgecolor": colour, "hatch": hatch}
            left.fill_between(ticks, low, high, label=f"box {side}", **look)
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
    """Writes the figure; the same figure gives the same bytes under the same name.

    An SVG is transparent and takes the ink of a light or a dark ground, and its identifiers are of
    its file's name, so that several stand in one page; PDF and PNG are on white.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with mpl.rc_context(STYLE | {"svg.hashsalt": path.name}):
        if path.suffix != ".svg":
            dateless = {"CreationDate": None} if path.suffix == ".pdf" else None
            figure.savefig(path, dpi=160, metadata=dateless)
            return
        drawn = io.StringIO()
        figure.savefig(drawn, format="svg", metadata={"Date": None}, transparent=True)
    path.write_text(_adaptive(drawn.getvalue()), encoding="utf-8")


def _adaptive(svg: str) -> str:
    """A plot of Matplotlib whose black is `currentColor`, which a style inside switches.

    Text takes the reader's sans-serif, coordinates keep two digits, and metadata and the
    identifiers that nothing points to go.
    """
    svg = svg[svg.index("<svg") :]
    svg = re.sub(r"<(metadata|style).*?</\1>|<!--.*?-->", "", svg, flags=re.DOTALL)
    svg = re.sub("<[^>]*>", _short_tag, svg)
    root = '<svg fill="currentColor" font-family="sans-serif" stroke-linejoin="round" '
    return re.sub("<svg ([^>]*>)", rf"{root}\1{INK}", svg, count=1)


def _short_tag(found: re.Match[str]) -> str:
    tag = re.sub(r"font-family:[^;\"]*;?\s*", "", " ".join(found[0].split()))
    tag = re.sub(r' id="(?![mp][0-9a-f]{10}")[^"]*"', "", tag)  # the others are pointed at
    tag = re.sub(r"(fill|stroke): #000000", r"\1: currentColor", tag)
    return re.sub(r"\d+\.\d{3,}", lambda number: f"{float(number[0]):.2f}", tag)


def _empty(x_label: str, y_label: str, title: str) -> Figure:
    figure = Figure(figsize=(7.5, 4), layout="constrained")
    figure.subplots().set(xlabel=x_label, ylabel=y_label, title=title)
    return figure


def _look(number: int) -> dict[str, Any]:
    """Colour, dash and marker of a line; markers alone tell twelve apart."""
    return {
        "color": COLOURS[number % len(COLOURS)],
        "linestyle": DASHES[number % len(DASHES)],
        "marker": MARKERS[number % len(MARKERS)],
        "markersize": 4.5,
        "linewidth": 1.4,
    }


def _name_lines(figure: Figure, names: Iterable[str]) -> None:
    lines = [line for line in figure.axes[0].lines if line.get_marker() != "None"]
    legend = figure.legend(
        lines,
        [str(number) for number in range(len(lines))],
        loc="outside right upper",
        frameon=False,
        handlelength=3,
    )
    for text, name in zip(legend.get_texts(), names, strict=True):
        text.set_text(name)  # afterwards: a legend leaves out names that begin with _


def _places(several: Iterable[Sequence[float] | Sequence[str]]) -> dict[float | str, float]:
    """Where every x value stands: numbers at themselves, names one after another."""
    values = dict.fromkeys(value for one in several for value in one)
    return {
        value: float(number) if isinstance(value, str) else float(value)
        for number, value in enumerate(values)
    }


def _hole_shares(curriculum: Curriculum, epoch: int) -> list[float]:
    """The 5 %, 50 % and 95 % quantiles of the hole ratio of 1,000 holes of an epoch."""
    rng = torch.Generator().manual_seed(epoch)
    holes = draw_holes(curriculum.limits(epoch), 1000, (64, 64), rng)
    ratios = holes.float().mean(dim=(1, 2, 3))
    quantiles: list[float] = torch.quantile(ratios, torch.tensor([0.05, 0.5, 0.95])).tolist()
    return quantiles
