from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

import numpy as np
import pytest
from numpy.typing import ArrayLike

from restauro.errors import BadDataError
from restauro.evaluation.groups import UNKNOWN, Grouping, group_scores, groupings, undamaged
from restauro.evaluation.store import Rows

NUM_PICTURES = 400


def rows_of(
    values: Mapping[str, ArrayLike], labels: Mapping[str, Sequence[str]] | None = None
) -> Rows:
    columns = {name: np.asarray(column, dtype=np.float64) for name, column in values.items()}
    words = {name: list(column) for name, column in (labels or {}).items()}
    count = max([len(column) for column in columns.values()] + [len(w) for w in words.values()])
    return Rows(np.arange(count), [f"{i}.jpg" for i in range(count)], words, columns)


def in_order(rows: Rows, order: Sequence[int]) -> Rows:
    return Rows(
        rows.index[order],
        [rows.names[i] for i in order],
        {name: [column[i] for i in order] for name, column in rows.labels.items()},
        {name: column[order] for name, column in rows.values.items()},
    )


def by_lightness(rows: Rows) -> Grouping:
    return next(found for found in groupings(rows) if found.name == "hole_lightness")


def of_random_light(seed: int) -> tuple[np.random.Generator, np.ndarray]:
    rng = np.random.default_rng(seed)
    return rng, rng.uniform(0, 100, NUM_PICTURES)


def test_fifths_are_named_by_their_limits_darkest_first() -> None:
    lightness = [90, 0, 10, 80, 20, 70, 30, 60, 40, 50.4]
    found = by_lightness(rows_of({"hole_lightness": lightness}))
    assert found.names_in_order == [
        "1 (L* 0 to 10)",
        "2 (L* 20 to 30)",
        "3 (L* 40 to 50)",
        "4 (L* 60 to 70)",
        "5 (L* 80 to 90)",
    ]
    assert [group[0] for group in found.group_of_picture] == list("5115242433")
    assert [found.group_of_picture.count(name) for name in found.names_in_order] == [2] * 5


def test_equal_values_are_not_torn_apart() -> None:
    # the 80 % quantile of eight 5 and two 9 is 5.8, the lower ones are 5
    found = by_lightness(rows_of({"hole_lightness": [9, 5, 5, 5, 5, 9, 5, 5, 5, 5]}))
    assert Counter(found.group_of_picture) == {"1 (L* 5 to 5)": 8, "5 (L* 9 to 9)": 2}
    assert groupings(rows_of({"hole_lightness": [5] * 10})) == []


def test_pictures_without_a_number_are_unknown_and_stand_last() -> None:
    lightness = [np.nan, *range(10)]
    found = by_lightness(rows_of({"hole_lightness": lightness}))
    assert found.names_in_order[-1] == found.group_of_picture[0] == UNKNOWN
    assert Counter(found.group_of_picture)[UNKNOWN] == 1


def test_tones_are_grouped_at_their_borders_darkest_first() -> None:
    angles = [55.1, 55, 41, 28, 10, -30, -31, np.nan]
    (found,) = groupings(rows_of({"ita": angles}))
    groups = ["very light", "light", "intermediate", "tan", "brown", "brown", "dark", UNKNOWN]
    assert found.group_of_picture == groups
    assert found.names_in_order == [
        "dark",
        "brown",
        "tan",
        "intermediate",
        "light",
        "very light",
        UNKNOWN,
    ]


def test_pictures_mostly_without_skin_are_not_grouped_by_tone() -> None:
    assert groupings(rows_of({"ita": [50, -40, np.nan, np.nan, np.nan]})) == []


def test_labels_group_where_their_values_are_few_and_cross() -> None:
    labels = {
        "race": ["a", "b", "a", "b"] * 6,
        "person": [str(i) for i in range(24)],
        "split_of": ["x"] * 24,
        "gender": ["f", "f", "m", ""] * 6,
    }
    race, gender, both = groupings(rows_of({}, labels))
    assert (race.name, gender.name, both.name) == ("race", "gender", "race and gender")
    assert gender.names_in_order == ["f", "m", UNKNOWN]
    assert Counter(both.group_of_picture) == {"a, f": 6, "a, m": 6, "b, f": 6, UNKNOWN: 6}


