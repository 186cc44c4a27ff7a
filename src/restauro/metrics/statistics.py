"""Means, differences of methods and gaps between groups, from one value a picture.

NumPy alone, and every random number is of a seed: the same values give the same numbers.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

Array = NDArray[np.float64]
NUM_RESAMPLES = 2000
CONFIDENCE = 0.95
NUM_STRATA = 5
MIN_PICTURES = 10
MIN_IN_STRATUM = 3
ROUNDING = 1e-9
"""Of a mean: a standard error below this share of it is none."""
MAX_DRAWS = 1 << 21
"""Random numbers held at a time: 16 MiB."""


@dataclass(frozen=True)
class Estimate:
    """A mean of finite values with its bootstrap interval, and what it leaves out."""

    mean: float
    """Of the finite values; nan if there is none."""
    low: float
    high: float
    """Ends of the 95 % interval; nan for fewer than two finite values."""
    num_finite: int
    num_infinite: int
    """Perfect fills, where the metric is PSNR: to be printed beside the mean."""
    num_missing: int
    """Values that are no number, such as those of pictures without a hole."""


def estimate(values: ArrayLike, *, seed: int = 0) -> Estimate:
    """Mean of the finite values of pictures, (N,), with its percentile bootstrap 95 % interval.

    Pictures are drawn with replacement `NUM_RESAMPLES` times. Values are sorted first, so that
    the order of the pictures changes nothing.

    Source: Efron and Tibshirani 1993, An Introduction to the Bootstrap, chapter 13.
    """
    everything = np.asarray(values, dtype=np.float64)
    finite = np.sort(everything[np.isfinite(everything)])
    counts = (len(finite), int(np.isinf(everything).sum()), int(np.isnan(everything).sum()))
    mean, low, high = float(finite.mean()) if len(finite) else np.nan, np.nan, np.nan
    if len(finite) > 1:
        low, high = _interval(_resampled_means(finite, np.random.default_rng(seed)))
    return Estimate(mean, low, high, *counts)


@dataclass(frozen=True)
class Difference:
    """Mean of one method's values minus another's on the same pictures."""

    mean: float
    """nan if there is no picture on which both have finite values."""
    low: float
    high: float
    """Ends of its interval; nan for fewer than `MIN_PICTURES`."""
    num_pictures: int
    """On which both have finite values."""

    @property
    def sign(self) -> int:
        """1 or -1 where the interval lies above or below 0, and 0 where the two are not apart."""
        return int(self.low > 0) - int(self.high < 0)


def paired_differences(
    values: Mapping[str, ArrayLike], *, seed: int = 0
) -> dict[tuple[str, str], Difference]:
    """Differences of all pairs of methods, the first minus the second, by their names.

    Every method has a value for each of the same pictures, (N,). The intervals hold for all pairs
    together: in 95 of 100 sets of pictures none misses its true difference, however many methods
    are compared. For that, each is as many standard errors wide as the largest error among all
    pairs is, in 95 % of `NUM_RESAMPLES` draws of the pictures (single-step max-t).

    Source: Westfall and Young 1993, Resampling-Based Multiple Testing, chapter 2; Romano and Wolf
    2005, 10.1198/016214504000000539.
    """
    pairs = list(itertools.combinations(values, 2))
    if not pairs:
        return {}
    table = np.stack([np.asarray(column, dtype=np.float64) for column in values.values()], axis=1)
    table = table[np.lexsort(table.T)]  # so that the order of the pictures changes nothing
    first, second = np.triu_indices(len(values), 1)  # in the order of `pairs`
    with np.errstate(invalid="ignore", divide="ignore"):
        differences = table[:, first] - table[:, second]  # (N, pairs)
        known = np.isfinite(differences)
        counts = known.sum(axis=0)
        differences[~known] = 0
        means = differences.sum(axis=0) / counts
        squares = np.where(known, differences - means, 0) ** 2
        errors = np.sqrt(squares.sum(axis=0) / (counts - 1) / counts)
        resampled = _resampled_means_of(differences, known, np.random.default_rng(seed))
        deviations = np.abs(resampled - means) / errors
    deviations[:, ~(errors > ROUNDING * np.abs(means))] = 0  # the same on every picture
    is_enough = counts >= MIN_PICTURES
    largest = np.nan_to_num(deviations[:, is_enough]).max(axis=1, initial=0)
    width = np.quantile(largest, CONFIDENCE) * np.where(is_enough, errors, np.nan)
    return {
        pair: Difference(float(mean), float(mean - half), float(mean + half), int(count))
        for pair, mean, half, count in zip(pairs, means, width, counts, strict=True)
    }


@dataclass(frozen=True)
class GroupGap:
    """How much better a metric is in its best group than in its worst."""

    best: str
    worst: str
    gap: float
    """Distance of the two means, >= 0."""
    low: float
    high: float
    """95 % interval of the gap between these two groups; below 0 they may be the other way round.

    The two were chosen on the same pictures, so that the interval alone is too hopeful.
    """
    chance: float
    """Share of random groupings of the same pictures with a gap as large: small means real."""
    covered: float
    """Share of the compared groups' pictures in strata that all of them reach; 1 unmatched."""


