"""Holes for training: boxes and strokes for whole batches, and the curriculum that lets them grow.

The few random numbers of a hole are drawn on the processor and only rasterised on the device, so
that the same generator gives the same holes on a processor and on a GPU.

The report's network sees small holes first; how large and where they may be grows epoch by epoch.
Limits are a function of the epoch alone, and holes of (seed, step) alone: a resumed run, or the
same run on another number of processes, sees the very same holes.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, fields
from typing import Any

import torch
from torch import Tensor

from restauro.errors import ConfigError
from restauro.picture.types import Size
from restauro.typed import AT_LEAST_ONE, POSITIVE, SHARE, Rule, check, one_of

Range = tuple[float, float]
SHARES: Rule = (
    lambda ends: 0 <= ends[0] <= ends[1] <= 1,
    "two numbers in [0, 1], the smaller one first",
)
SHAPES = {
    "constant": lambda progress: 1.0,
    "linear": lambda progress: progress,
    "cosine": lambda progress: (1 - math.cos(math.pi * progress)) / 2,
    "square_root": math.sqrt,
}
"""How the limits go from start to end: [0, 1] -> [0, 1]. `constant` is the end from the outset."""


@dataclass(frozen=True)
class BoxLimits:
    """What a random rectangle may be; lengths are shares of the picture's side in [0, 1]."""

    height: Range
    """Smallest and largest height."""
    width: Range
    """Smallest and largest width."""
    spread: float
    """How far from the centre it may lie: 0 = always centred, 1 = wherever it fits."""

    def __post_init__(self) -> None:
        check("box", self, SHARES, "height", "width")
        check("box", self, SHARE, "spread")


@dataclass(frozen=True)
class StrokeLimits:
    """What random strokes may be; lengths are shares of the picture's side in [0, 1]."""

    count: tuple[int, int]
    """Fewest and most strokes in one picture."""
    width: Range
    """Thinnest and thickest stroke."""
    length: Range
    """Shortest and longest straight piece of a stroke."""
    num_pieces: int
    """Straight pieces of each stroke; it turns between them."""

    def __post_init__(self) -> None:
        counts = (lambda ends: 1 <= ends[0] <= ends[1], "at least 1, the smaller one first")
        check("strokes", self, counts, "count")
        check("strokes", self, AT_LEAST_ONE, "num_pieces")
        check("strokes", self, SHARES, "width", "length")


@dataclass(frozen=True)
class HoleLimits:
    """What holes may be at one time of the training."""

    box: BoxLimits
    strokes: StrokeLimits | None = None
    stroke_share: float = 0.0
    """Share of the pictures damaged by strokes instead of a box, in [0, 1]."""

    def __post_init__(self) -> None:
        check("", self, SHARE, "stroke_share")
        if self.stroke_share > 0 and self.strokes is None:
            raise ConfigError(
                f"stroke_share is {self.stroke_share}, but no limits for strokes are given; "
                "add them to the curriculum"
            )


@dataclass(frozen=True)
class Curriculum:
    """Limits that grow from `start` to `end` within `epochs` epochs, then stay."""

    end: HoleLimits
    start: HoleLimits | None = None
    """None: `end` from the outset."""
    epochs: float = 1.0
    """The first epoch has the limits `start`, the last of these `end`."""
    shape: str = "linear"
    """How they grow in between: a name in `SHAPES`."""

    def __post_init__(self) -> None:
        check("curriculum", self, one_of(SHAPES), "shape")
        check("curriculum", self, POSITIVE, "epochs")

    def limits(self, epoch: int) -> HoleLimits:
        """The limits of epoch number `epoch`, counted from 0; they change between epochs only."""
        progress = 1.0 if self.epochs <= 1 else min(1.0, epoch / (math.ceil(self.epochs) - 1))
        limits: HoleLimits = _between(self.start, self.end, SHAPES[self.shape](progress))
        return limits


