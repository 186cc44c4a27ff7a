"""Damage drawn by another hand than the training's: with OpenCV, from rules of its own."""

from __future__ import annotations

import io
from collections.abc import Callable

import cv2
import numpy as np
import PIL.Image
from numpy.typing import NDArray

from restauro.picture.types import Image, Mask, Size

Rng = np.random.Generator
Alpha = NDArray[np.float32]
"""(H, W) in [0, 1]: where damage lies."""
CHANGED = 12
"""Levels of 255 by which a pixel must differ to be damaged."""


def scratch(shape: Size, rng: Rng) -> Alpha:
    """A walk in one direction with a little wobble, one in three broken into dashes."""
    height, width = shape
    alpha = np.zeros(shape, np.float32)
    for _ in range(rng.integers(2, 7)):
        x, y = rng.uniform(0, width), rng.uniform(0, height)
        angle, length = rng.uniform(0, np.pi), rng.uniform(0.2, 0.9) * min(shape)
        steps = np.linspace(0, length, 24)
        wobble = np.cumsum(rng.normal(0, 0.6, 24))
        xs = x + steps * np.cos(angle) - wobble * np.sin(angle)
        ys = y + steps * np.sin(angle) + wobble * np.cos(angle)
        points = np.stack([xs, ys], axis=1).round().astype(np.int32)
        parts = np.array_split(points, 4)[::2] if rng.random() < 0.33 else [points]
        cv2.polylines(
            alpha,
            parts,
            isClosed=False,
            color=1.0,
            thickness=_thick(shape, rng),
            lineType=cv2.LINE_AA,
        )
    return alpha


