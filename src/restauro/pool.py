"""Processes that answer what they are asked: under jobs, evaluation and server alike.

Knows nothing of pictures, HTTP or evaluation. Each process is a `ProcessPoolExecutor` of one, so
that it can be ended alone, and what it was asked when it died is known: of the libraries, pebble
does that too, but is under the LGPL, and loky and joblib do not.
"""

from __future__ import annotations

import asyncio
import functools
import multiprocessing
import os
import signal
from collections import deque
from collections.abc import AsyncGenerator, Callable, Generator, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import closing, contextmanager
from typing import Any, Generic, NamedTuple, NoReturn, TypeAlias, TypeVar

from restauro.errors import RestauroError
from restauro.imports import packed, unpacked
from restauro.interrupt import StopRequest, end_with_parent

Asked = TypeVar("Asked")
Given = TypeVar("Given")
Result = TypeVar("Result")
Make: TypeAlias = Callable[[], Callable[[Asked], Given]]
"""Builds what answers, once in every process; picklable."""
ShouldStop: TypeAlias = Callable[[], bool]

GRACE_SECONDS = 1.0
"""How long work that nobody waits for may go on: a new process takes about as long to start."""
_THREAD_SETTINGS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")


def map_unordered(
    tasks: Iterable[Asked],
    make: Make[Asked, Given],
    should_stop: ShouldStop,
    *,
    processes: int,
    given_up: Callable[[Asked], Given],
) -> Generator[Given]:
    """The answers to all tasks as they come; asked to stop, only to those in hand.

    A task whose process dies is tried once more after all others: alone, as there may be memory
    enough then; `given_up` answers one that ended its process twice. `should_stop` is looked at
    before every task. What `make` raises is raised here. 1 process = none but this one.
    """
    if processes == 1:
        answer = make()
        for task in tasks:
            if should_stop():
                return
            yield answer(task)
        return
    again = []
    with closing(_answered(tasks, make, should_stop, processes)) as answered:
        for task, given in answered:
            if _is_dead(given):
                again.append(task)
            else:
                yield given.result()
    with closing(_answered(again, make, should_stop, 1)) as answered:
        for task, given in answered:
            yield given_up(task) if _is_dead(given) else given.result()


def _answered(
    tasks: Iterable[Asked], make: Make[Asked, Given], should_stop: ShouldStop, processes: int
) -> Generator[tuple[Asked, Future[Given]]]:
    """Each task with its answer, which is there; at the end no process is left."""
    waiting, done = deque(tasks), list[tuple[Asked, Future[Given]]]()
    idle: list[_Process[Asked, Given]] = []
    at_work: dict[Future[Given], tuple[_Process[Asked, Given], Asked]] = {}
    try:
        while True:
            while waiting and len(at_work) < processes and not should_stop():
                process = idle.pop() if idle else _Process(make)
                task = waiting.popleft()
                at_work[process.ask(task)] = process, task
            yield from done  # only now, so that no process waits for who takes them
            if not at_work:
                return
            done.clear()
            for given in wait(at_work, return_when=FIRST_COMPLETED).done:
                process, task = at_work.pop(given)
                done.append((task, given))
                if _is_dead(given):
                    process.end(waits=True)  # it may live, if its answer could not be read
                else:
                    idle.append(process)
    finally:
        for process in [*idle, *(process for process, _ in at_work.values())]:
            process.end(waits=True)


