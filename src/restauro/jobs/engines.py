"""Engines: where the tasks of a job run. Each gives an outcome for every task, exactly once.

An engine knows nothing of pictures: `make` builds what restores one, once in every process.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable
from dataclasses import dataclass
from typing import Protocol, TypeAlias

from restauro.jobs.planning import Task
from restauro.jobs.record import FAILED, Outcome
from restauro.pool import ShouldStop, map_unordered

Attempt: TypeAlias = Callable[[Task], Outcome]
"""Restores the picture of a task; a failure is an outcome, too."""


class Engine(Protocol):
    """Runs tasks somewhere, in any order."""

    def __call__(
        self, tasks: Iterable[Task], make: Callable[[], Attempt], should_stop: ShouldStop
    ) -> Generator[Outcome]:
        """The outcomes as they come; asked to stop, only those of the tasks in hand."""


@dataclass(frozen=True)
class Processes:
    """Tasks in `count` processes of this machine; one is this process itself."""

    count: int

    def __call__(
        self, tasks: Iterable[Task], make: Callable[[], Attempt], should_stop: ShouldStop
    ) -> Generator[Outcome]:
        """The outcomes as they come; `make` must be picklable for several processes."""
        return map_unordered(
            tasks, make, should_stop, processes=self.count, given_up=ended_its_process
        )


def ended_its_process(task: Task) -> Outcome:
    """The failure of a task whose process died whenever it was tried."""
    message = (
        f"{task.picture} ended the process that restored it, perhaps for lack of memory; "
        "restore it alone or make it smaller"
    )
    return Outcome.of(task, FAILED, message=message)