def test_labels_that_cross_to_too_many_groups_stay_apart() -> None:
    numbers = np.arange(50)
    labels = {"one": [str(i % 5) for i in numbers], "two": [str(i // 5) for i in numbers]}
    assert [found.name for found in groupings(rows_of({}, labels))] == ["one", "two"]


def test_what_one_method_could_not_tell_another_does() -> None:
    full = np.arange(10.0)
    gaps = [np.where(np.arange(10) == missing, np.nan, full) for missing in (2, 7)]
    truth = undamaged([rows_of({"hole_lightness": column, "hole_psnr": full}) for column in gaps])
    assert truth.values["hole_lightness"].tolist() == full.tolist()
    assert "hole_psnr" not in truth.values


def test_methods_must_have_the_same_pictures() -> None:
    rows = rows_of({"hole_lightness": np.arange(10.0)})
    with pytest.raises(BadDataError, match="different pictures"):
        undamaged([rows, in_order(rows, range(9, -1, -1))])


def test_a_method_that_lightens_the_dark_is_found_by_how_much() -> None:
    rng, lightness = of_random_light(1)
    bias = np.interp(lightness, [20, 80], [5, 0])  # the darkest fifth by 5 L*, the lightest by 0
    rows = rows_of(
        {
            "hole_lightness": lightness,
            "lightness_error": bias + rng.normal(size=NUM_PICTURES),
            "hole_variance": rng.uniform(0, 0.1, NUM_PICTURES),
        }
    )
    grouping = by_lightness(rows)
    found = group_scores(rows, grouping, "lightness_error")
    darkest, *_, lightest = found.estimates.values()
    assert darkest.low < 5 < darkest.high
    assert lightest.low < 0 < lightest.high
    for gap in (found.gap, found.matched):
        assert gap is not None
        assert gap.worst == grouping.names_in_order[0]  # the highest mean
        assert gap.low < 5 < gap.high
        assert gap.chance < 0.001


def of_flat_darkness(bias: float) -> tuple[Rows, Grouping]:
    """PSNR that content decides, the darkest pictures mostly flat, and `bias` dB for them."""
    rng, lightness = of_random_light(2)
    level = rng.integers(0, 5, NUM_PICTURES)  # as many contents as strata: matched to the full
    is_darkest = lightness < np.quantile(lightness, 0.2)
    level = np.where(is_darkest, np.minimum(level, rng.integers(0, 5, NUM_PICTURES)), level)
    psnr = 30 - 2 * level + bias * is_darkest + rng.normal(scale=0.5, size=NUM_PICTURES)
    rows = rows_of({"hole_lightness": lightness, "hole_psnr": psnr, "hole_variance": level / 100})
    return rows, by_lightness(rows)


def test_a_gap_that_flat_content_makes_vanishes_after_matching() -> None:
    rows, grouping = of_flat_darkness(bias=0)
    found = group_scores(rows, grouping, "hole_psnr")
    assert found.gap is not None
    assert found.matched is not None
    assert found.gap.best == grouping.names_in_order[0]  # the dark ones look better
    assert found.gap.gap > 1
    assert found.gap.chance < 0.01
    assert found.matched.gap < 0.3
    assert found.matched.chance > 0.05


def test_a_gap_of_the_method_stays_after_matching() -> None:
    rows, grouping = of_flat_darkness(bias=-3)
    found = group_scores(rows, grouping, "hole_psnr")
    assert found.gap is not None
    assert found.matched is not None
    assert found.gap.gap < 2.5  # flat content hides some of it
    assert found.matched.worst == grouping.names_in_order[0]
    assert found.matched.low < 3.2 < found.matched.high  # 3, and what choosing the best adds
    assert found.matched.chance < 0.001


def test_better_is_higher_or_lower_as_the_metric_says() -> None:
    names = ("hole_lightness", "hole_psnr", "relative_error")
    rows = rows_of({name: np.arange(60.0) for name in names})
    grouping = by_lightness(rows)
    psnr = group_scores(rows, grouping, "hole_psnr").gap
    error = group_scores(rows, grouping, "relative_error").gap
    assert psnr is not None
    assert error is not None
    assert psnr.worst == error.best == grouping.names_in_order[0]


def test_groups_of_few_pictures_have_means_and_no_gap() -> None:
    rows = rows_of({name: np.arange(40.0) for name in ("hole_lightness", "hole_psnr")})
    found = group_scores(rows, by_lightness(rows), "hole_psnr")
    assert [one.mean for one in found.estimates.values()] == [3.5, 11.5, 19.5, 27.5, 35.5]
    assert found.gap is None


def test_unknown_and_missing_pictures_are_counted_but_compared_with_nobody() -> None:
    rng, lightness = of_random_light(3)
    lightness[:50] = np.nan
    psnr = rng.normal(25, 1, NUM_PICTURES)
    psnr[:50] = 1  # the unknown ones would be worst by far
    psnr[60:63] = np.nan
    rows = rows_of(
        {
            "hole_lightness": lightness,
            "hole_psnr": psnr,
            "hole_variance": rng.uniform(0, 0.1, NUM_PICTURES),
        }
    )
    found = group_scores(rows, by_lightness(rows), "hole_psnr")
    assert found.estimates[UNKNOWN].mean == 1
    assert sum(one.num_missing for one in found.estimates.values()) == 3
    for gap in (found.gap, found.matched):
        assert gap is not None
        assert UNKNOWN not in (gap.best, gap.worst)
        assert gap.gap < 1


def test_nothing_is_matched_by_itself() -> None:
    rng, lightness = of_random_light(4)
    names = ("hole_contrast", "hole_variance", "hole_psnr", "hole_snr")
    values = {name: rng.uniform(size=NUM_PICTURES) for name in names}
    rows = rows_of({"hole_lightness": lightness, **values})
    light, contrast = groupings(rows)
    assert group_scores(rows, light, "hole_psnr").matched is not None
    assert group_scores(rows, light, "hole_snr").matched is None
    assert group_scores(rows, contrast, "hole_psnr").matched is None


def test_the_order_of_the_pictures_changes_nothing() -> None:
    rng, lightness = of_random_light(5)
    names = ("ita", "hole_variance", "hole_psnr")
    values = {name: rng.uniform(0, 60, NUM_PICTURES) for name in names}
    labels = {"kind": rng.choice(["a", "b"], NUM_PICTURES).tolist()}
    rows = rows_of({"hole_lightness": lightness, **values}, labels)
    order = rng.permutation(NUM_PICTURES).tolist()
    other = in_order(rows, order)
    for one, shuffled in zip(groupings(rows), groupings(other), strict=True):
        assert shuffled.names_in_order == one.names_in_order
        assert shuffled.group_of_picture == [one.group_of_picture[i] for i in order]
        scores = group_scores(rows, one, "hole_psnr")
        assert scores == group_scores(other, shuffled, "hole_psnr")
