"""The engines, with attempts that wait, die or say who they are instead of restoring."""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
import threading
from functools import partial
from pathlib import Path

import pytest

from restauro.errors import MissingExtraError
from restauro.jobs.on_ray import ray_engine
from restauro.jobs.outcomes import FAILED, RESTORED, Outcome
from restauro.jobs.planning import Task
from restauro.jobs.running import Attempt, Engine, Processes, in_this_process
from started import is_alive, until

ENGINES = pytest.mark.parametrize("engine", [in_this_process, Processes(2)], ids=["here", "two"])


def tasks(count: int) -> list[Task]:
    paths = [Path(f"{i}.png") for i in range(count)]
    return [Task(path, None, path, path.name, "", fingerprint=path.stem) for path in paths]


def restored(task: Task) -> Outcome:
    return Outcome.of(task, RESTORED, message=str(os.getpid()))


def deadly(marks: Path, always: str, once: str, task: Task) -> Outcome:
    """Ends its process at the picture `always`, and at the picture `once` for the first time.

    `always` waits for that first time, so that each process dies at its own.
    """
    mark = marks / task.name
    if task.name == always:
        until((marks / once).exists, True)
    if task.name == always or (task.name == once and not mark.exists()):
        mark.touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return restored(task)


def make(attempt: Attempt) -> Attempt:
    return attempt


def never() -> bool:
    return False


@ENGINES
def test_every_task_has_one_outcome(engine: Engine) -> None:
    found = list(engine(tasks(9), partial(make, restored), never))
    assert sorted(outcome.picture for outcome in found) == [f"{i}.png" for i in range(9)]


def test_the_processes_share_the_work() -> None:
    found = list(Processes(2)(tasks(40), partial(make, restored), never))
    assert str(os.getpid()) not in {outcome.message for outcome in found}


@ENGINES
def test_asked_to_stop_only_what_is_in_hand_comes(engine: Engine) -> None:
    count = 0

    def after_three() -> bool:
        return count >= 3

    for _ in engine(tasks(50), partial(make, restored), after_three):
        count += 1
    assert 3 <= count <= 3 + 2 * 2


def test_without_ray_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(MissingExtraError, match=r"pip install 'restauro\[ray\]'"), ray_engine(2):
        raise AssertionError


@pytest.mark.slow
def test_of_a_process_that_dies_only_the_deadly_picture_fails(tmp_path: Path) -> None:
    attempt = partial(deadly, tmp_path, "3.png", "0.png")
    found = list(Processes(2)(tasks(12), partial(make, attempt), never))
    status = {outcome.picture: outcome.status for outcome in found}
    assert len(found) == len(status) == 12
    assert {name for name, value in status.items() if value == FAILED} == {"3.png"}
    (failure,) = (outcome for outcome in found if outcome.status == FAILED)
    assert "3.png ended the process that restored it" in failure.message
    assert failure.fingerprint == "3"


@pytest.mark.slow
def test_processes_end_with_a_parent_that_is_killed(tmp_path: Path) -> None:
    parent = multiprocessing.get_context("spawn").Process(target=run_endless, args=(tmp_path,))
    parent.start()
    until(lambda: len(list(tmp_path.iterdir())), 2)
    parent.kill()
    parent.join()
    workers = [int(path.name) for path in tmp_path.iterdir()]
    until(lambda: [worker for worker in workers if is_alive(worker)], [])


def run_endless(marks: Path) -> None:
    list(Processes(2)(tasks(9), partial(make, partial(endless, marks)), never))


def endless(marks: Path, task: Task) -> Outcome:
    (marks / str(os.getpid())).touch()
    threading.Event().wait()
    return restored(task)
