"""Pictures drawn by the package itself, so that everything can be tried without a download.

Each scene has what a network can learn from a few thousand examples: smooth light, straight and
curved edges, repetition, symmetry, and parts that predict one another, as one eye does the other.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from PIL import Image as Pillow

from restauro.data.drawings.indoors import pattern, still_life
from restauro.data.drawings.outdoors import aircraft, landscape, sky
from restauro.data.drawings.people import face
from restauro.picture.types import Image

SCENES: dict[str, Callable[[int, np.random.Generator], Pillow.Image]] = {
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
    canvas = SCENES[kind](2 * side, rng)  # at twice the size, for smooth edges
    small = np.asarray(canvas.resize((side, side), Pillow.Resampling.BOX))
    grain = rng.normal(0, 1.5, (side, side, 1))  # no camera is without it
    return np.clip(small + grain, 0, 255).round().astype(np.uint8)


__all__ = ["SCENES", "drawing", "kind_of"]
