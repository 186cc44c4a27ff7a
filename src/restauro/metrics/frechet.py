"""How far two sets of pictures are apart as sets: the Frechet distance of their features."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import Tensor


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
        singular_values = torch.linalg.svdvals(root_of(covariances[0]) @ root_of(covariances[1]))
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


def root_of(covariance: Tensor) -> Tensor:
    """Square root of a symmetric matrix without negative eigenvalues, but for rounding."""
    values, vectors = torch.linalg.eigh(covariance)
    root: Tensor = (vectors * values.clamp(min=0).sqrt()) @ vectors.T
    return root
