"""Several processes, on one machine or several, train as one does with the same global batch."""

from __future__ import annotations

import socket
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from tinyruns import (
    SMALL_AUTOENCODER,
    history,
    last_state,
    make_bank,
    start_training,
    tiny_config,
    train_here,
    train_to_the_end,
    write_config,
)
from torch import Tensor

from restauro.models import MODELS

CASES = {
    # averaged and clipped, so that both are compared too
    "unet": ("training.epochs=2", "training.average_decay=0.9", "training.max_gradient_norm=1.0"),
    # batch statistics over all processes; no dropout, whose pattern is each process's own
    "conv_autoencoder": (*SMALL_AUTOENCODER, "model.arguments.dropout=0.0"),
}


THREADS_AFTER_TRAINING = """
import sys
from pathlib import Path
from restauro.training.config import load_config
from restauro.training.run import train

run = train(load_config(Path(sys.argv[1])), Path(sys.argv[2]), accelerator="cpu", devices=2)
names = [path.read_text().strip() for path in Path("/proc/self/task").glob("*/comm")]
print("finished" if run.is_finished else "stopped", "with", names)
"""


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


@pytest.mark.parametrize("case", CASES)
def test_two_processes_train_as_one(case: str, tmp_path: Path) -> None:
    config_path = make_case(tmp_path, case)
    config = tiny_config(tmp_path, tmp_path / "bank", *CASES[case])
    train_here(config, tmp_path / "one")
    train_to_the_end(config_path, tmp_path / "two", *CASES[case], options=("--devices", "2"))
    assert_trained_alike(tmp_path / "two", tmp_path / "one", case)


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="threads have names in /proc")
def test_no_thread_of_the_group_outlives_training(tmp_path: Path) -> None:
    """One that does may abort the process at its exit."""
    script = tmp_path / "script.py"
    script.write_text(THREADS_AFTER_TRAINING)
    arguments = map(str, [script, make_case(tmp_path, "unet"), tmp_path / "run"])
    command = [sys.executable, *arguments]
    output = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert output.count("finished with ['") == 2
    assert "gloo" not in output


def test_two_machines_train_as_one(tmp_path: Path) -> None:
    """Both are this one, started as docs/training.md says."""
    config_path = make_case(tmp_path, "unet")
    settings = CASES["unet"]
    train_here(tiny_config(tmp_path, tmp_path / "bank", *settings), tmp_path / "one")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = str(probe.getsockname()[1])
    machines = [
        start_training(
            config_path,
            tmp_path / "two",
            *settings,
            options=("--num-nodes", "2"),
            environment={"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": port, "NODE_RANK": rank},
        )
        for rank in ("0", "1")
    ]
    outputs = [machine.communicate(timeout=300)[0] for machine in machines]
    assert [machine.returncode for machine in machines] == [0, 0], outputs
    assert "trained 6 steps" in outputs[0]
    assert "trained" not in outputs[1]
    assert_trained_alike(tmp_path / "two", tmp_path / "one", "unet")
