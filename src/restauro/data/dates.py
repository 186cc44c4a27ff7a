"""The dates that cameras burned into pictures."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PIL import ImageDraw

from restauro.data.strokes import FINER, Rng, cover_of, font, laid, log_uniform, sheet_of, softened
from restauro.picture.types import Image, Size

GLOWS = np.array([(255, 150, 40), (255, 90, 50), (255, 220, 90), (255, 60, 30), (255, 255, 255)])
SEGMENTS = {"0": "abcdef", "1": "bc", "2": "abged", "3": "abgcd", "4": "fgbc", "5": "afgcd"}
SEGMENTS |= {"6": "afgedc", "7": "abc", "8": "abcdefg", "9": "abcdfg", "-": "g"}
"""Sign -> what of the figure 8 it lights."""
ENDS = dict(zip("abcdefg", ["0010", "1011", "1112", "0212", "0102", "0001", "0111"], strict=True))
"""Segment -> where it begins and ends, (x, y, x, y) in halves of a sign's height."""


def dates(picture: Image, size: Size, rng: Rng) -> Image:
    """The date that a camera burned in."""
    height, width = size
    layer, draw = sheet_of(size)
    day, month, since = rng.integers(1, 29), rng.integers(1, 13), int(rng.integers(60, 126))
    year = [f"{1900 + since}", f"{since % 100:02}", f"'{since % 100:02}"][rng.integers(3)]
    parts = [f"{day:02}", f"{month:02}", year][:: rng.choice([1, -1])]
    text = rng.choice([" ", ".", "/", "-", "  "]).join(parts)
    high = float(log_uniform(rng, 0.05, 0.25)) * min(size)
    place = np.array([rng.uniform(-0.2, 0.7), rng.uniform(0, 0.9)]) * (width, height) * FINER
    if rng.random() < 0.5:
        letters = font(max(7.0, high) * FINER)
        thick = int(rng.integers(0, 2))
        draw.text(tuple(place.tolist()), text, 255, letters, stroke_width=thick)
    else:
        _seven_segments(draw, text, place, max(7.0, high) * FINER)
    cover, glow = cover_of(layer, size), GLOWS[rng.integers(len(GLOWS))]
    if rng.random() < 0.6:
        picture = laid(picture, softened(cover, 1.5), glow, rng.uniform(0.1, 0.5))
    return laid(picture, cover, glow, rng.uniform(0.7, 1))


def _seven_segments(
    draw: ImageDraw.ImageDraw, text: str, place: NDArray[np.float64], high: float
) -> None:
    left, top = place.tolist()
    for sign in text:
        for segment in SEGMENTS.get(sign, ""):
            x, y, to_x, to_y = (int(end) * high / 2 for end in ENDS[segment])
            draw.line((left + x, top + y, left + to_x, top + to_y), 255, round(high / 7))
        if sign in "'.":
            y = top if sign == "'" else top + high
            draw.line((left, y, left, y + high / 5), 255, round(high / 7))
        left += high * (0.8 if sign in SEGMENTS else 0.35)