class Pool(Generic[Asked, Given]):
    """Processes that stay, with places for as many callers as may wait for one.

    An asynchronous context: the processes are ready within it, and ended after it. Work that takes
    too long, or that nobody waits for any more, is ended with its process.
    """

    def __init__(
        self, make: Make[Asked, Given], processes: int, *, waiting: int, seconds: float
    ) -> None:
        self.seconds = seconds
        """That an answer may take."""
        self._make = make
        self._num_processes = processes
        self._num_places = processes + waiting
        self._processes: set[_Process[Asked, Given]] = set()
        self._idle: asyncio.Queue[_Process[Asked, Given]] = asyncio.LifoQueue()
        self._releases: dict[asyncio.Task[None], asyncio.Future[Any]] = {}
        self._queue: list[object] = []
        self._moved = asyncio.Event()
        self.num_admitted = 0
        """Callers that wait or are being answered."""
        self.num_renewed = 0
        """Processes that were replaced."""

    async def __aenter__(self) -> Pool[Asked, Given]:
        try:
            await asyncio.gather(*(self._start() for _ in range(self._num_processes)))
        except BaseException:
            self._end()
            raise
        return self

    async def __aexit__(self, *error: object) -> None:
        for release, given in self._releases.items():
            release.cancel()
            given.cancel()  # else asyncio may tell that nobody looked at how it ended
        self._end()

    @property
    def num_busy(self) -> int:
        """Processes that are at work, or are being replaced."""
        return self._num_processes - self._idle.qsize()

    def is_full(self) -> bool:
        """Whether all places are taken."""
        return self.num_admitted >= self._num_places

    async def answer(self, asked: Asked) -> Given:
        """The answer of the next free process; cancelling frees the place at once.

        Raises:
            PoolFullError: All places are taken.
            TimeoutError: The time is over.
            BrokenProcessPool: The process died.
        """
        with self._admitted():
            with self._queued():
                process = await self._idle.get()
            given = asyncio.wrap_future(process.ask(asked))
            try:
                async with asyncio.timeout(self.seconds):
                    return await asyncio.shield(given)
            finally:
                self._release_soon(process, given)

    async def steps(self, asked: Asked) -> AsyncGenerator[Queued | Any]:
        """The place in the queue, whenever it changes; then the steps of work that is a generator.

        `seconds` is what each step may take. Errors are those of `answer`; closing it frees the
        place at once, and the process with the step in hand.
        """
        with self._admitted():
            with self._queued() as ticket:
                getting = asyncio.ensure_future(self._idle.get())
                try:
                    await asyncio.wait([getting], timeout=0)
                    while not getting.done():
                        moving = asyncio.ensure_future(self._moved.wait())
                        yield Queued(self._queue.index(ticket) + 1)
                        await asyncio.wait([getting, moving], return_when=FIRST_COMPLETED)
                        moving.cancel()
                    process = await getting
                except BaseException:
                    if not getting.cancel():
                        self._idle.put_nowait(getting.result())
                    raise
            given = asyncio.wrap_future(process.begin(asked))
            try:
                while True:
                    async with asyncio.timeout(self.seconds):
                        step, is_last = await asyncio.shield(given)
                    if is_last:
                        return
                    yield step
                    given = asyncio.wrap_future(process.go_on())
            finally:
                self._release_soon(process, given)

    @contextmanager
    def _admitted(self) -> Iterator[None]:
        if self.is_full():
            raise PoolFullError
        self.num_admitted += 1
        try:
            yield
        finally:
            self.num_admitted -= 1

    @contextmanager
    def _queued(self) -> Iterator[object]:
        ticket = object()
        self._queue.append(ticket)
        try:
            yield ticket
        finally:
            self._queue.remove(ticket)
            self._moved.set()
            self._moved = asyncio.Event()

    def _release_soon(self, process: _Process[Asked, Given], given: asyncio.Future[Any]) -> None:
        release = asyncio.create_task(self._release(process, given))
        self._releases[release] = given
        release.add_done_callback(self._releases.pop)

    async def _release(self, process: _Process[Asked, Given], given: asyncio.Future[Any]) -> None:
        """Makes the process idle again once it has answered, or replaces it."""
        await asyncio.wait([given], timeout=GRACE_SECONDS)
        if not given.done():
            process.end()
            await asyncio.wait([given])
        if not _is_dead(given):
            self._idle.put_nowait(process)
            return
        process.end()
        self._processes.remove(process)
        self.num_renewed += 1
        # a start that fails is told to who asks next
        await asyncio.gather(self._start(), return_exceptions=True)

    async def _start(self) -> None:
        process = _Process(self._make)
        self._processes.add(process)
        try:
            await asyncio.wrap_future(process.ready())
        finally:
            self._idle.put_nowait(process)

    def _end(self) -> None:
        for process in self._processes:
            process.end()


