"""How sure a fill is: what of a hole can be trusted, and within which limits the truth lies.

For any filler, from its restored picture alone: how far a pixel lies from what is known and how
restless its surroundings are tell which error to expect. What may be promised of that is measured
on pictures whose truth is known, and kept as the filler's *calibration*, a small file.
"""

from __future__ import annotations

import dataclasses
import json
import math
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import PIL.Image
from numpy.typing import NDArray

from restauro.errors import BadModelError
from restauro.files import whole_file
from restauro.fill.canvas import resized_layers, smoothed
from restauro.fill.catalogue import FACES, WEIGHTS_DIR, cache_dir
from restauro.fill.windows import Box, hole_boxes
from restauro.picture.modes import to_rgb, value_range
from restauro.picture.read import shown
from restauro.picture.types import Image, Mask
from restauro.typed import MisfitError, build

if TYPE_CHECKING:
    from restauro.fill.filler import Filler

SUFFIX = ".trust.json"
KNOWN_RADII, CONTRAST_RADII = (2, 8, 32), (2, 4, 8)
"""In pixels: around a pixel so far, how much is known, and how much colours differ."""
LEAST_CONTRAST = 0.01
"""Of colours in [0, 1]; added, so that a flat area has a logarithm."""
NUM_FEATURES = 1 + len(KNOWN_RADII) + len(CONTRAST_RADII)


@dataclass(frozen=True)
class Calibration:
    """What may be promised of a filler's fills, in pictures like those it was measured on."""

    filler: str
    """Identity of the filler: other weights make other errors."""
    side: int
    """Of the pictures, in pixels; a larger hole is looked at in a smaller copy."""
    weights: tuple[float, ...]
    """By which `features` add up to the logarithm of the expected error."""
    threshold: float
    """Largest error of a pixel that is right: mean of red, green and blue, in levels of 255."""
    most_expected: float
    """Expected error up to which a pixel is trusted, in levels."""
    stretch: float
    """Half of an interval, in expected errors."""
    promise: float
    """Share of the trusted pixels that are right, and of values inside their intervals; a mean
    over pictures, which the calibration meets with a probability of 0.9."""
    pictures: str
    """Which ones it was measured on."""

    def __post_init__(self) -> None:
        if len(self.weights) != NUM_FEATURES:
            raise MisfitError(f"weights are {len(self.weights)}, but must be {NUM_FEATURES}")

    def expected_error(self, restored: Image | PIL.Image.Image, hole: Mask) -> NDArray[np.float32]:
        """Of every pixel of the hole (H, W), in levels of 255; 0 where the picture is known.

        A restored Pillow picture may have any mode; `hole` is as a viewer shows it.
        """
        picture = shown(restored)
        limits = value_range(picture, np.ones_like(hole))
        weights = np.array(self.weights, dtype=np.float32)
        expected = np.zeros(hole.shape, dtype=np.float32)
        for box, around in surroundings(hole, self.side):
            scale = max(1.0, max(box.size) / self.side)
            height, width = (math.ceil(side / scale) for side in around.size)
            crop = PIL.Image.fromarray(to_rgb(picture.crop(around.corners), limits))
            smaller = np.asarray(crop.resize((width, height), PIL.Image.Resampling.HAMMING))
            share = hole[around.slices].astype(np.float32)[None]
            hidden = resized_layers(share, (height, width), PIL.Image.Resampling.BOX)[0] > 0
            logarithm = np.tensordot(weights, features(smaller, hidden), 1)
            errors = resized_layers(
                np.exp(logarithm)[None], around.size, PIL.Image.Resampling.BILINEAR
            )
            own = box.within(around).slices
            expected[box.slices] = errors[0][own] * hole[box.slices]
        return expected

    def trust(self, restored: Image | PIL.Image.Image, hole: Mask) -> Mask:
        """The part (H, W) of the hole that is right, with the promised probability."""
        return hole & (self.expected_error(restored, hole) <= self.most_expected)

    def interval(self, restored: Image | PIL.Image.Image, hole: Mask) -> tuple[Image, Image]:
        """Between which pictures (H, W, 3) the truth of the hole lies; known pixels are exact."""
        picture = shown(restored)
        middle = to_rgb(picture, value_range(picture, np.ones_like(hole)))
        reach = self.stretch * self.expected_error(restored, hole)[..., None]
        ends = np.floor(middle - reach), np.ceil(middle + reach)
        lower, upper = (end.clip(0, 255).astype(np.uint8) for end in ends)
        return lower, upper

    def save(self, path: Path) -> None:
        """Writes the calibration as JSON."""
        path.parent.mkdir(parents=True, exist_ok=True)
        with whole_file(path) as aside:
            aside.write_text(json.dumps(dataclasses.asdict(self), indent=1) + "\n")

    @classmethod
    def read(cls, path: Path) -> Calibration:
        """The calibration in a file.

        Raises:
            BadModelError: It is damaged.
        """
        try:
            calibration: Calibration = build(cls, json.loads(path.read_text()))
        except (ValueError, MisfitError) as error:
            raise BadModelError(
                f"{path} is no calibration ({error}); make it again with `restauro calibrate`"
            ) from error
        return calibration


