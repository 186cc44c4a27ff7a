from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import ArrayLike

from restauro.evaluation.groups import choose_examples
from restauro.evaluation.store import Rows

COUNT = 100


def rows(psnr: ArrayLike, seed: int = 0) -> Rows:
    rng = np.random.default_rng(seed)
    return Rows(
        np.arange(COUNT) + 1000,
        [f"{i}.png" for i in range(COUNT)],
        {},
        {
            "hole_psnr": np.asarray(psnr, dtype=np.float64),
            "hole_lightness": np.arange(COUNT, dtype=np.float64),
            "backlight": rng.permutation(COUNT).astype(np.float64),
        },
    )


def chosen(tables: list[Rows], reason: str) -> list[int]:
    return [
        example.index - 1000
        for example in choose_examples("box", tables)
        if example.reason == reason
    ]


def test_best_median_and_worst_are_by_the_middle_method() -> None:
    ascending = np.arange(COUNT, dtype=float)
    tables = [rows(ascending), rows(ascending), rows(-ascending)]
    assert chosen(tables, "best") == [99, 98, 97]
    assert chosen(tables, "median") == [49, 50, 51]
    assert chosen(tables, "worst") == [0, 1, 2]


def test_dark_ones_spread_over_the_darkest_tenth() -> None:
    assert chosen([rows(np.zeros(COUNT))], "dark") == [0, 3, 6, 9]


def test_pictures_that_nobody_restored_are_not_shown() -> None:
    psnr = np.arange(COUNT, dtype=float)
    psnr[[0, 99]] = np.nan
    assert chosen([rows(psnr)], "worst") == [1, 2, 3]
    assert chosen([rows(psnr)], "best") == [98, 97, 96]


@pytest.mark.parametrize("count", [0, 1, 2])
def test_few_pictures_are_no_problem(count: int) -> None:
    psnr = np.full(COUNT, np.nan)
    psnr[:count] = 20
    assert len(chosen([rows(psnr)], "best")) == count


def test_perfect_fills_are_best() -> None:
    psnr = np.arange(COUNT, dtype=float)
    psnr[7] = np.inf
    assert chosen([rows(psnr)], "best")[0] == 7


def test_a_metric_that_was_not_asked_for_chooses_nothing() -> None:
    tables = [Rows(np.arange(3), ["a", "b", "c"], {}, {"hole_psnr": np.arange(3.0)})]
    assert chosen(tables, "worst") == [-1000, -999, -998]
    assert chosen(tables, "dark") == chosen(tables, "backlit") == []
    tables = [Rows(np.arange(3), ["a", "b", "c"], {}, {"hole_ssim": np.arange(3.0)})]
    assert choose_examples("box", tables) == []
