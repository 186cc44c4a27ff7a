"""The pass itself: pictures of a task, shared out to processes of one thread each, and kept.

What is done lies in the cache under the hash of all that decides it, so that an evaluation goes
on where it was stopped, and a method that is added later costs only itself.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Generator, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import NoReturn

import numpy as np
import PIL.Image
import torch
from numpy.typing import NDArray

from restauro.data.bank import Bank
from restauro.errors import RestauroError
from restauro.evaluation.program import program_sha256
from restauro.evaluation.scoring import Truth, restore
from restauro.evaluation.tasks import Task
from restauro.files import file_sha256, whole_file
from restauro.fill.catalogue import load
from restauro.fill.filler import Filler
from restauro.fill.sessions import CPU, Device, on_device
from restauro.interrupt import StopRequest
from restauro.pool import map_unordered

PART_SIZE = 32
"""Pictures of one part: enough for a batch, few enough to stop soon."""
CACHE_FORMAT = 1


@dataclass(frozen=True)
class Source:
    """A method by the name or path it is asked for, to be made anew in every process."""

    name: str
    """How tables call it."""
    origin: str
    """Name or path, as `load` takes it."""
    identity: tuple[str, ...] = ()
    """How its files are used, and the SHA-256 of them, the weights' first, and of a plug-in's code;
    empty without files."""
    device: Device = CPU
    """Where it computes."""

    @classmethod
    def of(cls, name: str, origin: str, found: Filler, device: Device = CPU) -> Source:
        """The source of a method that was found."""
        digests = [file_sha256(path) for path in (*found.files, *found.code)]
        way, _, _ = origin.rpartition(":")  # the same file may be used in several ways
        way = (found.name if found.code else way) + on_device(device)
        return cls(name, origin, (way, *digests) if digests else (), device)


@dataclass(frozen=True)
class Setting:
    """What every process must know; plain data, so that it can be sent to one."""

    bank: Path
    bank_sha256: str
    size: tuple[int, int]
    """(height, width) of the pictures."""
    cache: Path
    metrics: tuple[str, ...]
    seed: int
    program: str = field(default_factory=program_sha256)
    """Of the process that asks: a file that is edited meanwhile moves nobody's cache."""

    def scores_path(self, task: Task, source: Source, rows: NDArray[np.int64]) -> Path:
        """Where the scores of consecutive pictures lie in the cache."""
        return self._folder(task, source) / f"{rows[0]}_{len(rows)}.npz"

    def example_path(self, task: Task, source: Source, row: int) -> Path:
        """Where the restored picture of an example lies in the cache."""
        return self._folder(task, source) / f"{row}.png"

    def _folder(self, task: Task, source: Source) -> Path:
        holes = task.hash(self.size, {}, self.bank_sha256, self.seed)
        # a file's content decides, not where it lies; what has no file is known by its name alone
        identity = source.identity or (source.origin,)
        decisive = [CACHE_FORMAT, self.program, holes, task.code, identity, sorted(self.metrics)]
        digest = hashlib.sha256(json.dumps(decisive).encode()).hexdigest()
        return self.cache / f"{task.name}-{source.name}-{digest[:16]}"


@dataclass(frozen=True)
class Part:
    """Pictures of a task, and the methods that have to restore them."""

    task: Task
    rows: NDArray[np.int64]
    """Positions in the bank."""
    sources: tuple[Source, ...]
    keeps_pictures: bool = False
    """Whether restored pictures are kept, as examples, instead of scores."""

    @property
    def amount(self) -> int:
        """Pictures to restore."""
        return len(self.rows) * len(self.sources)


class Scorer:
    """Does parts in its process; `threads` None = as many as there are cores."""

    def __init__(self, setting: Setting, threads: int | None) -> None:
        if threads is not None:
            torch.set_num_threads(threads)
        self.setting, self.threads = setting, threads
        self.bank = Bank.open(setting.bank)
        self.methods: dict[str, Filler] = {}

    def __call__(self, part: Part) -> int:
        """Restores the part's pictures with its methods; returns how many."""
        pictures = part.task.pictures(np.ascontiguousarray(self.bank.images[part.rows]))
        holes = part.task.protocol.holes(self.setting.size, part.rows, self.setting.seed)
        truth = Truth(part.rows, pictures, holes)
        for source in part.sources:
            if part.keeps_pictures:
                self._keep(part, source, truth)
            else:
                path = self.setting.scores_path(part.task, source, part.rows)
                truth.score(self._method(source), self.setting.metrics).save(path)
        return part.amount

    def _keep(self, part: Part, source: Source, truth: Truth) -> None:
        """Writes the restored pictures; one that the method gave up on is left out."""
        restored, failures = restore(self._method(source), truth.pictures, truth.holes)
        for i, row in enumerate(part.rows):
            path = self.setting.example_path(part.task, source, int(row))
            path.parent.mkdir(parents=True, exist_ok=True)
            if i not in failures:
                with whole_file(path) as aside:
                    PIL.Image.fromarray(restored[i]).save(aside, format="PNG")

    def _method(self, source: Source) -> Filler:
        if source.origin not in self.methods:
            self.methods[source.origin] = load(source.origin, source.device, self.threads)
        return self.methods[source.origin]


def run_parts(
    setting: Setting, parts: Sequence[Part], processes: int, stop: StopRequest
) -> Generator[int]:
    """Does all parts, and gives the number of restored pictures as they are done.

    With one process they are done here, with all of PyTorch's threads. Ends early, with every
    finished part kept, once `stop` is requested.

    Raises:
        RestauroError: A part ended its process, and once more when it was tried alone.
    """
    make = partial(Scorer, setting, threads=None if processes == 1 else 1)
    return map_unordered(
        parts, make, lambda: stop.is_requested, processes=processes, given_up=_killed
    )


def _killed(part: Part) -> NoReturn:
    raise RestauroError(
        f"{part.task.name} ended its process twice, at {len(part.rows)} pictures from position "
        f"{part.rows[0]} on and by {', '.join(source.name for source in part.sources)}, perhaps "
        "for lack of memory; leave out what does: the same command goes on where this one stopped"
    )
