"""A bounded number of processes: work that takes too long, or that nobody waits for, is ended.

Processes, not threads: a thread cannot be ended, and a damaged picture that brings down a decoder
would bring down the service. Each is a `ProcessPoolExecutor` of one, so that ending one leaves the
others alone; what runs in them knows nothing of HTTP, and this module nothing of pictures.
"""

from __future__ import annotations

import asyncio
import contextlib
import multiprocessing
import os
import signal
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from types import TracebackType
from typing import Any, Generic, TypeVar

from restauro.interrupt import end_with_parent
from restauro.server.refusals import Refusal

Asked = TypeVar("Asked")
Given = TypeVar("Given")

GRACE_SECONDS = 1.0
"""How long work that nobody waits for may go on: a new process takes about as long to start."""

_KILL = getattr(signal, "SIGKILL", signal.SIGTERM)  # Windows has one way to end a process


class Workers(Generic[Asked, Given]):
    """Processes that answer, and places for as many requests as may wait for one.

    An asynchronous context: the processes are ready within it, and ended after it.
    """

    def __init__(
        self,
        make: Callable[[], Callable[[Asked], Given]],
        processes: int,
        waiting: int,
        seconds: float,
    ) -> None:
        """`make` is called once in every process, and must be picklable."""
        self._processes = [_Process(make) for _ in range(processes)]
        self._places = processes + waiting
        self._seconds = seconds
        self._idle: asyncio.Queue[_Process[Asked, Given]] = asyncio.LifoQueue()
        self._renewals: set[asyncio.Task[None]] = set()
        self.num_admitted = 0
        """Requests that wait or are being answered."""
        self.num_renewed = 0
        """Processes that were replaced."""

    async def __aenter__(self) -> Workers[Asked, Given]:
        try:
            await asyncio.gather(*(process.start() for process in self._processes))
        except BaseException:
            self._end()
            raise
        for process in self._processes:
            self._idle.put_nowait(process)
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        for renewal in self._renewals:
            renewal.cancel()
        self._end()

    @property
    def num_restoring(self) -> int:
        """Processes that are at work, or are being replaced."""
        return len(self._processes) - self._idle.qsize()

    def is_full(self) -> bool:
        """Whether all places are taken."""
        return self.num_admitted >= self._places

    async def __call__(self, asked: Asked) -> Given:
        """The answer of the next free process; cancelling frees the place at once.

        Raises:
            Refusal: All places are taken, the time is over, the process died, or the work itself
                refuses.
        """
        if self.is_full():
            raise Refusal("busy", "all places are taken; ask again in a second")
        self.num_admitted += 1
        try:
            return await self._answer(asked, await self._idle.get())
        finally:
            self.num_admitted -= 1

    async def _answer(self, asked: Asked, process: _Process[Asked, Given]) -> Given:
        answer = process.ask(asked)
        try:
            async with asyncio.timeout(self._seconds):
                return await asyncio.shield(answer)
        except TimeoutError:
            raise Refusal(
                "time",
                f"restoring took longer than {self._seconds:g} seconds; "
                "restore a smaller area, or part of it first",
            ) from None
        except BrokenProcessPool:
            raise Refusal(
                "process_died",
                "the process that restored the picture ended, perhaps for lack of memory; "
                "send a smaller picture",
            ) from None
        finally:
            renewal = asyncio.create_task(self._make_idle(process, answer))
            self._renewals.add(renewal)
            renewal.add_done_callback(self._renewals.discard)

    async def _make_idle(
        self, process: _Process[Asked, Given], answer: asyncio.Future[Given]
    ) -> None:
        await asyncio.wait([answer], timeout=GRACE_SECONDS)
        if not answer.done():
            process.end()
            await asyncio.wait([answer])
        if isinstance(answer.exception(), BrokenProcessPool):
            self.num_renewed += 1
            await process.start()
        self._idle.put_nowait(process)

    def _end(self) -> None:
        for process in self._processes:
            process.end()


class _Process(Generic[Asked, Given]):
    """One process, which can be ended and started again."""

    def __init__(self, make: Callable[[], Callable[[Asked], Given]]) -> None:
        self._make = make
        self._id: int | None = None

    async def start(self) -> None:
        """Starts the process and waits until it is ready; raises what `make` raises there."""
        spawn = multiprocessing.get_context("spawn")  # a fork would copy locks of other threads
        self._executor = ProcessPoolExecutor(1, spawn)
        starting = self._executor.submit(_begin, self._make)
        self._id = await asyncio.wrap_future(starting)

    def ask(self, asked: Asked) -> asyncio.Future[Given]:
        """The answer to come; the process must be idle."""
        return asyncio.wrap_future(self._executor.submit(_answer, asked))

    def end(self) -> None:
        """Kills the process; one that is gone already is left alone."""
        if self._id is not None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self._id, _KILL)
        self._executor.shutdown(wait=False)


_own_answer: Callable[[Any], Any]


def _begin(make: Callable[[], Callable[[Asked], Given]]) -> int:
    """Readies a new process, and says which one it is."""
    global _own_answer
    for number in (signal.SIGINT, signal.SIGTERM):  # these may reach all; the first one decides
        signal.signal(number, signal.SIG_IGN)
    end_with_parent()
    _own_answer = make()
    return os.getpid()


def _answer(asked: Any) -> Any:
    return _own_answer(asked)
