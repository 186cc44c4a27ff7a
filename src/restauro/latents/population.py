"""How the codes of many pictures lie: where walks and drawn codes stay."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from restauro.errors import BadDataError

Vector = NDArray[np.float32]


@dataclass(frozen=True)
class Population:
    """A normal distribution of codes."""

    mean: NDArray[np.float64]
    """(latent_dim,)"""
    covariance: NDArray[np.float64]
    """(latent_dim, latent_dim)"""

    @classmethod
    def standard(cls, latent_dim: int) -> Population:
        """The prior of variational networks."""
        return cls(np.zeros(latent_dim), np.eye(latent_dim))

    @classmethod
    def of(cls, codes: Vector) -> Population:
        """That of codes (N, latent_dim).

        Raises:
            BadDataError: They are too few to have a spread.
        """
        if len(codes) < 2:
            raise BadDataError(f"{len(codes)} code has no spread; encode more pictures")
        values = codes.astype(np.float64)
        return cls(values.mean(axis=0), np.atleast_2d(np.cov(values.T)))

    @property
    def centre(self) -> Vector:
        """The mean, as a code."""
        return self.mean.astype(np.float32)

    def at(self, number: int, deviations: Vector) -> Vector:
        """What a number of the code is so many standard deviations from its mean."""
        spread = np.sqrt(self.covariance[number, number])
        values: Vector = (self.mean[number] + spread * deviations).astype(np.float32)
        return values

    def draw(self, count: int, seed: int) -> Vector:
        """Codes (count, latent_dim), the same for the same seed."""
        rng = np.random.default_rng(seed)
        drawn = rng.multivariate_normal(self.mean, self.covariance, size=count, method="eigh")
        return drawn.astype(np.float32)
