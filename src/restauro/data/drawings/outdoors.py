"""Skies, landscapes, and aircraft in the sky."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PIL import Image as Pillow

from restauro.data.drawings.canvas import (
    Color,
    Pen,
    Point,
    blended,
    fade,
    haze,
    mixed,
    muted_color,
    scaled,
    varied,
)

SKIES: tuple[tuple[Color, Color], ...] = (
    ((64, 122, 196), (198, 222, 240)),
    ((70, 70, 130), (246, 184, 128)),
    ((128, 146, 164), (216, 220, 220)),
    ((36, 84, 158), (150, 190, 226)),
)
"""Zenith and horizon: day, evening, overcast, altitude."""


def sky(side: int, rng: np.random.Generator) -> Pillow.Image:
    """Clouds over a fade from zenith to horizon."""
    zenith, horizon = _sky_colors(rng)
    return _clouded(fade(side, zenith, horizon), rng)


def landscape(side: int, rng: np.random.Generator) -> Pillow.Image:
    """Ridge behind ridge under the sky, each clearer and darker than the one behind it."""
    zenith, horizon = _sky_colors(rng)
    canvas = fade(side, zenith, horizon)
    if rng.random() < 0.5:
        canvas = _clouded(canvas, rng)
    pen = Pen(canvas)
    sun = (rng.uniform(0.12, 0.88), rng.uniform(0.1, 0.3))
    pen.ellipse(sun, (0.05, 0.05), mixed(horizon, (255, 250, 220), 0.8))
    near = varied(((48, 86, 44), (112, 86, 52), (70, 72, 86))[rng.integers(3)], 12, rng)
    num_ridges = int(rng.integers(3, 6))
    for nearness in np.linspace(1 / num_ridges, 1, num_ridges):
        tops = 0.4 + 0.42 * nearness - (0.24 - 0.1 * nearness) * _ridge(rng)  # (65,)
        outline = [(i / 64, float(top)) for i, top in enumerate(tops)]
        pen.polygon([(0, 1), *outline, (1, 1)], mixed(horizon, near, 0.2 + 0.8 * nearness))
    for _ in range(int(rng.integers(0, 9))):
        foot = (rng.uniform(0, 1), rng.uniform(0.88, 1.04))
        _fir(pen, foot, rng.uniform(0.12, 0.28), scaled(near, 0.6))
    return canvas


def aircraft(side: int, rng: np.random.Generator) -> Pillow.Image:
    """An airliner from the side, climbing or sinking."""
    canvas = _clouded(fade(side, *_sky_colors(rng)), rng)
    layer = Pillow.new("RGBA", canvas.size)
    paint = varied((222, 224, 228), 10, rng)
    length, thick = rng.uniform(0.36, 0.42), rng.uniform(0.042, 0.056)
    _airliner(_Plane(Pen(layer), 0.5 + rng.uniform(-0.06, 0.06), length, thick), paint, rng)
    if rng.random() < 0.5:
        layer = layer.transpose(Pillow.Transpose.FLIP_LEFT_RIGHT)
    layer = layer.rotate(rng.uniform(-16, 16), Pillow.Resampling.BICUBIC)
    canvas.paste(layer, (0, 0), layer)
    return canvas


class _Plane:
    """A pen in the plane's own measure: x from -1 (tail) to 1 (nose), y in thicknesses."""

    def __init__(self, pen: Pen, middle: float, length: float, thick: float) -> None:
        self.pen, self.middle, self.length, self.thick = pen, middle, length, thick

    def part(self, points: list[Point], color: Color) -> None:
        self.pen.polygon([self._at(point) for point in points], color)

    def spot(self, centre: Point, radii: Point, color: Color) -> None:
        across, down = radii
        self.pen.ellipse(self._at(centre), (across * self.length, down * self.thick), color)

    def _at(self, point: Point) -> Point:
        return 0.5 + point[0] * self.length, self.middle + point[1] * self.thick


def _airliner(plane: _Plane, paint: Color, rng: np.random.Generator) -> None:
    trim, shade = muted_color(rng, 20, 190), scaled(paint, 0.78)
    dark, glass = scaled(paint, 0.6), (44, 54, 72)
    plane.part([(0.05, -0.5), (-0.35, -2.3), (-0.22, -2.3), (0.35, -0.5)], dark)  # far wing
    plane.part([(-0.95, -0.5), (-1.1, -4), (-0.9, -4), (-0.55, -0.9)], trim)  # fin
    body = [(-1.05, -0.75), (-0.6, -1.0), (0.75, -1.0), (0.92, -0.6), (1.0, 0.15)]
    belly = [(0.9, 0.7), (0.7, 1.0), (-0.4, 1.0), (-1.05, -0.45)]
    plane.part([*body, *belly], paint)
    plane.part([(1.0, 0.15), *belly, (-0.4, 0.45), (0.8, 0.4)], shade)
    plane.part([(-0.98, -0.3), (0.98, 0.05), (0.99, 0.2), (-0.8, 0.12)], trim)  # stripe
    plane.part([(0.8, -0.82), (0.87, -0.72), (0.93, -0.4), (0.8, -0.4)], glass)
    for x in np.arange(-0.55, 0.7, 0.085):
        plane.spot((float(x), -0.42), (0.02, 0.16), glass)
    sweep, span = rng.uniform(-0.55, -0.35), rng.uniform(3.4, 4.6)
    plane.part(
        [(-0.05, 0.5), (sweep - 0.1, span), (sweep + 0.06, span), (0.4, 0.55)], dark
    )  # near wing
    plane.spot((0.12, 1.6), (0.15, 0.52), scaled(paint, 0.7))  # engine
    plane.spot((0.24, 1.6), (0.035, 0.46), glass)
    plane.part([(-0.9, -0.3), (-1.12, 0.75), (-1.0, 0.75), (-0.62, -0.15)], dark)  # tailplane


def _sky_colors(rng: np.random.Generator) -> tuple[Color, Color]:
    zenith, horizon = SKIES[rng.integers(len(SKIES))]
    return varied(zenith, 12, rng), varied(horizon, 10, rng)


def _clouded(canvas: Pillow.Image, rng: np.random.Generator) -> Pillow.Image:
    cover = rng.uniform(0.35, 0.7)
    share = np.clip((haze(canvas.width, rng) - cover) * 2.5, 0, 0.9)  # (side, side)
    return blended(canvas, (246, 246, 248), share)


def _ridge(rng: np.random.Generator) -> NDArray[np.float64]:
    """65 heights in [0, 1]: a few waves, the shorter the lower."""
    x = np.linspace(0, 1, 65)
    waves = np.zeros(65)
    for frequency in (1, 2.3, 5.1, 11.7):
        waves += np.sin(2 * np.pi * (frequency * x + rng.uniform())) / frequency
    return np.asarray((waves - waves.min()) / np.ptp(waves))


def _fir(pen: Pen, foot: Point, height: float, color: Color) -> None:
    x, y = foot
    for low, high, half_width in ((0.0, 0.5, 0.26), (0.3, 0.75, 0.2), (0.55, 1.0, 0.14)):
        base, reach = y - low * height, half_width * height
        pen.polygon([(x - reach, base), (x, y - high * height), (x + reach, base)], color)
