from __future__ import annotations

import math

import numpy as np
import pytest

from restauro.metrics.statistics import MIN_PICTURES, estimate, group_gap, paired_differences


def test_mean_leaves_out_and_counts_what_is_not_finite() -> None:
    found = estimate([1.0, 2.0, 6.0, math.inf, math.nan])
    assert (found.mean, found.num_finite, found.num_infinite, found.num_missing) == (3, 3, 1, 1)


def test_nothing_gives_no_mean_and_one_value_no_interval() -> None:
    assert math.isnan(estimate([math.inf]).mean)
    one = estimate([4.0])
    assert one.mean == 4
    assert math.isnan(one.low)


def test_interval_is_that_of_a_normal_mean() -> None:
    values = np.random.default_rng(1).normal(5, 2, size=400)
    found = estimate(values)
    half = 1.96 * values.std() / math.sqrt(400)
    # 10 %: 2,000 resamples place a 2.5 % quantile to about 5 % of the half width
    assert found.mean - found.low == pytest.approx(half, rel=0.1)
    assert found.high - found.mean == pytest.approx(half, rel=0.1)


def test_interval_covers_the_truth_about_as_often_as_it_says() -> None:
    rng = np.random.default_rng(2)
    inside = 0
    for _ in range(100):
        found = estimate(rng.exponential(size=60))
        inside += found.low <= 1 <= found.high
    assert inside >= 86  # 4 deviations below 95 of 100


def test_order_of_pictures_changes_nothing_and_the_seed_does() -> None:
    values = np.random.default_rng(3).random(50)
    assert estimate(values) == estimate(values[::-1])
    assert estimate(values) != estimate(values, seed=1)


def test_pairing_tells_apart_what_overlaps() -> None:
    """As `biharmonic` and `telea` in SSIM: the pictures differ far more than the methods."""
    rng = np.random.default_rng(11)
    pictures = rng.normal(0.7, 0.15, 100)
    values = {"one": pictures + rng.normal(0.04, 0.05, 100), "other": pictures}
    one, other = map(estimate, values.values())
    assert one.low < other.high
    found = paired_differences(values)["one", "other"]
    assert found.sign == 1
    difference = values["one"] - values["other"]
    assert found.mean == pytest.approx(difference.mean())
    alone = estimate(difference)  # of a single pair, both intervals are the usual one
    assert (found.low, found.high) == pytest.approx((alone.low, alone.high), abs=1e-3)
    assert paired_differences(dict(reversed(values.items())))["other", "one"].sign == -1


def test_all_intervals_hold_together_about_as_often_as_they_say() -> None:
    """Ten equal methods: one of 45 pairs is wrongly told apart in few sets of pictures."""
    rng = np.random.default_rng(12)
    wrong = alone = 0
    for _ in range(60):
        table = rng.normal(size=(80, 10)) + rng.normal(size=(80, 1))
        pairs = paired_differences({str(i): table[:, i] for i in range(10)})
        wrong += any(pair.sign for pair in pairs.values())
        alone += any(
            (found := estimate(table[:, i] - table[:, j])).low > 0 or found.high < 0
            for i in range(10)
            for j in range(i)
        )
    assert wrong <= 9  # 4 deviations above 5 of 100
    assert alone > 25  # without the correction


def test_differences_are_of_the_pictures_that_both_have() -> None:
    rng = np.random.default_rng(13)
    one, other = rng.normal(size=(2, 40))
    one[:5], other[5:9] = np.nan, np.inf
    found = paired_differences({"one": one, "other": other})["one", "other"]
    assert found.num_pictures == 31
    assert found.mean == pytest.approx((one[9:] - other[9:]).mean())
    order = rng.permutation(40)
    assert paired_differences({"one": one[order], "other": other[order]})["one", "other"] == found


