"""Training in processes that are killed, or signalled, at moments that can be counted.

Nothing but files outlives a kill. A run that is killed in the middle of writing each of its files,
and before each takes its place, has therefore been killed at every moment that matters.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
from collections.abc import Callable
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import tinyvariational
from tinyruns import train_here

from restauro.training.config import Config

# a server that has imported PyTorch once, and forks: a new process in milliseconds, not in seconds
PROCESSES = multiprocessing.get_context("forkserver")
PROCESSES.set_forkserver_preload(["restauro.training.run"])


@dataclass(frozen=True)
class Moment:
    """The `count`-th time, from 1, that a run is about to finish a file, or to move it."""

    count: int
    file: str = ""
    """The files that are counted; all by default."""

    def watch(self, folder: Path, act: Callable[[Path, bool], None]) -> None:
        """Calls `act(path, is_whole)` at this moment of the process, for a file of `folder`."""
        remaining = self.count

        def hear(event: str, arguments: tuple[Any, ...]) -> None:
            nonlocal remaining
            if event not in ("open", "os.rename"):
                return
            path = Path(os.fsdecode(arguments[0])) if not isinstance(arguments[0], int) else folder
            is_whole = event == "os.rename"
            writes = not is_whole and bool(arguments[2] & (os.O_WRONLY | os.O_RDWR))
            # what is written aside is opened once more, to be brought to the disk
            is_finished = is_whole or writes != (path.suffix == ".partial")
            if folder in path.parents and is_finished and self.file in ("", name_of(path)):
                remaining -= 1
                if remaining == 0:
                    act(path, is_whole)

        sys.addaudithook(hear)


def name_of(path: Path) -> str:
    """The name that a file has, or gets once it is whole."""
    return path.name.removeprefix(".").removesuffix(".partial")


def killed(moment: Moment, config: Config, run_path: Path) -> str:
    """Trains, or goes on, until the moment.

    Returns:
        What was there of which file, such as `half last.pt`; empty if the run ended before.
    """
    ours, theirs = PROCESSES.Pipe(duplex=False)
    process = PROCESSES.Process(target=_train_until_killed, args=(moment, config, run_path, theirs))
    process.start()
    theirs.close()
    process.join()
    assert process.exitcode in (0, -signal.SIGKILL)
    with ours:
        return "" if process.exitcode == 0 else str(ours.recv())


def _train_until_killed(moment: Moment, config: Config, run_path: Path, told: Connection) -> None:
    def end(path: Path, is_whole: bool) -> None:
        if not is_whole:
            _leave_half(path)
        told.send(f"{'whole' if is_whole else 'half'} {name_of(path)}")
        os.kill(os.getpid(), signal.SIGKILL)

    tinyvariational.register()
    moment.watch(run_path, end)
    train_here(config, run_path, resume=True)


def _leave_half(path: Path) -> None:
    """Makes a file as it is in the middle of being written."""
    if path.exists() and path.suffix == ".partial":
        os.truncate(path, path.stat().st_size // 2)
    else:
        with path.open("ab") as file:
            file.write(b'{"')


def signalled(
    number: signal.Signals, moment: Moment, arguments: list[str], run_path: Path, told: Path
) -> int | None:
    """The exit status of `restauro` when the moment brings a signal; `told` gets what it says."""
    process = PROCESSES.Process(
        target=_run_signalled, args=(number, moment, arguments, run_path, told)
    )
    process.start()
    process.join()
    return process.exitcode


def _run_signalled(
    number: signal.Signals, moment: Moment, arguments: list[str], run_path: Path, told: Path
) -> None:
    from restauro.cli import main

    with told.open("w") as file:
        for stream in (sys.stdout, sys.stderr):
            os.dup2(file.fileno(), stream.fileno())
    moment.watch(run_path, lambda path, is_whole: os.kill(os.getpid(), number))
    sys.argv = ["restauro", *arguments]
    main()
