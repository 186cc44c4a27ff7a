"""The pass itself: pictures of a task, shared out to processes of one thread each, and kept.

What is done lies in the cache under the hash of all that decides it, so that an evaluation goes
on where it was stopped, and a method that is added later costs only itself.
"""

from __future__ import annotations

import hashlib
import json
import multiprocessing
import os
import signal
from collections.abc import Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import PIL.Image
import torch
from numpy.typing import NDArray

from restauro.data.bank import Bank
from restauro.errors import RestauroError
from restauro.evaluation.methods import Method, method
from restauro.evaluation.program import program_sha256
from restauro.evaluation.scoring import Truth, restore
from restauro.evaluation.tasks import Task
from restauro.files import file_sha256, whole_file
from restauro.interrupt import StopRequest

PART_SIZE = 32
"""Pictures of one job: enough for a batch, few enough to stop soon."""
CACHE_FORMAT = 1
QUEUED_PER_PROCESS = 3
THREAD_SETTINGS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")


@dataclass(frozen=True)
class Source:
    """A method by the name or path it is asked for, to be made anew in every process."""

    name: str
    """How tables call it."""
    origin: str
    """Name or path, as `methods.method` takes it."""
    identity: tuple[str, ...] = ()
    """How its files are used, and their SHA-256, the weights' first; empty without files."""

    @classmethod
    def of(cls, name: str, origin: str, found: Method) -> Source:
        """The source of a method that was found."""
        digests = [file_sha256(path) for path in found.files]
        way, _, _ = origin.rpartition(":")  # the same file may be used in several ways
        return cls(name, origin, (way, *digests) if digests else ())


@dataclass(frozen=True)
class Work:
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
        decisive = [CACHE_FORMAT, self.program, holes, identity, sorted(self.metrics)]
        digest = hashlib.sha256(json.dumps(decisive).encode()).hexdigest()
        return self.cache / f"{task.name}-{source.name}-{digest[:16]}"


@dataclass(frozen=True)
class Job:
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


class Worker:
    """Does jobs in this process."""

    def __init__(self, work: Work, threads: int | None) -> None:
        self.work, self.threads = work, threads
        self.bank = Bank.open(work.bank)
        self.methods: dict[str, Method] = {}

    def do(self, job: Job) -> int:
        """Restores the job's pictures with its methods; returns how many."""
        pictures = job.task.pictures(np.ascontiguousarray(self.bank.images[job.rows]))
        holes = job.task.protocol.holes(self.work.size, job.rows, self.work.seed)
        truth = Truth(job.rows, pictures, holes)
        for source in job.sources:
            if job.keeps_pictures:
                self._keep(job, source, truth)
            else:
                path = self.work.scores_path(job.task, source, job.rows)
                truth.score(self._method(source), self.work.metrics).save(path)
        return job.amount

    def _keep(self, job: Job, source: Source, truth: Truth) -> None:
        """Writes the restored pictures; one that the method gave up on is left out."""
        restored, failures = restore(self._method(source), truth.pictures, truth.holes)
        for i, row in enumerate(job.rows):
            path = self.work.example_path(job.task, source, int(row))
            path.parent.mkdir(parents=True, exist_ok=True)
            if i not in failures:
                with whole_file(path) as aside:
                    PIL.Image.fromarray(restored[i]).save(aside, format="PNG")

    def _method(self, source: Source) -> Method:
        if source.origin not in self.methods:
            self.methods[source.origin] = method(source.origin, self.threads)
        return self.methods[source.origin]


def run_jobs(work: Work, jobs: Sequence[Job], processes: int, stop: StopRequest) -> Iterator[int]:
    """Does all jobs, and gives the number of restored pictures as they are done.

    With one process they are done here, with all of PyTorch's threads. Ends early, with every
    finished job kept, once `stop` is requested.

    Raises:
        RestauroError: A process was killed from outside.
    """
    if processes == 1:
        worker = Worker(work, threads=None)
        for job in jobs:
            if stop.is_requested:
                return
            yield worker.do(job)
        return
    with _single_threads():
        pool = ProcessPoolExecutor(
            processes, multiprocessing.get_context("spawn"), _start, initargs=(work,)
        )
    try:
        yield from _share_out(pool, jobs, processes, stop)
    except BrokenProcessPool as error:
        raise RestauroError(
            "a process of the evaluation was killed, perhaps for lack of memory; "
            "give fewer --jobs: the same command goes on where this one stopped"
        ) from error
    finally:
        pool.shutdown(cancel_futures=True)


def _share_out(
    pool: ProcessPoolExecutor, jobs: Sequence[Job], processes: int, stop: StopRequest
) -> Iterator[int]:
    waiting = list(reversed(jobs))
    running: set[Future[int]] = set()
    while (waiting and not stop.is_requested) or running:
        with _single_threads():  # processes are started as they are needed
            while (
                waiting and not stop.is_requested and len(running) < QUEUED_PER_PROCESS * processes
            ):
                running.add(pool.submit(_do, waiting.pop()))
        done, running = wait(running, timeout=1, return_when=FIRST_COMPLETED)
        for future in done:
            yield future.result()
        if stop.is_requested:
            running = {future for future in running if not future.cancel()}


_worker: Worker | None = None


def _start(work: Work) -> None:
    """Prepares a new process."""
    global _worker
    for number in StopRequest.SIGNALS:
        signal.signal(number, signal.SIG_IGN)  # Ctrl-C reaches all processes; the first decides
    torch.set_num_threads(1)
    _worker = Worker(work, threads=1)


def _do(job: Job) -> int:
    assert _worker is not None
    return _worker.do(job)


@contextmanager
def _single_threads() -> Iterator[None]:
    """Processes started within have one thread: libraries read these settings when they load."""
    before = {name: os.environ.get(name) for name in THREAD_SETTINGS}
    os.environ.update(dict.fromkeys(THREAD_SETTINGS, "1"))
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value