class PoolFullError(Exception):
    """All places of a pool are taken."""


class Queued(NamedTuple):
    """Who asked waits for a process."""

    place: int
    """1 = next."""


class _Process(Generic[Asked, Given]):
    """One process, from its start to its end."""

    def __init__(self, make: Make[Asked, Given]) -> None:
        spawn = multiprocessing.get_context("spawn")  # a fork would copy locks of other threads
        self._executor = ProcessPoolExecutor(1, spawn, _begin, (packed(make),))
        with _single_threads(), _signals_held():
            self._id = self._submit(os.getpid)

    def ready(self) -> Future[None]:
        """Done when the process is; raises what `make` raises there."""
        return self._submit(_prepare)

    def ask(self, asked: Asked) -> Future[Given]:
        """The answer to come, or `BrokenProcessPool` if the process dies or is dead."""
        return self._submit(_answer, asked)

    def begin(self, asked: Asked) -> Future[tuple[Any, bool]]:
        """The first step of an answer that comes in steps, and whether there is none."""
        return self._submit(_begin_steps, asked)

    def go_on(self) -> Future[tuple[Any, bool]]:
        """The next one; one that is never asked for ends with what is asked instead."""
        return self._submit(_next_step)

    def _submit(self, function: Callable[..., Result], *arguments: Any) -> Future[Result]:
        try:
            return self._executor.submit(function, *arguments)
        except BrokenProcessPool as error:  # it died while it was idle
            failed: Future[Result] = Future()
            failed.set_exception(error)
            return failed

    def end(self, *, waits: bool = False) -> None:
        """Kills the process, as soon as it has started."""
        self._id.add_done_callback(_kill)
        self._executor.shutdown(wait=waits)


def _is_dead(given: Future[Any] | asyncio.Future[Any]) -> bool:
    """Whether the process died instead of giving this."""
    return isinstance(given.exception(), BrokenProcessPool)


def _kill(process_id: Future[int]) -> None:
    if process_id.exception() is None:
        for process in multiprocessing.active_children():
            if process.pid == process_id.result():
                process.kill()


@contextmanager
def _single_threads() -> Iterator[None]:
    """Processes started within have one thread: libraries read these settings when they load."""
    before = {name: os.environ[name] for name in _THREAD_SETTINGS if name in os.environ}
    os.environ.update(dict.fromkeys(_THREAD_SETTINGS, "1"))
    try:
        yield
    finally:
        for name in _THREAD_SETTINGS:
            del os.environ[name]
        os.environ.update(before)


@contextmanager
def _signals_held() -> Iterator[None]:
    """Processes started within leave signals waiting until `_begin` has said to ignore them."""
    if not hasattr(signal, "pthread_sigmask"):  # Windows
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, StopRequest.SIGNALS)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


_made: Callable[[], Callable[[Any], Any]]


def _begin(content: bytes) -> None:
    """Readies a new process, which imports what the one that started it was asked to."""
    global _made
    for number in StopRequest.SIGNALS:
        signal.signal(number, signal.SIG_IGN)  # these may reach all; the first process decides
    if hasattr(signal, "pthread_sigmask"):
        signal.pthread_sigmask(signal.SIG_UNBLOCK, StopRequest.SIGNALS)
    end_with_parent()
    try:
        make: Make[Any, Any] = unpacked(content)
    except RestauroError as error:  # told to who asks
        make = functools.partial(_fail, error)
    _made = functools.cache(make)


def _fail(error: RestauroError) -> NoReturn:
    raise error


def _prepare() -> None:
    _made()


def _answer(asked: Any) -> Any:
    return _made()(asked)


_steps: Iterator[Any]


def _begin_steps(asked: Any) -> tuple[Any, bool]:
    global _steps
    _steps = iter(_made()(asked))
    return _next_step()


def _next_step() -> tuple[Any, bool]:
    try:
        return next(_steps), False
    except StopIteration:
        return None, True
