"""Pictures drawn from known factors: by them it can be told what a network's code has parted."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import partial

import numpy as np
from PIL import Image as Pillow
from PIL import ImageColor, ImageDraw

from restauro.data.sources._source import IndexRow, Plan, SourceOptions
from restauro.picture.types import Image
from restauro.plugins import source

COUNT, SEED = 20_000, 0
VERSION = 1
"""Grows when the same seed would draw something else."""
WALL = 225
"""Level of the wall behind the shape, where the light is full."""
SMOOTHING = 4
"""Pictures are drawn as many times larger, for smooth edges: else small moves would not show."""

_ARC = np.linspace(0, 2 * np.pi, 48, endpoint=False)
SHAPES = {
    "ellipse": np.stack([np.cos(_ARC), 0.5 * np.sin(_ARC)], axis=1),
    "rectangle": np.array([(-0.9, -0.45), (0.9, -0.45), (0.9, 0.45), (-0.9, 0.45)]),
    "triangle": np.array([(0.0, -1.0), (0.7, 0.8), (-0.7, 0.8)]),
}
"""Corners (N, 2) around the middle, x to the right and y down, at most about 1 away."""

FACTORS: Mapping[str, tuple[str, ...]] = {
    "position_x": ("0.29", "0.35", "0.41", "0.47", "0.53", "0.59", "0.65", "0.71"),
    "position_y": ("0.29", "0.35", "0.41", "0.47", "0.53", "0.59", "0.65", "0.71"),
    "size": ("0.14", "0.18", "0.22", "0.26"),
    "hue": ("0", "35", "70", "105", "140", "175", "210", "245"),
    "shape": tuple(SHAPES),
    "light": ("0.4", "0.55", "0.7", "0.85", "1.0"),
    "orientation": ("0", "22", "44", "66", "88"),
}
"""The values of each factor, all equally likely and independent. Positions and sizes are shares of
the side, the hue and the orientation degrees, the light a share of the full one.

No factor runs in a circle: the hue ends at violet, and no shape looks like itself turned by what
the orientations differ, so that one number of a code can follow each of them.
"""


class Factors:
    """`count` pictures; number i depends on (seed, i) alone, so a larger count adds to the end."""

    crop = "none: drawn at the size of the bank"

    def __init__(self, count: int = COUNT, seed: int = SEED) -> None:
        self.count, self.seed = count, seed

    def identity(self) -> list[str]:
        """The arguments are the source."""
        return [f"version {VERSION}, count {self.count}, seed {self.seed}"]

    def plan(self) -> Plan:
        """Of twenty pictures one for validation, and five for the test, as measures need many."""
        return Plan(num_pictures=self.count, offers=self._offers(), columns=tuple(FACTORS))

    def _offers(self) -> Iterator[tuple[IndexRow, partial[Image]]]:
        for number in range(self.count):
            rng = np.random.default_rng([self.seed, number])
            values = tuple(levels[rng.integers(len(levels))] for levels in FACTORS.values())
            place = number % 20
            split = "train" if place < 14 else "val" if place == 14 else "test"
            yield IndexRow(f"factors-{number:06}", split, values), partial(drawn, values)


def drawn(values: tuple[str, ...], side: int) -> Image:
    """The picture (side, side, 3) of these values, in the order of `FACTORS`."""
    named = dict(zip(FACTORS, values, strict=True))
    number = {name: float(value) for name, value in named.items() if name != "shape"}
    angle, large = np.radians(number["orientation"]), side * SMOOTHING
    turn = np.array([(np.cos(angle), np.sin(angle)), (-np.sin(angle), np.cos(angle))])
    corners = number["size"] * SHAPES[named["shape"]] @ turn
    points = (corners + (number["position_x"], number["position_y"])) * large
    picture = Pillow.new("RGB", (large, large), (WALL, WALL, WALL))
    ink = ImageColor.getrgb(f"hsv({named['hue']}, 85%, 90%)")
    ImageDraw.Draw(picture).polygon(points.ravel().tolist(), ink)
    small = np.asarray(picture.resize((side, side), Pillow.Resampling.BOX))
    return (number["light"] * small).round().astype(np.uint8)


@source("factors")
def factors(options: SourceOptions) -> Factors:
    """Shapes drawn from known factors; needs no files."""
    options.check("factors", "count", "seed")
    return Factors(options.count or COUNT, options.seed or SEED)