def group_gap(
    values: ArrayLike,
    groups: Sequence[str],
    *,
    higher_is_better: bool,
    content: ArrayLike | None = None,
    seed: int = 0,
) -> GroupGap | None:
    """Gap between the best and the worst group's mean, (N,) values and (N,) names.

    With `content`, (N,), such as the variance of what the hole hides, groups are matched by it:
    pictures are cut into five quantiles of the content, every group's mean is taken in
    each stratum, and the strata are weighed by their share of all pictures, the same for every
    group (direct standardisation, as epidemiology compares death rates of countries of unlike
    ages). A stratum in which a group has fewer than `MIN_IN_STRATUM` pictures is left out for
    all. So a group of flat, dark pictures gets no better PSNR for being flat.

    Values that are not finite and groups with fewer than `MIN_PICTURES` take no part. Returns
    None if fewer than two groups, or no common stratum, remain.
    """
    table = _Table.of(values, groups, content)
    weights = table.weights()
    if len(table.names) < 2 or weights is None:
        return None
    means = table.means(table.values[None], weights)[0]
    ranked = np.argsort(-means if higher_is_better else means, kind="stable")
    best, worst = int(ranked[0]), int(ranked[-1])
    rng = np.random.default_rng(seed)
    resampled = table.resampled(weights, (best, worst), rng)
    difference = resampled[0] - resampled[1] if higher_is_better else resampled[1] - resampled[0]
    low, high = _interval(difference)
    gap = abs(float(means[best] - means[worst]))
    return GroupGap(
        table.names[best],
        table.names[worst],
        gap,
        low,
        high,
        table.chance(weights, gap, rng),
        float(table.cell_counts[:, weights > 0].sum() / table.cell_counts.sum()),
    )


