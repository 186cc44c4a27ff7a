"""Holes in faces are filled once more where the face stands upright, as a model learned it.

A model of aligned faces sees a face of a photograph turned, or of another size. First the hole is
filled as ever; then the face is found in the filled picture, a crop is turned so that its eyes and
mouth lie where the model's are, filled there, turned back, and laid into the hole alone.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import PIL.Image
from numpy.typing import NDArray

from restauro.fill.canvas import Canvas, to_colours, to_levels
from restauro.fill.compose import Damaged
from restauro.fill.entries import ALIGNED
from restauro.fill.face_finder import FILE, Face, FaceFinder, resampled
from restauro.fill.filler import Filler, Painter, Painting
from restauro.fill.filling import Asking, run_together
from restauro.fill.restorer import Restorer
from restauro.fill.windows import Box, hole_boxes
from restauro.picture.patches import bounds
from restauro.picture.types import Image, Mask

POINTS = np.array([50.0 + 67.2j, 78.7 + 66.9j, 63.7 + 83.2j, 52.0 + 96.0j, 75.4 + 95.8j])
"""Median places of the finder's points in 400 training pictures of CelebA, 128 pixels a side."""
SIDE = 128
LARGEST = 6
"""Times `SIDE` that a crop may have: a larger face is filled smaller, and enlarged."""
LEAST_HOLE = 0.06
"""Side of a square that the hole must hold, as a share of the face's height: finer holes need no
face to be filled."""
LEAST_TURN, LEAST_SCALE = 8.0, 1.2
"""Degrees, and how many times larger or smaller: a face nearer than both to what the model learned
is left as it was filled."""
SEEN = 2.5
"""How much of the picture is looked at around a hole, as a multiple of its longer side."""
LEAST_SEEN, FINDER_SIDE = 128, 400
"""At least so many pixels are, and in a copy of at most so many a side."""
MAX_GROUPS = 16
"""Groups of holes that are looked at, the largest first; each takes a tenth of a second."""
REFINEMENTS = 2
"""How often a face is looked for again where it was filled upright."""
MARGIN = SIDE // 4
"""Pixels of 128 around a crop, to look for its face again."""
BORDER = 12
"""Pixels of 128 over which a crop fades out."""


class Placed(NamedTuple):
    """Where a face's crop lies: its place z is at factor * z + offset of the picture, x + iy."""

    factor: complex
    offset: complex

    @property
    def inverse(self) -> Placed:
        """From the picture to the crop."""
        return Placed(1 / self.factor, -self.offset / self.factor)

    def of(self, places: NDArray[np.complex128]) -> NDArray[np.complex128]:
        """Where places of the crop are in the picture."""
        return self.factor * places + self.offset

    def scaled(self, times: float) -> Placed:
        """That of a crop of so many times the pixels."""
        return Placed(self.factor / times, self.offset)

    def moved(self, by: complex) -> Placed:
        """That of a crop whose corner lies elsewhere in this one."""
        return Placed(self.factor, self.offset + self.factor * by)

    def from_corner(self, corner: complex) -> Placed:
        """The same in a part of the picture that begins there."""
        return Placed(self.factor, self.offset - corner)

    @property
    def degrees(self) -> int:
        """By which the face is turned, clockwise."""
        return round(math.degrees(np.angle(self.factor)))

    @property
    def is_aligned(self) -> bool:
        """Whether the face is much as the model learned it."""
        is_upright = abs(self.degrees) < LEAST_TURN
        return is_upright and 1 / LEAST_SCALE < abs(self.factor) < LEAST_SCALE

    @property
    def box(self) -> Box:
        """All of the picture that a crop of `SIDE` shows; may leave the picture."""
        corners = self.factor * np.array([0, SIDE, SIDE * 1j, SIDE * (1 + 1j)]) + self.offset
        rows, columns = corners.imag, corners.real
        ends = rows.min(), columns.min(), rows.max(), columns.max()
        return Box(*(math.floor(end) for end in ends)).grown(2)


