"""Restores some pictures of a task with one method, and takes every metric of them."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from restauro.data.batches import to_tensor
from restauro.errors import first_line
from restauro.files import whole_file
from restauro.fill.array_filler import Images, Masks
from restauro.fill.filler import Filler
from restauro.metrics import Comparison, feature_network, scores
from restauro.metrics.perceptual import pooled_features, target_features, uses_features


@dataclass(frozen=True)
class PartScores:
    """The scores of some pictures of a task by one method."""

    index: NDArray[np.int64]
    """(B,) positions in the bank."""
    metrics: tuple[str, ...]
    values: NDArray[np.float64]
    """(B, metrics); nan where the method gave up."""
    composite_features: NDArray[np.float32]
    """(B, F) pooled, for the Frechet distance; F = 0 without feature metrics."""
    target_features: NDArray[np.float32]
    """(B, F) of the undamaged pictures."""
    failures: Mapping[int, str]
    """Position in the bank -> why the method gave up on the picture."""
    seconds: float
    """How long the method took, without the metrics."""

    def save(self, path: Path) -> None:
        """Writes the part, whole or not at all."""
        path.parent.mkdir(parents=True, exist_ok=True)
        with whole_file(path) as aside, aside.open("wb") as file:
            np.savez(file, **vars(self) | {"failures": json.dumps(self.failures)})

    @classmethod
    def load(cls, path: Path) -> PartScores:
        """Reads what `save` wrote."""
        with np.load(path, allow_pickle=False) as file:
            content = dict(file)
        failures = json.loads(str(content["failures"]))
        content["failures"] = {int(index): message for index, message in failures.items()}
        content["metrics"] = tuple(content["metrics"].tolist())
        return cls(**content | {"seconds": float(content["seconds"])})


class Truth:
    """The undamaged pictures of a part with their holes: what all methods are compared with."""

    def __init__(self, index: NDArray[np.int64], pictures: Images, holes: Masks) -> None:
        self.index, self.pictures, self.holes = index, pictures, holes
        self.target = to_tensor(torch.from_numpy(np.ascontiguousarray(pictures)))
        self.mask = torch.from_numpy(holes)[:, None].float()  # (B, 1, H, W)
        self._features: list[torch.Tensor] | None = None

    @property
    def features(self) -> list[torch.Tensor]:
        """Maps of the feature network, computed once for all methods."""
        if self._features is None:
            self._features = feature_network()(self.target)
        return self._features

    def score(self, method: Filler, metrics: Sequence[str]) -> PartScores:
        """Restores all pictures with a method and takes all metrics.

        Raises:
            MissingExtraError: A metric's package is not installed.
        """
        start = time.perf_counter()
        composites, failures = restore(method, self.pictures, self.holes)
        seconds = time.perf_counter() - start
        restored = Comparison(to_tensor(torch.from_numpy(composites)), self.target, self.mask)
        with_features = uses_features(metrics)
        pooled = [np.zeros((len(self.index), 0), np.float32)] * 2
        if with_features:
            restored.kept[target_features] = self.features
        columns = scores(restored, metrics)
        values = np.stack([columns[name].double().numpy() for name in metrics], axis=1)
        if with_features:
            pooled = [features.float().numpy() for features in pooled_features(restored)]
        values[list(failures)] = np.nan
        return PartScores(
            self.index,
            tuple(metrics),
            values,
            pooled[0],
            pooled[1],
            {int(self.index[i]): message for i, message in failures.items()},
            seconds,
        )


def restore(method: Filler, pictures: Images, holes: Masks) -> tuple[Images, dict[int, str]]:
    """The restored pictures (B, H, W, 3), and position -> sentence of those it gave up on.

    A method is foreign code: whatever it raises on one picture, the others are restored. Where it
    gave up, the undamaged picture stands in and must not be scored.
    """
    try:
        return method.batch(pictures, holes), {}
    except Exception:  # noqa: BLE001, S110 - below each picture tells its own
        pass
    restored, failures = pictures.copy(), {}
    for i in range(len(pictures)):
        try:
            restored[i] = method(pictures[i], holes[i])
        except Exception as error:  # noqa: BLE001
            failures[i] = f"{type(error).__name__}: {first_line(error)}"
    return restored, failures
