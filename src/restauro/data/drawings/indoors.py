"""Patterns, and things on a table."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PIL import Image as Pillow
from PIL import ImageFilter

from restauro.data.drawings.canvas import (
    Color,
    Pen,
    Point,
    blended,
    fade,
    haze,
    muted_color,
    scaled,
)


def pattern(side: int, rng: np.random.Generator) -> Pillow.Image:
    """Stripes, squares, bricks or dots in two colors, turned, and unevenly lit."""
    angle, period = rng.uniform(0, np.pi), rng.uniform(0.09, 0.22)
    y, x = (np.mgrid[0:side, 0:side] + 0.5) / side - 0.5
    u = (x * np.cos(angle) + y * np.sin(angle)) / period + rng.uniform()
    v = (y * np.cos(angle) - x * np.sin(angle)) / period + rng.uniform()
    share = _tiles(u, v, int(rng.integers(4)))  # (side, side)
    dark, bright = np.array(muted_color(rng, 20, 120)), np.array(muted_color(rng, 130, 240))
    slope = rng.uniform(-0.35, 0.35, 2)
    light = 1 + slope[0] * x + slope[1] * y + 0.1 * (haze(side, rng) - 0.5)
    pixels = (dark + (bright - dark) * share[..., None]) * light[..., None]  # (side, side, 3)
    return Pillow.fromarray(np.clip(pixels, 0, 255).astype(np.uint8))


def _tiles(u: NDArray[np.float64], v: NDArray[np.float64], style: int) -> NDArray[np.float64]:
    """Share of the bright color in [0, 1] at every point of a plane tiled by unit squares."""
    if style == 0:  # stripes
        return np.asarray(0.5 + 0.5 * np.clip(3 * np.sin(2 * np.pi * u), -1, 1))
    if style == 1:  # squares
        return np.asarray((np.floor(u) + np.floor(v)) % 2)
    if style == 2:  # bricks, two wide, each row shifted by half of one
        u = u / 2 + 0.5 * (np.floor(v) % 2)
        is_mortar = (u % 1 < 0.06) | (v % 1 < 0.12)
        tone = 0.15 * np.sin(12.99 * np.floor(u) + 78.23 * np.floor(v))  # each its own
        return np.where(is_mortar, 0.0, 0.8 + tone)
    return np.clip((0.34 - np.hypot(u % 1 - 0.5, v % 1 - 0.5)) * 14, 0, 1)  # dots


def still_life(side: int, rng: np.random.Generator) -> Pillow.Image:
    """Balls and boxes on a table, with one light and their shadows."""
    wall, table = muted_color(rng, 90, 220), muted_color(rng, 60, 190)
    edge, light = rng.uniform(0.45, 0.6), int(rng.choice([-1, 1]))
    canvas = fade(side, wall, scaled(wall, 0.8))
    top = fade(side, scaled(table, 1.1), scaled(table, 0.75))
    canvas.paste(top, (0, round(edge * side)))
    feet = np.sort(rng.uniform(edge + 0.08, 0.93, int(rng.integers(2, 5))))  # the far ones first
    places = rng.permutation(np.linspace(0.2, 0.8, len(feet))) + rng.normal(0, 0.03, len(feet))
    for x, foot in zip(places.tolist(), feet.tolist(), strict=True):
        size, color = 0.05 + 0.13 * foot, muted_color(rng, 30, 240)  # the far ones are smaller
        canvas = _with_shadow(canvas, (x - 0.8 * light * size, foot), size)
        if rng.random() < 0.6:
            canvas = _with_ball(canvas, (x, foot - 0.9 * size), size, color, light)
        else:
            _block(Pen(canvas), (x, foot), size, color, light)
    return canvas


def _with_shadow(canvas: Pillow.Image, foot: Point, size: float) -> Pillow.Image:
    shadow = Pillow.new("L", canvas.size)
    Pen(shadow).ellipse(foot, (1.3 * size, 0.32 * size), 140)
    soft = shadow.filter(ImageFilter.GaussianBlur(canvas.width / 60))
    return blended(canvas, (18, 16, 22), np.asarray(soft) / 255)


def _with_ball(
    canvas: Pillow.Image, centre: Point, radius: float, color: Color, light: int
) -> Pillow.Image:
    side = canvas.width
    y, x = (np.mgrid[0:side, 0:side] + 0.5) / side
    across, down = (x - centre[0]) / radius, (y - centre[1]) / radius
    toward = np.sqrt(np.clip(1 - across**2 - down**2, 0, 1))
    # Lambert's law, and a glint where the light is mirrored
    bright = np.clip(0.5 * light * across - 0.55 * down + 0.66 * toward, 0, 1)[..., None]
    pixels = np.array(color) * (0.3 + 0.75 * bright) + 150 * bright**24  # (side, side, 3)
    cover = np.clip((1 - np.hypot(across, down)) * radius * side, 0, 1) * 255
    ball = Pillow.fromarray(np.clip(pixels, 0, 255).astype(np.uint8))
    return Pillow.composite(ball, canvas, Pillow.fromarray(cover.astype(np.uint8)))


def _block(pen: Pen, foot: Point, size: float, color: Color, light: int) -> None:
    """A box seen from its left: front, top, right flank."""
    x, y = foot
    left, right, top, depth = x - 0.9 * size, x + 0.5 * size, y - 1.4 * size, 0.45 * size
    pen.polygon([(left, y), (right, y), (right, top), (left, top)], scaled(color, 0.85))
    lid = [(left, top), (right, top), (right + depth, top - depth), (left + depth, top - depth)]
    pen.polygon(lid, scaled(color, 1.15))
    flank = [(right, y), (right + depth, y - depth), (right + depth, top - depth), (right, top)]
    pen.polygon(flank, scaled(color, 1.0 if light > 0 else 0.55))
