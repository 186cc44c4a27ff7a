from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import PIL.Image
import pytest
from numpy.testing import assert_array_equal
from smoothpictures import MODES, ORIENTATION, SIZE, grey, hole, mean, picture

import restauro
from restauro.fill.array_filler import ArrayFiller
from restauro.fill.auto import AutoFiller, errors_beside
from restauro.fill.compose import damaged
from restauro.fill.steps import ended
from restauro.picture.read import upright
from restauro.picture.types import Image, Mask

MakeModel = Callable[..., Path]


def test_errors_beside_the_hole_are_those_of_known_pixels() -> None:
    flat = PIL.Image.new("RGB", (150, 137), (90, 90, 90))
    mask = np.zeros(SIZE, dtype=bool)
    mask[50:70, 60:90] = True
    fillers = {name: ArrayFiller(name, f) for name, f in {"grey": grey, "mean": mean}.items()}
    errors = ended(errors_beside(damaged(flat, mask), fillers))
    assert errors == {"grey": 38.0, "mean": 0.0}  # 128 - 90


def best(**methods: Callable[[Image, Mask], Image]) -> AutoFiller:
    return AutoFiller([ArrayFiller(name, f) for name, f in methods.items()], {})


@pytest.mark.parametrize("mode", [mode for mode in MODES if mode != "1"])
def test_the_best_model_is_taken_whatever_its_place(mode: str) -> None:
    levels = np.full(SIZE, 90, dtype=np.uint8)
    levels[0, :2] = 0, 255  # the whole range, to which wide modes are stretched
    flat = PIL.Image.fromarray(levels).convert(mode)
    mask = np.zeros(SIZE, dtype=bool)
    mask[50:70, 60:90] = True
    for methods in ({"grey": grey, "mean": mean}, {"mean": mean, "grey": grey}):
        filled = best(**methods).fill(flat, mask)
        assert filled.picture.mode == mode
        assert filled.model == "mean"
        assert filled.remark.startswith("took mean by the error beside the hole")


@pytest.mark.parametrize(("handicap", "taken"), [(1.2, "mean"), (1.3, "grey")])
def test_a_model_with_a_handicap_must_be_clearly_better(handicap: float, taken: str) -> None:
    flat = PIL.Image.new("RGB", (150, 137), (90, 90, 90))
    mask = np.zeros(SIZE, dtype=bool)
    mask[50:70, 60:90] = True

    def darker(image: Image, mask: Mask) -> Image:
        return np.full_like(image, 60)  # wrong by 30 levels, grey by 38

    fillers = [ArrayFiller("grey", grey), ArrayFiller("mean", darker)]
    assert AutoFiller(fillers, {"mean": handicap}).fill(flat, mask).model == taken


def test_the_choice_does_not_depend_on_what_the_hole_hides() -> None:
    mask = hole()
    repainted = np.asarray(picture()).copy()
    repainted[mask] = 255 - repainted[mask]
    remarks = [
        best(grey=grey, mean=mean).fill(one, mask).remark
        for one in (picture(), PIL.Image.fromarray(repainted))
    ]
    assert remarks[0] == remarks[1]


def test_without_room_beside_the_hole_the_first_model_is_taken_and_told() -> None:
    mask = np.ones(SIZE, dtype=bool)
    mask[:2] = False
    filled = best(grey=grey, mean=mean).fill(picture(), mask)
    assert filled.model == "grey"
    assert filled.remark == "no room beside the hole to compare models: took grey"


def test_a_turned_picture_is_compared_as_it_is_shown(make_model: MakeModel) -> None:
    stored = picture()
    exif = stored.getexif()
    exif[ORIENTATION] = 6
    stored.info["exif"] = exif.tobytes()
    toy = {"toy": restauro.load(make_model())}
    shown = upright(stored)
    shown.info.pop("exif")
    plain = PIL.Image.fromarray(np.asarray(shown))
    mask = np.rot90(hole(), -1)
    one, other = (ended(errors_beside(damaged(each, mask), toy)) for each in (stored, plain))
    assert one == other


def test_arrays_are_compared_like_pictures() -> None:
    image, mask = np.asarray(picture()), hole()
    auto = best(grey=grey, mean=mean)
    filled, other = auto.fill(image, mask), auto.fill(picture(), mask)
    assert (filled.model, filled.remark) == (other.model, other.remark)
    assert_array_equal(filled.picture[~mask], image[~mask])
    batch = auto.batch(np.stack([image, image]), np.stack([mask, mask]))
    assert_array_equal(batch[1], filled.picture)


@pytest.mark.parametrize("size", [(1, 2), (2, 1), (1, 300), (7, 2000), (300, 900), (900, 300)])
def test_any_size_can_be_compared_in(size: tuple[int, int]) -> None:
    rng = np.random.default_rng(0)
    image = rng.integers(0, 256, (*size, 3), dtype=np.uint8)
    mask = np.zeros(size, dtype=bool)
    mask[size[0] // 2 :, size[1] // 2 :] = True
    filled = best(grey=grey, mean=mean).fill(image, mask)
    assert_array_equal(filled.picture[~mask], image[~mask])


def test_a_large_hole_is_compared_in_a_smaller_copy() -> None:
    """Of one of many holes, the part with most of it; every filler sees at most 192 pixels."""
    seen: list[Mask] = []

    def watching(image: Image, mask: Mask) -> Image:
        seen.append(mask)
        return mean(image, mask)

    image = np.full((900, 1200, 3), 90, dtype=np.uint8)
    mask = np.zeros((900, 1200), dtype=bool)
    mask[300:600, 400:800] = mask[10:12, 10:700] = True
    assert best(grey=grey, watching=watching).fill(image, mask).model == "watching"
    assert len(seen) > 2
    assert all(max(one.shape) <= 192 for one in seen[:-1])
    assert all(one.sum() > 48 * 64 * 0.9 for one in seen[:-1])
    assert seen[-1].shape == (900, 1200)


@pytest.mark.parametrize(("width", "taken"), [(5, "mean"), (12, "grey")])
def test_in_scratches_no_model_has_a_handicap(width: int, taken: str) -> None:
    def darker(image: Image, mask: Mask) -> Image:
        return np.full_like(image, 60)  # wrong by 30 levels, grey by 38

    flat = PIL.Image.new("RGB", (150, 137), (90, 90, 90))
    mask = np.zeros(SIZE, dtype=bool)
    mask[20:120, 60 : 60 + width] = True
    fillers = [ArrayFiller("grey", grey), ArrayFiller("mean", darker)]
    assert AutoFiller(fillers, {"mean": 1.3}).fill(flat, mask).model == taken


def test_what_is_transparent_is_not_compared_with() -> None:
    """Its colour says nothing: the fillers do not see it."""
    image = np.full((*SIZE, 4), 90, dtype=np.uint8)
    image[..., 3] = 255
    mask = np.zeros(SIZE, dtype=bool)
    mask[50:70, 60:90] = True
    remarks = []
    for colour in (0, 255):
        image[:40] = (colour, colour, colour, 0)
        picture = PIL.Image.fromarray(image)
        remarks.append(best(grey=grey, mean=mean).fill(picture, mask).remark)
    assert remarks[0] == remarks[1]
    assert "mean 0.0" in remarks[0]
