"""What is done of an evaluation, kept under the hash of all that decides it.

So an evaluation goes on where it was stopped, and a method that is added later costs only itself.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from restauro.data.bank import Bank
from restauro.evaluation.plan import Method
from restauro.evaluation.protocols import Protocol
from restauro.files import whole_file

CACHE_FORMAT = 2


@dataclass(frozen=True)
class Cache:
    """Where the scores and examples of a bank's pictures lie."""

    folder: Path
    bank: Bank
    metrics: tuple[str, ...]
    seed: int
    program: str
    """The code that makes scores, as the process that asks found it."""
    _folders: dict[tuple[str, str], Path] = field(default_factory=dict)
    """By task and method: their names take a while."""

    def scores_path(self, protocol: Protocol, method: Method, rows: NDArray[np.int64]) -> Path:
        """Where the scores of consecutive pictures lie."""
        return self._folder(protocol, method) / f"{rows[0]}_{len(rows)}.npz"

    def example_path(self, protocol: Protocol, method: Method, row: int) -> Path:
        """Where the restored picture of an example lies."""
        return self._folder(protocol, method) / f"{row}.png"

    def _folder(self, protocol: Protocol, method: Method) -> Path:
        place = protocol.task, method.name
        if place not in self._folders:
            checksum = self.bank.description.get("sha256", "")
            holes = protocol.hash(self.bank.size, {}, checksum, self.seed)
            # a file's content decides, not where it lies; what has none is known by its name alone
            identity = method.identity or (method.origin,)
            decisive = [CACHE_FORMAT, self.program, holes, protocol.code, identity]
            text = json.dumps([*decisive, sorted(self.metrics)])
            digest = hashlib.sha256(text.encode()).hexdigest()
            self._folders[place] = self.folder / f"{protocol.task}-{method.name}-{digest[:16]}"
        return self._folders[place]


@dataclass(frozen=True)
class PartScores:
    """The scores of some pictures by one method."""

    index: NDArray[np.int64]
    """(B,) positions in the bank."""
    metrics: tuple[str, ...]
    values: NDArray[np.float64]
    """(B, metrics); nan where the method gave up."""
    features: Mapping[str, tuple[NDArray[np.float32], NDArray[np.float32]]]
    """By network, for metrics of sets: of the restored and the undamaged pictures, (B, F) each."""
    failures: Mapping[int, str]
    """Position in the bank -> why the method gave up on the picture."""

    def save(self, path: Path) -> None:
        """Writes the part, whole or not at all."""
        path.parent.mkdir(parents=True, exist_ok=True)
        content = vars(self) | {"failures": json.dumps(self.failures)}
        del content["features"]
        for name, (fills, truth) in self.features.items():
            content |= {f"fills {name}": fills, f"truth {name}": truth}
        with whole_file(path) as aside, aside.open("wb") as file:
            np.savez(file, **content)

    @classmethod
    def load(cls, path: Path) -> PartScores:
        """Reads what `save` wrote."""
        with np.load(path, allow_pickle=False) as file:
            content = dict(file)
        names = [key.removeprefix("fills ") for key in content if key.startswith("fills ")]
        failures = json.loads(str(content["failures"]))
        return cls(
            content["index"],
            tuple(content["metrics"].tolist()),
            content["values"],
            {name: (content[f"fills {name}"], content[f"truth {name}"]) for name in names},
            {int(index): message for index, message in failures.items()},
        )
