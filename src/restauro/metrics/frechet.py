"""How far two sets of pictures are apart as sets: the Frechet distance of their features."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import Tensor


class FeatureStatistics:
    """Mean and covariance of feature vectors, gathered batch by batch in double precision.

    Any order and any batches give the same but for rounding (Chan, Golub and LeVeque 1983).
    """

    def __init__(self, num_features: int) -> None:
        self.count = 0
        self.mean = torch.zeros(num_features, dtype=torch.float64)
        self.scatter = torch.zeros(num_features, num_features, dtype=torch.float64)

    def update(self, features: Tensor) -> None:
        """Adds a batch, (B, num_features)."""
        features = features.double().cpu()
        if len(features) == 0:
            return
        mean = features.mean(dim=0)
        centred = features - mean
        count, total = len(features), self.count + len(features)
        step = mean - self.mean
        self.scatter += centred.T @ centred + torch.outer(step, step) * self.count * count / total
        self.mean += step * count / total
        self.count = total

    @property
    def covariance(self) -> Tensor:
        """Unbiased, (num_features, num_features); nan for fewer than two vectors."""
        divisor = self.count - 1 if self.count > 1 else torch.nan
        return self.scatter / divisor


def frechet_feature_distance(one: FeatureStatistics, other: FeatureStatistics) -> float:
    """Squared Frechet distance of the Gaussians that fit two sets: >= 0, 0 is equal.

    With fewer pictures than some ten per feature it comes out too large: compare values only for
    the same number of pictures. Fewer than two pictures give nan.

    Source: Dowson and Landau 1982, 10.1016/0047-259X(82)90077-X; FID is this distance on features
    of one Inception network. The trace of (C1 C2)^(1/2) is the sum of the singular values of
    C1^(1/2) C2^(1/2), which needs no root of an asymmetric matrix and never turns complex.
    """
    if min(one.count, other.count) < 2:
        return float("nan")
    with _one_thread():
        roots = root_of(one.covariance) @ root_of(other.covariance)
        singular_values = torch.linalg.svdvals(roots)
    traces = one.covariance.trace() + other.covariance.trace()
    distance = (one.mean - other.mean).square().sum() + traces
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


def root_of(covariance: Tensor) -> Tensor:
    """Square root of a symmetric matrix without negative eigenvalues, but for rounding."""
    values, vectors = torch.linalg.eigh(covariance)
    root: Tensor = (vectors * values.clamp(min=0).sqrt()) @ vectors.T
    return root
