"""Numbers of two whole sets of pictures, the restored ones and the truth, by their features."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from restauro.errors import needed
from restauro.metrics.comparison import Comparison
from restauro.metrics.perceptual import PACKAGES, pooled_features
from restauro.metrics.st_lpips import PACKAGE, pooled_st_lpips
from restauro.registry import METRICS

SCIKIT_LEARN = "scikit-learn"
FEATURES = {"feature_distance": pooled_features, "st_lpips": pooled_st_lpips}
"""Network -> what gives the features of both sets, (B, F) each."""


@dataclass(frozen=True)
class SetMetric:
    """One value of two sets, and how to read it."""

    network: str
    """Whose features of `FEATURES` it compares."""
    needs: tuple[str, ...]
    """The packages besides restauro's own extras, for pip."""
    better: Literal["higher", "lower"]
    measure: Callable[[Tensor, Tensor], float]
    """Features of the restored pictures and of the truth in the same order, (N, F) each."""


def features_of_sets(
    compared: Comparison, metrics: Iterable[str]
) -> dict[str, tuple[Tensor, Tensor]]:
    """By network, features of the restored pictures and of the truth that metrics of sets need."""
    networks = {SET_METRICS[name].network for name in metrics if name in SET_METRICS}
    return {name: pooled(compared) for name, pooled in FEATURES.items() if name in networks}


def frechet_feature_distance(one: Tensor, other: Tensor) -> float:
    """Squared Frechet distance of the Gaussians that fit two sets of features: >= 0, 0 is equal.

    Each set is (N, F), one row a picture. With fewer pictures than some ten per feature it comes
    out too large: compare values only for the same number of pictures. Fewer than two give nan.

    Source: Dowson and Landau 1982, 10.1016/0047-259X(82)90077-X; FID is this distance on features
    of one Inception network. The trace of (C1 C2)^(1/2) is the sum of the singular values of
    C1^(1/2) C2^(1/2), which needs no root of an asymmetric matrix and never turns complex.
    """
    if min(len(one), len(other)) < 2:
        return float("nan")
    one, other = one.double(), other.double()
    with _one_thread():
        covariances = torch.cov(one.T), torch.cov(other.T)
        singular_values = torch.linalg.svdvals(_root_of(covariances[0]) @ _root_of(covariances[1]))
    traces = covariances[0].trace() + covariances[1].trace()
    distance = (one.mean(dim=0) - other.mean(dim=0)).square().sum() + traces
    return max(0.0, float(distance - 2 * singular_values.sum()))


@contextmanager
def _one_thread() -> Iterator[None]:
    """Small matrices gain nothing from threads, and lose seconds where cores are shared."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def _root_of(covariance: Tensor) -> Tensor:
    """Square root of a symmetric matrix without negative eigenvalues, but for rounding."""
    values, vectors = torch.linalg.eigh(covariance)
    root: Tensor = (vectors * values.clamp(min=0).sqrt()) @ vectors.T
    return root


def u_ids(fills: Tensor, truth: Tensor) -> float:
    """Share of the pictures that a plane between the two sets puts on the wrong side: 0 to 0.5.

    The higher, the harder are restored pictures to tell from real ones. (N, F) each, nan with no
    more pictures than features: a plane parts any two such sets.

    Source: U-IDS of Zhao et al. 2021, arXiv:2103.10428, theirs on features of Inception; the plane
    is scikit-learn's `LinearSVC(dual=False)` of all pictures of both sets, as in their code, but of
    features that are scaled to deviation 1: its margin has a length, and other networks' features
    are larger.

    Raises:
        MissingExtraError: scikit-learn is not installed.
    """
    of_fills, of_truth = _realness(fills, truth)
    errors = np.concatenate([of_fills > 0, of_truth <= 0])
    return float(errors.mean()) if len(errors) else float("nan")


def p_ids(fills: Tensor, truth: Tensor) -> float:
    """Share of the restored pictures that seem more real than their own truth: 0 to 1.

    By the plane of `u_ids`, which see; row i of both is the same picture.
    """
    of_fills, of_truth = _realness(fills, truth)
    return float((of_fills > of_truth).mean()) if len(of_fills) else float("nan")


def plane_of_sets() -> Any:
    """scikit-learn's support vector machine, untrained; it draws no random numbers.

    Raises:
        MissingExtraError: scikit-learn is not installed.
    """
    with needed("P-IDS and U-IDS need scikit-learn", SCIKIT_LEARN):
        from sklearn.pipeline import make_pipeline
        from sklearn.preprocessing import StandardScaler
        from sklearn.svm import LinearSVC
    return make_pipeline(StandardScaler(), LinearSVC(dual=False))


def _realness(fills: Tensor, truth: Tensor) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """On which side of the plane every picture lies, and how far: above 0 is real, (N,) twice.

    Empty with no more pictures than features.
    """
    count, num_features = fills.shape
    if count <= num_features:
        return np.empty(0), np.empty(0)
    both = torch.cat([fills, truth]).double().numpy()
    plane = plane_of_sets()
    plane.fit(both, np.repeat([0, 1], count))
    of_fills, of_truth = np.split(plane.decision_function(both), 2)
    return of_fills, of_truth


SET_METRICS = {
    "frechet_feature_distance": SetMetric(
        "feature_distance", (PACKAGES,), "lower", frechet_feature_distance
    ),
    "frechet_st_lpips": SetMetric("st_lpips", (PACKAGE,), "lower", frechet_feature_distance),
    "p_ids_st_lpips": SetMetric("st_lpips", (PACKAGE, SCIKIT_LEARN), "higher", p_ids),
    "u_ids_st_lpips": SetMetric("st_lpips", (PACKAGE, SCIKIT_LEARN), "higher", u_ids),
}
"""By name; an evaluation takes them unasked as it does metrics of pictures."""
METRICS.others = lambda: SET_METRICS
