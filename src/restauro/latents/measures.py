"""How well the numbers of a code part the factors that pictures were made from.

Codes are (N, D), factors (N, F) of any few values each, as texts; settings are those of
disentanglement_lib (Locatello et al. 2019, arXiv:1811.12359). A code in which each factor has a
number of its own has 1, a code that knows nothing of them about 0; the FactorVAE score then has
about 1 / F.
"""

from __future__ import annotations

import importlib
import itertools

import numpy as np
from numpy.typing import NDArray

from restauro.errors import needed

Codes = NDArray[np.floating]
Factors = NDArray[np.str_]
Table = NDArray[np.float64]

NUM_BINS = 20
NUM_VOTES, NUM_TEST_VOTES, PICTURES_A_VOTE = 10_000, 5_000, 64
LEAST_SPREAD = 0.05
"""Standard deviation below which a number of a code is left out of the votes."""


def mutual_information_gap(codes: Codes, factors: Factors) -> float:
    """MIG: the factor's mutual information with its best number minus that with the second best.

    In units of the factor's entropy, averaged over factors.
    Source: Chen et al. 2018, arXiv:1802.04942, equation 6.
    """
    bins = _binned(codes)
    gaps = []
    for factor in _numbered(factors).T:
        information = sorted([0.0, *(_information(number, factor) for number in bins.T)])
        gaps.append((information[-1] - information[-2]) / _information(factor, factor))
    return float(np.mean(gaps))


def separated_predictability(
    codes: Codes, factors: Factors, test_codes: Codes, test_factors: Factors
) -> float:
    """SAP: how much better the best number predicts a factor than the second best, linearly.

    A factor of numbers is predicted by a line, and scored by the squared correlation; one of words
    by a linear support vector machine, and scored by its accuracy. Averaged over factors.
    Source: Kumar et al. 2018, arXiv:1711.00848.
    """
    from sklearn.svm import LinearSVC

    gaps = []
    for column, test_column in zip(factors.T, test_factors.T, strict=True):
        scores = [0.0]
        for number, test_number in zip(codes.T, test_codes.T, strict=True):
            if _are_numbers(column):
                scores.append(_squared_correlation(number, column.astype(float)))
            else:
                machine = LinearSVC(C=0.01, class_weight="balanced")
                machine.fit(number[:, None], column)
                scores.append(machine.score(test_number[:, None], test_column))
        scores.sort()
        gaps.append(scores[-1] - scores[-2])
    return float(np.mean(gaps))


def importances(
    codes: Codes, factors: Factors, test_codes: Codes, test_factors: Factors
) -> tuple[Table, float]:
    """How much boosted trees use each number for each factor, (D, F), and their mean accuracy.

    Source: Eastwood and Williams 2018; the accuracy is DCI's informativeness.
    """
    from sklearn.ensemble import GradientBoostingClassifier

    columns, accuracies = [], []
    for column, test_column in zip(factors.T, test_factors.T, strict=True):
        trees = GradientBoostingClassifier(random_state=0).fit(codes, column)
        columns.append(np.abs(trees.feature_importances_))
        accuracies.append(trees.score(test_codes, test_column))
    return np.stack(columns, axis=1), float(np.mean(accuracies))


def disentanglement(importance: Table) -> float:
    """DCI's D: 1 where each number serves one factor alone; weighted by the numbers' importance."""
    return float(np.average(_concentration(importance), weights=_weights(importance)))


def completeness(importance: Table) -> float:
    """DCI's C: 1 where each factor is in one number alone; weighted by the factors' importance."""
    return disentanglement(importance.T)


def factor_vae_score(codes: Codes, factors: Factors, seed: int = 0) -> float:
    """Accuracy in telling which factor some pictures share by the number that varies least in them.

    Source: Kim and Mnih 2018, arXiv:1802.05983, section 4.
    """
    variance = codes.var(axis=0, ddof=1)
    active = np.sqrt(variance) >= LEAST_SPREAD
    if not active.any():
        return 0.0
    scaled = codes[:, active] / np.sqrt(variance[active])
    rng, numbered = np.random.default_rng(seed), _numbered(factors)
    rows = [[np.flatnonzero(f == value) for value in range(f.max() + 1)] for f in numbered.T]
    votes = []
    for num_votes in (NUM_VOTES, NUM_TEST_VOTES):
        table = np.zeros((scaled.shape[1], len(rows)))
        for factor in rng.integers(len(rows), size=num_votes):
            shared = rows[factor][rng.integers(len(rows[factor]))]
            drawn = scaled[rng.choice(shared, PICTURES_A_VOTE)]
            table[drawn.var(axis=0).argmin(), factor] += 1
        votes.append(table)
    told = votes[0].argmax(axis=1)
    return float(votes[1][np.arange(len(told)), told].sum() / NUM_TEST_VOTES)


def total_correlation(codes: Codes) -> float:
    """Of the normal distribution with the codes' covariance, in nats; 0 where none correlate."""
    varying = codes[:, codes.std(axis=0) > 0].astype(np.float64)
    if varying.shape[1] < 2:
        return 0.0
    return float(-0.5 * np.linalg.slogdet(np.corrcoef(varying.T))[1])


def mean_mutual_information(codes: Codes) -> float:
    """Mean mutual information of two of the code's numbers, in nats, from `NUM_BINS` bins each."""
    pairs = itertools.combinations(_binned(codes).T, 2)
    return float(np.mean([_information(*pair) for pair in pairs] or [0.0]))


def require_predictors() -> None:
    """Checks that what predicts factors is there.

    Raises:
        MissingExtraError: It is not.
    """
    with needed("measuring against known factors needs scikit-learn", "'restauro[evaluate]'"):
        importlib.import_module("sklearn")


def _binned(codes: Codes) -> NDArray[np.int64]:
    """Each number's values in `NUM_BINS` bins of one width, (N, D)."""
    edges = [np.histogram_bin_edges(number, NUM_BINS)[:-1] for number in codes.T]
    return np.stack([np.digitize(*pair) for pair in zip(codes.T, edges, strict=True)], axis=1)


def _numbered(factors: Factors) -> NDArray[np.int64]:
    """Each factor's values as 0, 1, 2 and so on, (N, F)."""
    return np.stack([np.unique(column, return_inverse=True)[1] for column in factors.T], axis=1)


def _information(one: NDArray[np.int64], other: NDArray[np.int64]) -> float:
    """Mutual information of two columns (N,) of small whole numbers, in nats."""
    joint = np.zeros((one.max() + 1, other.max() + 1))
    np.add.at(joint, (one, other), 1 / len(one))
    independent = joint.sum(axis=1, keepdims=True) * joint.sum(axis=0)
    occurs = joint > 0
    return float((joint[occurs] * np.log(joint[occurs] / independent[occurs])).sum())


def _are_numbers(column: Factors) -> bool:
    try:
        column.astype(float)
    except ValueError:
        return False
    return True


def _squared_correlation(one: Codes, other: Codes) -> float:
    spread = one.std() * other.std()
    return float((np.cov(one, other, bias=True)[0, 1] / spread) ** 2) if spread > 0 else 0.0


def _concentration(importance: Table) -> Table:
    """1 minus each row's entropy in units of the largest possible; of a single column, 1."""
    if importance.shape[1] == 1:
        return np.ones(len(importance))
    share = (importance + 1e-11) / (importance + 1e-11).sum(axis=1, keepdims=True)
    return np.asarray(1 + (share * np.log(share)).sum(axis=1) / np.log(importance.shape[1]))


def _weights(importance: Table) -> Table:
    return np.asarray(importance.sum(axis=1) + 1e-11)
