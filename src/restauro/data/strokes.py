"""Lines, blots and signs with smooth edges: what damage and its likes are drawn with."""

from __future__ import annotations

import functools
from typing import Any, TypeAlias

import numpy as np
import PIL.Image
from numpy.typing import NDArray
from PIL import ImageDraw, ImageFilter, ImageFont

from restauro.picture.types import Image, Size

Cover: TypeAlias = NDArray[np.float32]
"""(H, W) in [0, 1]: how much of a pixel is covered."""
Rng: TypeAlias = np.random.Generator
Points: TypeAlias = list[tuple[float, float]]
"""(x, y) in pixels."""

FINER = 3
"""Lines are drawn as many times larger, for smooth edges."""


def line(
    size: Size,
    rng: Rng,
    length: tuple[float, float],
    bend: float,
    turn: float = 0.0,
    angle: float | None = None,
) -> Points:
    """A line through a random place, which sets out at `angle`, or at any.

    Over each eighth it turns by about `bend` to either side, and by `turn` to the same one.
    """
    count = 9
    start = rng.uniform(0, 2 * np.pi) if angle is None else angle
    angles = start + np.cumsum(rng.normal(turn, bend, count))
    step = min(size) * rng.uniform(*length) / count
    places = np.cumsum(step * np.stack([np.cos(angles), np.sin(angles)], axis=1), axis=0)
    places += rng.random(2) * size[::-1] - places[count // 2]
    return [(float(x), float(y)) for x, y in places]


def stroke(size: Size, points: Points, width: float) -> Cover:
    """A line `width` pixels wide."""
    layer, draw = sheet_of(size)
    finer = [(x * FINER, y * FINER) for x, y in points]
    draw.line(finer, 255, max(1, round(width * FINER)), joint="curve")
    return cover_of(layer, size)


def blot(size: Size, rng: Rng, radius: float) -> Cover:
    """A round form with an uneven rim, somewhere."""
    layer, draw = sheet_of(size)
    angles = np.linspace(0, 2 * np.pi, 40, endpoint=False)
    counts = np.array([1, 2, 3, 5, 8])[:, None]
    waves = rng.normal(0, 0.25 / counts) * np.cos(counts * angles + rng.uniform(0, 6, (5, 1)))
    radii = radius * (1 + waves.sum(axis=0)).clip(0.3, 2)
    place = rng.random(2) * size[::-1]
    corners = place + radii[:, None] * np.stack([np.cos(angles), np.sin(angles)], axis=1)
    draw.polygon(list(map(tuple, (corners * FINER).tolist())), 255)
    return cover_of(layer, size)


def mottled(size: Size, rng: Rng, low: float, high: float) -> Cover:
    """Soft patches between `low` and `high`, cut to [0, 1]: what is left of a layer that wears."""
    coarse = PIL.Image.fromarray(rng.uniform(low, high, (7, 7)).astype(np.float32))
    fine = coarse.resize((size[1], size[0]), PIL.Image.Resampling.BILINEAR)
    return np.asarray(fine, dtype=np.float32).clip(0, 1)


def sheet_of(size: Size) -> tuple[PIL.Image.Image, ImageDraw.ImageDraw]:
    """Something to draw on, `FINER` times as large, and what draws."""
    layer = PIL.Image.new("L", (size[1] * FINER, size[0] * FINER))
    return layer, ImageDraw.Draw(layer)


def cover_of(layer: PIL.Image.Image, size: Size) -> Cover:
    """What was drawn on such a sheet."""
    return np.asarray(layer.reduce(FINER), dtype=np.float32) / np.float32(255)


def softened(cover: Cover, radius: float) -> Cover:
    """A cover, blurred."""
    picture = PIL.Image.fromarray((cover * 255).astype(np.uint8))
    soft = picture.filter(ImageFilter.GaussianBlur(float(radius)))
    return np.asarray(soft, dtype=np.float32) / np.float32(255)


def blurred(picture: Image, radius: float) -> Image:
    """A picture, blurred."""
    if radius < 0.2:
        return picture
    whole = PIL.Image.fromarray(picture)
    return np.asarray(whole.filter(ImageFilter.GaussianBlur(float(radius))))


def laid(picture: Image, cover: Cover, color: NDArray[np.generic], opacity: float) -> Image:
    """The picture with a colour on it."""
    whole = PIL.Image.fromarray(picture)
    share = PIL.Image.fromarray((cover * (255 * opacity)).astype(np.uint8))
    red, green, blue = (int(level) for level in color)
    whole.paste((red, green, blue), mask=share)
    return np.asarray(whole)


def whole_levels(picture: NDArray[np.floating[Any]]) -> Image:
    """A picture of numbers as one of bytes."""
    return picture.clip(0, 255).astype(np.uint8)


def log_uniform(rng: Rng, least: float, most: float) -> float:
    """A number of which each doubling is as likely."""
    return float(np.exp(rng.uniform(np.log(least), np.log(most))))


def font(high: float) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    """Pillow's own, of a few sizes, as it loads slowly."""
    return _font(round(high / 8) * 8 or 8)


@functools.cache
def _font(high: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    return ImageFont.load_default(high)
