"""How metrics are printed: their columns, and lines of numbers as tables."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from restauro.evaluation.groups import FIFTHS
from restauro.metrics import METRICS, SET_METRICS
from restauro.report.page import NONE, Cell, Table
from restauro.report.scores import SKIN_METRIC
from restauro.report.tables import Line, num_pictures

TITLES = FIFTHS | {"ita": "apparent skin tone", "exposure": "exposure (stops)"}
"""Grouping -> what tables call it."""


@dataclass(frozen=True)
class Column:
    """How tables print a metric."""

    title: str
    digits: int
    is_signed: bool = False
    """Whether values lie on both sides of the best, 0."""


COLUMNS = {
    "hole_psnr": Column("PSNR", 2),
    "hole_ssim": Column("SSIM", 3),
    "hole_ms_ssim": Column("MS-SSIM", 3),
    "hole_ciede2000": Column("ΔE00", 2),
    "hole_l1": Column("L1", 4),
    "composite_psnr": Column("whole PSNR", 2),
    "composite_ssim": Column("whole SSIM", 4),
    "hole_feature_distance": Column("feature distance", 3),
    "hole_st_lpips": Column("ST-LPIPS", 3),
    "hole_st_lpips_vgg": Column("ST-LPIPS (VGG)", 3),
    "frechet_feature_distance": Column("Fréchet", 1),
    "frechet_st_lpips": Column("Fréchet (ST-LPIPS)", 4),
    "p_ids_st_lpips": Column("P-IDS (ST-LPIPS)", 3),
    "u_ids_st_lpips": Column("U-IDS (ST-LPIPS)", 3),
    "sharpness": Column("sharpness", 2),
    "seam": Column("seam", 2),
    "hole_snr": Column("SNR", 2),
    "relative_error": Column("relative error of light", 2),
    "lightness_error": Column("lightness error", 1, is_signed=True),
    SKIN_METRIC: Column("skin tone error", 1, is_signed=True),
}


def column_of(metric: str) -> Column:
    """How a metric is printed, a plug-in's too."""
    return COLUMNS.get(metric, Column(metric, 3))


def heading(metric: str) -> str:
    """Title, unit and which way is better, such as `PSNR (dB) ↑`."""
    title, better = column_of(metric).title, {"higher": "↑", "lower": "↓"}
    if metric in SET_METRICS:
        return f"{title} {better[SET_METRICS[metric].better]}"
    reading = METRICS.create(metric)
    unit = f" ({reading.unit})" if reading.unit not in ("", title) else ""
    return f"{title}{unit} {better.get(str(reading.better), f'→ {reading.best:g}')}"


def pivot(
    title: str,
    lines: Sequence[Line],
    column: str,
    cell: Callable[[Line], Cell],
    note: str = "",
    *,
    is_counted: bool = False,
) -> Table:
    """Lines as a table: a row a method, and a column for each value of `column`, in their order.

    With `is_counted` the heads say of how many pictures a column is.
    """
    firsts = {line[column]: line for line in reversed(lines)}
    names = dict.fromkeys(line[column] for line in lines)
    places = {(line["method"], line[column]): cell(line) for line in lines}
    rows = [
        [Cell(method), *(places.get((method, name), Cell(NONE)) for name in names)]
        for method in dict.fromkeys(line["method"] for line in lines)
    ]
    heads = []
    for name in names:
        count = num_pictures(firsts[name]) if is_counted else None
        words = heading(name) if column == "metric" else name
        words = TITLES.get(name, name) if column == "grouping" else words
        heads.append(Cell(words, (f"n = {count:,}",) if count else ()))
    return Table(title, [Cell("method"), *heads], rows, note)


def shown(line: Line) -> Cell:
    """The mean, bold if nobody is better, above its interval, rank, seeds and what it leaves out.

    Of a ratio the median above its quartiles.
    """
    digits = column_of(line["metric"]).digits
    names = ("median", "first_quartile", "third_quartile")
    middle, low, high = (number(line, name) for name in names)
    if math.isnan(middle):
        middle, low, high = (number(line, name) for name in ("mean", "low", "high"))
    infinite, missing = (int(line[name] or 0) for name in ("num_infinite", "num_missing"))
    if not math.isfinite(middle):
        return Cell("all perfect" if infinite else NONE)
    beneath = []
    if math.isfinite(low):
        beneath.append(f"{low:z.{digits}f} to {high:z.{digits}f}")  # z: no -0.00
    if line.get("rank"):
        beneath.append(f"#{line['rank']}")
    small = [" · ".join(beneath)] if beneath else []
    if line.get("num_seeds"):
        small.append(f"{line['num_seeds']} seeds ± {number(line, 'spread'):.{digits}f}")
    small += [f"{infinite:,} perfect"] * (infinite > 0) + [f"{missing:,} missing"] * (missing > 0)
    return Cell(f"{middle:z.{digits}f}", tuple(small), line.get("rank") == "1")


def short(line: Line) -> Cell:
    """The mean and half of its interval, bold if no method is better."""
    digits = column_of(line["metric"]).digits
    mean, low, high = (number(line, name) for name in ("mean", "low", "high"))
    if not math.isfinite(mean):
        return Cell(NONE)
    half = f" ± {(high - low) / 2:.{digits}f}" if math.isfinite(low) else ""
    return Cell(f"{mean:z.{digits}f}", (half,), line.get("rank") == "1")


def number(line: Line, name: str) -> float:
    """A number of a line; nan where it has none."""
    return float(line.get(name) or "nan")
