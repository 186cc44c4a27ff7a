"""Several processes, on one machine or several, train as one does with the same global batch."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path
from subprocess import PIPE, STDOUT

import pytest
import torch
from tinyruns import (
    SMALL_AUTOENCODER,
    history,
    last_state,
    make_bank,
    tiny_config,
    train_here,
    training_arguments,
    write_config,
)
from torch import Tensor

from restauro.models import MODELS
from started import reserved_port, started

CASES = {
    # averaged and clipped, so that both are compared too
    "unet": ("training.epochs=2", "training.average_decay=0.9", "training.max_gradient_norm=1.0"),
    # batch statistics over all processes; no dropout, whose pattern is each process's own
    "conv_autoencoder": (*SMALL_AUTOENCODER, "model.arguments.dropout=0.0"),
}


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


def make_case(folder: Path, case: str) -> Path:
    """A config whose bank fits the case's network."""
    if case == "unet":
        return write_config(folder, make_bank(folder / "bank", 24, 8))
    return write_config(folder, make_bank(folder / "bank", 4, 2, size=(128, 128)))


def changes(run: Path, case: str) -> Tensor:
    """What training made of every weight of a run: after minus before, as one vector."""
    torch.manual_seed(0)
    if case == "unet":
        before = MODELS.create("unet_tiny")
    else:
        before = MODELS.create("conv_autoencoder_32", first_width=8, dropout=0.0)
    after = last_state(run)["model"]
    return torch.cat([(after[n] - p).detach().flatten() for n, p in before.named_parameters()])


def assert_trained_alike(one: Path, other: Path, case: str) -> None:
    """Checks that two runs learned the same within rounding.

    Sums over the batch come in another order, 1e-7 relative. AdamW divides each gradient by its
    own size, so single weights whose gradient is nearly 0 may differ by much of a step, but the
    changes as a whole differ by far less: 1e-3 is asked, 3e-7 and 9e-5 were measured.
    """
    ours, theirs = changes(one, case), changes(other, case)
    assert (ours - theirs).norm() < 1e-3 * theirs.norm()
    states = [last_state(path)["model"] for path in (one, other)]
    for name in states[0]:
        if "running" in name:
            torch.testing.assert_close(states[0][name], states[1][name], rtol=1e-3, atol=1e-4)
    for our_record, their_record in zip(history(one), history(other), strict=True):
        # 1e-4: the weights' differences above, seen through the network
        assert our_record == pytest.approx(their_record, rel=1e-4)


@pytest.fixture(scope="module", params=CASES)
def case(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def alone(tmp_path_factory: pytest.TempPathFactory, case: str) -> Path:
    """The run folder that a single process trained; bank and config lie beside it."""
    folder = tmp_path_factory.mktemp(case)
    make_case(folder, case)
    train_here(tiny_config(folder, folder / "bank", *CASES[case]), folder / "alone")
    return folder / "alone"


@pytest.fixture
def environment() -> Iterator[dict[str, str]]:
    """Where processes meet, at a port that stays free until they do."""
    with reserved_port() as port:
        yield os.environ | {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(port)}


def test_two_processes_train_as_one_and_leave_no_thread(
    case: str, alone: Path, environment: dict[str, str], tmp_path: Path
) -> None:
    """A thread of the group that outlives training may abort its process at the exit."""
    script = tmp_path / "script.py"
    script.write_text(WITH_THREADS_TOLD)
    arguments = training_arguments(alone.parent / "tiny.toml", tmp_path / "two", *CASES[case])
    command = [sys.executable, str(script), *arguments, "--devices", "2"]
    with started(command, env=environment, stdout=PIPE, stderr=STDOUT) as process:
        output, _ = process.communicate()
    assert process.returncode == 0, output
    assert_trained_alike(tmp_path / "two", alone, case)
    threads = [line for line in output.splitlines() if line.startswith("ended with [")]
    assert len(threads) == 2, output
    assert "gloo" not in "".join(threads)


@pytest.mark.parametrize("case", ["unet"], indirect=True)
def test_two_machines_train_as_one(
    case: str, alone: Path, environment: dict[str, str], tmp_path: Path
) -> None:
    """Both are this one, started as docs/training.md says."""
    arguments = training_arguments(alone.parent / "tiny.toml", tmp_path / "two", *CASES[case])
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
    assert_trained_alike(tmp_path / "two", alone, case)
