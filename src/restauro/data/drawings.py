"""Pictures drawn by the package itself, so that everything can be tried without a download.

Each scene has what a network can learn from a few thousand examples: smooth light, straight and
curved edges, repetition, symmetry, and parts that predict one another, as one eye does the other.
Points and lengths are shares of the side, x to the right and y down, so that a scene is the same
at every size.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray
from PIL import Image as Pillow
from PIL import ImageDraw

from restauro.picture.types import Image

Values: TypeAlias = NDArray[np.float64]
Color: TypeAlias = Values
"""(3,) RGB in [0, 255]."""

SKIES = np.array(
    [
        [(64, 122, 196), (198, 222, 240)],
        [(70, 70, 130), (246, 184, 128)],
        [(128, 146, 164), (216, 220, 220)],
        [(36, 84, 158), (150, 190, 226)],
    ]
)
"""Zenith and horizon: day, evening, overcast, altitude."""
GROUNDS = np.array([(48, 86, 44), (112, 86, 52), (70, 72, 86)])
SKINS = np.array(
    [
        *((250, 220, 200), (238, 196, 166), (216, 166, 128), (184, 128, 92)),
        *((146, 96, 66), (114, 75, 54), (84, 55, 42)),
    ]
)
"""From very light to very dark, each drawn as often as the others."""
HAIRS = np.array(
    [(26, 22, 22), (170, 168, 166), (56, 38, 28), (108, 72, 42), (188, 150, 92), (140, 64, 34)]
)
IRISES = np.array([(70, 44, 26), (64, 92, 62), (74, 108, 150)])


class Scene:
    """A square picture that begins as a fade from one color to another."""

    def __init__(self, side: int, first: Color, last: Color, angle: float = np.pi / 2) -> None:
        """Angle 0 runs to the right, pi / 2 down."""
        self.side, self.picture = side, Pillow.new("RGB", (side, side), _ink(first))
        middle = (np.arange(side) + 0.5) / side
        self.x, self.y = np.meshgrid(middle, middle)  # (side, side) each
        along = self.x * np.cos(angle) + self.y * np.sin(angle)
        self.lay(last, (along - along.min()) / np.ptp(along))

    def lay(self, color: Values, share: Values) -> None:
        """Lays a color, (3,) or of each pixel, over the picture, as `share` (side, side) says."""
        mask = Pillow.fromarray((share.clip(0, 1) * 255).astype(np.uint8))
        if color.ndim == 1:
            self.picture.paste(_ink(color), (0, 0, self.side, self.side), mask)
        else:
            pixels = color.clip(0, 255).astype(np.uint8)
            self.picture.paste(Pillow.fromarray(pixels), (0, 0), mask)

    def fill(self, points: ArrayLike, color: Color) -> None:
        """Fills a polygon (N, 2)."""
        corners = (np.asarray(points) * self.side).ravel().tolist()
        ImageDraw.Draw(self.picture).polygon(corners, _ink(color))

    def line(self, points: Values, width: float, color: Color) -> None:
        """Draws a line through points (N, 2) with round joints."""
        thick, path = max(1, round(width * self.side)), (points * self.side).ravel().tolist()
        ImageDraw.Draw(self.picture).line(path, _ink(color), thick, joint="curve")

    def clouds(self, rng: np.random.Generator) -> Values:
        """Noise in [0, 1], (side, side): random grids of growing fineness, added up."""
        total = np.zeros((self.side, self.side))
        for octave in range(5):
            cells = 2 ** (octave + 1) + 1
            grid = Pillow.fromarray(rng.random((2 * cells, cells)).astype(np.float32))
            total += np.asarray(grid.resize(total.shape, Pillow.Resampling.BICUBIC)) / 2**octave
        return np.asarray((total - total.min()) / np.ptp(total))


def _ink(color: Color) -> tuple[int, ...]:
    return tuple(color.clip(0, 255).astype(int).tolist())


def ellipse(x: float, y: float, across: float, down: float) -> Values:
    """Points (48, 2) on an ellipse with these half axes."""
    angle = np.linspace(0, 2 * np.pi, 48)
    return np.stack([x + across * np.cos(angle), y + down * np.sin(angle)], axis=1)


def curve(start: ArrayLike, control: ArrayLike, end: ArrayLike) -> Values:
    """Points (14, 2) on the quadratic Bezier curve that leaves `start` towards `control`."""
    t = np.linspace(0, 1, 14)[:, None]
    start, control, end = (np.asarray(point) for point in (start, control, end))
    return np.asarray((1 - t) ** 2 * start + 2 * t * (1 - t) * control + t**2 * end)


def varied(color: Color, rng: np.random.Generator, spread: float = 10) -> Color:
    """About `color`: all channels shifted together, and each a little on its own."""
    return np.asarray(color + rng.normal(0, spread) + rng.normal(0, spread / 3, 3))


def muted(rng: np.random.Generator, low: int, high: int) -> Color:
    """Any hue, with channels from `low` to `high`, and rarely at both ends at once."""
    gray = rng.uniform(low, high)
    return np.asarray(gray + 0.6 * (rng.uniform(low, high, 3) - gray))


def sky(side: int, rng: np.random.Generator) -> Scene:
    """Clouds over a fade from zenith to horizon."""
    zenith, horizon = SKIES[rng.integers(len(SKIES))]
    scene = Scene(side, varied(zenith, rng), varied(horizon, rng))
    share = 2.5 * (scene.clouds(rng) - rng.uniform(0.35, 0.7))
    scene.lay(np.full(3, 247.0), share.clip(0, 0.9))
    return scene


def landscape(side: int, rng: np.random.Generator) -> Scene:
    """Ridge behind ridge under the sky, each clearer and darker than the one behind it."""
    scene = sky(side, rng)
    far, near = np.full(3, 205.0), varied(GROUNDS[rng.integers(3)], rng)
    x, num_ridges = np.linspace(0, 1, 65), int(rng.integers(3, 6))
    for nearness in np.linspace(1 / num_ridges, 1, num_ridges):
        waves = [np.sin(2 * np.pi * (f * x + rng.uniform())) / f for f in (1, 2.3, 5.1, 11.7)]
        tops = 0.3 + 0.45 * nearness - (0.09 - 0.04 * nearness) * np.sum(waves, axis=0)
        outline = [(0, 1), *zip(x, tops, strict=True), (1, 1)]
        scene.fill(outline, far + (near - far) * (0.2 + 0.8 * nearness))
    for foot in rng.uniform((0, 0.88), (1, 1.04), (rng.integers(9), 2)):  # firs
        height = rng.uniform(0.12, 0.28)
        for low, high, half in ((0.0, 0.5, 0.26), (0.3, 0.75, 0.2), (0.55, 1.0, 0.14)):
            corners = np.array([(-half, -low), (0, -high), (half, -low)])
            scene.fill(foot + height * corners, 0.6 * near)
    return scene


def aircraft(side: int, rng: np.random.Generator) -> Scene:
    """An airliner from the side, climbing or sinking."""
    scene, paint, trim = sky(side, rng), varied(np.full(3, 224.0), rng), muted(rng, 20, 190)
    length, thick = rng.uniform(0.36, 0.42), rng.uniform(0.042, 0.056)
    angle, facing = rng.uniform(-0.28, 0.28), rng.choice([-1, 1])
    turn = np.array([(np.cos(angle), np.sin(angle)), (-np.sin(angle), np.cos(angle))])
    middle = np.array([0.5, 0.5 + rng.uniform(-0.06, 0.06)])

    def part(points: ArrayLike, color: Color) -> None:
        """In the plane's own measure: x from -1 (tail) to 1 (nose), y in thicknesses."""
        scene.fill(middle + points * np.array([facing * length, thick]) @ turn, color)

    dark, glass = 0.6 * paint, np.array([44.0, 54, 72])
    belly = [(0.9, 0.7), (0.7, 1.0), (-0.4, 1.0), (-1.05, -0.45)]
    back = [(-1.05, -0.75), (-0.6, -1.0), (0.75, -1.0), (0.92, -0.6), (1.0, 0.15)]
    sweep, span = rng.uniform(-0.55, -0.35), rng.uniform(3.4, 4.6)
    part([(0.05, -0.5), (-0.35, -2.3), (-0.22, -2.3), (0.35, -0.5)], dark)  # far wing
    part([(-0.95, -0.5), (-1.1, -4), (-0.9, -4), (-0.55, -0.9)], trim)  # fin
    part([*back, *belly], paint)
    part([(1.0, 0.15), *belly, (-0.4, 0.45), (0.8, 0.4)], 0.78 * paint)
    part([(-0.98, -0.3), (0.98, 0.05), (0.99, 0.2), (-0.8, 0.12)], trim)  # stripe
    part([(0.8, -0.82), (0.87, -0.72), (0.93, -0.4), (0.8, -0.4)], glass)
    for x in np.arange(-0.55, 0.7, 0.085):
        part(ellipse(x, -0.42, 0.02, 0.16), glass)
    part([(-0.05, 0.5), (sweep - 0.1, span), (sweep + 0.06, span), (0.4, 0.55)], dark)  # near wing
    part(ellipse(0.12, 1.6, 0.15, 0.52), 0.7 * paint)  # engine
    part(ellipse(0.24, 1.6, 0.035, 0.46), glass)
    part([(-0.9, -0.3), (-1.12, 0.75), (-1.0, 0.75), (-0.62, -0.15)], dark)  # tailplane
    return scene


