"""Damage of old photographs, drawn on clean ones: what a network learns to find it from.

Everything is drawn in the order in which it happens to a picture: what only looks like damage is in
the scene, before blur and grain; damage lies on the print, over both; the scan's own blur and
compression come last. Lengths are shares of the picture's shorter side unless they are in pixels.
"""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import PIL.Image
from numpy.typing import NDArray
from PIL import ImageDraw, ImageFilter, ImageFont

from restauro.picture.types import Image, Mask, Size

Cover: TypeAlias = NDArray[np.float32]
"""(H, W) in [0, 1]: how much of a pixel is covered."""
Rng: TypeAlias = np.random.Generator
Points: TypeAlias = list[tuple[float, float]]
"""(x, y) in pixels."""

FINER = 3
"""Lines are drawn as many times larger, for smooth edges."""
SEEN = 10
"""Levels of 255 by which damage must change a pixel to be called so."""
PAPERS = np.array([(252, 250, 244), (236, 226, 204), (255, 255, 255), (214, 200, 176)])
DARKS = np.array([(12, 10, 10), (48, 36, 28), (70, 56, 48)])
STAINS = np.array([(150, 112, 60), (96, 70, 40), (196, 168, 110), (60, 60, 66)])
GLOWS = np.array([(255, 150, 40), (255, 90, 50), (255, 220, 90)])


@dataclass(frozen=True)
class Scan:
    """A picture as a scanner gives it."""

    image: Image
    damage: Mask
    """(H, W), True = damaged."""


def scanned(clean: Image, rng: Rng) -> Scan:
    """A clean picture (H, W, 3) with damage of several kinds, and none in one of eight."""
    height, width = clean.shape[:2]
    scene = clean.astype(np.float32)
    for draw in rng.permutation(len(DECOYS))[: rng.choice([0, 0, 1, 1, 2])]:
        scene = DECOYS[draw](scene, rng)
    print_ = _grained(_blurred(_toned(scene, rng), rng.uniform(0, 1.2)), rng)
    worn = print_
    if rng.random() < 7 / 8:
        names = list(KINDS)
        for name in rng.choice(names, rng.integers(1, 5), replace=False):
            worn = KINDS[name](worn, (height, width), rng)
    damage = np.abs(worn - print_).max(axis=2) >= SEEN
    return Scan(_compressed(_blurred(worn, rng.uniform(0, 0.7)), rng), damage)


# Damage


def scratches(picture: Cover, size: Size, rng: Rng) -> Cover:
    """Long lines, nearly straight, thin, bright or dark, worn away in places."""
    for _ in range(rng.integers(1, 6)):
        points = _line(size, rng, length=(0.2, 1.6), bend=0.03)
        cover = _stroke(size, points, _width(rng, 0.7, 4)) * _worn(size, rng)
        picture = _laid(picture, cover, _either(rng, PAPERS, DARKS), rng.uniform(0.35, 1))
    return picture


def hairs(picture: Cover, size: Size, rng: Rng) -> Cover:
    """Short curls."""
    for _ in range(rng.integers(1, 5)):
        points = _line(size, rng, length=(0.06, 0.4), bend=0.5)
        cover = _stroke(size, points, _width(rng, 0.6, 1.6))
        picture = _laid(picture, cover, _either(rng, PAPERS, DARKS), rng.uniform(0.5, 1))
    return picture


def dust(picture: Cover, size: Size, rng: Rng) -> Cover:
    """Specks, scattered or in clusters."""
    height, width = size
    layer, draw = _sheet(size)
    for _ in range(rng.integers(1, 4)):
        middle, spread = rng.random(2), rng.choice([0.05, 0.3, 1.0])
        for x, y in middle + spread * rng.normal(0, 0.5, (rng.integers(3, 40), 2)):
            across, along = np.exp(rng.uniform(np.log(0.5), np.log(3), 2)) * FINER
            left, top = x * width * FINER, y * height * FINER
            draw.ellipse((left - across, top - along, left + across, top + along), 255)
    return _laid(picture, _cover(layer, size), _either(rng, PAPERS, DARKS), rng.uniform(0.5, 1))