def hair(shape: Size, rng: Rng) -> Alpha:
    """Arcs of ellipses."""
    alpha = np.zeros(shape, np.float32)
    for _ in range(rng.integers(2, 6)):
        centre = (int(rng.uniform(0, shape[1])), int(rng.uniform(0, shape[0])))
        axes = tuple(int(value) for value in rng.uniform(0.04, 0.2, 2) * min(shape))
        start = rng.uniform(0, 360)
        end = start + rng.uniform(60, 200)
        cv2.ellipse(
            alpha,
            centre,
            axes,
            rng.uniform(0, 180),
            start,
            end,
            1.0,
            max(1, _thick(shape, rng) // 2),
            cv2.LINE_AA,
        )
    return alpha


def crack(shape: Size, rng: Rng) -> Alpha:
    """Lines broken at their middle again and again."""
    alpha = np.zeros(shape, np.float32)
    for _ in range(rng.integers(1, 4)):
        points = rng.uniform(0, 1, (2, 2)) * shape[::-1]
        jitter = 0.12 * float(np.hypot(*(points[1] - points[0])))
        for _ in range(5):
            middles = (points[:-1] + points[1:]) / 2 + rng.normal(0, jitter, (len(points) - 1, 2))
            points = np.insert(points, np.arange(1, len(points)), middles, axis=0)
            jitter /= 2
        cv2.polylines(
            alpha,
            [points.round().astype(np.int32)],
            False,
            1.0,
            max(1, _thick(shape, rng) // 2),
            cv2.LINE_AA,
        )
    return alpha


def fold(shape: Size, rng: Rng) -> Alpha:
    """A crease across the whole picture."""
    height, width = shape
    alpha = np.zeros(shape, np.float32)
    a, b = rng.uniform(0.1, 0.9, 2)
    ends = ((0, int(a * height)), (width, int(b * height)))
    if rng.random() < 0.5:
        ends = ((int(a * width), 0), (int(b * width), height))
    cv2.line(alpha, *ends, 1.0, _thick(shape, rng) + 1, cv2.LINE_AA)
    return alpha


def dust(shape: Size, rng: Rng) -> Alpha:
    """Discs."""
    alpha = np.zeros(shape, np.float32)
    most = max(2.0, min(shape) / 160)
    for _ in range(rng.integers(15, 80)):
        centre = (int(rng.uniform(0, shape[1])), int(rng.uniform(0, shape[0])))
        cv2.circle(alpha, centre, max(1, int(rng.uniform(0.6, most))), 1.0, -1, cv2.LINE_AA)
    return alpha


def stain(shape: Size, rng: Rng) -> Alpha:
    """Smooth noise above a level, within a round area."""
    height, width = shape
    noise = cv2.resize(
        rng.normal(0, 1, (9, 9)).astype(np.float32), (width, height), interpolation=cv2.INTER_CUBIC
    )
    y, x = np.mgrid[:height, :width].astype(np.float32)
    radius = rng.uniform(0.06, 0.16) * min(shape)
    distance = np.hypot(x - rng.uniform(0, width), y - rng.uniform(0, height)) / radius
    inside = (1.3 - distance + 0.25 * noise) / 0.25
    return np.asarray(inside.clip(0, 1), dtype=np.float32)


def tear(shape: Size, rng: Rng) -> Alpha:
    """A rough triangle from the upper or lower edge."""
    height, width = shape
    alpha = np.zeros(shape, np.float32)
    at, deep, wide = rng.uniform(0.1, 0.9), rng.uniform(0.1, 0.35), rng.uniform(0.01, 0.05)
    left = [(at - wide * (1 - t) + rng.normal(0, 0.006), deep * t) for t in np.linspace(0, 1, 8)]
    right = [(at + wide * t + rng.normal(0, 0.006), deep * (1 - t)) for t in np.linspace(0, 1, 8)]
    points = np.array(left + right) * (width, height)
    if rng.random() < 0.5:
        points[:, 1] = height - points[:, 1]
    cv2.fillPoly(alpha, [points.round().astype(np.int32)], 1.0, cv2.LINE_AA)
    return alpha


def date(shape: Size, rng: Rng) -> Alpha:
    """Hershey's letters in the lower right corner."""
    layer = np.zeros(shape, np.uint8)
    text = f"{rng.integers(1, 29):02}.{rng.integers(1, 13):02}.{rng.integers(1965, 2010)}"
    fonts = (cv2.FONT_HERSHEY_SIMPLEX, cv2.FONT_HERSHEY_DUPLEX, cv2.FONT_HERSHEY_PLAIN)
    scale = min(shape) / 420
    place = (int(0.55 * shape[1]), int(0.94 * shape[0]))
    thick = max(1, round(scale * 2))
    cv2.putText(layer, text, place, fonts[rng.integers(3)], scale, 255, thick, cv2.LINE_AA)
    return np.asarray(layer / 255, dtype=np.float32)


Draw = Callable[[Size, Rng], Alpha]
KINDS: dict[str, Draw] = {
    "scratch": scratch,
    "hair": hair,
    "crack": crack,
    "fold": fold,
    "dust": dust,
    "stain": stain,
    "tear": tear,
    "date": date,
}
LIGHT, DARK = [(250, 248, 240), (225, 215, 195)], [(15, 12, 10), (60, 45, 35)]
PALETTES = {
    "stain": [(140, 105, 60), (100, 75, 45)],
    "date": [(255, 140, 40), (255, 70, 40)],
}
"""Colours of what is not bright or dark."""


def damaged(clean: Image, kinds: list[str], rng: Rng) -> tuple[Image, dict[str, Mask], Image]:
    """A damaged scan, where each kind is, and the same scan without damage."""
    sound: Alpha = clean.astype(np.float32)
    if rng.random() < 0.5:
        grey = sound @ np.array([0.299, 0.587, 0.114], np.float32)
        tone = (1, 1, 1) if rng.random() < 0.5 else (1, 0.9, 0.72)  # grey or sepia
        toned = np.stack([grey] * 3, axis=2) * np.array(tone)
        sound = np.asarray(toned, dtype=np.float32)
    noise = rng.normal(0, rng.uniform(0, 6), sound.shape[:2]).astype(np.float32)[..., None]
    worn: Alpha = sound.copy()
    masks: dict[str, Mask] = {}
    for kind in kinds:
        alpha = KINDS[kind](sound.shape[:2], rng)
        if rng.random() < 0.5:
            soft = cv2.GaussianBlur(alpha, (0, 0), rng.uniform(0.4, 1.2))
            alpha = np.asarray(soft, dtype=np.float32)
        palette = PALETTES.get(kind, LIGHT if rng.random() < 0.65 else DARK)
        strength = rng.uniform(0.35, 0.7) if kind == "stain" else rng.uniform(0.5, 1.0)
        share = (alpha * strength)[..., None]
        color = np.array(palette[rng.integers(2)], np.float32)
        before, worn = worn, np.asarray(worn * (1 - share) + color * share, dtype=np.float32)
        masks[kind] = np.abs(worn - before).max(axis=2) > CHANGED
    quality = int(rng.integers(75, 97))
    return _scan(worn + noise, quality), masks, _scan(sound + noise, quality)


def _scan(picture: NDArray[np.float32], quality: int) -> Image:
    file = io.BytesIO()
    PIL.Image.fromarray(picture.clip(0, 255).astype(np.uint8)).save(file, "JPEG", quality=quality)
    return np.asarray(PIL.Image.open(file).convert("RGB"))


def _thick(shape: Size, rng: Rng) -> int:
    return max(1, round(float(rng.uniform(0.002, 0.006)) * min(shape)))