def pattern(side: int, rng: np.random.Generator) -> Scene:
    """Stripes, squares, bricks or dots in two colors, turned, and unevenly lit."""
    dark, bright = muted(rng, 20, 120), muted(rng, 130, 240)
    scene, angle = Scene(side, dark, dark), rng.uniform(0, np.pi)
    x, y = scene.x - 0.5, scene.y - 0.5
    turned = x * np.cos(angle) + y * np.sin(angle), y * np.cos(angle) - x * np.sin(angle)
    period = rng.uniform(0.09, 0.22)
    u, v = (axis / period + rng.uniform() for axis in turned)
    style = rng.integers(4)
    if style == 0:  # stripes
        share = 0.5 + 1.5 * np.sin(2 * np.pi * u)
    elif style == 1:  # squares
        share = 0.5 + 4 * np.sin(np.pi * u) * np.sin(np.pi * v)
    elif style == 2:  # bricks, twice as long as high, shifted from row to row
        along = (u / 2 + np.floor(v) / 2) % 1
        share = 8 * np.minimum(1 - np.abs(2 * along - 1), 0.5 - np.abs(v % 1 - 0.5)) - 0.4
    else:  # dots
        share = 0.5 + 10 * (0.32 - np.hypot(u % 1 - 0.5, v % 1 - 0.5))
    slope = rng.uniform(-0.35, 0.35, 2)
    light = 1 + slope[0] * x + slope[1] * y + 0.1 * (scene.clouds(rng) - 0.5)
    pixels = (dark + (bright - dark) * share.clip(0, 1)[..., None]) * light[..., None]
    scene.lay(pixels, np.ones_like(x))
    return scene


