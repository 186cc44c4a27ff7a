"""Measures of codes: a perfect code has about 1, a useless one about 0."""

from __future__ import annotations

import math
import sys

import numpy as np
import pytest
from numpy.typing import NDArray

from restauro.errors import MissingExtraError
from restauro.latents import measures

N = 1500
LEVELS = (3, 4, 5)
"""Values of each factor."""


@pytest.fixture(scope="module")
def numbers() -> NDArray[np.int64]:
    """Three independent factors as whole numbers, (2 * N, 3)."""
    rng = np.random.default_rng(0)
    return np.stack([rng.integers(levels, size=2 * N) for levels in LEVELS], axis=1)


@pytest.fixture(scope="module")
def factors(numbers: NDArray[np.int64]) -> NDArray[np.str_]:
    return numbers.astype(str)


@pytest.fixture(scope="module")
def codes(numbers: NDArray[np.int64]) -> dict[str, NDArray[np.float64]]:
    """By name, codes (2 * N, D) of the same pictures."""
    rng = np.random.default_rng(1)
    perfect = numbers[:, [2, 0, 1]] * [-0.5, 1.0, 2.0] + 0.7
    noise = rng.normal(size=(2 * N, 3))
    return {
        "perfect": perfect,
        "useless": noise,
        "twice": np.concatenate([perfect, perfect], axis=1),
        # every number knows all factors
        "mixed": numbers @ np.array([[1.0, 0.31, 0.17], [0.29, 1.0, 0.23], [0.19, 0.37, 1.0]]),
    }


def all_of(codes: NDArray[np.float64], factors: NDArray[np.str_]) -> dict[str, float]:
    halves = codes[:N], factors[:N], codes[N:], factors[N:]
    importance, accuracy = measures.importances(*halves)
    return {
        "mig": measures.mutual_information_gap(codes, factors),
        "sap": measures.separated_predictability(*halves),
        "disentanglement": measures.disentanglement(importance),
        "completeness": measures.completeness(importance),
        "accuracy": accuracy,
        "factor_vae": measures.factor_vae_score(codes, factors),
    }


@pytest.fixture(scope="module")
def values(
    codes: dict[str, NDArray[np.float64]], factors: NDArray[np.str_]
) -> dict[str, dict[str, float]]:
    return {name: all_of(codes[name], factors) for name in ("perfect", "useless", "mixed")}


def test_perfect_code_has_one(values: dict[str, dict[str, float]]) -> None:
    found = values["perfect"]
    # samples of a finite number of pictures are never quite independent
    assert all(0.97 < value <= 1 for value in found.values()), found


def test_useless_code_has_none(values: dict[str, dict[str, float]]) -> None:
    found = dict(values["useless"])
    chance = sum(1 / levels for levels in LEVELS) / len(LEVELS)
    assert found.pop("accuracy") == pytest.approx(chance, abs=0.05)
    assert found.pop("factor_vae") == pytest.approx(1 / len(LEVELS), abs=0.05)
    assert all(0 <= value < 0.05 for value in found.values()), found


def test_mixed_code_knows_all_and_parts_nothing(values: dict[str, dict[str, float]]) -> None:
    perfect, mixed = values["perfect"], values["mixed"]
    assert mixed["accuracy"] > 0.9
    for name in ("mig", "sap", "disentanglement", "completeness"):
        assert mixed[name] < perfect[name] - 0.2, name


def test_factor_in_two_numbers_has_no_gap(
    codes: dict[str, NDArray[np.float64]], factors: NDArray[np.str_]
) -> None:
    assert measures.mutual_information_gap(codes["twice"], factors) == pytest.approx(0)
    twice = codes["twice"]
    assert measures.separated_predictability(
        twice[:N], factors[:N], twice[N:], factors[N:]
    ) == pytest.approx(0)


def test_gap_of_information_by_hand() -> None:
    """One number tells a factor of two bits, another one of the two: (2 - 1) / 2."""
    factor = np.repeat(np.arange(4), 25)
    codes = np.stack([factor, factor // 2], axis=1).astype(float)
    assert measures.mutual_information_gap(codes, factor[:, None].astype(str)) == pytest.approx(0.5)


def test_words_are_predicted_by_a_machine_and_numbers_by_a_line() -> None:
    """A line through three values in their order is exact; a machine finds the outer two alone."""
    values = np.tile(np.arange(3), 100)
    codes = values[:, None].astype(float)
    for texts, expected in ((values.astype(str), 1.0), (np.array([*"abc"])[values], 2 / 3)):
        factors = texts[:, None]
        score = measures.separated_predictability(codes, factors, codes, factors)
        assert score == pytest.approx(expected, abs=0.01)


def test_concentration_by_hand() -> None:
    """One number of three quarters of the importance is for one factor, the other for both."""
    importance = np.array([[3.0, 0.0], [0.5, 0.5]])
    assert measures.disentanglement(importance) == pytest.approx(0.75)
    shares = np.array([3 / 3.5, 0.5 / 3.5])
    entropy = -(shares * np.log2(shares)).sum()
    # the first factor, of 3.5 in 4, is spread as this entropy says; the second is in one alone
    assert measures.completeness(importance) == pytest.approx((3.5 * (1 - entropy) + 0.5) / 4)


def test_numbers_that_hardly_vary_have_no_vote(
    codes: dict[str, NDArray[np.float64]], factors: NDArray[np.str_]
) -> None:
    still = np.concatenate([codes["perfect"], np.full((2 * N, 1), 3.0)], axis=1)
    still[::2, 3] += 0.01
    assert measures.factor_vae_score(still, factors) > 0.97
    assert measures.factor_vae_score(still[:, 3:], factors) == 0


def test_votes_do_not_depend_on_the_scale_of_numbers(
    codes: dict[str, NDArray[np.float64]], factors: NDArray[np.str_]
) -> None:
    noisy = codes["perfect"] + 0.1 * codes["useless"]
    assert measures.factor_vae_score(noisy * [100, 1, 0.1], factors) > 0.97


def test_dependence_of_numbers_by_hand(codes: dict[str, NDArray[np.float64]]) -> None:
    rng = np.random.default_rng(0)
    one, other = rng.normal(size=(2, 20_000))
    mixed = np.stack([one, 0.6 * one + 0.8 * other, np.full(20_000, 2.0)], axis=1)
    # a correlation of 0.6; the number that never changes does not count
    expected = -0.5 * math.log(1 - 0.6**2)
    assert measures.total_correlation(mixed) == pytest.approx(expected, abs=0.02)
    assert measures.total_correlation(np.stack([one, other], axis=1)) < 0.001
    assert measures.total_correlation(one[:, None]) == 0
    sides = np.tile([0.0, 1.0], 50)[:, None]
    assert measures.mean_mutual_information(np.repeat(sides, 3, axis=1)) == pytest.approx(
        math.log(2)
    )
    assert measures.mean_mutual_information(codes["useless"]) < 0.1


def test_what_is_missing_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    measures.require_predictors()
    monkeypatch.setitem(sys.modules, "sklearn", None)
    with pytest.raises(MissingExtraError, match=r"needs scikit-learn; .*restauro\[evaluate\]"):
        measures.require_predictors()
