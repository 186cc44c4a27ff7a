"""The engine on Ray: a local Ray of two processes, real pictures, and processes that are killed."""

from __future__ import annotations

import csv
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from markingfill import MarkingFill
from numpy.testing import assert_array_equal

from restauro.errors import RestauroError
from restauro.fill.catalogue import load
from restauro.fill.filler import Filler
from restauro.jobs.job import UNFINISHED, Engine, Job, in_processes
from restauro.jobs.on_ray import ray_engine
from restauro.jobs.planning import plan
from restauro.jobs.record import FAILED, RESTORED, SKIPPED, Outcome, Record
from restauro.picture.holes import HoleOptions
from restauro.picture.masks import read_mask
from restauro.picture.read import read_image
from restauro.places import place_of
from started import PATIENCE

ray = pytest.importorskip("ray", reason="the engine ray needs the extra `ray`")
pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore::DeprecationWarning:ray.*")]

SAMPLES = Path(__file__).parents[2] / "src" / "restauro" / "samples"
SMALL = ("astronaut", "hat", "pearls")  # 128x128
LARGE = "child"  # 380x440: known by its size
COUNT = 8
STARTS = 5
PATIENT = {
    "RAY_agent_register_timeout_ms": f"{1000 * PATIENCE}",
    "RAY_gcs_server_port_wait_time_s": f"{PATIENCE}",
    "RAY_gcs_server_request_timeout_seconds": f"{PATIENCE}",
    "RAY_health_check_failure_threshold": "1000",
    "RAY_worker_register_timeout_seconds": f"{PATIENCE}",
    "RAY_memory_monitor_refresh_ms": "0",  # else it kills when others fill the memory
}
"""Ray's own settings: a busy machine is no broken one."""


class Folder:
    """Sample pictures in `in`, one of them large, their masks in `masks`, and marks."""

    def __init__(self, path: Path) -> None:
        self.path = path
        for name in ("in", "masks", "marks"):
            (path / name).mkdir()
        for number in range(COUNT):
            name = LARGE if number == 5 else SMALL[number % 3]
            shutil.copy(SAMPLES / f"{name}.png", path / "in" / f"{number}.png")
            shutil.copy(SAMPLES / f"{name}_mask.png", path / "masks" / f"{number}.png")

    def run(
        self,
        engine: Engine,
        *,
        deadly: str = "never",
        output: str = "out",
        root: str | None = None,
        make_filler: Callable[[], Filler] | None = None,
        stop_after: int = COUNT,
    ) -> list[Outcome]:
        """The outcomes of a job from `in` to the folder `output`, both below `root`."""
        root = root or str(self.path)
        place = place_of(f"{root}/{output}")
        tasks = plan([f"{root}/in"], place, masks=place_of(f"{root}/masks"))
        make_filler = make_filler or partial(MarkingFill, self.path / "marks", deadly)
        job = Job(tasks, place, HoleOptions(), make_filler, "marking")
        found: list[Outcome] = []
        with Record(self.path / f"{output}.csv") as record:
            for outcome in job.run(engine, record, lambda: len(found) >= stop_after):
                found.append(outcome)
        return found

    def rows(self, output: str = "out") -> list[dict[str, str]]:
        with (self.path / f"{output}.csv").open(newline="") as file:
            return list(csv.DictReader(file))

    def contents(self, output: str = "out") -> dict[str, bytes]:
        return {path.name: path.read_bytes() for path in (self.path / output).iterdir()}


@pytest.fixture(scope="module")
def engine() -> Iterator[Engine]:
    with (
        pytest.MonkeyPatch.context() as patch,
        # not below pytest's folder: a socket's path has 107 letters at most
        tempfile.TemporaryDirectory(prefix="ray", ignore_cleanup_errors=True) as folder,
        ExitStack() as stack,
    ):
        patch.setenv("RAY_TMPDIR", folder)
        for name, value in PATIENT.items():
            patch.setenv(name, value)
        # of `markingfill`, for the workers
        patch.setenv("PYTHONPATH", str(Path(__file__).parent), prepend=os.pathsep)
        yield patiently_started(stack)


def patiently_started(stack: ExitStack) -> Engine:
    """An engine of two processes; Ray gives its own start 30 seconds, which no setting changes."""
    for _ in range(STARTS - 1):
        try:
            return stack.enter_context(ray_engine(2))
        except RestauroError:
            ray.shutdown()
    return stack.enter_context(ray_engine(2))


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    return Folder(tmp_path)


