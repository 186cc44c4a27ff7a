"""Texture is copied into large holes from what is known, and from nothing else."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import PIL.Image
import pytest

import restauro
from restauro.commands._options import with_detail
from restauro.errors import UnknownNameError
from restauro.fill.classical import patch_match
from restauro.fill.compose import Damaged, damaged
from restauro.fill.detail import THIN_PX, Copy, _squares, add_detail, copied
from restauro.fill.windows import Box
from restauro.picture.types import Image, Inpaint, Mask

MakeModel = Callable[..., Path]
SIDE = 96
HOLE = Box(30, 30, 66, 66)


def checked(side: int = SIDE) -> Image:
    """Fine checks, brighter to the right."""
    rows, columns = np.mgrid[:side, :side]
    grey = 60 + columns + 60 * ((rows // 2 + columns // 2) % 2)
    return np.repeat(grey[..., None], 3, axis=2).astype(np.uint8)


def hole_in(box: Box, side: int = SIDE) -> Mask:
    hole = np.zeros((side, side), dtype=bool)
    hole[box.slices] = True
    return hole


def softly_filled(image: Image | PIL.Image.Image, hole: Mask, *boxes: Box) -> Damaged:
    """The picture, its holes in these boxes filled by their light alone."""
    picture = damaged(image, hole)
    for box in boxes:
        canvas = picture.canvas(box, Box(0, 0, *hole.shape))
        columns = np.arange(box.left, box.right)
        grey = np.broadcast_to((90 + columns) / 255, box.size)
        canvas.paint(box, np.repeat(grey[..., None], 3, axis=2).astype(np.float32))
    return picture


def detailed(picture: Damaged, box: Box, patches: Inpaint) -> None:
    window = Box(0, 0, *picture.hole.shape)
    if copy := copied(picture, box, window, patches):
        add_detail(picture, copy)


def test_a_soft_fill_gets_the_texture_beside_it_and_keeps_its_light() -> None:
    image, hole = checked(), hole_in(HOLE)
    picture = softly_filled(image, hole, HOLE)
    soft = picture.restored().copy()
    detailed(picture, HOLE, patch_match())
    restored = picture.restored()
    assert (restored[~hole] == image[~hole]).all()
    assert restored[hole].std() > 0.8 * image[hole].std() > 2 * soft[hole].std()
    middle = Box(36, 36, 60, 60).slices
    assert abs(restored[middle].mean(axis=0) - soft[middle].mean(axis=0)).max() < 12


def test_a_fill_as_lively_as_the_copy_stays_as_it_is() -> None:
    image, hole = checked(), hole_in(HOLE)
    picture = damaged(image, hole)
    lively = (image[HOLE.slices][::-1] / 255).astype(np.float32)  # checks, but not those copied
    picture.canvas(HOLE, Box(0, 0, SIDE, SIDE)).paint(HOLE, lively)
    before = picture.restored().astype(int)
    detailed(picture, HOLE, patch_match())
    middle = Box(36, 36, 60, 60).slices  # fewer of the copy's details are at its edge
    assert abs(picture.restored().astype(int) - before)[middle].mean() < 4


def test_what_other_holes_hide_has_no_influence() -> None:
    other = Box(30, 70, 60, 90)
    hole = hole_in(HOLE) | hole_in(other)
    results = []
    for hidden in (0, 255):
        image = checked()
        image[other.slices] = hidden
        picture = softly_filled(image, hole, HOLE)  # the other is not painted yet
        detailed(picture, HOLE, patch_match())
        results.append(picture.restored()[HOLE.slices])
    assert (results[0] == results[1]).all()


def test_what_is_transparent_is_not_copied() -> None:
    image = np.dstack([checked(), np.full((SIDE, SIDE), 255, dtype=np.uint8)])
    image[:, :28] = (255, 0, 0, 0)
    picture = softly_filled(PIL.Image.fromarray(image), hole_in(HOLE), HOLE)
    seen: list[Mask] = []

    def watched(image: Image, mask: Mask) -> Image:
        seen.append(mask)
        return image

    detailed(picture, HOLE, watched)
    assert seen[0][:, :28].all()
    assert not seen[0][:, 70:].any()


@pytest.mark.parametrize("box", [Box(40, 10, 40 + THIN_PX, 90), Box(2, 2, 94, 94)])
def test_thin_holes_and_pictures_without_surroundings_stay_soft(box: Box) -> None:
    picture = softly_filled(checked(), hole_in(box), box)
    before = picture.restored().copy()
    detailed(picture, box, _refused)
    assert (picture.restored() == before).all()


def test_a_large_part_is_made_smaller_for_patches() -> None:
    side, box = 700, Box(200, 200, 500, 500)
    sizes: list[tuple[int, ...]] = []

    def watched(image: Image, mask: Mask) -> Image:
        sizes.append(image.shape)
        return image

    picture = softly_filled(checked(side)[:, :, :3], hole_in(box, side), box)
    detailed(picture, box, watched)
    assert sizes == [(350, 350, 3)]


def test_a_long_scratch_is_thin_where_the_copy_is_small() -> None:
    side, hole = 900, np.zeros((900, 900), dtype=bool)
    for row in range(900):
        hole[row, max(row - 6, 0) : row + 6] = True  # 7 pixels of the copy, half the size
    picture = damaged(checked(side), hole)
    whole = Box(0, 0, side, side)
    assert copied(picture, whole, whole, _refused) is None


def test_what_is_finer_than_a_smaller_copy_comes_from_the_picture_itself() -> None:
    side, box = 700, Box(200, 200, 500, 500)
    image = np.random.default_rng(0).integers(60, 200, (side, side, 1)).astype(np.uint8)
    image = np.repeat(image, 3, axis=2)
    image[:, 350:] //= 2
    picture = softly_filled(image, hole_in(box, side), box)
    detailed(picture, box, patch_match())
    restored = picture.restored().astype(int)
    grain = np.abs(np.diff(restored[..., 0], axis=1))
    left, right = grain[210:490, 210:340].mean(), grain[210:490, 360:490].mean()
    assert left > 0.7 * grain[:, :200].mean()
    assert right < 0.7 * left  # of the darker side it comes from there


def test_a_square_comes_from_where_it_was_copied_from() -> None:
    small = np.random.default_rng(0).random((60, 80, 3)).astype(np.float32)
    unknown = np.zeros((60, 80), dtype=bool)
    unknown[20:36, 10:26] = True
    small[20:36, 10:26] = small[20:36, 50:66]
    copy = Copy(Box(0, 0, 120, 160), Box(40, 20, 72, 52), 2, small, unknown, unknown)
    squares = _squares(copy)
    inner = (abs(squares[:, 0] - 28) < 5) & (abs(squares[:, 1] - 18) < 5)
    assert inner.sum() >= 4
    assert (squares[inner, 2:] == (0, 40)).all()


def test_a_model_has_texture_as_its_card_says_or_its_prefix(make_model: MakeModel) -> None:
    image, hole = checked(), hole_in(HOLE)
    path = make_model("mean", card={"detail": True, "size": [32, 32], "multiple": 16})
    plain = make_model("mean", card={"size": [32, 32], "multiple": 16})
    soft = restauro.load(f"soft:{path}", threads=1)
    results = {
        name: restauro.load(name, threads=1)(image, hole)
        for name in (str(path), f"detail:{path}", f"soft:{path}", str(plain), f"detail:{plain}")
    }
    rich, always, never, bare, added = results.values()
    assert rich[hole].std() > 2 * never[hole].std()
    assert (rich == always).all()
    assert (rich == added).all()
    assert (never == bare).all()
    assert soft.name == "soft:toy"
    assert soft.identity != restauro.load(path, threads=1).identity


def test_a_network_is_shown_the_copy_if_its_card_says_so(make_model: MakeModel) -> None:
    image, hole = checked(), hole_in(HOLE)
    card = {"size": [32, 32], "multiple": 16}
    told = make_model("seen", card=card | {"sees_copies": True})
    plain = make_model("seen", card=card)
    image[hole] = 255  # which nothing may let through
    results = {
        name: restauro.load(name, threads=1)(image, hole)[HOLE.slices].astype(float)
        for name in (f"detail:{told}", f"soft:{told}", f"detail:{plain}", f"network:{told}")
    }
    with_copy, without, not_told, alone = results.values()
    copied = restauro.load("patch_match")(image, hole)[HOLE.slices].astype(float)
    assert abs(with_copy - copied).mean() < 0.3 * abs(not_told - copied).mean()
    assert abs(with_copy - copied).mean() < 0.3 * abs(without - copied).mean()
    assert alone.max() == 0


@pytest.mark.parametrize("name", ["detail:telea", "soft:auto"])
def test_what_is_no_model_has_no_texture_to_choose(name: str) -> None:
    with pytest.raises(UnknownNameError, match=r"is no model.*name a model"):
        restauro.load(name)


@pytest.mark.parametrize(("detail", "name"), [("on", "detail:m"), ("off", "soft:m"), ("auto", "m")])
def test_the_option_is_a_prefix(detail: str, name: str) -> None:
    assert with_detail("m", detail) == name


def _refused(image: Image, mask: Mask) -> Image:
    raise AssertionError("nothing was to be copied")