class AlignedFiller(Filler):
    """Fills with `rest`, and what is hidden of faces once more with `model`, standing upright.

    Measured in docs/faces.md.
    """

    def __init__(self, name: str, model: Restorer, rest: Filler, finder: FaceFinder) -> None:
        self.name = name
        self._model, self._rest, self._finder = model, rest, finder
        self.files = tuple(dict.fromkeys((*model.files, *rest.files)))
        self.parameters = rest.parameters

    @property
    def members(self) -> tuple[Filler, ...]:
        """Those of the rest."""
        return self._rest.members

    @property
    def identity(self) -> str:
        """That of the others, and what finds the faces."""
        return f"{self._rest.identity}; faces of {FILE}: {self._model.identity}"

    def paint(self, pictures: Sequence[Damaged]) -> Painting:
        """Lets the rest fill all of each hole first."""
        painters = yield from self._rest.paint(pictures)
        found = yield from run_together(
            [self._faces_of(picture) for picture in pictures], self._model.network
        )
        name = f"{ALIGNED}:{self._model.name}"
        return [
            Painter(name, "; ".join(filter(None, (painter.remark, *turned)))) if turned else painter
            for painter, turned in zip(painters, found, strict=True)
        ]

    def _faces_of(self, picture: Damaged) -> Asking[list[str]]:
        """Fills what is hidden of each face; what was done, in words."""
        said, done = [], np.zeros_like(picture.hole)
        whole = Box(0, 0, *picture.hole.shape)
        boxes = list(hole_boxes(picture.hole, (2 * SIDE, 2 * SIDE)))
        for box in sorted(boxes, key=lambda box: -math.prod(box.size))[:MAX_GROUPS]:
            window = box.grown(max(round(SEEN * max(box.size)), LEAST_SEEN)).clipped(whole)
            image = picture.repainting(window).look(Box(0, 0, *window.size))
            hole = picture.hole[window.slices]
            for face in self._found(image, hole):
                place = yield from self._refined(face, image, hole)
                place = place.from_corner(-complex(window.left, window.top))
                seen = place.box.clipped(whole)
                # another group of holes may have shown the same face
                is_left = (picture.hole[seen.slices] & ~done[seen.slices]).any()
                if place.is_aligned or not is_left:
                    continue
                yield from self._fill_face(picture, seen, place)
                done[seen.slices] = True
                said.append(
                    f"filled a face turned by {place.degrees} degrees with {self._model.name}"
                )
        return said

    def _found(self, image: Image, hole: Mask) -> list[Face]:
        """The faces that a hole hides something of, in a window of the picture."""
        height, width = hole.shape
        scale = max(1.0, max(height, width) / FINDER_SIDE)
        smaller = PIL.Image.fromarray(image).resize(
            (max(1, round(width / scale)), max(1, round(height / scale))),
            PIL.Image.Resampling.BILINEAR,
            reducing_gap=2,
        )
        faces = [face.scaled(scale) for face in self._finder.find(np.asarray(smaller))]
        return [face for face in faces if _hides(hole, face)]

    def _refined(self, face: Face, image: Image, hole: Mask) -> Asking[Placed]:
        """Where the crop of a face lies, found again in the upright crop as the model fills it."""
        place = placed(face.points)
        own = slice(MARGIN, MARGIN + SIDE)
        for _ in range(REFINEMENTS):
            filled = yield from self._upright(place, image, hole, SIDE)
            around = _around(image, place)
            around[own, own] = np.rint(filled * 255)
            again = self._again(around)
            if again is None:
                break
            place = placed(place.moved(-MARGIN * (1 + 1j)).of(again.points))
        return place

    def _again(self, around: Image) -> Face | None:
        """The face in the middle of an upright crop with its margins."""
        side = len(around)
        twice = PIL.Image.fromarray(around).resize((2 * side, 2 * side))
        for face in self._finder.find_upright(np.asarray(twice)):
            if abs(face.points.mean() - complex(side, side)) < SIDE:
                return face.scaled(1 / 2)
        return None

    def _fill_face(self, picture: Damaged, window: Box, place: Placed) -> Asking[None]:
        """Lays into the hole what the model fills in the upright crop."""
        place = place.from_corner(complex(window.left, window.top))
        repainting, whole = picture.repainting(window), Box(0, 0, *window.size)
        image, hole = repainting.look(whole), picture.hole[window.slices]
        side = 16 * math.ceil(SIDE / 16 * min(max(abs(place.factor), 1), LARGEST))
        filled = yield from self._upright(place, image, hole, side)
        back = place.scaled(side / SIDE).inverse
        height, width = hole.shape
        layers = [*filled.transpose(2, 0, 1), _fading(side)]
        turned = [
            np.asarray(resampled(PIL.Image.fromarray(layer), *back, (width, height)))
            for layer in layers
        ]
        repainting.mix(whole, np.stack(turned[:3], axis=2).clip(0, 1), turned[3].clip(0, 1) * hole)

    def _upright(
        self, place: Placed, image: Image, hole: Mask, side: int
    ) -> Asking[NDArray[np.float32]]:
        """The upright crop (side, side, 3) in [0, 1], filled by the model."""
        at = place.scaled(side / SIDE)
        bilinear = PIL.Image.Resampling.BILINEAR
        outside = _crop(np.full(hole.shape, 255, np.uint8), at, side, bilinear) < 255
        in_hole = _crop(255 * hole.astype(np.uint8), at, side, bilinear) > 0
        known = ~(in_hole | outside)
        levels = to_levels(_crop(image, at, side).astype(np.float32) / np.float32(255))
        if in_hole.any() and known.any():
            rows, columns = bounds(in_hole)
            box = Box(rows.start, columns.start, rows.stop, columns.stop)
            yield from self._model.filling(Canvas.on(levels, known), box)
        return to_colours(levels)


