"""Colors, light and a pen: what every scene is drawn with.

Points and lengths are shares of the side, so that a scene is the same at every size.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray
from PIL import Image as Pillow
from PIL import ImageDraw

Color: TypeAlias = tuple[int, int, int]
Point: TypeAlias = tuple[float, float]
"""x to the right, y down, both in [0, 1] on the canvas."""


class Pen:
    """Draws filled shapes on a square canvas."""

    def __init__(self, canvas: Pillow.Image) -> None:
        self.side = canvas.width
        self._draw = ImageDraw.Draw(canvas)

    def ellipse(self, centre: Point, radii: Point, color: Color | int) -> None:
        """A filled ellipse; `radii` are its half axes."""
        (x, y), (across, down) = centre, radii
        corners = (x - across, y - down, x + across, y + down)
        self._draw.ellipse([self.side * corner for corner in corners], fill=color)

    def polygon(self, points: Sequence[Point], color: Color) -> None:
        """A filled polygon."""
        self._draw.polygon(self._pixels(points), fill=color)

    def line(self, points: Sequence[Point], width: float, color: Color) -> None:
        """A line through `points` with round joints."""
        thick = max(1, round(self.side * width))
        self._draw.line(self._pixels(points), fill=color, width=thick, joint="curve")

    def _pixels(self, points: Sequence[Point]) -> list[tuple[float, float]]:
        return [(self.side * x, self.side * y) for x, y in points]


def scaled(color: Color, factor: float) -> Color:
    """Darker below 1, lighter above."""
    red, green, blue = (min(255, int(channel * factor)) for channel in color)
    return red, green, blue


def mixed(first: Color, second: Color, share: float) -> Color:
    """`share` of the second color in the first."""
    red, green, blue = (int(a + (b - a) * share) for a, b in zip(first, second, strict=True))
    return red, green, blue


def varied(color: Color, spread: float, rng: np.random.Generator) -> Color:
    """About `color`: all channels shifted together, and each a little on its own."""
    shift = rng.normal(0, spread) + rng.normal(0, spread / 3, 3)
    red, green, blue = np.clip(np.array(color) + shift, 0, 255).astype(int).tolist()
    return red, green, blue


def muted_color(rng: np.random.Generator, low: int, high: int) -> Color:
    """Any hue, with channels from `low` to `high`, and rarely at both ends at once."""
    gray = rng.uniform(low, high)
    channels = gray + 0.6 * (rng.uniform(low, high, 3) - gray)
    red, green, blue = channels.astype(int).tolist()
    return red, green, blue


def fade(side: int, first: Color, last: Color, angle: float = np.pi / 2) -> Pillow.Image:
    """A canvas from `first` to `last`; angle 0 runs to the right, pi / 2 down."""
    x = np.linspace(-0.5, 0.5, side)
    along = x * np.cos(angle) + x[:, None] * np.sin(angle)  # (side, side)
    share = (along - along.min()) / np.ptp(along)
    return blended(Pillow.new("RGB", (side, side), first), last, share)


def curve(start: Point, control: Point, end: Point, num_points: int = 14) -> list[Point]:
    """Points on the quadratic Bezier curve that leaves `start` towards `control`."""
    t = np.linspace(0, 1, num_points)[:, None]
    points = (
        (1 - t) ** 2 * np.array(start) + 2 * t * (1 - t) * np.array(control) + t**2 * np.array(end)
    )
    return [(float(x), float(y)) for x, y in points]


def haze(side: int, rng: np.random.Generator, octaves: int = 5) -> NDArray[np.float64]:
    """Cloudy noise in [0, 1], (side, side): random grids of growing fineness, added up."""
    total = np.zeros((side, side))
    for octave in range(octaves):
        cells = 2 ** (octave + 1) + 1
        grid = Pillow.fromarray(rng.random((2 * cells, cells)).astype(np.float32))
        smooth = grid.resize((side, side), Pillow.Resampling.BICUBIC)
        total += np.asarray(smooth) / 2**octave
    return np.asarray((total - total.min()) / np.ptp(total))


def blended(canvas: Pillow.Image, color: Color, share: NDArray[np.float64]) -> Pillow.Image:
    """The canvas with `share` (side, side) in [0, 1] of `color` laid over it."""
    mask = Pillow.fromarray((np.clip(share, 0, 1) * 255).astype(np.uint8))
    return Pillow.composite(Pillow.new("RGB", canvas.size, color), canvas, mask)
