from __future__ import annotations

import math

import pytest

from restauro.metrics import METRICS
from restauro.metrics.statistics import Estimate
from restauro.report.scores import ranks

NOTHING = Estimate(math.nan, math.nan, math.nan, 0, 0, 30)


def between(low: float, high: float) -> Estimate:
    return Estimate((low + high) / 2, low, high, 30, 0, 0)


def test_methods_that_overlap_share_a_rank() -> None:
    # a and b overlap, b and c overlap, a and c do not; d is below all of them
    estimates = {
        "d": between(1, 2),
        "c": between(17, 20),
        "b": between(19, 23),
        "a": between(21, 25),
    }
    found = ranks(estimates, METRICS.create("hole_psnr"))
    assert found == {"a": 1, "b": 1, "c": 2, "d": 4}


def test_lower_is_better_where_the_metric_says_so() -> None:
    estimates = {"far": between(0.3, 0.4), "near": between(0.1, 0.2)}
    assert ranks(estimates, METRICS.create("hole_l1")) == {"near": 1, "far": 2}


def test_intervals_that_touch_overlap() -> None:
    estimates = {"one": between(1, 2), "other": between(2, 3), "third": between(4, 5)}
    assert ranks(estimates, METRICS.create("hole_psnr")) == {"third": 1, "one": 2, "other": 2}


@pytest.mark.parametrize(
    "estimates",
    [
        {"a": between(1, 3), "b": between(2, 4)},
        {"a": between(1, 3)},
        {"a": between(1, 3), "b": Estimate(9, math.nan, math.nan, 1, 0, 0)},
        {},
    ],
    ids=["all overlap", "alone", "without interval", "nobody"],
)
def test_nobody_has_a_rank_where_no_two_are_apart(estimates: dict[str, Estimate]) -> None:
    assert ranks(estimates, METRICS.create("hole_psnr")) == {}


def test_method_without_a_mean_has_no_rank() -> None:
    estimates = {"a": between(1, 2), "b": between(3, 4), "gave up": NOTHING}
    assert ranks(estimates, METRICS.create("hole_psnr")) == {"b": 1, "a": 2}
