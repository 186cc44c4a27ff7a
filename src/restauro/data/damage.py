"""Damage of old photographs, drawn on clean ones: what a network learns to find it from.

Everything is drawn in the order in which it happens to a picture: what only looks like damage is in
the scene, before blur and grain; damage lies on the print, over both; the scan's own blur, noise
and compression come last. Lengths are shares of the picture's shorter side, or pixels.
"""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import PIL.Image
from numpy.typing import NDArray
from PIL import ImageChops

from restauro.data.dates import dates
from restauro.data.decoys import DECOYS
from restauro.data.strokes import (
    FINER,
    Cover,
    Rng,
    blot,
    blurred,
    cover_of,
    laid,
    line,
    log_uniform,
    mottled,
    sheet_of,
    softened,
    stroke,
    whole_levels,
)
from restauro.picture.types import Image, Size

CLEAN_SHARE = 0.2
"""Of the pictures, have no damage at all."""
SEEN = 14
"""Levels of 255 by which damage must change a pixel to be called so."""
PAPERS = np.array([(252, 250, 244), (236, 226, 204), (255, 255, 255), (214, 200, 176)])
DARKS = np.array([(12, 10, 10), (48, 36, 28), (70, 56, 48), (0, 0, 0)])
STAINS = np.array([(150, 112, 60), (96, 70, 40), (196, 168, 110), (60, 60, 66), (230, 215, 180)])


@dataclass(frozen=True)
class Scan:
    """A picture as a scanner gives it."""

    image: Image
    kinds: NDArray[np.uint8]
    """(H, W), 0 = sound, else 1 + the number in `KINDS` of what damaged the pixel last."""


def scanned(clean: Image, rng: Rng) -> Scan:
    """A clean picture (H, W, 3) with damage of several kinds, and none in one of five."""
    size = clean.shape[:2]
    scene = clean
    for number in rng.permutation(len(DECOYS))[: rng.choice([0, 0, 1, 1, 2])]:
        scene = DECOYS[number](scene, rng)
    tone = _tone(rng)
    tones_last = rng.random() < 0.4
    print_ = _grained(blurred(scene if tones_last else tone(scene), rng.uniform(0, 1.2)), rng)
    worn, kinds = print_, np.zeros(size, dtype=np.uint8)
    if rng.random() >= CLEAN_SHARE:
        for number in rng.choice(len(DRAWN), rng.integers(1, 4), p=CHANCES):
            kind, draw = DRAWN[number]
            before, worn = worn, draw(worn, size, rng)
            kinds[_differs(worn, before)] = kind
    kinds[~_differs(worn, print_)] = 0
    if tones_last:
        worn = tone(worn)
    worn = blurred(
        worn, rng.choice([0, rng.uniform(0, 0.8), rng.uniform(0, 1.6)], p=[0.3, 0.5, 0.2])
    )
    return Scan(_compressed(_grained(worn, rng, 4), rng), kinds)


def seen_closer(picture: Image, side: int, rng: Rng) -> Image:
    """A square part of a picture, of any scale from the whole to 2.5 times: (side, side, 3)."""
    height, width = picture.shape[:2]
    part = min(side / log_uniform(rng, 0.57, 2.5), height, width)
    left, top = rng.uniform(0, width - part), rng.uniform(0, height - part)
    method = rng.choice([PIL.Image.Resampling.BICUBIC, PIL.Image.Resampling.LANCZOS])
    box = (left, top, left + part, top + part)
    return np.asarray(PIL.Image.fromarray(picture).resize((side, side), int(method), box))


def scratches(picture: Image, size: Size, rng: Rng) -> Image:
    """Long lines, straight or bent, thin or broad, bright or dark, worn away in places."""
    is_bundle = rng.random() < 0.2  # as a dirty gate draws on a film: parallel, from edge to edge
    bend = 0.01 if is_bundle else rng.choice([0.0, 0.03, 0.2])
    turn = rng.choice([0.0, rng.normal(0, 0.25)])
    angle = rng.choice([np.pi / 2, rng.uniform(0, np.pi)])
    color, opacity = _color(rng), _opacity(rng)
    for _ in range(rng.integers(1, 7)):
        length = (2.0, 3.0) if is_bundle else (0.15, 1.8)
        points = line(size, rng, length, bend, turn, angle if is_bundle else None)
        width = log_uniform(rng, 0.7, 3) if rng.random() < 0.8 else log_uniform(rng, 3, 12)
        cover = _edged(stroke(size, points, width), width, rng)
        if rng.random() < 0.5:
            cover = cover * mottled(size, rng, -0.3, 1.6)
        if not is_bundle and rng.random() < 0.5:
            color, opacity = _color(rng), _opacity(rng)
        picture = laid(picture, cover, color, opacity)
    return picture


