"""Two processes that train together, one training after the other: each is started only once.

They find each other by a file, so that no port can be taken meanwhile.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace

import tinyvariational
import torch.distributed as dist
from torch import Tensor

from restauro.training import loop
from restauro.training.config import load_config
from restauro.training.loop import Run, train_step
from restauro.training.run import train


@dataclass(frozen=True)
class Training:
    """What both are to train."""

    name: str
    """Of the run's folder."""
    overrides: Sequence[str] = ()
    resume: bool = False
    stops_at: int = -1
    """In this step the second process, and it alone, is asked to stop."""


def train_together(config_path: Path, trainings: Sequence[Training]) -> list[list[int]]:
    """Trains in folders beside `config_path`; returns the steps at which both ended each."""
    folder = config_path.parent
    (folder / "trainings.json").write_text(json.dumps([asdict(one) for one in trainings]))
    processes = [
        subprocess.Popen(
            [sys.executable, __file__, str(config_path)],
            env=os.environ | {"OMP_NUM_THREADS": "1", "LOCAL_RANK": str(rank)},
        )
        for rank in (0, 1)
    ]
    assert [process.wait() for process in processes] == [0, 0]
    steps = [json.loads((folder / f"steps_{rank}.json").read_text()) for rank in (0, 1)]
    return [list(pair) for pair in zip(*steps, strict=True)]


def step_of_the_second(training: Training) -> None:
    """Has the second process stopped in a step, and its clock run ahead by an hour a look."""
    hours = iter(range(10**9))

    def step(run: Run, images: Tensor, masks: Tensor) -> dict[str, Tensor]:
        if run.step == training.stops_at:
            signal.raise_signal(signal.SIGTERM)
        return train_step(run, images, masks)

    loop.train_step = step  # type: ignore[assignment]
    loop.time = SimpleNamespace(monotonic=lambda: time.monotonic() + 3600 * next(hours))  # type: ignore[assignment, attr-defined]


def main(config_path: Path, rank: int) -> None:
    """One of the two processes."""
    folder, steps = config_path.parent, []
    tinyvariational.register()
    for number, values in enumerate(json.loads((folder / "trainings.json").read_text())):
        training = Training(**values)
        if rank == 1:
            step_of_the_second(training)
        meeting = f"file://{folder}/meeting_{number}"
        patience = timedelta(minutes=5)  # for a partner that has failed
        dist.init_process_group(
            "gloo", init_method=meeting, rank=rank, world_size=2, timeout=patience
        )
        config = load_config(config_path, training.overrides)
        run = train(
            config, folder / training.name, accelerator="cpu", devices=2, resume=training.resume
        )
        steps.append(run.step)
    (folder / f"steps_{rank}.json").write_text(json.dumps(steps))


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(os.environ["LOCAL_RANK"]))
