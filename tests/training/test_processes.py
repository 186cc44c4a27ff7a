"""Several processes, on one machine or several, train as one does with the same global batch."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from subprocess import PIPE, STDOUT

import pytest
from tinyruns import (
    assert_trained_alike,
    make_bank,
    tiny_config,
    train_here,
    training_arguments,
    write_config,
)

from restauro.models import MODELS
from started import reserved_port, started

# averaged and clipped, so that both are compared too
UNET = ("training.epochs=2", "training.average_decay=0.9", "training.max_gradient_norm=1.0")

WITH_THREADS_TOLD = """
import os
import sys
from pathlib import Path
from restauro.cli import cli

cli.main(sys.argv[1:], standalone_mode=False)
names = [path.read_text().strip() for path in Path("/proc/self/task").glob("*/comm")]
sys.stdout.flush()
os.write(1, f"\\nended with {names}\\n".encode())  # at one go: both processes write to one pipe
"""
"""`restauro` that says which threads outlive its command."""


@pytest.fixture(scope="module")
def alone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The run folder that a single process trained; bank and config lie beside it."""
    folder = tmp_path_factory.mktemp("alone")
    write_config(folder, make_bank(folder / "bank", 24, 8))
    train_here(tiny_config(folder, folder / "bank", *UNET), folder / "alone")
    return folder / "alone"


@pytest.fixture
def environment() -> Iterator[dict[str, str]]:
    """Where processes meet, at a port that stays free until they do."""
    with reserved_port() as port:
        yield os.environ | {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(port)}


def test_two_processes_train_as_one_and_leave_no_thread(
    alone: Path, environment: dict[str, str], tmp_path: Path
) -> None:
    """A thread of the group that outlives training may abort its process at the exit."""
    script = tmp_path / "script.py"
    script.write_text(WITH_THREADS_TOLD)
    arguments = training_arguments(alone.parent / "tiny.toml", tmp_path / "two", *UNET)
    command = [sys.executable, str(script), *arguments, "--devices", "2"]
    with started(command, env=environment, stdout=PIPE, stderr=STDOUT) as process:
        output, _ = process.communicate()
    assert process.returncode == 0, output
    assert_trained_alike(tmp_path / "two", alone, partial(MODELS.create, "unet_tiny"))
    threads = [line for line in output.splitlines() if line.startswith("ended with [")]
    assert len(threads) == 2, output
    assert "gloo" not in "".join(threads)


def test_two_machines_train_as_one(
    alone: Path, environment: dict[str, str], tmp_path: Path
) -> None:
    """Both are this one, started as docs/training.md says."""
    arguments = training_arguments(alone.parent / "tiny.toml", tmp_path / "two", *UNET)
    command = [sys.executable, "-m", "restauro", *arguments, "--num-nodes", "2"]
    told = {"stdout": PIPE, "stderr": STDOUT}
    with (
        started(command, env=environment | {"NODE_RANK": "0"}, **told) as first,
        started(command, env=environment | {"NODE_RANK": "1"}, **told) as second,
    ):
        outputs = [machine.communicate()[0] for machine in (first, second)]
    assert [first.returncode, second.returncode] == [0, 0], outputs
    assert "trained 6 steps" in outputs[0]
    assert "trained" not in outputs[1]
    assert_trained_alike(tmp_path / "two", alone, partial(MODELS.create, "unet_tiny"))
