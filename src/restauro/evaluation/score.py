"""The pass itself: every method restores every picture once, and all metrics see the result.

Pictures are shared out in parts to processes of one thread each. What is done is kept under the
hash of all that decides it, so that an evaluation goes on where it was stopped, and a method that
is added later costs only itself.
"""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Callable, Generator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, NoReturn

import numpy as np
import PIL.Image
import torch
from numpy.typing import NDArray

from restauro.data.bank import Bank
from restauro.data.batches import to_tensor
from restauro.errors import RestauroError, first_line
from restauro.evaluation.plan import Method
from restauro.evaluation.protocols import Protocol
from restauro.evaluation.store import Timing
from restauro.files import whole_file
from restauro.fill.array_filler import Images, Masks
from restauro.fill.catalogue import load
from restauro.fill.filler import Filler
from restauro.interrupt import StopRequest
from restauro.metrics import SET_METRICS, Comparison, features_of_sets, scores
from restauro.pool import map_unordered

PART_SIZE = 32
"""Pictures of one part: enough for a batch, few enough to stop soon."""
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

    def example_path(self, protocol: Protocol, method: Method, rows: NDArray[np.int64]) -> Path:
        """Where the restored picture of an example, one row, lies."""
        return self._folder(protocol, method) / f"{rows[0]}.png"

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


@dataclass(frozen=True)
class Part:
    """Pictures with the holes of a protocol, and the methods that have to restore them."""

    protocol: Protocol
    rows: NDArray[np.int64]
    """Positions in the bank."""
    files: Mapping[Method, Path]
    """Where each method's scores are written to; a PNG is of one restored picture instead."""

    @property
    def amount(self) -> int:
        """Pictures to restore."""
        return len(self.rows) * len(self.files)


def run_parts(
    bank: Path,
    parts: Sequence[Part],
    metrics: Sequence[str],
    seed: int,
    processes: int,
    stop: StopRequest,
) -> Generator[int]:
    """Does all parts, and gives the number of restored pictures as they are done.

    With one process they are done here, with all of PyTorch's threads. Ends early, with every
    finished part kept, once `stop` is requested.

    Raises:
        RestauroError: A part ended its process, and once more when it was tried alone.
    """
    make = partial(_Scorer, bank, metrics, seed, threads=None if processes == 1 else 1)
    return map_unordered(
        parts, make, lambda: stop.is_requested, processes=processes, given_up=_killed
    )


class _Scorer:
    """Does parts in its process; `threads` None = as many as there are cores."""

    def __init__(self, bank: Path, metrics: Sequence[str], seed: int, threads: int | None) -> None:
        if threads is not None:
            torch.set_num_threads(threads)
        self.bank, self.metrics, self.seed = Bank.open(bank), metrics, seed
        self.threads = threads
        self.fillers: dict[Method, Filler] = {}

    def __call__(self, part: Part) -> int:
        """Restores the part's pictures with its methods; returns how many."""
        pictures = part.protocol.pictures(np.ascontiguousarray(self.bank.images[part.rows]))
        holes = part.protocol.holes(self.bank.size, part.rows, self.seed)
        truth = Truth(part.rows, pictures, holes)
        for method, path in part.files.items():
            if method not in self.fillers:
                self.fillers[method] = load(method.origin, method.device, self.threads)
            if path.suffix == ".png":
                truth.keep(self.fillers[method], path)
            else:
                truth.score(self.fillers[method], self.metrics).save(path)
        return part.amount


class Truth:
    """The undamaged pictures of a part with their holes: what all methods are compared with."""

    def __init__(self, index: NDArray[np.int64], pictures: Images, holes: Masks) -> None:
        self.index, self.pictures, self.holes = index, pictures, holes
        self.target = to_tensor(torch.from_numpy(np.ascontiguousarray(pictures)))
        self.mask = torch.from_numpy(holes)[:, None].float()  # (B, 1, H, W)
        self.kept: dict[object, Any] = {}
        """What metrics know of these pictures, computed once for all methods."""

    def score(self, filler: Filler, metrics: Sequence[str]) -> PartScores:
        """Restores all pictures with a method and takes all metrics; of sets, the features.

        Raises:
            MissingExtraError: A metric's package is not installed.
        """
        composites, failures = restore_all(filler, self.pictures, self.holes)
        restored = to_tensor(torch.from_numpy(composites))
        compared = Comparison(restored, self.target, self.mask, kept_of_target=self.kept)
        features = {
            name: (fills.float().numpy(), truth.float().numpy())
            for name, (fills, truth) in features_of_sets(compared, metrics).items()
        }
        columns = scores(compared, [name for name in metrics if name not in SET_METRICS])
        values = np.empty((len(self.index), len(columns)))
        for i, column in enumerate(columns.values()):
            values[:, i] = column.numpy()
        values[list(failures)] = np.nan
        messages = {int(self.index[i]): message for i, message in failures.items()}
        return PartScores(self.index, tuple(columns), values, features, messages)

    def keep(self, filler: Filler, path: Path) -> None:
        """Restores the only picture and writes it, unless the method gives up on it."""
        restored, failures = restore_all(filler, self.pictures, self.holes)
        path.parent.mkdir(parents=True, exist_ok=True)
        if not failures:
            with whole_file(path) as aside:
                PIL.Image.fromarray(restored[0]).save(aside, format="PNG")


def restore_all(filler: Filler, pictures: Images, holes: Masks) -> tuple[Images, dict[int, str]]:
    """The restored pictures (B, H, W, 3), and position -> sentence of those it gave up on.

    A method is foreign code: whatever it raises on one picture, the others are restored. Where it
    gave up, the undamaged picture stands in and must not be scored.
    """
    try:
        return filler.batch(pictures, holes), {}
    except Exception:  # noqa: BLE001, S110 - below each picture tells its own
        pass
    restored, failures = pictures.copy(), {}
    for i in range(len(pictures)):
        try:
            restored[i] = filler(pictures[i], holes[i])
        except Exception as error:  # noqa: BLE001
            failures[i] = f"{type(error).__name__}: {first_line(error)}"
    return restored, failures


def time_methods(
    methods: Mapping[str, Filler],
    pictures: Images,
    holes: Masks,
    tick: Callable[[], float] = time.perf_counter,
) -> dict[str, Timing]:
    """Milliseconds by method; round i restores picture i, (H, W, 3), with every method.

    Machines are shared and noisy: so a slow minute slows all methods, and not one of them.
    One call each goes before, for what a method does only once. A method that gives up on a
    picture has no time for that round, and none at all if it always does.
    """
    rounds: dict[str, list[float]] = {name: [] for name in methods}
    for number in range(-1, len(pictures)):
        for name, method in methods.items():
            start = tick()
            try:
                method(pictures[number], holes[number])
            except Exception:  # noqa: BLE001, S112 - the scores tell why
                continue
            if number >= 0:
                rounds[name].append(1000 * (tick() - start))
    return {
        name: Timing(float(np.median(times)), min(times), max(times), len(times))
        for name, times in rounds.items()
        if times
    }


def _killed(part: Part) -> NoReturn:
    raise RestauroError(
        f"{part.protocol.task} ended its process twice, at {len(part.rows)} pictures from position "
        f"{part.rows[0]} on and by {', '.join(method.name for method in part.files)}, perhaps for "
        "lack of memory; leave out what does: the same command goes on where this one stopped"
    )