@dataclass(frozen=True)
class _Table:
    """Values in cells of group and stratum, sorted so that the pictures' order changes nothing."""

    names: list[str]
    values: Array
    group: NDArray[np.intp]
    stratum: NDArray[np.intp]

    @classmethod
    def of(
        cls,
        values: ArrayLike,
        groups: Sequence[str],
        content: ArrayLike | None,
    ) -> _Table:
        numbers, labels = np.asarray(values, dtype=np.float64), np.asarray(groups, dtype=np.str_)
        matched = np.zeros(len(numbers)) if content is None else np.asarray(content, np.float64)
        finite = np.isfinite(numbers) & np.isfinite(matched)
        numbers, labels, matched = numbers[finite], labels[finite], matched[finite]
        found, counts = np.unique(labels, return_counts=True)
        names = found[counts >= MIN_PICTURES].tolist()
        chosen = np.isin(labels, names)
        numbers, labels, matched = numbers[chosen], labels[chosen], matched[chosen]
        stratum = quantile_bins(matched, NUM_STRATA)
        group = np.searchsorted(np.array(names, dtype=np.str_), labels)
        order = np.lexsort((numbers, stratum, group))
        return cls(names, numbers[order], group[order], stratum[order])

    @property
    def cell_counts(self) -> NDArray[np.intp]:
        """Pictures of every group in every stratum: (groups, strata)."""
        cells = np.zeros((len(self.names), NUM_STRATA), dtype=np.intp)
        np.add.at(cells, (self.group, self.stratum), 1)
        return cells

    def weights(self) -> Array | None:
        """Share of every stratum that all groups reach, (strata,); None if there is none."""
        counts = self.cell_counts
        shares = counts.sum(axis=0) * (counts >= MIN_IN_STRATUM).all(axis=0)
        return shares / shares.sum() if shares.sum() > 0 else None

    def means(self, rows: Array, weights: Array) -> Array:
        """Every group's matched mean, for rows of as many values: (R, N) -> (R, groups)."""
        cell = self.group * NUM_STRATA + self.stratum
        counts = self.cell_counts
        shares = np.divide(weights, counts, out=np.zeros(counts.shape), where=counts > 0)
        one_hot = np.zeros((len(cell), len(self.names)))
        one_hot[np.arange(len(cell)), self.group] = shares.ravel()[cell]
        result: Array = rows @ one_hot
        return result

    def resampled(
        self,
        weights: Array,
        pair: tuple[int, int],
        rng: np.random.Generator,
    ) -> Array:
        """Matched means of two groups whose pictures are drawn again within cells: (2, R)."""
        totals = np.zeros((2, NUM_RESAMPLES))
        for row, group in enumerate(pair):
            for stratum in np.flatnonzero(weights):
                cell = self.values[(self.group == group) & (self.stratum == stratum)]
                totals[row] += weights[stratum] * _resampled_means(cell, rng)
        return totals

    def chance(self, weights: Array, gap: float, rng: np.random.Generator) -> float:
        """Share of groupings shuffled within strata whose largest gap reaches `gap`."""
        reached = 0
        for size in _chunks(NUM_RESAMPLES, len(self.values)):
            rows = np.tile(self.values, (size, 1))
            for stratum in np.flatnonzero(weights):
                inside = self.stratum == stratum
                rows[:, inside] = rng.permuted(rows[:, inside], axis=1)
            reached += int((np.ptp(self.means(rows, weights), axis=1) >= gap).sum())
        return (reached + 1) / (NUM_RESAMPLES + 1)


def quantile_bins(values: Array, num_bins: int) -> NDArray[np.intp]:
    """Number of every value's quantile bin; equal values fall into one."""
    if len(values) == 0:
        return np.zeros(0, dtype=np.intp)
    edges = np.quantile(values, np.linspace(0, 1, num_bins + 1)[1:-1])
    return np.searchsorted(edges, values, side="left")


def _resampled_means(values: Array, rng: np.random.Generator) -> Array:
    """Means of as many values drawn with replacement: (NUM_RESAMPLES,)."""
    return np.concatenate(
        [
            values[rng.integers(len(values), size=(size, len(values)))].mean(axis=1)
            for size in _chunks(NUM_RESAMPLES, len(values))
        ]
    )


def _resampled_means_of(
    columns: Array, known: NDArray[np.bool_], rng: np.random.Generator
) -> Array:
    """Means of the known values of columns, (N, C), whose rows are drawn again: (R, C)."""
    means = []
    for size in _chunks(NUM_RESAMPLES, len(columns)):
        drawn = rng.integers(len(columns), size=(size, len(columns)))
        drawn += len(columns) * np.arange(size)[:, None]
        times = np.bincount(drawn.ravel(), minlength=drawn.size).reshape(drawn.shape).astype(float)
        means.append((times @ columns) / (times @ known))
    return np.concatenate(means)


def _interval(means: Array) -> tuple[float, float]:
    tail = (1 - CONFIDENCE) / 2
    low, high = np.quantile(means, [tail, 1 - tail])
    return float(low), float(high)


def _chunks(total: int, length: int) -> list[int]:
    """Sizes that sum to `total`, each with at most `MAX_DRAWS` numbers of rows of `length`."""
    size = max(1, MAX_DRAWS // max(1, length))
    return [min(size, total - start) for start in range(0, total, size)]
