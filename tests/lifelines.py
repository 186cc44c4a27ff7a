"""Named pipes that tell tests, without a clock, which processes are at work and when they end."""

from __future__ import annotations

import os
import select
import signal
from contextlib import suppress
from pathlib import Path

from started import PATIENCE

_held: dict[Path, int] = {}


def hold(path: Path) -> None:
    """Tells the lifeline at `path` that this process is there, and holds it to its end."""
    if path not in _held:
        _held[path] = os.open(path, os.O_WRONLY)
        os.write(_held[path], f"{os.getpid()}\n".encode())


class Lifeline:
    """A new named pipe, which the processes of a test hold open as long as they live."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.holders: list[int] = []
        os.mkfifo(path)

    def __enter__(self) -> Lifeline:
        self._line = os.open(self.path, os.O_RDONLY | os.O_NONBLOCK)
        self._poll = select.poll()
        self._poll.register(self._line, select.POLLIN)
        return self

    def __exit__(self, kind: type[BaseException] | None, *error: object) -> None:
        os.close(self._line)
        for holder in self.holders if kind else ():
            with suppress(ProcessLookupError):
                os.kill(holder, signal.SIGKILL)

    def next_holder(self) -> int:
        """Waits for the next process that holds the line."""
        digits = self._read()
        while digits[-1:] != b"\n":
            digits += self._read()
        self.holders.append(int(digits))
        return self.holders[-1]

    def wait_for_end(self) -> None:
        """Waits until none of the processes that held the line is alive."""
        assert self._read() == b"", "another process holds the line"

    def _read(self) -> bytes:
        assert self._poll.poll(1000 * PATIENCE), f"nothing happened to {self.path}"
        return os.read(self._line, 1)