def still_life(side: int, rng: np.random.Generator) -> Scene:
    """Balls and boxes on a table, with one light and their shadows."""
    wall, table = muted(rng, 90, 220), muted(rng, 60, 190)
    edge, light = rng.uniform(0.45, 0.6), rng.choice([-1, 1])
    scene = Scene(side, wall, 0.8 * wall)
    scene.lay(table * (1.1 - 0.35 * scene.y[..., None]), (side * (scene.y - edge)).clip(0, 1))
    feet = np.sort(rng.uniform(edge + 0.08, 0.93, rng.integers(2, 5)))  # the far ones first
    places = rng.permutation(np.linspace(0.2, 0.8, len(feet))) + rng.normal(0, 0.03, len(feet))
    for x, y in zip(places, feet, strict=True):
        size, color = 0.05 + 0.13 * y, muted(rng, 30, 240)  # the far ones are smaller
        across, down = (scene.x - x) / size, (scene.y - y) / size
        shadow = 1.25 - np.hypot((across + 0.8 * light) / 1.3, down / 0.32)
        scene.lay(np.full(3, 19.0), (1.1 * shadow).clip(0, 0.55))
        if rng.random() < 0.6:
            down += 0.9
            toward = np.sqrt((1 - across**2 - down**2).clip(0))
            # Lambert's law, and a glint where the light is mirrored
            bright = (0.5 * light * across - 0.55 * down + 0.66 * toward).clip(0, 1)[..., None]
            ball = color * (0.3 + 0.75 * bright) + 150 * bright**24
            scene.lay(ball, (1 - np.hypot(across, down)) * size * side)
        else:  # a box seen from its left: front, top, right flank
            foot, deep = np.array([x, y]), np.array([0.45, -0.45])
            low, high, top = np.array([(-0.9, 0), (0.5, 0), (0.5, -1.4)])
            corner = np.array([-0.9, -1.4])
            scene.fill(foot + size * np.array([low, high, top, corner]), 0.85 * color)
            lid = np.array([corner, top, top + deep, corner + deep])
            scene.fill(foot + size * lid, 1.15 * color)
            flank = np.array([high, high + deep, top + deep, top])
            scene.fill(foot + size * flank, (1.0 if light > 0 else 0.55) * color)
    return scene


