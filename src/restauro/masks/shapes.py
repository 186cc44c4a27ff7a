"""Boxes and free-form strokes, a whole batch at once, on any device.

The few random numbers of a hole are drawn on the processor and only rasterised on the device, so
that the same generator gives the same holes on a processor and on a GPU.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from restauro.errors import ConfigError

Range = tuple[float, float]


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
        _check_range("box.height", self.height)
        _check_range("box.width", self.width)
        _check_range("box.spread", (0.0, self.spread))


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
        if not 1 <= self.count[0] <= self.count[1] or self.num_pieces < 1:
            raise ConfigError(
                f"strokes.count is {self.count} and strokes.num_pieces {self.num_pieces}, but both "
                "must be at least 1 with the smaller count first; correct the curriculum"
            )
        _check_range("strokes.width", self.width)
        _check_range("strokes.length", self.length)


def boxes(
    limits: BoxLimits,
    batch_size: int,
    size: tuple[int, int],
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
    size: tuple[int, int],
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
    y = torch.arange(height, device=device)[:, None] + 0.5
    x = torch.arange(width, device=device)[None, :] + 0.5
    hole = torch.zeros(batch_size, height, width, dtype=torch.bool, device=device)
    for start, end, radius in zip(starts, ends, radii, strict=True):
        exists = radius >= 0  # (B,); the others would cost as much
        start, end, radius = (x[exists].to(device) for x in (start, end, radius))
        step = (end - start)[:, :, None, None]  # (n, 2, 1, 1) for the n that exist
        from_y, from_x = y - start[:, 0, None, None], x - start[:, 1, None, None]
        along = from_y * step[:, 0] + from_x * step[:, 1]  # (n, H, W)
        share = (along / step.square().sum(dim=1).clamp(min=1e-6)).clamp_(0, 1)
        distance = (from_y - share * step[:, 0]).square_() + (from_x - share * step[:, 1]).square_()
        hole[exists.to(device)] |= distance <= radius.square()[:, None, None]
    hole[:, 0, 0] &= ~hole.flatten(start_dim=1).all(dim=1)
    return hole[:, None]


def _stroke_pieces(
    limits: StrokeLimits, batch_size: int, size: tuple[int, int], rng: torch.Generator
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


def _check_range(name: str, limits: Range) -> None:
    if not 0 <= limits[0] <= limits[1] <= 1:
        raise ConfigError(
            f"{name} is {list(limits)}, but both ends must lie in [0, 1], the smaller one first; "
            "correct the curriculum"
        )
