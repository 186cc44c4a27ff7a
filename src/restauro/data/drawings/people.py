"""A face before a plain wall."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from PIL import Image as Pillow
from PIL import ImageFilter

from restauro.data.drawings.canvas import (
    Color,
    Pen,
    Point,
    blended,
    curve,
    fade,
    mixed,
    muted_color,
    scaled,
    varied,
)

SKINS: tuple[Color, ...] = (
    (250, 220, 200),
    (238, 196, 166),
    (216, 166, 128),
    (184, 128, 92),
    (146, 96, 66),
    (114, 75, 54),
    (84, 55, 42),
)
"""From very light to very dark, each drawn as often as the others."""

HAIRS: tuple[Color, ...] = (
    (26, 22, 22),
    (56, 38, 28),
    (108, 72, 42),
    (188, 150, 92),
    (140, 64, 34),
    (170, 168, 166),
)
IRISES: tuple[Color, ...] = ((70, 44, 26), (64, 92, 62), (74, 108, 150))


@dataclass(frozen=True)
class _Head:
    centre: Point
    radii: Point
    skin: Color
    hair: Color
    turn: float
    """How far the features are shifted to one side."""


def face(side: int, rng: np.random.Generator) -> Pillow.Image:
    """Hair, eyes, brows, nose and mouth, lit from one side."""
    tone = rng.integers(len(SKINS))
    # brown hair would hardly stand out against dark skin
    hair = HAIRS[rng.choice([0, 1, 2, 3, 4, 5] if tone < 3 else [0, 0, 0, 5])]
    head = _Head(
        centre=(0.5 + rng.uniform(-0.03, 0.03), 0.5 + rng.uniform(-0.02, 0.03)),
        radii=(rng.uniform(0.22, 0.26), rng.uniform(0.3, 0.34)),
        skin=varied(SKINS[tone], 6, rng),
        hair=varied(hair, 6, rng),
        turn=rng.uniform(-0.02, 0.02),
    )
    wall = muted_color(rng, 60, 220)
    canvas = fade(side, scaled(wall, 1.15), scaled(wall, 0.75), rng.uniform(0, 2 * np.pi))
    _bust(Pen(canvas), head, rng)
    canvas = _shaded(canvas, head, rng)
    pen = Pen(canvas)
    _fringe(pen, head, rng)
    _eyes(pen, head, rng)
    _nose_and_mouth(pen, head, rng)
    return canvas.filter(ImageFilter.GaussianBlur(side / 250))


def _bust(pen: Pen, head: _Head, rng: np.random.Generator) -> None:
    (x, y), (width, height) = head.centre, head.radii
    chin = y + height
    length = rng.choice([0.0, rng.uniform(0.05, 0.4)])  # short hair, or long
    pen.ellipse((x, y - 0.1 * height), (1.18 * width, 1.06 * height), head.hair)
    if length:
        pen.ellipse((x, y + length / 2), (1.28 * width, 0.75 * height + length / 2), head.hair)
    shirt = muted_color(rng, 30, 230)
    pen.ellipse((x, 1.14), (rng.uniform(0.4, 0.48), 1.14 - chin - 0.05), shirt)
    neck, throat = scaled(head.skin, 0.78), 0.5 * width
    pen.polygon(
        [(x - throat, y), (x + throat, y), (x + throat, chin + 0.05), (x - throat, chin + 0.05)],
        neck,
    )
    pen.ellipse((x, chin + 0.05), (throat, 0.045), neck)
    for ear in (-1, 1):
        pen.ellipse((x + ear * width, y), (0.03, 0.055), scaled(head.skin, 0.85))
    pen.ellipse((x, y - 0.08 * height), (width, 0.92 * height), head.skin)
    pen.ellipse((x, y + 0.22 * height), (0.86 * width, 0.78 * height), head.skin)


def _shaded(canvas: Pillow.Image, head: _Head, rng: np.random.Generator) -> Pillow.Image:
    """Round: darker towards the rim of the head, and on the side away from the light."""
    side = canvas.width
    y, x = (np.mgrid[0:side, 0:side] + 0.5) / side
    across = (x - head.centre[0]) / head.radii[0]
    down = (y - head.centre[1]) / head.radii[1]
    from_light = np.clip(0.5 + 0.5 * rng.choice([-1, 1]) * across, 0, 1)
    inside = np.hypot(across, down) < 1.1
    rim = np.clip(np.hypot(across, down), 0, 1) ** 3
    shadow = scaled(head.skin, 0.4)
    return blended(canvas, shadow, inside * (0.22 * rim + rng.uniform(0.05, 0.35) * from_light))


def _fringe(pen: Pen, head: _Head, rng: np.random.Generator) -> None:
    """Hair from temple to temple over the forehead, parted to one side."""
    (x, y), (width, height) = head.centre, head.radii
    temple = y - rng.uniform(0.15, 0.35) * height
    part = (x + rng.uniform(-0.8, 0.8) * width, y - rng.uniform(0.75, 1.0) * height)
    left, right = (x - 1.08 * width, temple), (x + 1.08 * width, temple)
    crown = [
        (x + 1.12 * width * np.cos(a), y - 0.1 * height - 1.02 * height * np.sin(a))
        for a in np.linspace(0.1, np.pi - 0.1, 24)
    ]
    hairline = [
        *curve(left, (x - 0.8 * width, part[1]), part),
        *curve(part, (x + 0.8 * width, part[1]), right),
    ]
    pen.polygon([*crown, *hairline], head.hair)


def _eyes(pen: Pen, head: _Head, rng: np.random.Generator) -> None:
    (x, y), (width, height) = head.centre, head.radii
    iris = IRISES[rng.integers(3) if sum(head.skin) > 450 else 0]
    open_eye, brow_y = rng.uniform(0.02, 0.027), y - rng.uniform(0.24, 0.3) * height
    for which in (-1, 1):
        eye = (x + head.turn + which * 0.43 * width, y - 0.06 * height)
        pen.ellipse((eye[0], eye[1] - 0.004), (0.06, open_eye + 0.014), scaled(head.skin, 0.72))
        pen.ellipse(eye, (0.05, open_eye), (240, 236, 232))
        pupil = (eye[0] + 0.5 * head.turn, eye[1])
        pen.ellipse(pupil, (0.024, min(0.024, open_eye)), iris)
        pen.ellipse(pupil, (0.011, 0.011), (14, 12, 12))
        pen.ellipse((pupil[0] + 0.009, pupil[1] - 0.009), (0.006, 0.006), (255, 255, 255))
        brow = curve(
            (eye[0] - 0.06, brow_y + 0.015),
            (eye[0], brow_y - 0.015),
            (eye[0] + 0.06, brow_y + 0.015),
        )
        pen.line(brow, 0.017, scaled(head.hair, 0.85))


def _nose_and_mouth(pen: Pen, head: _Head, rng: np.random.Generator) -> None:
    (x, y), (width, height) = head.centre, head.radii
    x += head.turn
    nose, shadow = y + 0.28 * height, scaled(head.skin, 0.78)
    pen.line(curve((x - 0.02, y), (x - 0.02, nose - 0.05), (x - 0.035, nose)), 0.01, shadow)
    pen.ellipse((x, nose), (0.04, 0.022), shadow)
    pen.ellipse((x, nose - 0.008), (0.032, 0.02), scaled(head.skin, 1.06))
    lips, mouth = mixed(head.skin, (160, 40, 55), rng.uniform(0.3, 0.6)), y + 0.58 * height
    reach, smile = rng.uniform(0.3, 0.42) * width, rng.uniform(-0.01, 0.035)
    left, right = (x - reach, mouth - smile), (x + reach, mouth - smile)
    between = curve(right, (x, mouth + smile), left)
    pen.polygon([*curve(left, (x, mouth - 0.045), right), *between], scaled(lips, 0.9))
    pen.polygon([*curve(left, (x, mouth + smile + 0.07), right), *between], lips)
    if rng.random() < 0.3:
        teeth = curve(left, (x, mouth + smile + 0.03), right)
        pen.polygon([*teeth, *between], (242, 238, 230))
    pen.line(between, 0.008, scaled(lips, 0.5))
