"""How processes end: Ctrl-C and SIGTERM let a run save first, and no child outlives its parent."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from types import FrameType

INTERRUPTED = 130
"""Exit status after Ctrl-C, as shells use it."""


class StopRequest:
    """Within its `with` block, the first signal is a request; a second Ctrl-C ends at once."""

    SIGNALS = (signal.SIGINT, signal.SIGTERM)

    def __init__(self) -> None:
        self.is_requested = False

    def __enter__(self) -> StopRequest:
        self._before = {number: signal.signal(number, self._request) for number in self.SIGNALS}
        return self

    def __exit__(self, *error: object) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def _request(self, number: int, frame: FrameType | None) -> None:
        if self.is_requested and number == signal.SIGINT:
            raise KeyboardInterrupt
        self.is_requested = True


def end_with_parent() -> None:
    """Makes a started process end when its parent does, even killed: it would wait for ever."""
    threading.Thread(target=_wait_for_parent, daemon=True).start()


def _wait_for_parent() -> None:
    parent = multiprocessing.parent_process()
    assert parent is not None
    parent.join()
    os._exit(1)