def draw_holes(
    limits: HoleLimits,
    batch_size: int,
    size: Size,
    rng: torch.Generator,
    device: torch.device | str = "cpu",
) -> Tensor:
    """A box or strokes for each picture: (B, 1, H, W) bool on `device`, True = hole."""
    holes = boxes(limits.box, batch_size, size, rng, device)
    if limits.strokes is None or limits.stroke_share == 0:
        return holes
    takes_strokes = torch.rand(batch_size, generator=rng) < limits.stroke_share
    count = int(takes_strokes.sum())
    if count:
        holes[takes_strokes.to(device)] = strokes(limits.strokes, count, size, rng, device)
    return holes


def _between(start: Any, end: Any, share: float) -> Any:
    """Interpolates numbers, ranges and the dataclasses made of them; whole numbers stay whole.

    What only one end has, such as limits for strokes, is the same throughout.
    """
    if start is None or end is None:
        return start if end is None else end
    if isinstance(start, tuple):
        return tuple(_between(a, b, share) for a, b in zip(start, end, strict=True))
    if isinstance(start, (int, float)):
        value = start + (end - start) * share
        return round(value) if isinstance(start, int) and isinstance(end, int) else value
    parts = {
        field.name: _between(getattr(start, field.name), getattr(end, field.name), share)
        for field in fields(start)
    }
    return type(start)(**parts)


def boxes(
    limits: BoxLimits,
    batch_size: int,
    size: Size,
    rng: torch.Generator,
    device: torch.device | str = "cpu",
) -> Tensor:
    """One rectangle in each picture: at least one pixel, never the whole picture.

    `rng` lives on the processor. Returns (B, 1, H, W) bool on `device`, True = hole.
    """
    height, width = size
    draw = torch.rand(4, batch_size, generator=rng)
    rows = _pixels(limits.height, height, draw[0])
    columns = _pixels(limits.width, width, draw[1])
    is_everything = (rows == height) & (columns == width)
    rows = torch.where(is_everything, rows - 1, rows).clamp(min=1)
    top = ((height - rows) * (0.5 + limits.spread * (draw[2] - 0.5))).round()
    left = ((width - columns) * (0.5 + limits.spread * (draw[3] - 0.5))).round()
    edges = torch.stack([top, top + rows, left, left + columns]).to(device)[:, :, None]  # (4, B, 1)
    y, x = torch.arange(height, device=device), torch.arange(width, device=device)
    in_rows = (y >= edges[0]) & (y < edges[1])  # (B, H)
    in_columns = (x >= edges[2]) & (x < edges[3])  # (B, W)
    return (in_rows[:, :, None] & in_columns[:, None, :])[:, None]


def strokes(
    limits: StrokeLimits,
    batch_size: int,
    size: Size,
    rng: torch.Generator,
    device: torch.device | str = "cpu",
) -> Tensor:
    """Brush strokes: chains of straight pieces with round ends that turn at random.

    Each stroke starts anywhere, runs on in about the direction it came from, and is reflected
    into the picture. At least one pixel is a hole; the top left one stays known where the strokes
    would cover everything.
    `rng` lives on the processor. Returns (B, 1, H, W) bool on `device`, True = hole.

    Source: the free-form masks of Yu et al. 2019, arXiv:1806.03589; unlike there, lengths and
    widths are shares of the side, so a mask looks the same at every size.
    """
    height, width = size
    starts, ends, radii = _stroke_pieces(limits, batch_size, size, rng)
    # In each row a piece hides an unbroken run. Runs are marked by where they begin and end, and
    # counted from the left: no pixel is asked about each piece.
    first, last = _runs(starts, ends, radii, size)  # (P, B, H) each
    picture, row = torch.arange(batch_size)[:, None], torch.arange(height)
    line = (picture * height + row) * (width + 1)  # (B, H): where each row's marks lie
    marks = torch.zeros(batch_size * height * (width + 1), dtype=torch.int16)
    is_run = first < last
    for column, mark in ((first, 1), (last, -1)):
        place = (line + column)[is_run]
        marks.index_add_(0, place, torch.full_like(place, mark, dtype=torch.int16))
    marks = marks.view(batch_size, height, width + 1)[:, :, :width].to(device)
    hole = marks.cumsum(dim=2, dtype=torch.int16) > 0
    hole[:, 0, 0] &= ~hole.flatten(start_dim=1).all(dim=1)
    return hole[:, None]


