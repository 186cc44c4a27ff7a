"""`auto`: for each picture the model whose kind of pictures it looks like, beside its hole."""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import PIL.Image
from numpy.typing import NDArray

from restauro.files import file_sha256
from restauro.fill.compose import Damaged
from restauro.fill.filler import Filler, Painting
from restauro.fill.sessions import open_session
from restauro.fill.windows import surroundings_of
from restauro.picture.modes import to_rgb, value_range, visible
from restauro.picture.types import Image, Mask

SHIPPED = Path(__file__).parents[1] / "weights" / "finders" / "chooser.onnx"
SUBJECTS = {"faces": "a face", "aircraft": "an aircraft", "photos": "a photograph"}
"""Name of a model -> what it is for; in the order in which the chooser gives likelihoods."""
SHARES = np.array([1.5, 0.25, 1.0])
"""What a likelihood of each counts for: planes are rarer than among what the chooser saw, and
`photos` is no worse for them; a face without an eye is worse than a wall filled by `faces`."""
SIDE = 64
"""Pixels a side of what the chooser sees."""


class AutoFiller(Filler):
    """For each picture the filler of those in `SUBJECTS` that a small network takes for the best.

    It sees what surrounds the hole. What the hole hides has no influence.
    """

    name = "auto"

    def __init__(self, fillers: Mapping[str, Filler]) -> None:
        """`fillers`: one or more, by names in `SUBJECTS`."""
        self._fillers = fillers
        self.files = tuple(path for filler in self.members for path in filler.files)
        self.parameters = sum(filler.parameters or 0 for filler in self.members)

    @property
    def members(self) -> tuple[Filler, ...]:
        """What it chooses among."""
        return tuple(self._fillers.values())

    @property
    def identity(self) -> str:
        """Those of all fillers, and the checksum of what chooses."""
        chooser = f"chosen by {file_sha256(SHIPPED)}"
        return "; ".join([*(filler.identity for filler in self.members), chooser])

    def paint(self, pictures: Sequence[Damaged]) -> Painting:
        """Lets the likeliest filler paint each picture; what it was taken for is the remark."""
        painters = []
        for picture in pictures:
            filler, remark = self._choose(picture)
            (painter,) = yield from filler.paint([picture])
            painters.append(painter._replace(remark=remark))
        return painters

    def _choose(self, picture: Damaged) -> tuple[Filler, str]:
        if not picture.hole.any():
            return self.members[0], ""
        found = likelihoods(seen(picture))
        first, *others = sorted(self._fillers, key=lambda name: -found[name])
        figures = [f"{found[first]:.2f}", ", ".join(f"{name} {found[name]:.2f}" for name in others)]
        likeness = f"it looks most like {SUBJECTS[first]} ({'; '.join(filter(None, figures))})"
        return self._fillers[first], f"took {first}: {likeness}"


def seen(picture: Damaged) -> NDArray[np.float32]:
    """The surroundings of a picture's hole, as the chooser sees them."""
    box = surroundings_of(picture.hole)
    crop = picture.crop(box)
    known = ~picture.hole[box.slices] & visible(crop)
    return small_copy(to_rgb(crop, value_range(crop, known)), known)


def small_copy(image: Image, known: Mask) -> NDArray[np.float32]:
    """Averages of what is known in RGB (H, W, 3), and what share of each is: (4, SIDE, SIDE).

    In [0, 1]; black where nothing is known.
    """
    # Pillow averages colours by their opacity
    layers = PIL.Image.fromarray(np.dstack([image, known * np.uint8(255)]))
    small = layers.resize((SIDE, SIDE), PIL.Image.Resampling.BILINEAR)
    return np.asarray(small).transpose(2, 0, 1).astype(np.float32) / np.float32(255)


def likelihoods(seen: NDArray[np.float32]) -> dict[str, float]:
    """Of each of `SUBJECTS`, from what `small_copy` gives; together 1."""
    (found,) = _session().run(None, {"seen": seen[None]})  # (1, 3)
    weighed = found[0] * SHARES
    return dict(zip(SUBJECTS, (weighed / weighed.sum()).tolist(), strict=True))


@functools.cache
def _session() -> Any:
    return open_session(SHIPPED, threads=1)