def test_a_killed_process_costs_no_picture_and_doubles_none(folder: Folder, engine: Engine) -> None:
    found = folder.run(engine, deadly="once")
    assert Counter(outcome.status for outcome in found) == {RESTORED: COUNT}
    assert len({outcome.picture for outcome in found}) == COUNT
    marks = Counter(path.name.split()[0] for path in (folder.path / "marks").iterdir())
    assert marks == {"128": COUNT - 1, "380": 2}  # only the one in hand was tried again
    assert sorted(row["fingerprint"] for row in folder.rows()) == sorted(
        outcome.fingerprint for outcome in found
    )
    folder.run(in_processes(1), output="expected")
    assert folder.contents() == folder.contents("expected")
    for number in range(COUNT):
        before = read_image(folder.path / "in" / f"{number}.png")
        after = read_image(folder.path / "out" / f"{number}.png")
        hole = read_mask(folder.path / "masks" / f"{number}.png")
        assert_array_equal(after[~hole], before[~hole])
        assert (after[hole] != before[hole]).any()


def test_a_job_that_was_stopped_goes_on(folder: Folder, engine: Engine) -> None:
    before = folder.run(engine, stop_after=3)
    assert len(before) == len(folder.contents()) == len(folder.rows()) == 3
    found = folder.run(in_processes(1))  # any engine goes on with it
    assert Counter(outcome.status for outcome in found) == {SKIPPED: 3, RESTORED: COUNT - 3}
    assert len(folder.contents()) == len(folder.rows()) == COUNT
    assert {outcome.status for outcome in folder.run(engine)} == {SKIPPED}


def test_a_picture_that_always_ends_its_process_fails_alone(folder: Folder, engine: Engine) -> None:
    found = folder.run(engine, deadly="always")
    (failure,) = (outcome for outcome in found if outcome.status == FAILED)
    assert failure.picture == str(folder.path / "in" / "5.png")
    assert "5.png ended the process that restored it" in failure.message
    assert sorted(folder.contents()) == sorted(f"{i}.png" for i in range(COUNT) if i != 5)
    assert folder.run(engine)[-1].picture == failure.picture  # tried again, and now restored
    assert len(folder.contents()) == COUNT


def test_urls_are_read_and_written(folder: Folder, engine: Engine) -> None:
    pytest.importorskip("upath")
    found = folder.run(engine, root=f"file://{folder.path}")
    assert {outcome.status for outcome in found} == {RESTORED}
    assert found[0].output.startswith("file://")
    folder.run(in_processes(1), output="expected")
    assert folder.contents() == folder.contents("expected")
    assert {outcome.status for outcome in folder.run(engine, root=f"file://{folder.path}")} == {
        SKIPPED
    }


def test_what_no_process_can_do_stops_the_job_before_its_first_picture(
    folder: Folder, engine: Engine
) -> None:
    with pytest.raises(RestauroError, match=r"Ray stopped the job \(no model named 'nobody'"):
        folder.run(engine, make_filler=partial(load, "nobody"))
    assert folder.rows() == []


def test_the_command_runs_on_an_existing_cluster(folder: Folder, engine: Engine) -> None:
    (folder.path / "in" / "5.png").unlink()  # the network would take its time for the large one
    address = ray.get_runtime_context().gcs_address
    arguments = ["inpaint", "in", "--masks", "masks", "--output", "out", "--engine", "ray"]
    arguments += ["--model", "faces"]
    result = subprocess.run(
        [sys.executable, "-m", "restauro", *arguments, "--ray-address", address, "--json"],
        capture_output=True,
        text=True,
        check=False,
        cwd=folder.path,
    )
    assert result.returncode == 0, result.stderr
    lines: list[dict[str, Any]] = [json.loads(line) for line in result.stdout.splitlines()]
    assert len({line["picture"] for line in lines}) == len(lines) == COUNT - 1
    assert f"{COUNT - 1} restored (by faces {COUNT - 1})" in result.stderr
    assert len(folder.contents()) == COUNT  # with the record
    assert not (folder.path / "out" / UNFINISHED).exists()


def test_a_cluster_that_does_not_answer_is_one_sentence() -> None:
    code = "from restauro.jobs.on_ray import ray_engine\nwith ray_engine(None, '127.0.0.1:1'): pass"
    result = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False
    )
    assert "RestauroError: Ray does not start at 127.0.0.1:1 (" in result.stderr
