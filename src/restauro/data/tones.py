"""How often a training picture is drawn, so that dark subjects are not rare."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

BIN_WIDTH = 10.0
"""Width in L* of a group of tone."""


def tone_probabilities(lightness: NDArray[np.float32], exponent: float) -> NDArray[np.float64]:
    """The chance of each picture to be drawn, from the mean L* of its subject: (N,), its sum is 1.

    Pictures are grouped by lightness, (N,) in [0, 100], ten units to a group. A group of n
    pictures is drawn in proportion to n ** exponent: 1 leaves the pictures as they are, 0.5 is
    square-root sampling, 0 makes every tone that occurs as frequent as any other. Source: Kang et
    al. 2020, arXiv:1910.09217 (1 there), where the groups are classes.
    """
    _, group, count = np.unique(lightness // BIN_WIDTH, return_inverse=True, return_counts=True)
    weight = (count.astype(np.float64) ** (exponent - 1))[group]
    return np.asarray(weight / weight.sum())
