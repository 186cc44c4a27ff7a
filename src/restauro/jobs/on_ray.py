"""The engine on Ray: the tasks of a job in processes of this machine or of a cluster.

Each task is a block of Ray Data, so that of a process or machine that dies the pictures in hand,
and no others, are tried again.
"""

from __future__ import annotations

import logging
import os
import pickle
import socket
import sys
from collections import Counter
from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import closing, contextmanager, redirect_stdout
from functools import lru_cache, partial
from typing import Any

from restauro.errors import RestauroError, first_line, needed
from restauro.imports import packed, unpacked
from restauro.jobs.job import Attempt, Engine, ended_its_process
from restauro.jobs.planning import Task
from restauro.jobs.record import Outcome
from restauro.pool import ShouldStop

TRIES = 3
"""How often a picture is begun, if its process dies each time."""
_OBJECTS_BYTES = 100 * 2**20  # what passes between processes is names and outcomes, no pictures


@contextmanager
def ray_engine(count: int | None, address: str | None = None) -> Iterator[Engine]:
    """An engine of `count` processes on this machine, or on the cluster at an address.

    Ray ends with the block, the cluster goes on. What Ray tells is on standard error meanwhile.

    Args:
        count: Most tasks at a time; None = one for each core of the machine or cluster.
        address: `auto`, `HOST:PORT` or `ray://HOST:PORT`; None = this machine.

    Raises:
        MissingExtraError: Ray is not installed.
        RestauroError: No cluster answers at the address.
    """
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")  # else Ray reports home
    with needed("the engine ray needs Ray", "'restauro[ray]'"):
        import ray
    where: dict[str, Any] = {"address": address}
    if address is None:
        where = {"address": "local", "num_cpus": count, "include_dashboard": False}
        where["object_store_memory"] = _OBJECTS_BYTES
    with redirect_stdout(sys.stderr):
        try:
            _check_that_it_answers(address or "local")
            ray.init(**where, log_to_driver=False, logging_level=logging.ERROR)
        except Exception as error:  # Ray's own have no common base here
            raise RestauroError(
                f"Ray does not start at {address or 'this machine'} ({first_line(error)}); "
                "check --ray-address and `ray status`"
            ) from error
        try:
            yield partial(_outcomes, count)
        finally:
            ray.shutdown()


def _check_that_it_answers(address: str) -> None:
    """Ray itself would try for minutes, and talk about its parts meanwhile."""
    host, _, port = address.removeprefix("ray://").rpartition(":")
    if port.isdigit():
        socket.create_connection((host, int(port)), timeout=10).close()


def _outcomes(
    count: int | None, tasks: Iterable[Task], make: Callable[[], Attempt], should_stop: ShouldStop
) -> Generator[Outcome]:
    """The outcomes as they come; asked to stop, none of the tasks in hand."""
    import ray

    items = [{"task": pickle.dumps(task)} for task in tasks]
    if not items:
        return
    pickled = packed(make)
    try:
        ray.get(ray.remote(_check).remote(pickled))
        with closing(_rows(items, pickled, count)) as rows:
            for row in rows:
                yield pickle.loads(row["outcome"])
                if should_stop():
                    return
    except ray.exceptions.RayError as error:
        reason = first_line(getattr(error, "cause", error))
        raise RestauroError(
            f"Ray stopped the job ({reason}); mend it, and the same command goes on from here"
        ) from error


def _rows(
    items: list[dict[str, bytes]], make: bytes, count: int | None
) -> Generator[dict[str, bytes]]:
    """Ends what runs when it is closed."""
    import ray.data

    ray.data.DataContext.get_current().enable_progress_bars = False
    logging.getLogger("ray.data").setLevel(logging.CRITICAL)
    tries = ray.remote(num_cpus=0, max_restarts=-1, max_task_retries=-1)(_Tries).remote()
    blocks = ray.data.from_items(items, override_num_blocks=len(items))
    strategy = ray.data.TaskPoolStrategy(count and min(count, len(items)))
    yield from blocks.map(partial(_row, make, tries), num_cpus=1, compute=strategy).iter_rows()


def _row(make: bytes, tries: Any, row: dict[str, bytes]) -> dict[str, bytes]:
    import ray

    task: Task = pickle.loads(row["task"])
    is_deadly = ray.get(tries.begun.remote(task.fingerprint)) > TRIES
    outcome = ended_its_process(task) if is_deadly else _made(make)(task)
    return {"outcome": pickle.dumps(outcome)}


class _Tries:
    """Counts how often each task was begun: Ray Data itself would begin it for ever.

    Lives in a process of its own, which no picture can end.
    """

    def __init__(self) -> None:
        self._counts: Counter[str] = Counter()

    def begun(self, fingerprint: str) -> int:
        self._counts[fingerprint] += 1
        return self._counts[fingerprint]


@lru_cache(maxsize=1)
def _made(make: bytes) -> Attempt:
    """What `make` builds, once in each process: Ray gives its processes one task after another."""
    attempt: Attempt = unpacked(make)()
    return attempt


def _check(make: bytes) -> None:
    """Fails if a process of the cluster cannot work, before every single picture does."""
    _made(make)