def test_few_pictures_tell_nothing_apart() -> None:
    ramp = np.arange(MIN_PICTURES, dtype=float)
    values = {"low": ramp, "high": ramp + 1, "same": ramp, "nothing": ramp * np.nan}
    found = paired_differences(values)
    assert found["low", "high"].sign == -1
    assert found["low", "same"].sign == 0
    assert (found["low", "same"].low, found["low", "same"].high) == (0, 0)
    assert (found["low", "nothing"].num_pictures, found["low", "nothing"].sign) == (0, 0)
    fewer = paired_differences({name: column[1:] for name, column in values.items()})
    assert {pair.sign for pair in fewer.values()} == {0}
    assert paired_differences({"alone": ramp}) == {}


def test_gap_names_best_and_worst_for_both_directions() -> None:
    rng = np.random.default_rng(4)
    groups = ["a"] * 40 + ["b"] * 40 + ["c"] * 40 + ["few"] * (MIN_PICTURES - 1)
    values = np.repeat([20.0, 25.0, 22.0, 90.0], [40, 40, 40, MIN_PICTURES - 1])
    values = values + rng.normal(size=len(values))
    higher = group_gap(values, groups, higher_is_better=True)
    lower = group_gap(values, groups, higher_is_better=False)
    assert higher is not None
    assert lower is not None
    assert (higher.best, higher.worst) == ("b", "a")
    assert (lower.best, lower.worst) == ("a", "b")
    assert higher.gap == lower.gap == pytest.approx(5, abs=0.7)
    assert 4 < higher.low < higher.gap < higher.high < 6
    assert higher.chance < 0.001
    assert higher.covered == 1


def test_groups_that_do_not_differ_have_a_gap_by_chance() -> None:
    rng = np.random.default_rng(5)
    chances = []
    for _ in range(5):
        gap = group_gap(rng.normal(size=90), list("abc" * 30), higher_is_better=True)
        assert gap is not None
        chances.append(gap.chance)
    assert np.mean(chances) > 0.2


def test_order_of_pictures_does_not_change_a_gap() -> None:
    rng = np.random.default_rng(6)
    values, content, groups = rng.random(60), rng.random(60), np.array(list("ab" * 30))
    order = rng.permutation(60)
    one = group_gap(values, groups.tolist(), higher_is_better=True, content=content)
    other = group_gap(
        values[order], groups[order].tolist(), higher_is_better=True, content=content[order]
    )
    assert one is not None
    assert one == other


def planted(bias: float) -> tuple[np.ndarray, list[str], np.ndarray]:
    """PSNR that falls with content, and a dark group of flat content with `bias` dB of its own."""
    rng = np.random.default_rng(7)
    groups = ["dark"] * 300 + ["light"] * 300
    content = np.concatenate([rng.uniform(0, 0.7, 300), rng.uniform(0.3, 1, 300)])
    values = 30 - 10 * content + rng.normal(scale=0.5, size=600)
    values[:300] += bias
    return values, groups, content


def test_matching_takes_away_what_flat_content_flatters() -> None:
    values, groups, content = planted(bias=-1)
    plain = group_gap(values, groups, higher_is_better=True)
    matched = group_gap(values, groups, higher_is_better=True, content=content)
    assert plain is not None
    assert matched is not None
    assert (plain.best, plain.worst) == ("dark", "light")  # the dark group looks 2 dB better
    assert plain.gap == pytest.approx(2, abs=0.4)
    assert (matched.best, matched.worst) == ("light", "dark")  # and is 1 dB worse
    assert matched.gap == pytest.approx(1, abs=0.35)  # content still differs within a stratum
    assert matched.chance < 0.001
    assert 0.4 < matched.covered < 1


def test_groups_without_common_content_cannot_be_matched() -> None:
    content = [0.0] * 20 + [1.0] * 20
    groups = ["a"] * 20 + ["b"] * 20
    assert group_gap(content, groups, higher_is_better=True, content=content) is None
    assert group_gap([1.0] * 20, ["a"] * 20, higher_is_better=True) is None
    assert group_gap([], [], higher_is_better=True) is None
