"""What only looks like damage, drawn into the scene of a picture.

It is as soft as the scene, there is mostly more than one of it, and its colours are the picture's.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from restauro.data.strokes import (
    FINER,
    Rng,
    cover_of,
    font,
    laid,
    line,
    log_uniform,
    sheet_of,
    softened,
    stroke,
    whole_levels,
)
from restauro.picture.types import Image


def wires(picture: Image, rng: Rng) -> Image:
    """Parallel lines: wires, strings, slats, rails, folds of cloth."""
    size = picture.shape[:2]
    points = line(size, rng, (0.3, 2.0), rng.choice([0.01, 0.1]))
    width, cover = log_uniform(rng, 1, 5), np.zeros(size, dtype=np.float32)
    apart = width * rng.uniform(2, 6)
    for number in range(rng.integers(2, 8)):
        shift = number * apart
        cover = np.maximum(cover, stroke(size, [(x, y + shift) for x, y in points], width))
    return laid(picture, softened(cover, rng.uniform(0.7, 1.5)), _tint(picture, rng), 0.9)


def tuft(picture: Image, rng: Rng) -> Image:
    """Many thin curves that set out in one direction: hair, whiskers, lashes, grass, twigs."""
    size = picture.shape[:2]
    angle, place = rng.uniform(0, 2 * np.pi), rng.random(2) * size[::-1]
    width, spread, length = log_uniform(rng, 0.7, 2), rng.uniform(0.05, 0.5), rng.uniform(0.1, 0.8)
    layer, draw = sheet_of(size)
    for _ in range(rng.integers(6, 40)):
        points = np.array(line(size, rng, (length / 2, length), 0.08, rng.normal(0, 0.1), angle))
        points += place + rng.normal(0, spread * min(size) / 3, 2) - points[0]
        draw.line([*(points.ravel() * FINER)], int(rng.integers(120, 256)), round(width * FINER))
    cover = softened(cover_of(layer, size), rng.uniform(0.5, 1.2))
    return laid(picture, cover, _tint(picture, rng), rng.uniform(0.5, 1))


def lettering(picture: Image, rng: Rng) -> Image:
    """Words on a shirt or a sign."""
    size = picture.shape[:2]
    layer, draw = sheet_of(size)
    letters = font(FINER * min(size) * rng.uniform(0.06, 0.4))
    signs = list("ABCDEFGHIKLMNOPRSTUVWXYZabcdeghijklmnoprstuvwyz013456789&!")
    word = "".join(rng.choice(signs, rng.integers(2, 9)))
    draw.text(tuple((rng.random(2) * size[::-1] * 0.7 * FINER).tolist()), word, 255, letters)
    cover = softened(cover_of(layer, size), rng.uniform(0.6, 1.3))
    return laid(picture, cover, rng.uniform(0, 255, 3), rng.uniform(0.6, 1))


def lights(picture: Image, rng: Rng) -> Image:
    """Many soft points or dashes, all alike: stars, sequins, pearls, rain, snow."""
    size = picture.shape[:2]
    dash = rng.uniform(0, 0.06) * min(size) * np.array([rng.normal(0, 0.2), 1])
    layer, draw = sheet_of(size)
    thick = round(FINER * rng.uniform(1, 3))
    for place in rng.random((rng.integers(15, 90), 2)) * size[::-1]:
        draw.line([*(place * FINER), *((place + dash) * FINER)], 255, thick)
    cover = softened(cover_of(layer, size), rng.uniform(0.8, 1.6))
    return laid(picture, cover, np.full(3, rng.uniform(170, 255)), rng.uniform(0.4, 1))


def halftone(picture: Image, rng: Rng) -> Image:
    """The dots of a printed page, the threads of a cloth."""
    y, x = np.indices(picture.shape[:2])
    turn, pitch = rng.uniform(0, np.pi), rng.uniform(2.5, 8)
    along, across = x * np.cos(turn) + y * np.sin(turn), y * np.cos(turn) - x * np.sin(turn)
    waves = np.cos(2 * np.pi * along / pitch) + np.cos(2 * np.pi * across / pitch)
    return whole_levels(picture + rng.uniform(3, 25) * waves[..., None])


def panes(picture: Image, rng: Rng) -> Image:
    """Sharp straight edges between areas: windows, tiles, boards, checks."""
    size = picture.shape[:2]
    layer, draw = sheet_of(size)
    across, along = rng.uniform(0.05, 0.4, 2) * min(size) * FINER
    thick = round(FINER * log_uniform(rng, 1, 4))
    for x in np.arange(rng.uniform(0, across), layer.width, across):
        draw.line((x, 0, x, layer.height), 255, thick)
    for y in np.arange(rng.uniform(0, along), layer.height, along):
        draw.line((0, y, layer.width, y), 255, thick)
    area = stroke(size, line(size, rng, (0.2, 0.6), 0.0), rng.uniform(0.2, 0.9) * min(size))
    cover = softened(cover_of(layer, size) * area, rng.uniform(0.6, 1.3))
    return laid(picture, cover, _tint(picture, rng), rng.uniform(0.5, 1))


DECOYS = (wires, tuft, lettering, lights, halftone, panes)
"""Each draws on a picture."""


def _tint(picture: Image, rng: Rng) -> NDArray[np.float64]:
    """A colour of the picture, lighter or darker."""
    own = picture[tuple(rng.integers(0, picture.shape[:2]))]
    return np.asarray((own * rng.uniform(0.2, 1.8)).clip(0, 255))
