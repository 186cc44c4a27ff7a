"""Pictures that restauro draws itself: any number, free of terms, with nothing to download."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from restauro.data.drawings import drawing, kind_of
from restauro.data.sources._source import IndexRow, Plan, Render, SourceOptions
from restauro.picture.types import Image
from restauro.plugins import source

COUNT, SEED = 2000, 0
VERSION = 2
"""Grows when the same seed would draw something else."""


class Samples:
    """`count` drawings; number i depends on (seed, i) alone, so a larger count adds to the end."""

    crop = "none: drawn at the size of the bank"

    def __init__(self, count: int = COUNT, seed: int = SEED) -> None:
        self.count, self.seed = count, seed

    def identity(self) -> list[str]:
        """The arguments are the source."""
        return [f"version {VERSION}, count {self.count}, seed {self.seed}"]

    def plan(self) -> Plan:
        """Every tenth drawing for validation, every tenth for the test."""
        return Plan(num_pictures=self.count, offers=self._offers(), columns=("kind",))

    def _offers(self) -> Iterator[tuple[IndexRow, Render]]:
        for number in range(self.count):
            split = {8: "val", 9: "test"}.get(number % 10, "train")
            kind = kind_of(self._rng(number))
            yield IndexRow(f"sample-{number:06}", split, (kind,)), self._render(number)

    def _render(self, number: int) -> Render:
        def render(side: int) -> Image:
            rng = self._rng(number)
            return drawing(kind_of(rng), side, rng)

        return render

    def _rng(self, number: int) -> np.random.Generator:
        return np.random.default_rng([self.seed, number])


@source("samples")
def samples(options: SourceOptions) -> Samples:
    """Drawings; needs no files."""
    options.check("samples", "count", "seed")
    return Samples(options.count or COUNT, options.seed or SEED)