def surroundings(hole: Mask, side: int) -> Iterator[tuple[Box, Box]]:
    """Boxes of holes (H, W) that belong together, each with what is looked at around it."""
    for box in hole_boxes(hole, (side, side)):
        yield box, box.grown(max(side, *box.size) // 2).clipped(Box(0, 0, *hole.shape))


def features(restored: Image, hole: Mask) -> NDArray[np.float32]:
    """What tells the error of each pixel of a picture (H, W, 3): (`NUM_FEATURES`, H, W)."""
    known = (~hole)[None].astype(np.float32)
    colours = restored.transpose(2, 0, 1) / np.float32(255)
    both = np.concatenate([colours, colours**2])
    layers = [np.ones(hole.shape, dtype=np.float32)]
    layers += [smoothed(known, radius)[0] for radius in KNOWN_RADII]
    for radius in CONTRAST_RADII:
        means = smoothed(both, radius)
        variance = (means[3:] - means[:3] ** 2).mean(axis=0)
        layers.append(np.log(np.sqrt(variance.clip(0)) + LEAST_CONTRAST))
    return np.stack(layers)


def identity_of(filler: Filler) -> str:
    """What a calibration belongs to: the filler, wherever it computes."""
    return filler.identity.partition(" on ")[0]


def places(filler: Filler) -> list[Path]:
    """Where a filler's calibration may lie, the first one first.

    Among the user's models, beside its weights, or among those that ship with restauro.
    """
    beside = [file.with_suffix(SUFFIX) for file in filler.files[:1]]
    named = [folder / f"{filler.name}{SUFFIX}" for folder in (cache_dir(), WEIGHTS_DIR)]
    return [named[0], *beside, named[1]]


def calibrations_of(filler: Filler) -> dict[str, Calibration]:
    """Those that there are, by name: of the filler, or of what it chooses among.

    Raises:
        BadModelError: One is damaged.
    """
    found: dict[str, Calibration] = {}
    for member in filler.members:
        for path in filter(Path.is_file, places(member)):
            calibration = Calibration.read(path)
            if calibration.filler == identity_of(member):
                found.setdefault(member.name, calibration)
    return found


def calibration_of(filler: Filler) -> Calibration:
    """The calibration of a filler.

    Raises:
        BadModelError: It has none, or a damaged one.
    """
    if calibration := calibrations_of(filler).get(filler.name):
        return calibration
    raise BadModelError(
        f"{filler.name!r} has no calibration, so it cannot tell how sure it is; make one with "
        f"`restauro calibrate`, or take {FACES}, which has one"
    )