def hairs(picture: Image, size: Size, rng: Rng) -> Image:
    """Short curls and fibres."""
    for _ in range(rng.integers(1, 6)):
        points = line(size, rng, (0.06, 0.5), rng.uniform(0.1, 0.6), rng.normal(0, 0.3))
        width = log_uniform(rng, 0.6, 3)
        cover = _edged(stroke(size, points, width), width, rng)
        picture = laid(picture, cover, _color(rng), _opacity(rng))
    return picture


def cracks(picture: Image, size: Size, rng: Rng) -> Image:
    """A thin line that turns at random, and branches."""
    side, cover = min(size), np.zeros(size, dtype=np.float32)
    width, pace = log_uniform(rng, 0.6, 3), rng.uniform(0.01, 0.05)
    for start in rng.random((rng.integers(1, 4), 2)):
        branches = [(start * size[::-1], rng.uniform(0, 2 * np.pi), rng.integers(8, 40))]
        while branches:
            place, angle, steps = branches.pop()
            points = [tuple(place)]
            for _ in range(steps):
                angle += rng.normal(0, 0.45)
                place = place + side * pace * np.array([np.cos(angle), np.sin(angle)])
                points.append(tuple(place))
                if rng.random() < 0.06 and steps > 12:
                    branches.append((place, angle + rng.choice([-1, 1]) * 0.9, steps // 2))
            cover = np.maximum(cover, stroke(size, points, width))
    return laid(picture, _edged(cover, width, rng), _color(rng), _opacity(rng))


def folds(picture: Image, size: Size, rng: Rng) -> Image:
    """A line from edge to edge, bright where the paper broke, with a shadow beside it."""
    points = line(size, rng, (3.0, 3.0), rng.choice([0.005, 0.02, 0.1]))
    width = log_uniform(rng, 1, 9)
    shadow = stroke(size, [(x + width, y + width) for x, y in points], width)
    picture = laid(picture, shadow, DARKS[0], rng.uniform(0, 0.4))
    cover = _edged(stroke(size, points, width), width, rng) * mottled(size, rng, 0, 1.6)
    return laid(picture, cover, _color(rng), _opacity(rng))


def dust(picture: Image, size: Size, rng: Rng) -> Image:
    """Specks, scattered or in clusters."""
    height, width = size
    color, opacity = _color(rng), _opacity(rng)
    for _ in range(rng.integers(1, 4)):
        layer, draw = sheet_of(size)
        middle, spread = rng.random(2), rng.choice([0.05, 0.3, 1.0])
        largest = log_uniform(rng, 0.8, 7)
        for x, y in middle + spread * rng.normal(0, 0.5, (int(log_uniform(rng, 2, 40)), 2)):
            across, along = np.exp(rng.uniform(np.log(0.4), np.log(largest), 2)) * FINER
            left, top = x * width * FINER, y * height * FINER
            draw.ellipse((left - across, top - along, left + across, top + along), 255)
        if rng.random() < 0.3:
            color = _color(rng)
        cover = _edged(cover_of(layer, size), 1.5, rng)
        picture = laid(picture, cover, color, opacity)
    return picture


def crumbs(picture: Image, size: Size, rng: Rng) -> Image:
    """Specks without a round form: dirt, mould, flakes of the layer that came off."""
    color = _color(rng)
    for _ in range(rng.integers(2, 14)):
        cover = blot(size, rng, log_uniform(rng, 0.8, 5))
        picture = laid(picture, _edged(cover, 1.5, rng), color, _opacity(rng))
    return picture


def stains(picture: Image, size: Size, rng: Rng) -> Image:
    """Blots with soft or dark rims, and the rings of drops."""
    for _ in range(rng.integers(1, 4)):
        radius = min(size) * log_uniform(rng, 0.02, 0.35)
        cover = blot(size, rng, radius)
        is_colored = rng.random() < 0.75
        color = STAINS[rng.integers(len(STAINS))] if is_colored else _color(rng)
        if rng.random() < 0.45:  # what dried: its rim is left, and a little within
            rim = cover * (1 - softened(cover, log_uniform(rng, 0.8, 4))) * 2
            cover = (rim + rng.choice([0, 0.2, 0.4]) * cover).clip(0, 1)
        cover = softened(cover, rng.choice([0.4, 1.0, radius / 5])) * mottled(size, rng, 0.5, 1.3)
        picture = laid(picture, cover, color, rng.uniform(0.3, 0.95))
    return picture


def tears(picture: Image, size: Size, rng: Rng) -> Image:
    """A jagged wedge from the edge inwards, or a corner that is gone."""
    height, width = size
    layer, draw = sheet_of(size)
    at, deep = rng.choice([0.0, rng.uniform(0.1, 0.9)]), rng.uniform(0.08, 0.5)
    wide, count = rng.uniform(0.005, 0.1) if at else rng.uniform(0.1, 0.4), 9
    inwards = np.concatenate([np.linspace(0, deep, count), np.linspace(deep, 0, count)])
    aside = np.concatenate([np.linspace(-wide, 0, count), np.linspace(0, wide, count)])
    wedge = np.stack([at + aside + rng.normal(0, 0.008, 2 * count), inwards - 0.01], axis=1)
    turned = [wedge, wedge[:, ::-1], [1, 1] - wedge, [1, 1] - wedge[:, ::-1]][rng.integers(4)]
    points = turned * (np.array([width, height]) * FINER)
    draw.polygon(list(map(tuple, points.tolist())), 255)
    return laid(picture, cover_of(layer, size), _color(rng), rng.uniform(0.8, 1))


Draw = Callable[[Image, Size, Rng], Image]
KINDS: dict[str, dict[Draw, float]] = {
    "scratch": {scratches: 4, hairs: 2, cracks: 2, folds: 2},
    "dust": {dust: 2.5, crumbs: 1},
    "stain": {stains: 2.5, tears: 1},
    "date": {dates: 1.2},
}
"""Kind -> what draws it on a picture (H, W, 3), and how often beside the others."""
DRAWN = [(number, draw) for number, group in enumerate(KINDS.values(), 1) for draw in group]
CHANCES = np.array([often for group in KINDS.values() for often in group.values()])
CHANCES /= CHANCES.sum()


def _differs(one: Image, other: Image) -> NDArray[np.bool_]:
    """Where (H, W) one of the three channels does; NumPy is slow along the last axis."""
    change = ImageChops.difference(PIL.Image.fromarray(one), PIL.Image.fromarray(other))
    red, green, blue = (np.asarray(channel) >= SEEN for channel in change.split())
    return np.asarray(red | green | blue)


def _edged(cover: Cover, width: float, rng: Rng) -> Cover:
    """With a soft edge, sometimes."""
    return softened(cover, rng.uniform(0.3, 0.5 + width / 3)) if rng.random() < 0.4 else cover


def _tone(rng: Rng) -> Callable[[Image], Image]:
    """As it is, grey, sepia, or faded."""
    kind, is_faded = rng.random(), rng.random() < 0.4
    exponents = [0.8, 1.0, rng.uniform(1.1, 1.5)] if kind < 0.25 else [1.0, 1.0, 1.0]
    low, high = (rng.uniform(0, 70), rng.uniform(170, 255)) if is_faded else (0, 255)
    levels = np.linspace(0, 1, 256)
    curves = [low + levels**exponent * (high - low) for exponent in exponents]
    table = np.concatenate(curves).round().astype(int).tolist()

    def toned(picture: Image) -> Image:
        whole = PIL.Image.fromarray(picture)
        if kind < 0.55:
            whole = whole.convert("L").convert("RGB")
        return np.asarray(whole.point(table))

    return toned


def _grained(picture: Image, rng: Rng, most: float = 8) -> Image:
    """With noise, in half of all cases: grey or coloured, fine or coarse."""
    if rng.random() < 0.5:
        return picture
    channels = 3 if rng.random() < 0.3 else 1
    noise = rng.standard_normal((*picture.shape[:2], channels))
    if rng.random() < 0.3:  # clumps of a few pixels
        noise = (noise + np.roll(noise, 1, 0) + np.roll(noise, 1, 1) + np.roll(noise, (1, 1))) / 2
    return whole_levels(picture + noise * rng.uniform(1, most))


def _compressed(picture: Image, rng: Rng) -> Image:
    if rng.random() < 0.4:
        return picture
    file = io.BytesIO()
    PIL.Image.fromarray(picture).save(file, "JPEG", quality=int(rng.integers(45, 97)))
    return np.asarray(PIL.Image.open(file))


def _opacity(rng: Rng) -> float:
    """Mostly well seen."""
    return float(rng.choice([rng.uniform(0.3, 0.7), rng.uniform(0.6, 1)], p=[0.35, 0.65]))


def _color(rng: Rng) -> NDArray[np.int64]:
    """Of paper, of dirt, or any: a dye or a layer of the film."""
    share = rng.random()
    if share < 0.85:
        return _one(rng, PAPERS if share < 0.5 else DARKS)
    return rng.integers(0, 256, 3)


def _one(rng: Rng, colors: NDArray[np.int64]) -> NDArray[np.int64]:
    return np.asarray(colors[rng.integers(len(colors))])
