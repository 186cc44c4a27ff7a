from __future__ import annotations

import io

import numpy as np
import PIL.Image
import pytest
from numpy.testing import assert_array_equal

import restauro
from restauro.fill.compose import damaged
from restauro.fill.gamut import Gamut
from restauro.fill.windows import Box
from restauro.picture.types import Image, Mask

SIDE = 96
COLOURS = [(0, 255, 0), (255, 255, 0), (0, 0, 255), (255, 0, 255), (20, 200, 40), (128, 128, 128)]


@pytest.fixture(scope="module")
def faces() -> restauro.Filler:
    return restauro.load("faces", threads=1)


def hole(side: int = SIDE) -> Mask:
    mask = np.zeros((side, side), dtype=bool)
    mask[40:60, 35:70] = mask[:, 80:83] = True
    return mask


def grey(side: int = SIDE) -> Image:
    y, x = np.mgrid[:side, :side]
    waves = 127 + 90 * np.sin(x / 17) * np.cos(y / 23) + 30 * ((x // 40 + y // 40) % 2)
    return np.repeat(waves.clip(0, 255).astype(np.uint8)[:, :, None], 3, axis=2)


@pytest.mark.parametrize("colour", COLOURS)
def test_a_hole_in_one_colour_gets_that_colour(
    faces: restauro.Filler, colour: tuple[int, int, int]
) -> None:
    image = np.full((SIDE, SIDE, 3), colour, dtype=np.uint8)
    assert_array_equal(faces(image, hole()), image)


@pytest.mark.parametrize("mode", ["L", "P", "RGBA", "CMYK", "I;16"])
def test_so_it_does_in_every_mode(faces: restauro.Filler, mode: str) -> None:
    plain = PIL.Image.new("RGB", (SIDE, SIDE), (200, 30, 30))
    picture = (
        PIL.Image.fromarray(np.full((SIDE, SIDE), 4321, dtype=np.uint16))
        if mode == "I;16"
        else plain.quantize(4)
        if mode == "P"
        else plain.convert(mode)
    )
    assert_array_equal(np.asarray(faces(picture, hole())), np.asarray(picture))


def test_each_hole_gets_the_colour_around_it_whatever_lies_elsewhere(
    faces: restauro.Filler,
) -> None:
    stripes = np.repeat(np.array(COLOURS[:4], dtype=np.uint8), 32, axis=0)[None].repeat(128, axis=0)
    mask = np.zeros((128, 128), dtype=bool)
    for left in (12, 44, 76, 108):
        mask[50:70, left : left + 8] = True
    assert_array_equal(faces(stripes, mask), stripes)


def test_between_two_colours_no_third_appears(faces: restauro.Filler) -> None:
    image = np.zeros((SIDE, SIDE, 3), dtype=np.uint8)
    image[:, : SIDE // 2, 1] = image[:, SIDE // 2 :, 2] = 255  # green and blue
    filled = faces(image, hole())
    assert filled[..., 0].max() == 0


def test_what_is_grey_stays_grey(faces: restauro.Filler) -> None:
    filled = faces(grey(), hole())
    assert np.ptp(filled, axis=2).max() == 0
    assert np.ptp(filled[hole()]) > 20  # it is a fill, and no single colour


def test_nearly_grey_of_a_jpeg_is_grey_too(faces: restauro.Filler) -> None:
    noise = np.random.default_rng(0).normal(0, 3, (SIDE, SIDE, 3))
    scan = PIL.Image.fromarray((grey() + noise).clip(0, 255).astype(np.uint8))
    file = io.BytesIO()
    scan.save(file, "JPEG", quality=95, subsampling=0)
    with PIL.Image.open(file) as jpeg:
        picture = jpeg.convert("RGB")
    assert np.ptp(np.asarray(picture), axis=2).max() > 2
    filled = np.asarray(faces(picture, hole()))[hole()]
    assert np.ptp(filled, axis=1).max() == 0


def test_a_toned_scan_stays_on_its_tone_line(faces: restauro.Filler) -> None:
    luminance = grey().astype(np.float64)[..., :1] / 255
    sepia = np.rint(255 * luminance ** np.array([0.8, 1.0, 1.35])).astype(np.uint8)
    filled = faces(sepia, hole())[hole()].astype(int)
    line = np.rint(255 * np.linspace(0, 1, 256)[:, None] ** np.array([0.8, 1.0, 1.35]))
    off = np.abs(filled[:, None] - line[None]).max(axis=2).min(axis=1)
    assert off.max() <= 6


def test_a_picture_in_colour_keeps_the_network_s_own(faces: restauro.Filler) -> None:
    photo = np.asarray(PIL.Image.open(SAMPLE).convert("RGB").resize((SIDE, SIDE)))
    filled = faces(photo, hole())[hole()]
    assert np.ptp(filled, axis=1).max() > 20


SAMPLE = restauro.__path__[0] + "/samples/hat.png"


@pytest.mark.parametrize(("side", "is_toned"), [(24, True), (76, False)])
def test_a_pale_ground_does_not_decide_what_a_large_hole_hides(side: int, is_toned: bool) -> None:
    rng = np.random.default_rng(0)
    ground = np.linspace(190, 240, SIDE)[:, None, None] + rng.normal(0, 2.5, (SIDE, SIDE, 3))
    mask = np.zeros((SIDE, SIDE), dtype=bool)
    mask[10 : 10 + side, 10 : 10 + side] = True
    picture, whole = damaged(ground.astype(np.uint8), mask), Box(0, 0, SIDE, SIDE)
    gamut = Gamut.around(picture.canvas(whole, whole))
    red = np.array([0.8, 0.2, 0.1], dtype=np.float32)
    assert (gamut.tint is not None) == is_toned
    assert (np.abs(gamut.fitted(red) - red).max() > 0.1) == is_toned
