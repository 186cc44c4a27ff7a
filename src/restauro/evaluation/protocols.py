"""Protocols: which holes a method is scored on, and the hash that is printed beside every number.

The hole of a picture depends on (seed, index) and the picture's size alone, where index is the
picture's position in its bank: neither the other pictures nor their order can change it.

A protocol at another exposure is the synthetic probe of dark tones: the same pictures and holes,
with less light.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property, partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from restauro.errors import ConfigError
from restauro.evaluation.hole_shapes import (
    Draw,
    WholeNumbers,
    centred_box,
    free_form,
    mmagic_box,
    random_box,
    strokes,
    strokes_or_boxes,
)
from restauro.evaluation.mask_files import mask_files
from restauro.files import file_sha256
from restauro.picture.types import Mask, Size
from restauro.plugins import protocol
from restauro.registry import PROTOCOLS

RATIO_EDGES_PERCENT = (0, 10, 20, 30, 40, 50, 60, 100)
"""Ends of the bins of hole ratios; a bin includes its lower end and not its upper one."""
HASHED_HOLES = 8
"""How many holes, of the indices 0, 1, ..., go into a hash, which so changes with the drawing."""
HASH_DIGITS = 12
MASKS = "masks"
"""Before a colon and the path of mask files."""
EXPOSURE_LIMITS = (-8.0, 4.0)
"""In stops: below, 8 bits hold nothing; above, nearly everything is white."""


@dataclass(frozen=True)
class Protocol:
    """One way to damage pictures."""

    name: str
    draw: Draw
    """Draws the hole for a size from one picture's random numbers."""
    parameters: Mapping[str, Any] = field(default_factory=dict)
    """What `draw` was made with."""
    version: int = 1
    """Grows with every change of the holes; numbers of two versions must not be compared."""

    exposure: float = 0.0
    """In stops: -1 halves the light of the pictures."""
    origin: str = ""
    """What it is asked for by, if that is not its name: `masks:` and a path."""

    def __post_init__(self) -> None:
        low, high = EXPOSURE_LIMITS
        if not low <= self.exposure <= high:
            raise ConfigError(
                f"an exposure of {self.exposure:g} stops is out of range; "
                f"give {low:g} to {high:g}, such as -2"
            )

    def __reduce__(self) -> tuple[Any, ...]:
        # to other processes by its name, as a plug-in's `draw` may be any function
        return _named, (self.origin or self.name, self.exposure)

    @property
    def task(self) -> str:
        """Its name in tables: `box`, or `box_-2EV` for two stops less light; fit for a file."""
        return self.name + self._stops("_")

    @property
    def code(self) -> list[str]:
        """SHA-256 of the files of the plug-in that it comes from."""
        return [file_sha256(path) for path in PROTOCOLS.code_files(self.name)]

    def pictures(self, images: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """The undamaged pictures at its exposure: uint8 (B, H, W, 3)."""
        return self._tones[images] if self.exposure else images

    def hole(self, size: Size, index: int, seed: int = 0) -> Mask:
        """The hole of the picture at position `index` of its bank: (H, W) bool, True = hole.

        At least one pixel is a hole and at least one is known.

        Raises:
            BadImageError: The picture is too small for this protocol.
        """
        return self.draw(size, WholeNumbers(seed, index))

    def holes(self, size: Size, indices: Iterable[int], seed: int = 0) -> NDArray[np.bool_]:
        """The holes of several pictures: (B, H, W) bool, True = hole."""
        holes = [self.hole(size, int(index), seed) for index in indices]
        return np.stack(holes) if holes else np.zeros((0, *size), dtype=bool)

    def holes_sha256(self, size: Size, seed: int = 0) -> str:
        """SHA-256 of the first holes, packed to bits row by row; equal on every platform."""
        return hashlib.sha256(
            np.packbits(self.holes(size, range(HASHED_HOLES), seed)).tobytes()
        ).hexdigest()

    def hash(self, size: Size, pictures: Mapping[int, str], bank_sha256: str, seed: int = 0) -> str:
        """Names a task in 12 hexadecimal digits and its exposure: `cae9aa4c8d16-2EV`.

        That is, these holes on these pictures: two numbers may be compared only if their hashes
        are equal. The order of the pictures has no influence.

        Args:
            size: (height, width) of the pictures.
            pictures: Position in the bank -> name of the picture.
            bank_sha256: Hash of the bank's pictures, `sha256` in its `bank.json`.
            seed: Of the holes.
        """
        task = {
            "protocol": MASKS if self.origin else self.name,  # wherever the files lie
            "version": self.version,
            "parameters": self.parameters,
            "size": size,
            "seed": seed,
            "holes": self.holes_sha256(size, seed),
            "pictures": sorted((int(index), name) for index, name in pictures.items()),
            "bank": bank_sha256,
        }
        text = json.dumps(task, sort_keys=True, ensure_ascii=True)
        return hashlib.sha256(text.encode()).hexdigest()[:HASH_DIGITS] + self._stops()

    def _stops(self, before: str = "") -> str:
        return f"{before}{self.exposure:+g}EV" if self.exposure else ""

    @cached_property
    def _tones(self) -> NDArray[np.uint8]:
        """The new 8-bit value of each of the 256: linear light (sRGB's curve) times 2^exposure."""
        encoded = np.arange(256) / 255
        light = np.where(encoded <= 0.04045, encoded / 12.92, ((encoded + 0.055) / 1.055) ** 2.4)
        light = np.minimum(light * 2**self.exposure, 1)
        encoded = np.where(light <= 0.0031308, light * 12.92, 1.055 * light ** (1 / 2.4) - 0.055)
        return np.rint(encoded * 255).astype(np.uint8)


def choose_protocols(names: Sequence[str], exposures: Sequence[float] = ()) -> list[Protocol]:
    """The protocols called `names`; the first of them at each of `exposures` as well.

    `masks:PATH` is of the mask files in a folder or archive.

    Raises:
        UnknownNameError: No such protocol; the message suggests the closest name.
        BadDataError: There are no mask files.
        ConfigError: An exposure is out of range, or two names are one or one is two.
    """
    chosen = [_named(name) for name in dict.fromkeys(names)]
    by_task = {one.task: one for one in chosen}
    for one in chosen:
        if by_task[one.task] is not one:
            raise ConfigError(
                f"the masks of {one.origin} and {by_task[one.task].origin} would both be called "
                f"{one.task!r}; give one of the two folders or archives another name"
            )
    probes = [stops for stops in sorted(set(exposures), reverse=True) if stops]
    return chosen + [replace(chosen[0], exposure=stops) for stops in probes]


def _named(name: str, exposure: float = 0.0) -> Protocol:
    kind, _, path = name.partition(":")
    if kind == MASKS and path:
        files = mask_files(Path(path))
        title = re.sub(r"\W+", "_", Path(path).resolve().name.partition(".")[0])
        parameters = {"files": files.sha256, "count": len(files.files)}
        return Protocol(f"{MASKS}_{title}", files, parameters, 1, exposure, name)
    found = PROTOCOLS.create(name)
    if found.name != name:
        raise ConfigError(
            f"the protocol {name!r} calls itself {found.name!r}; give it one name in its plug-in"
        )
    return replace(found, exposure=exposure)


def _drawn(name: str, shape: Callable[..., Mask], **limits: Any) -> Protocol:
    """The protocol of holes of a shape, whose limits are its parameters."""
    return Protocol(name, partial(shape, **limits), limits)


@protocol("box")
def box() -> Protocol:
    """One box a picture, 44 to 64 of 128 pixels a side, at least 10 from the border."""
    return _drawn("box", random_box, smallest=(44, 128), largest=(64, 128), margin=(10, 128))


@protocol("centre")
def centre() -> Protocol:
    """The middle half of each side: 25 % of the area, the same for every picture."""
    return _drawn("centre", centred_box, side=(1, 2))


@protocol("free_form")
def large_free_form() -> Protocol:
    """CoModGAN's boxes and brush strokes that cover 50 to 90 % of the area."""
    return _drawn("free_form", free_form, covered_percent=(50, 90))


@protocol("irregular")
def irregular() -> Protocol:
    """Free-form strokes that cover 15 to 65 % of the area."""
    return _drawn(
        "irregular",
        strokes,
        count=(4, 9),
        num_pieces=(1, 5),
        length=(20, 127),
        width=(10, 44),
        covered_percent=(15, 65),
    )


@protocol("lama_thin")
def lama_thin() -> Protocol:
    """LaMa's thin masks: many short strokes."""
    return _drawn("lama_thin", strokes_or_boxes, count=(4, 51), length=(10, 49), width=(5, 14))


@protocol("lama_medium")
def lama_medium() -> Protocol:
    """LaMa's medium masks: few strokes, or small boxes."""
    boxes = {"count": (1, 5), "smallest": (10, 256), "largest": (50, 256), "margin": (0, 256)}
    of_strokes = {"count": (4, 6), "length": (10, 109), "width": (5, 54)}
    return _drawn("lama_medium", strokes_or_boxes, **of_strokes, boxes=boxes)


@protocol("lama_thick")
def lama_thick() -> Protocol:
    """LaMa's thick masks: few wide strokes, or large boxes."""
    boxes = {"count": (1, 3), "smallest": (30, 256), "largest": (150, 256), "margin": (10, 256)}
    of_strokes = {"count": (1, 6), "length": (10, 209), "width": (5, 104)}
    return _drawn("lama_thick", strokes_or_boxes, **of_strokes, boxes=boxes)


@protocol("large")
def large() -> Protocol:
    """Three quarters of each side, 56 % of the area, wherever they fit.

    At a random place, because in the middle of an aligned face they would leave the same frame of
    hair and background known in every picture.
    """
    return _drawn("large", random_box, smallest=(3, 4), largest=(3, 4), margin=(0, 1))


@protocol("mmagic_box")
def mmagic_bounding_box() -> Protocol:
    """The boxes that mmagic's code draws, 54 to 64 of 128 pixels: for its published table."""
    return Protocol("mmagic_box", mmagic_box, {"shape": 128, "delta": 40, "margin": 20, "of": 256})


@protocol("report")
def report() -> Protocol:
    """The last limits of the Catania paper's curriculum: 25 to 50 % of each side, anywhere."""
    return _drawn("report", random_box, smallest=(1, 4), largest=(1, 2), margin=(0, 1))


def ratio_bins() -> list[str]:
    """Names of all bins, from small holes to large ones."""
    pairs = zip(RATIO_EDGES_PERCENT[:-1], RATIO_EDGES_PERCENT[1:], strict=True)
    return [f"{low}-{high} %" for low, high in pairs]


def ratio_bin(ratio: float) -> str:
    """The bin of a hole ratio in [0, 1], such as `10-20 %`; a lower end belongs to its bin."""
    inner = [edge / 100 for edge in RATIO_EDGES_PERCENT[1:-1]]
    return ratio_bins()[int(np.searchsorted(inner, ratio, side="right"))]
