"""Fills in steps: the parts of a large picture as they come, and a coarse answer before."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import PIL.Image
import pytest
from numpy.testing import assert_array_equal

import restauro
from restauro.fill.array_filler import ArrayFiller
from restauro.fill.filler import Filled, Filler
from restauro.fill.steps import LARGE_HOLE, Begun, Patch, Step
from restauro.picture.types import Image, Mask

MakeModel = Callable[..., Path]
SIZE = (900, 1200)


def scene() -> tuple[Image, Mask]:
    """A gradient with two holes of several parts each, whose hidden pixels are white."""
    rows, columns = np.mgrid[: SIZE[0], : SIZE[1]]
    image = np.dstack([rows // 5, columns // 6, (rows + columns) // 12]).astype(np.uint8)
    mask = np.zeros(SIZE, dtype=bool)
    mask[50:860, 100:260] = mask[300:420, 400:1190] = True
    image[mask] = 255
    return image, mask


def followed(filler: Filler, image: Image, mask: Mask) -> tuple[list[Step], Filled[Image]]:
    steps, told = filler.steps(image, mask, coarse=True), list[Step]()
    while True:
        try:
            told.append(next(steps))
        except StopIteration as end:
            return told, end.value


def assert_parts_make_up(result: Image, mask: Mask, parts: list[Patch]) -> None:
    count = np.zeros(SIZE, dtype=int)
    for part in parts:
        own = mask[part.box.slices]
        assert_array_equal(np.asarray(part.crop)[own], result[part.box.slices][own])
        count[part.box.slices] += own
    assert_array_equal(count, mask)
    assert [part.share for part in parts] == sorted(part.share for part in parts)
    assert parts[-1].share == 1


def test_a_fill_in_steps_is_the_same_and_its_parts_make_up_the_hole(make_model: MakeModel) -> None:
    filler = restauro.load(make_model())
    image, mask = scene()
    told, filled = followed(filler, image, mask)
    assert_array_equal(filled.picture, filler(image, mask))
    parts = [step for step in told if isinstance(step, Patch)]
    assert isinstance(told[0], Begun)
    assert told[1] is parts[0]
    assert [part.is_coarse for part in parts[:2]] == [True, False]
    assert len(parts) > 3
    assert told.count(None) > 3  # places to end it at
    assert_parts_make_up(filled.picture, mask, parts[1:])


def test_a_coarse_answer_covers_the_hole_and_sees_nothing_hidden() -> None:
    seen: list[Image] = []

    def mean(image: Image, mask: Mask) -> Image:
        seen.append(image[~mask])
        return np.where(mask[..., None], np.uint8(7), image)

    image, mask = scene()
    told, _ = followed(ArrayFiller("mean", mean), image, mask)
    begun, coarse = told[:2]
    assert isinstance(begun, Begun)
    assert begun.seconds is not None
    assert isinstance(coarse, Patch)
    covered = np.zeros(SIZE, dtype=bool)
    covered[coarse.box.slices] = True
    assert covered[mask].all()
    assert coarse.crop.width * 4 == pytest.approx(coarse.box.size[1], abs=4)
    assert (np.asarray(coarse.crop)[10, 10] == 7).all()
    assert seen[0].max() < 255


def test_a_small_hole_has_no_coarse_answer() -> None:
    image, mask = scene()
    mask[:, 260:] = mask[250:] = False
    assert 0 < mask.sum() < LARGE_HOLE
    told, _ = followed(ArrayFiller("keep", lambda image, mask: image), image, mask)
    assert told[0] == Begun(None)
    assert [step.is_coarse for step in told if isinstance(step, Patch)] == [False]


def test_parts_of_a_pillow_picture_have_its_mode() -> None:
    image, mask = scene()
    grey = PIL.Image.fromarray(image).convert("LA")
    steps = ArrayFiller("keep", lambda image, mask: image).steps(grey, mask)
    parts = [step for step in steps if isinstance(step, Patch)]
    assert [part.crop.mode for part in parts] == ["LA"]
