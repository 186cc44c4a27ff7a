"""Trainings that differ in their seed alone are one method: `unet.seed0`, `unet.seed1`: `unet`."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

import numpy as np

from restauro.evaluation.store import Rows
from restauro.metrics.statistics import Array

_SEED = re.compile(r"\.seed\d+$")


def by_method(names: Sequence[str]) -> dict[str, list[str]]:
    """The names of every method's seeds; most methods have but themselves."""
    found: dict[str, list[str]] = {}
    for name in names:
        found.setdefault(_SEED.sub("", name), []).append(name)
    return found


def mean_rows(seeds: Mapping[str, Rows]) -> dict[str, Rows]:
    """By method, the mean of its seeds' values of every picture; nan where one has none."""
    found = {}
    for method, names in by_method(list(seeds)).items():
        several = [seeds[name] for name in names]
        known = [metric for metric in several[0].values if all(metric in r.values for r in several)]
        values = {metric: np.mean([r.values[metric] for r in several], axis=0) for metric in known}
        first = several[0]
        found[method] = Rows(first.index, first.names, first.labels, values) if names[1:] else first
    return found


def spread(values: Sequence[Array]) -> dict[str, float]:
    """Number of the seeds and standard deviation of their means; nothing for one.

    `values` are those of each seed, (N,), of which the finite count.
    """
    if len(values) < 2:
        return {}
    means = [column[np.isfinite(column)].mean() for column in values]
    return {"num_seeds": len(means), "spread": float(np.std(means, ddof=1))}
