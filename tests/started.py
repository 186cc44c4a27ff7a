"""Processes that tests start: none outlives its test, and who waits for one waits for an event."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

PATIENCE = 900
"""Seconds after which a wait is given up: far more than any takes on the busiest machine."""


@contextmanager
def started(command: Sequence[str | Path], **options: Any) -> Iterator[subprocess.Popen[str]]:
    """A process with a group of its own; it is killed at the end, and what it started must end."""
    with subprocess.Popen(command, text=True, start_new_session=True, **options) as process:
        try:
            yield process
        finally:
            process.kill()
            process.wait()
            try:
                until(lambda: has_group(process.pid), False)
            finally:
                with suppress(ProcessLookupError):
                    os.killpg(process.pid, signal.SIGKILL)


def has_group(number: int) -> bool:
    """Whether a process of this group is left."""
    try:
        os.killpg(number, 0)
    except ProcessLookupError:
        return False
    return True


def until(value: Callable[[], object], expected: object) -> None:
    """Waits until the value is the expected one."""
    deadline = time.monotonic() + PATIENCE
    while (given := value()) != expected:
        assert time.monotonic() < deadline, f"{given} never became {expected}"
        time.sleep(0.01)


def is_alive(process: int) -> bool:
    """Whether a process runs; one that has ended and was not asked for its status does not."""
    try:
        state = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z"


def children(process: int) -> list[int]:
    """The processes that a process has started; empty where the system does not list them."""
    listed = Path(f"/proc/{process}/task/{process}/children")
    return [int(child) for child in listed.read_text().split()] if listed.exists() else []


def ignores_control_c(process: int) -> bool:
    """Whether a process has come so far that it leaves Ctrl-C to the one that started it."""
    status = Path(f"/proc/{process}/status").read_text()
    found = re.search(r"^SigIgn:\s*(\w+)$", status, re.MULTILINE)
    return found is not None and bool(int(found[1], 16) >> (signal.SIGINT - 1) & 1)


@contextmanager
def reserved_port() -> Iterator[int]:
    """A port that no other process is given within the block, and that any may listen at.

    The system shares a port among sockets that allow it, as long as one of them listens.
    """
    with socket.socket() as holder:
        holder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        holder.bind(("", 0))
        yield holder.getsockname()[1]