def placed(points: NDArray[np.complex128]) -> Placed:
    """Where a crop of 128 pixels lies so that its `POINTS` come nearest to a face's, by squares."""
    mean, wanted = points.mean(), POINTS.mean()
    apart = POINTS - wanted
    factor = complex((apart.conj() * (points - mean)).sum() / (abs(apart) ** 2).sum())
    return Placed(factor, complex(mean - factor * wanted))


def _hides(hole: Mask, face: Face) -> bool:
    """Whether a square of `LEAST_HOLE` of the face's height is hidden in it."""
    side = max(2, round(LEAST_HOLE * face.height))
    middle, reach = face.points.mean(), round(0.6 * face.height)
    whole = Box(0, 0, *hole.shape)
    around = Box(round(middle.imag), round(middle.real), round(middle.imag), round(middle.real))
    part = around.grown(reach).clipped(whole)
    if min(part.size) < side:
        return False
    counts = np.zeros((part.size[0] + 1, part.size[1] + 1), dtype=np.int32)
    counts[1:, 1:] = hole[part.slices].cumsum(0, dtype=np.int32).cumsum(1, dtype=np.int32)
    inside = counts[side:, side:] - counts[:-side, side:] - counts[side:, :-side]
    return bool((inside + counts[:-side, :-side] == side**2).any())


def _crop(
    image: Image | NDArray[np.uint8],
    place: Placed,
    side: int,
    method: PIL.Image.Resampling = PIL.Image.Resampling.BICUBIC,
) -> NDArray[np.uint8]:
    """The upright crop (side, side, ...), which may be written to."""
    return np.array(resampled(PIL.Image.fromarray(image), *place, (side, side), method))


def _around(image: Image, place: Placed) -> Image:
    """The upright crop with its margins, which may be written to."""
    return _crop(image, place.moved(-MARGIN * (1 + 1j)), SIDE + 2 * MARGIN)


def _fading(side: int) -> NDArray[np.float32]:
    """(side, side): 1, and 0 at the border."""
    from_end = np.minimum(np.arange(side), np.arange(side)[::-1]) + 0.5
    ramp = np.minimum(from_end / (BORDER * side / SIDE), 1)
    return np.minimum.outer(ramp, ramp).astype(np.float32)