def face(side: int, rng: np.random.Generator) -> Scene:
    """Hair, eyes, brows, nose and mouth before a plain wall, lit from one side."""
    tone = rng.integers(len(SKINS))
    skin = varied(SKINS[tone], rng, 6)
    # brown hair would hardly stand out against dark skin
    hair = varied(HAIRS[rng.choice([0, 1, 2, 3, 4, 5] if tone < 3 else [0, 0, 0, 1])], rng, 6)
    wall = muted(rng, 60, 220)
    scene = Scene(side, 1.15 * wall, 0.75 * wall, rng.uniform(0, 2 * np.pi))
    middle = np.array([0.5, 0.5]) + rng.uniform(-0.03, 0.03, 2)
    radii = np.array([rng.uniform(0.22, 0.26), rng.uniform(0.3, 0.34)])

    def at(x: float, y: float) -> Values:
        """A point in the head's own measure: its middle is (0, 0), its chin (0, 1)."""
        return np.asarray(middle + (x, y) * radii)

    def oval(x: float, y: float, across: float, down: float, color: Color) -> None:
        scene.fill(middle + ellipse(x, y, across, down) * radii, color)

    length = rng.choice([0.0, rng.uniform(0.15, 1.2)])  # short hair, or long
    oval(0, -0.1 + length / 2, 1.2, 1.06 + length / 2, hair)
    oval(0, 2.1, rng.uniform(1.6, 2.0), 0.95, muted(rng, 30, 230))  # shirt
    oval(0, 0.75, 0.5, 0.55, 0.78 * skin)  # neck
    for ear in (-1, 1):
        oval(ear, 0, 0.13, 0.17, 0.85 * skin)
    oval(0, -0.08, 1, 0.92, skin)
    oval(0, 0.22, 0.86, 0.78, skin)
    # round: darker towards the rim of the head, and on the side away from the light
    across, down = (scene.x - middle[0]) / radii[0], (scene.y - middle[1]) / radii[1]
    rim, away = np.hypot(across, down), 0.5 + 0.5 * rng.choice([-1, 1]) * across.clip(-1, 1)
    shade = 0.22 * rim.clip(0, 1) ** 3 + rng.uniform(0.05, 0.35) * away
    scene.lay(0.4 * skin, shade * (rim < 1.1))
    part, temple = rng.uniform((-0.8, -1.0), (0.8, -0.75)), -rng.uniform(0.15, 0.35)
    fringe = [
        ellipse(0, -0.1, 1.12, 1.02)[25:-1],  # over the crown
        curve((1.08, temple), (0.8, part[1]), part),
        curve(part, (-0.8, part[1]), (-1.08, temple)),
    ]
    scene.fill(middle + np.concatenate(fringe) * radii, hair)
    turn, open_eye = rng.uniform(-0.08, 0.08), rng.uniform(0.06, 0.085)
    iris = IRISES[rng.integers(3) if tone < 3 else 0].astype(float)
    brow = -rng.uniform(0.24, 0.3)
    for eye in (turn - 0.43, turn + 0.43):
        oval(eye, -0.07, 0.25, open_eye + 0.045, 0.72 * skin)
        oval(eye, -0.06, 0.21, open_eye, np.full(3, 236.0))
        pupil = eye + 0.5 * turn
        oval(pupil, -0.06, 0.1, min(0.075, open_eye), iris)
        oval(pupil, -0.06, 0.046, 0.034, np.full(3, 12.0))
        oval(pupil + 0.04, -0.09, 0.025, 0.019, np.full(3, 255.0))
        arch = curve(at(eye - 0.25, brow + 0.05), at(eye, brow - 0.05), at(eye + 0.25, brow + 0.05))
        scene.line(arch, 0.017, 0.85 * hair)
    bridge = curve(at(turn - 0.08, 0), at(turn - 0.08, 0.13), at(turn - 0.15, 0.28))
    scene.line(bridge, 0.01, 0.78 * skin)
    oval(turn, 0.28, 0.17, 0.07, 0.78 * skin)
    oval(turn, 0.255, 0.13, 0.06, 1.06 * skin)
    lips = skin + (np.array([160.0, 40, 55]) - skin) * rng.uniform(0.3, 0.6)
    reach, smile = rng.uniform(0.3, 0.42), rng.uniform(-0.03, 0.11)
    left, right = at(turn - reach, 0.58 - smile), at(turn + reach, 0.58 - smile)
    between = curve(right, at(turn, 0.58 + smile), left)
    for y, color in ((0.44, 0.9 * lips), (0.8 + smile, lips)):  # upper lip, lower lip
        scene.fill(np.concatenate([curve(left, at(turn, y), right), between]), color)
    scene.line(between, 0.008, 0.5 * lips)
    return scene


SCENES: dict[str, Callable[[int, np.random.Generator], Scene]] = {
    "aircraft": aircraft,
    "face": face,
    "landscape": landscape,
    "pattern": pattern,
    "sky": sky,
    "still life": still_life,
}
SHARES = (0.2, 0.3, 0.15, 0.12, 0.08, 0.15)
"""How often each scene is drawn: faces most, as they have the most to learn."""


def kind_of(rng: np.random.Generator) -> str:
    """The kind of scene that `rng` draws first."""
    return list(SCENES)[rng.choice(len(SCENES), p=SHARES)]


def drawing(kind: str, side: int, rng: np.random.Generator) -> Image:
    """A picture (side, side, 3) of this kind."""
    picture = SCENES[kind](2 * side, rng).picture  # at twice the size, for smooth edges
    small = np.asarray(picture.resize((side, side), Pillow.Resampling.BOX))
    grain = rng.normal(0, 1.5, (side, side, 1))  # no camera is without it
    return np.clip(small + grain, 0, 255).round().astype(np.uint8)
