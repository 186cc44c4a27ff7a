from __future__ import annotations

import numpy as np

from restauro.evaluation.score import time_methods
from restauro.fill.array_filler import ArrayFiller
from restauro.fill.filler import Filler
from restauro.picture.types import Image, Mask


class Clock:
    """Seconds that pass only when a method says so."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def timed(clock: Clock, seconds: list[float], order: list[str], name: str) -> Filler:
    """A method whose calls take these seconds, one after the other."""
    remaining = iter(seconds)

    def inpaint(image: Image, mask: Mask) -> Image:
        clock.now += next(remaining)
        order.append(name)
        return image

    return ArrayFiller(name, inpaint)


def test_median_and_range_of_interleaved_rounds() -> None:
    clock, order = Clock(), list[str]()
    methods = {
        "fast": timed(clock, [9, 0.001, 0.002, 0.006], order, "fast"),
        "slow": timed(clock, [9, 0.02, 0.05, 0.03], order, "slow"),
    }
    images = np.zeros((3, 8, 10, 3), np.uint8)
    masks = np.zeros((3, 8, 10), bool)
    masks[:, 2:4, 2:4] = True
    times = time_methods(methods, images, masks, tick=clock)
    assert order == ["fast", "slow"] * 4
    assert [round(x, 6) for x in (times["fast"].low, times["fast"].median, times["fast"].high)] == [
        1,
        2,
        6,
    ]
    assert round(times["slow"].median, 6) == 30
    assert times["slow"].num_rounds == 3


def test_a_method_that_always_gives_up_has_no_time() -> None:
    def give_up(image: Image, mask: Mask) -> Image:
        raise ValueError("no")

    images = np.zeros((2, 8, 10, 3), np.uint8)
    masks = np.zeros((2, 8, 10), bool)
    masks[:, 0, 0] = True
    assert time_methods({"never": ArrayFiller("never", give_up)}, images, masks) == {}
