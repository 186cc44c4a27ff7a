from __future__ import annotations

import io

import numpy as np
import PIL.Image
import PIL.ImageDraw
import pytest

import restauro
from restauro.fill.compose import damaged
from restauro.fill.line_art import line_art_on, unlikeness
from restauro.fill.windows import Box
from restauro.picture.types import Mask

SIDE = 128
WHOLE = Box(0, 0, SIDE, SIDE)
BLACK, WHITE = (0, 0, 0), (255, 255, 255)
Colour = tuple[int, int, int]


@pytest.fixture(scope="module")
def faces() -> restauro.Filler:
    return restauro.load("faces", threads=1)


def art(ink: Colour = BLACK, paper: Colour = WHITE) -> PIL.Image.Image:
    """Two lines across each other and a circle, antialiased."""
    large = PIL.Image.new("RGB", (4 * SIDE, 4 * SIDE), paper)
    draw = PIL.ImageDraw.Draw(large)
    draw.line((0, 160, 512, 160), ink, width=12)
    draw.line((0, 500, 512, 200), ink, width=12)
    draw.ellipse((60, 220, 300, 460), outline=ink, width=12)
    return large.resize((SIDE, SIDE), PIL.Image.Resampling.BOX)


def hole() -> Mask:
    mask = np.zeros((SIDE, SIDE), dtype=bool)
    mask[32:50, 50:66] = mask[55:75, 90:110] = mask[85:100, 10:22] = True
    return mask


@pytest.mark.parametrize(
    ("ink", "paper"),
    [(BLACK, WHITE), (WHITE, BLACK), ((20, 40, 160), (250, 240, 210)), ((200, 0, 0), WHITE)],
)
def test_lines_go_on_and_paper_stays_paper(
    faces: restauro.Filler, ink: Colour, paper: Colour
) -> None:
    truth, filled = np.asarray(art(ink, paper)), np.asarray(faces(art(ink, paper), hole()))
    contrast = np.abs(np.subtract(ink, paper)).max()
    off = np.abs(filled.astype(int) - truth).max(axis=2)[hole()]
    assert (off > contrast / 2).mean() < 0.06  # half a pixel of a line beside its place
    between = np.abs(filled.astype(int) - paper).max(axis=2)[hole()] / contrast
    assert ((between > 0.2) & (between < 0.8)).mean() < 0.04  # no more grey than antialiasing has


def test_so_they_do_in_a_jpeg(faces: restauro.Filler) -> None:
    file = io.BytesIO()
    art().save(file, "JPEG", quality=80)
    with PIL.Image.open(file) as jpeg:
        filled = faces(jpeg, hole())
    off = np.abs(np.asarray(filled).astype(int) - np.asarray(art())).max(axis=2)[hole()]
    assert (off > 127).mean() < 0.06


def test_a_hole_that_the_paper_surrounds_is_paper(faces: restauro.Filler) -> None:
    mask = np.zeros((SIDE, SIDE), dtype=bool)
    mask[4:24, 30:90] = True
    assert (np.asarray(faces(art(), mask))[mask] == 255).all()


def test_where_flat_colours_meet_there_are_no_others(faces: restauro.Filler) -> None:
    colours = [(0, 255, 0), (255, 255, 0), (0, 0, 255), (255, 0, 255)]
    stripes = np.repeat(np.array(colours, dtype=np.uint8), 32, axis=0)[None].repeat(SIDE, axis=0)
    mask = np.zeros((SIDE, SIDE), dtype=bool)
    mask[40:60, 24:46] = mask[80:100, 58:70] = mask[:, 94:98] = True
    filled = faces(stripes, mask)[mask].astype(int)
    own = np.abs(filled[:, None] - colours).max(axis=2).min(axis=1) <= 2
    assert own.mean() > 0.98
    assert (np.abs(filled - stripes[mask]).max(axis=1) > 64).mean() < 0.04


def stripes() -> PIL.Image.Image:
    """At 45 degrees, 9 pixels wide, as far apart."""
    rows, columns = np.mgrid[:200, :200]
    return PIL.Image.fromarray(np.where((rows + columns) // 9 % 2, 20, 240).astype(np.uint8))


def test_what_is_like_its_surroundings_is_less_unlike_them() -> None:
    image = np.asarray(stripes().convert("RGB"), dtype=np.float32) / np.float32(255)
    hidden = np.zeros((200, 200), dtype=bool)
    hidden[60:120, 70:150] = True
    box = Box(60, 70, 120, 150)
    blank = np.where(hidden[..., None], 1.0, image).astype(np.float32)
    assert unlikeness(image, hidden, box) == pytest.approx(0, abs=1e-5)
    assert unlikeness(blank, hidden, box) > 0.05
    assert unlikeness(image, np.ones_like(hidden), box) == 0.0  # nothing to compare with


def test_what_repeats_goes_on_through_a_large_hole(faces: restauro.Filler) -> None:
    mask = np.zeros((200, 200), dtype=bool)
    mask[60:120, 70:150] = True
    off = np.asarray(stripes()).astype(int) - np.asarray(faces(stripes(), mask))
    assert not off[~mask].any()
    assert (np.abs(off[mask]) > 110).mean() < 0.1
    soft = restauro.load("soft:faces", threads=1)  # no patches: lines from all sides meet in knots
    knotted = np.asarray(stripes()).astype(int) - np.asarray(soft(stripes(), mask))
    assert (np.abs(knotted[mask]) > 110).mean() > 0.3


@pytest.mark.parametrize("name", ["hat", "child", "astronaut", "pearls"])
def test_a_photograph_is_no_line_art(name: str) -> None:
    photo = PIL.Image.open(f"{restauro.__path__[0]}/samples/{name}.png").convert("RGB")
    picture = damaged(photo.resize((SIDE, SIDE)), hole())
    assert line_art_on(picture.canvas(WHOLE, WHOLE)) is None
    assert line_art_on(damaged(art(), hole()).canvas(WHOLE, WHOLE)) is not None


def test_a_flat_ground_does_not_decide_what_a_large_hole_hides() -> None:
    mask = np.zeros((SIDE, SIDE), dtype=bool)
    mask[: SIDE * 3 // 4] = True
    assert line_art_on(damaged(art(), mask).canvas(WHOLE, WHOLE)) is None
    assert line_art_on(damaged(art(), mask[::-1] & ~mask).canvas(WHOLE, WHOLE)) is not None
