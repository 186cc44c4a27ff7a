"""The engines, with attempts that die or answer instead of restoring; Ray has tests of its own."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from restauro.errors import MissingExtraError
from restauro.jobs.job import Attempt, in_processes
from restauro.jobs.on_ray import ray_engine
from restauro.jobs.planning import Task
from restauro.jobs.record import FAILED, RESTORED, Outcome

DEADLY = "3.png"


def tasks(count: int) -> list[Task]:
    paths = [Path(f"{i}.png") for i in range(count)]
    return [Task(path, None, path, path.name, "", fingerprint=path.stem) for path in paths]


def attempt(task: Task) -> Outcome:
    if task.name == DEADLY:
        os._exit(3)
    return Outcome.of(task, RESTORED)


def make() -> Attempt:
    return attempt


def never() -> bool:
    return False


@pytest.mark.parametrize("count", [1, 2])
def test_every_task_has_one_outcome(count: int) -> None:
    found = list(in_processes(count)(tasks(3), make, never))
    assert sorted(outcome.picture for outcome in found) == ["0.png", "1.png", "2.png"]
    assert {outcome.status for outcome in found} == {RESTORED}


def test_only_the_picture_that_ends_its_process_fails() -> None:
    *others, failure = in_processes(2)(tasks(6), make, never)
    assert {outcome.status for outcome in others} == {RESTORED}
    assert len({outcome.picture for outcome in others}) == 5
    assert (failure.status, failure.fingerprint) == (FAILED, "3")
    assert "3.png ended the process that restored it" in failure.message


def test_without_ray_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(MissingExtraError, match=r"pip install 'restauro\[ray\]'"), ray_engine(2):
        raise AssertionError