def cracks(picture: Cover, size: Size, rng: Rng) -> Cover:
    """A thin line that turns at random, and branches."""
    side, cover = min(size), np.zeros(size, dtype=np.float32)
    width = _width(rng, 0.6, 2)
    for start in rng.random((rng.integers(1, 4), 2)):
        branches = [(start * size[::-1], rng.uniform(0, 2 * np.pi), rng.integers(10, 40))]
        while branches:
            place, angle, steps = branches.pop()
            points = [tuple(place)]
            for _ in range(steps):
                angle += rng.normal(0, 0.45)
                place = place + side * 0.025 * np.array([np.cos(angle), np.sin(angle)])
                points.append(tuple(place))
                if rng.random() < 0.06 and steps > 12:
                    branches.append((place, angle + rng.choice([-1, 1]) * 0.9, steps // 2))
            cover = np.maximum(cover, _stroke(size, points, width))
    return _laid(picture, cover, _either(rng, PAPERS, DARKS), rng.uniform(0.5, 1))


def folds(picture: Cover, size: Size, rng: Rng) -> Cover:
    """A line from edge to edge, bright where the paper broke, with a shadow beside it."""
    points = _line(size, rng, length=(3.0, 3.0), bend=0.005)
    width = _width(rng, 1.5, 8)
    shadow = _stroke(size, [(x + width, y + width) for x, y in points], width)
    picture = _laid(picture, shadow, DARKS[0], rng.uniform(0, 0.3))
    cover = _stroke(size, points, width) * _worn(size, rng)
    return _laid(picture, cover, _one(rng, PAPERS), rng.uniform(0.5, 1))


def tears(picture: Cover, size: Size, rng: Rng) -> Cover:
    """A jagged wedge from the edge inwards."""
    height, width = size
    layer, draw = _sheet(size)
    at, deep = rng.uniform(0.1, 0.9), rng.uniform(0.08, 0.4)
    wide, count = rng.uniform(0.01, 0.08), 9
    inwards = np.concatenate([np.linspace(0, deep, count), np.linspace(deep, 0, count)])
    aside = np.concatenate([np.linspace(-wide, 0, count), np.linspace(0, wide, count)])
    wedge = np.stack([at + aside + rng.normal(0, 0.008, 2 * count), inwards - 0.01], axis=1)
    turned = [wedge, wedge[:, ::-1], [1, 1] - wedge, [1, 1] - wedge[:, ::-1]][rng.integers(4)]
    points = turned * (np.array([width, height]) * FINER)
    draw.polygon(list(map(tuple, points.tolist())), 255)
    return _laid(picture, _cover(layer, size), _one(rng, PAPERS), 1.0)


def stains(picture: Cover, size: Size, rng: Rng) -> Cover:
    """Blots with soft or dark rims, and the rings of drops."""
    side = min(size)
    for _ in range(rng.integers(1, 4)):
        radius = side * np.exp(rng.uniform(np.log(0.01), np.log(0.09)))
        blot = _blot(size, rng, radius)
        color, opacity = _one(rng, STAINS), rng.uniform(0.3, 0.9)
        if rng.random() < 0.4:  # a drop that dried: only its rim is left
            inner = _cover_blurred(blot, radius / 3)
            blot = blot * (1 - inner).clip(0, 1)
        picture = _laid(picture, _cover_blurred(blot, rng.uniform(0.3, 1.5)), color, opacity)
    return picture


def dates(picture: Cover, size: Size, rng: Rng) -> Cover:
    """The date that a camera burned in."""
    height, width = size
    layer, draw = _sheet(size)
    signs = " ".join(f"{number:02}" for number in rng.integers(1, 31, 3))
    font = ImageFont.load_default(max(8.0, FINER * min(size) * rng.uniform(0.05, 0.1)))
    left, top = (np.array([0.62, 0.86]) + rng.uniform(-0.1, 0.03, 2)) * (width, height) * FINER
    draw.text((left, top), rng.choice([signs, f"'{signs}"]), 255, font)
    cover = _cover(layer, size)
    glow = _one(rng, GLOWS)
    return _laid(_laid(picture, _cover_blurred(cover, 1.5), glow, 0.35), cover, glow, 0.95)


KINDS: dict[str, Callable[[Cover, Size, Rng], Cover]] = {
    "scratch": scratches,
    "hair": hairs,
    "dust": dust,
    "crack": cracks,
    "fold": folds,
    "tear": tears,
    "stain": stains,
    "date": dates,
}
"""Kind -> what draws it on a picture (H, W, 3)."""


# What only looks like damage


def wires(picture: Cover, rng: Rng) -> Cover:
    """Thin lines of the scene, parallel and as soft as it: wires, branches, grass, whiskers."""
    size = picture.shape[:2]
    points = _line(size, rng, length=(0.3, 2.0), bend=rng.choice([0.02, 0.3]))
    color, width = picture[tuple(rng.integers(0, size))] * rng.uniform(0.3, 1.5), _width(rng, 1, 4)
    cover = np.zeros(size, dtype=np.float32)
    for number in range(rng.integers(1, 7)):
        shift = number * width * rng.uniform(2, 5)
        cover = np.maximum(cover, _stroke(size, [(x, y + shift) for x, y in points], width))
    return _laid(picture, _cover_blurred(cover, 0.8), color.clip(0, 255), 0.9)


def lettering(picture: Cover, rng: Rng) -> Cover:
    """Words on a shirt or a sign."""
    size = picture.shape[:2]
    layer, draw = _sheet(size)
    font = ImageFont.load_default(FINER * min(size) * rng.uniform(0.06, 0.25))
    word = "".join(rng.choice(list("ABCDEFGHIKLMNOPRSTUVabcdeimnors"), rng.integers(2, 9)))
    draw.text(tuple((rng.random(2) * size[::-1] * 0.7 * FINER).tolist()), word, 255, font)
    cover = _cover_blurred(_cover(layer, size), 0.8)
    return _laid(picture, cover, rng.uniform(0, 255, 3), rng.uniform(0.6, 1))


def lights(picture: Cover, rng: Rng) -> Cover:
    """Stars, sequins, rain: soft points or dashes, all alike."""
    size = picture.shape[:2]
    dash = rng.uniform(0, 0.03) * min(size) * np.array([rng.normal(0, 0.2), 1])
    layer, draw = _sheet(size)
    for place in rng.random((rng.integers(10, 80), 2)) * size[::-1]:
        ends = [*(place * FINER), *((place + dash) * FINER)]
        draw.line(ends, 255, round(FINER * 1.5))
    return _laid(picture, _cover_blurred(_cover(layer, size), 1.0), np.full(3, 235.0), 0.6)


def halftone(picture: Cover, rng: Rng) -> Cover:
    """The dots of a printed page."""
    y, x = np.indices(picture.shape[:2])
    turn, pitch = rng.uniform(0, np.pi), rng.uniform(2.5, 5)
    along, across = x * np.cos(turn) + y * np.sin(turn), y * np.cos(turn) - x * np.sin(turn)
    waves = np.cos(2 * np.pi * along / pitch) + np.cos(2 * np.pi * across / pitch)
    return np.asarray(picture + rng.uniform(5, 25) * waves[..., None], dtype=np.float32)


DECOYS = (wires, lettering, lights, halftone)


# Tools


def _line(size: Size, rng: Rng, *, length: tuple[float, float], bend: float) -> Points:
    """A smooth line through a random place; it turns by about `bend` over each eighth."""
    count = 9
    angles = rng.uniform(0, 2 * np.pi) + np.cumsum(rng.normal(0, bend, count))
    step = min(size) * rng.uniform(*length) / count
    places = np.cumsum(step * np.stack([np.cos(angles), np.sin(angles)], axis=1), axis=0)
    places += rng.random(2) * size[::-1] - places[count // 2]
    return [(float(x), float(y)) for x, y in places]


def _stroke(size: Size, points: Points, width: float) -> Cover:
    layer, draw = _sheet(size)
    finer = [(x * FINER, y * FINER) for x, y in points]
    draw.line(finer, 255, max(1, round(width * FINER)), joint="curve")
    return _cover(layer, size)


def _blot(size: Size, rng: Rng, radius: float) -> Cover:
    layer, draw = _sheet(size)
    angles = np.linspace(0, 2 * np.pi, 40, endpoint=False)
    waves = sum(
        rng.normal(0, 0.25 / k) * np.cos(k * angles + rng.uniform(0, 6)) for k in (1, 2, 3, 5)
    )
    radii = radius * (1 + waves).clip(0.3, 2)
    place = rng.random(2) * size[::-1]
    corners = place + radii[:, None] * np.stack([np.cos(angles), np.sin(angles)], axis=1)
    draw.polygon(list(map(tuple, (corners * FINER).tolist())), 255)
    return _cover(layer, size)


def _sheet(size: Size) -> tuple[PIL.Image.Image, ImageDraw.ImageDraw]:
    layer = PIL.Image.new("L", (size[1] * FINER, size[0] * FINER))
    return layer, ImageDraw.Draw(layer)


def _cover(layer: PIL.Image.Image, size: Size) -> Cover:
    small = layer.resize((size[1], size[0]), PIL.Image.Resampling.BOX)
    return np.asarray(small, dtype=np.float32) / 255


def _cover_blurred(cover: Cover, radius: float) -> Cover:
    picture = PIL.Image.fromarray((cover * 255).astype(np.uint8))
    return (
        np.asarray(picture.filter(ImageFilter.GaussianBlur(float(radius))), dtype=np.float32) / 255
    )


def _worn(size: Size, rng: Rng) -> Cover:
    """What is left of a line: in places nothing."""
    coarse = PIL.Image.fromarray(rng.uniform(-0.2, 1.6, (7, 7)).astype(np.float32))
    fine = coarse.resize((size[1], size[0]), PIL.Image.Resampling.BILINEAR)
    return np.asarray(fine).clip(0, 1)


def _laid(picture: Cover, cover: Cover, color: Cover, opacity: float) -> Cover:
    share = (cover * opacity)[..., None]
    return np.asarray(picture * (1 - share) + np.asarray(color) * share, dtype=np.float32)


def _toned(picture: Cover, rng: Rng) -> Cover:
    """As it is, grey, sepia, or faded."""
    kind = rng.random()
    if kind < 0.6:
        grey = picture @ np.array([0.299, 0.587, 0.114], dtype=np.float32)
        picture = np.repeat(grey[..., None], 3, axis=2)
    if kind < 0.25:
        picture = 255 * (picture / 255).clip(0, 1) ** np.array([0.8, 1.0, rng.uniform(1.1, 1.4)])
    if rng.random() < 0.4:
        low, high = rng.uniform(0, 60), rng.uniform(180, 255)
        picture = low + picture * (high - low) / 255
    return np.asarray(picture, dtype=np.float32)


def _blurred(picture: Cover, radius: float) -> Cover:
    whole = PIL.Image.fromarray(picture.clip(0, 255).astype(np.uint8))
    return np.asarray(whole.filter(ImageFilter.GaussianBlur(float(radius))), dtype=np.float32)


def _grained(picture: Cover, rng: Rng) -> Cover:
    deviation = rng.choice([0, rng.uniform(1, 10)])
    return np.asarray(picture + rng.normal(0, deviation, (*picture.shape[:2], 1)), dtype=np.float32)


def _compressed(picture: Cover, rng: Rng) -> Image:
    whole, file = PIL.Image.fromarray(picture.clip(0, 255).astype(np.uint8)), io.BytesIO()
    if rng.random() < 0.7:
        whole.save(file, "JPEG", quality=int(rng.integers(60, 97)))
        whole = PIL.Image.open(file)
    return np.asarray(whole)


def _width(rng: Rng, least: float, most: float) -> float:
    return float(np.exp(rng.uniform(np.log(least), np.log(most))))


def _one(rng: Rng, colors: NDArray[np.int64]) -> Cover:
    return np.asarray(colors[rng.integers(len(colors))], dtype=np.float32)


def _either(rng: Rng, *colors: NDArray[np.int64]) -> Cover:
    return _one(rng, colors[rng.integers(len(colors))])
