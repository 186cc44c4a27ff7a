"""Engines: where the tasks of a job run. Each gives an outcome for every task, exactly once.

An engine knows nothing of pictures: `make` builds what restores one, once in every process.
"""

from __future__ import annotations

import multiprocessing
import signal
from collections import deque
from collections.abc import Callable, Generator, Iterable
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from typing import Protocol, TypeAlias

from restauro.interrupt import end_with_parent
from restauro.jobs.outcomes import FAILED, Outcome
from restauro.jobs.planning import Task

Attempt: TypeAlias = Callable[[Task], Outcome]
"""Restores the picture of a task; a failure is an outcome, too."""
ShouldStop: TypeAlias = Callable[[], bool]

_AHEAD = 2  # tasks in hand for each process, so that none waits while the record is written


class Engine(Protocol):
    """Runs tasks somewhere, in any order."""

    def __call__(
        self, tasks: Iterable[Task], make: Callable[[], Attempt], should_stop: ShouldStop
    ) -> Generator[Outcome]:
        """The outcomes as they come; asked to stop, only those of the tasks in hand."""


def in_this_process(
    tasks: Iterable[Task], make: Callable[[], Attempt], should_stop: ShouldStop
) -> Generator[Outcome]:
    """One task after the other, without another process."""
    attempt = make()
    for task in tasks:
        if should_stop():
            return
        yield attempt(task)


@dataclass(frozen=True)
class Processes:
    """Tasks in `count` processes of this machine.

    When a process dies, such as for lack of memory, the tasks in hand are tried once more, each
    in a process of its own, so that only the one that kills its process fails.
    """

    count: int

    def __call__(
        self, tasks: Iterable[Task], make: Callable[[], Attempt], should_stop: ShouldStop
    ) -> Generator[Outcome]:
        """The outcomes as they come; `make` must be picklable."""
        waiting = deque(tasks)
        while waiting and not should_stop():
            in_hand: dict[Future[Outcome], Task] = {}
            try:
                with _pool(self.count, make) as pool:
                    while in_hand or (waiting and not should_stop()):
                        while waiting and len(in_hand) < _AHEAD * self.count and not should_stop():
                            future = pool.submit(_attempt, waiting[0])
                            in_hand[future] = waiting.popleft()
                        for future in wait(in_hand, return_when=FIRST_COMPLETED).done:
                            outcome = future.result()
                            del in_hand[future]
                            yield outcome
            except BrokenProcessPool:
                for future, task in in_hand.items():
                    is_lost = isinstance(future.exception(), BrokenProcessPool)
                    yield _alone(task, make) if is_lost else future.result()


def _alone(task: Task, make: Callable[[], Attempt]) -> Outcome:
    try:
        with _pool(1, make) as pool:
            return pool.submit(_attempt, task).result()
    except BrokenProcessPool:
        return ended_its_process(task)


def ended_its_process(task: Task) -> Outcome:
    """The failure of a task whose process died whenever it was tried."""
    message = (
        f"{task.picture} ended the process that restored it, perhaps for lack of memory; "
        "restore it alone or make it smaller"
    )
    return Outcome.of(task, FAILED, message=message)


def _pool(count: int, make: Callable[[], Attempt]) -> ProcessPoolExecutor:
    spawn = multiprocessing.get_context("spawn")  # a fork would copy the locks of running threads
    return ProcessPoolExecutor(count, spawn, initializer=_begin, initargs=(make,))


def _begin(make: Callable[[], Attempt]) -> None:
    """Readies a new process."""
    global _own_attempt
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches all; the first process decides
    end_with_parent()
    _own_attempt = make()


_own_attempt: Attempt


def _attempt(task: Task) -> Outcome:
    return _own_attempt(task)