def _runs(starts: Tensor, ends: Tensor, radii: Tensor, size: Size) -> tuple[Tensor, Tensor]:
    """The columns [first, last) that each piece hides in each row: (P, B, H) whole numbers each.

    A piece from `starts` to `ends` (P, B, 2), as (y, x), hides the pixels whose middle is at most
    `radii` (P, B) away: two discs and the band between them. Where it hides nothing, first >= last.
    """
    height, width = size
    y = torch.arange(height) + 0.5
    radius = radii[..., None]  # (P, B, 1)
    (start_y, start_x), (end_y, end_x) = (
        (points[..., :1], points[..., 1:]) for points in (starts, ends)
    )
    step_y, step_x = end_y - start_y, end_x - start_x
    length = torch.hypot(step_y, step_x).clamp(min=1e-6)
    low = torch.full((*radii.shape, height), torch.inf)
    high = -low
    for centre_y, centre_x in ((start_y, start_x), (end_y, end_x)):
        square = radius.square() - (y - centre_y).square()
        half = square.clamp(min=0).sqrt().where((square >= 0) & (radius >= 0), -torch.inf)
        low, high = torch.minimum(low, centre_x - half), torch.maximum(high, centre_x + half)
    for side in (-1, 1):  # the edges of the band
        edge_y = start_y + side * radius * step_x / length
        edge_x = start_x - side * radius * step_y / length
        share = (y - edge_y) / step_y  # of the way from start to end; no number for a level edge
        x = edge_x + share * step_x
        is_edge = (share >= 0) & (share <= 1) & (radius >= 0)
        low = torch.minimum(low, x.where(is_edge, torch.inf))
        high = torch.maximum(high, x.where(is_edge, -torch.inf))
    # without a run low is inf and high -inf: both are brought into the picture, in this order
    first = (low - 0.5).ceil().clamp(0, width).long()
    last = (high + 0.5).floor().clamp(0, width).long()
    return first, last


def _stroke_pieces(
    limits: StrokeLimits, batch_size: int, size: Size, rng: torch.Generator
) -> tuple[Tensor, Tensor, Tensor]:
    """Start and end (P, B, 2) as (y, x) in pixels and radius (P, B) of every straight piece.

    A stroke beyond its picture's count gets the radius -1, which covers no pixel.
    """
    side = min(size)
    extent = torch.tensor(size, dtype=torch.float32)  # (height, width)
    most, pieces = limits.count[1], limits.num_pieces
    draw = torch.rand(most, batch_size, 4 + 2 * pieces, generator=rng)
    count = torch.rand(batch_size, generator=rng)
    count = limits.count[0] + (count * (most - limits.count[0] + 1)).floor()  # (B,)
    point = draw[..., :2] * extent  # (most, B, 2)
    angle = draw[..., 2] * 2 * torch.pi
    radius = _lerp(limits.width, draw[..., 3]) * side / 2
    exists = torch.arange(most)[:, None] < count
    starts, ends, radii = [], [], []
    for piece in range(pieces):
        turn, length = draw[..., 4 + 2 * piece], draw[..., 5 + 2 * piece]
        angle = angle + (turn - 0.5) * torch.pi  # up to a right angle either way
        direction = torch.stack([angle.sin(), angle.cos()], dim=-1)
        end = point + direction * (_lerp(limits.length, length) * side)[..., None]
        end = extent - (extent - end.abs()).abs()  # reflected at the border
        end = torch.minimum(end.clamp(min=0), extent)
        starts.append(point)
        ends.append(end)
        radius = radius.clamp(min=0.75)  # never between pixels
        radii.append(torch.where(exists, radius, -1.0))
        point = end
    return torch.cat(starts), torch.cat(ends), torch.cat(radii)


def _pixels(limits: Range, side: int, draw: Tensor) -> Tensor:
    """Whole lengths in [1, side], uniform within `limits` (shares of `side`)."""
    return _lerp(limits, draw).mul(side).round().clamp(1, side)


def _lerp(limits: Range, draw: Tensor) -> Tensor:
    return limits[0] + (limits[1] - limits[0]) * draw
