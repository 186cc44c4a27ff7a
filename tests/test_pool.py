"""The pool, with tasks that answer, wait for ever or end their process, at every moment of it.

A task is a function, which is called in a process. What goes on there is told by `lifelines`.
"""

from __future__ import annotations

import asyncio
import gc
import itertools
import multiprocessing
import multiprocessing.connection
import os
import signal
import sys
import threading
from collections.abc import Callable, Coroutine, Generator, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from functools import partial
from pathlib import Path
from subprocess import PIPE
from typing import Any, TypeAlias

import pytest

import restauro.pool
from lifelines import Lifeline, hold
from restauro.pool import Pool, PoolFullError, map_unordered
from started import PATIENCE, started, until

Task: TypeAlias = Callable[[], Any]
Calls: TypeAlias = Callable[[Task], Any]


def call(task: Task) -> Any:
    return task()


def make() -> Calls:
    return call


def make_after(before: Task) -> Calls:
    before()
    return call


def fails() -> Any:
    raise ValueError("a fault")


def dies() -> None:
    os._exit(3)


def holds(line: Path) -> None:
    """Holds a lifeline as long as its process lives."""
    hold(line)


def waits(line: Path) -> None:
    """Holds a lifeline and never answers."""
    hold(line)
    threading.Event().wait()


def passes(line: Path, gate: Path) -> int:
    """Holds a lifeline, and answers when somebody writes to the gate, a named pipe."""
    hold(line)
    gate.read_bytes()
    return os.getpid()


def unless_first(mark: Path, then: Task) -> Any:
    """Nothing for who calls it first; then something else."""
    try:
        mark.touch(exist_ok=False)
    except FileExistsError:
        return then()


def dies_at_first(mark: Path) -> int:
    """Ends the process that calls it first; then answers which one does."""
    if not mark.exists():
        mark.touch()
        dies()
    return os.getpid()


class Unreadable(Exception):  # noqa: N818
    """Can be sent, but not received."""

    def __init__(self, one: str, other: str) -> None:
        super().__init__(one)


def gives_what_cannot_be_read() -> Exception:
    return Unreadable("1", "2")


def fails_with_what_cannot_be_read() -> None:
    raise Unreadable("1", "2")


UNREADABLE = pytest.mark.parametrize(
    "task", [gives_what_cannot_be_read, fails_with_what_cannot_be_read]
)


@pytest.fixture(autouse=True)
def _no_process_outlives_its_test() -> Iterator[None]:
    before = multiprocessing.active_children()
    yield
    for child in set(multiprocessing.active_children()) - set(before):
        # not `join`, which comes back early from two threads that wait for the same process
        assert multiprocessing.connection.wait([child.sentinel], PATIENCE)


@pytest.fixture
def line(tmp_path: Path) -> Iterator[Lifeline]:
    with Lifeline(tmp_path / "line") as line:
        yield line


@pytest.fixture
def gates(tmp_path: Path) -> list[Path]:
    paths = [tmp_path / "gate 1", tmp_path / "gate 2"]
    for path in paths:
        os.mkfifo(path)
    return paths


def never() -> bool:
    return False


def gave_up(task: Task) -> tuple[str, Task]:
    return "gave up", task


def answers(
    tasks: Sequence[Task],
    processes: int = 2,
    *,
    make: Callable[[], Calls] = make,
    should_stop: Callable[[], bool] = never,
) -> Generator[Any]:
    """What `map_unordered` gives."""
    return map_unordered(tasks, make, should_stop, processes=processes, given_up=gave_up)


@pytest.mark.parametrize("processes", [1, 2])
def test_every_task_is_answered_once(processes: int) -> None:
    found = answers([partial(abs, -number) for number in range(9)], processes)
    assert sorted(found) == list(range(9))


def test_one_process_is_this_one() -> None:
    assert list(answers([os.getpid], 1)) == [os.getpid()]


def test_processes_work_side_by_side(line: Lifeline, gates: list[Path]) -> None:
    with ThreadPoolExecutor(1) as thread:
        tasks = [partial(passes, line.path, gate) for gate in gates]
        found = thread.submit(list, answers(tasks))
        holders = [line.next_holder(), line.next_holder()]
        for gate in gates:
            gate.write_bytes(b"open")
        assert sorted(found.result()) == sorted(holders)
        assert os.getpid() not in holders


def test_a_process_has_one_thread_and_this_one_keeps_its_own(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", "7")
    monkeypatch.delenv("MKL_NUM_THREADS", raising=False)
    names = ("OMP_NUM_THREADS", "MKL_NUM_THREADS")
    assert list(answers([partial(os.getenv, name) for name in names])) == ["1", "1"]
    assert [os.getenv(name) for name in names] == ["7", None]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_to_all_ends_no_process(number: signal.Signals) -> None:
    assert list(answers([partial(signal.raise_signal, number)] * 2)) == [None, None]


@pytest.mark.parametrize("processes", [1, 2])
@pytest.mark.parametrize("stop_after", [0, 1, 3])
def test_asked_to_stop_only_what_is_in_hand_comes(processes: int, stop_after: int) -> None:
    found: list[int] = []
    tasks = [partial(abs, number) for number in range(9)]
    for answer in answers(tasks, processes, should_stop=lambda: len(found) >= stop_after):
        found.append(answer)
    assert stop_after <= len(found) <= (stop_after + 2 * processes if stop_after else 0)


@pytest.mark.parametrize("position", range(4))
def test_only_the_task_that_ends_its_process_is_given_up(position: int) -> None:
    tasks: list[Task] = [partial(abs, number) for number in range(4)]
    tasks[position] = dies
    *others, last = answers(tasks)
    assert last == gave_up(dies)
    assert sorted(others) == sorted({0, 1, 2, 3} - {position})


def test_the_second_try_is_alone(tmp_path: Path) -> None:
    before, numbers = len(multiprocessing.active_children()), list[int]()

    def count_processes() -> bool:
        numbers.append(len(multiprocessing.active_children()) - before)
        return False

    tasks = [partial(dies_at_first, tmp_path / name) for name in ("a", "b")]
    found = list(answers([*tasks, *[partial(abs, -1)] * 3], should_stop=count_processes))
    assert found[:3] == [1, 1, 1]
    assert found[3] == found[4]  # one after the other, in one process
    assert max(numbers[:-2]) == 2
    assert numbers[-2:] == [0, 1]  # as the first of them is asked, and the second


@pytest.mark.parametrize("moment", range(6))
def test_processes_that_are_killed_once_cost_no_answer(moment: int) -> None:
    """At each moment when a task is handed out: others start, work, or are idle then."""
    before, moments = multiprocessing.active_children(), itertools.count()

    def kill() -> bool:
        if next(moments) == moment:
            for child in set(multiprocessing.active_children()) - set(before):
                child.kill()
                child.join()
        return False

    found = answers([partial(abs, number) for number in range(5)], should_stop=kill)
    assert sorted(found) == list(range(5))


@UNREADABLE
def test_a_task_whose_answer_cannot_be_read_is_given_up(task: Task) -> None:
    assert list(answers([task])) == [gave_up(task)]


@pytest.mark.parametrize("processes", [1, 2])
def test_a_fault_of_a_task_is_raised(processes: int) -> None:
    with pytest.raises(ValueError, match="a fault"):
        list(answers([fails, partial(abs, 1)], processes))


@pytest.mark.parametrize("processes", [1, 2])
def test_a_process_that_cannot_be_readied_says_why(processes: int) -> None:
    with pytest.raises(ValueError, match="a fault"):
        list(answers([partial(abs, 1)], processes, make=partial(make_after, fails)))


@pytest.mark.parametrize("what", ["starts", "works"])
def test_who_wants_no_more_answers_waits_for_none(what: str, line: Lifeline) -> None:
    before, wait = multiprocessing.active_children(), partial(waits, line.path)
    at_start = partial(unless_first, line.path.with_name("mark"), wait)
    one = partial(abs, 1)
    if what == "starts":  # whichever is the second to
        found = answers([one, one], make=partial(make_after, at_start))
    else:
        found = answers([one, wait])
    assert next(found) == 1
    line.next_holder()
    found.close()
    assert multiprocessing.active_children() == before


@pytest.mark.parametrize("what", ["start", "work", "are idle"])
def test_processes_end_with_a_parent_that_is_killed(what: str, line: Lifeline) -> None:
    spawn = multiprocessing.get_context("spawn")
    parent = spawn.Process(target=answer_all, args=(what, line.path))
    parent.start()
    line.next_holder()
    line.next_holder()
    parent.kill()
    parent.join()
    line.wait_for_end()


def answer_all(what: str, path: Path) -> None:
    hold_it, wait = partial(holds, path), partial(waits, path)
    made = partial(make_after, wait if what == "start" else hold_it)
    list(answers([hold_it if what == "are idle" else wait, wait], make=made))


Use: TypeAlias = Callable[[Pool[Task, Any]], Coroutine[Any, Any, None]]


def serve(
    use: Use,
    processes: int = 1,
    *,
    make: Callable[[], Calls] = make,
    waiting: int = 0,
    seconds: float = 2 * PATIENCE,
) -> None:
    """Uses a pool within its context; no fault is left to nobody."""
    faults: list[dict[str, Any]] = []

    async def run() -> None:
        asyncio.get_running_loop().set_exception_handler(lambda _, fault: faults.append(fault))
        async with (
            asyncio.timeout(PATIENCE),
            Pool(make, processes, waiting=waiting, seconds=seconds) as pool,
        ):
            await use(pool)

    asyncio.run(run())
    gc.collect()  # then at the latest it would be told
    assert not faults


async def all_idle(pool: Pool[Task, Any]) -> None:
    while pool.num_busy:
        await asyncio.sleep(0.01)


async def broken(pool: Pool[Task, Any], task: Task) -> None:
    """Asks for what ends in the death of a process, until that is replaced."""
    with pytest.raises(BrokenProcessPool):
        await pool.answer(task)
    await all_idle(pool)


def test_callers_beyond_the_places_are_refused(line: Lifeline, gates: list[Path]) -> None:
    async def use(pool: Pool[Task, Any]) -> None:
        at_work = asyncio.create_task(pool.answer(partial(passes, line.path, gates[0])))
        holder = await asyncio.to_thread(line.next_holder)
        waiting = asyncio.create_task(pool.answer(partial(abs, -1)))
        await asyncio.sleep(0)
        assert (pool.num_admitted, pool.num_busy, pool.is_full()) == (2, 1, True)
        with pytest.raises(PoolFullError):
            await pool.answer(fails)
        gates[0].write_bytes(b"open")
        assert (await at_work, await waiting) == (holder, 1)
        await all_idle(pool)
        assert (pool.num_admitted, pool.num_renewed, pool.is_full()) == (0, 0, False)

    serve(use, waiting=1)


def test_who_goes_while_waiting_frees_a_place_and_no_process(
    line: Lifeline, gates: list[Path]
) -> None:
    async def use(pool: Pool[Task, Any]) -> None:
        at_work = asyncio.create_task(pool.answer(partial(passes, line.path, gates[0])))
        holder = await asyncio.to_thread(line.next_holder)
        waiting = asyncio.create_task(pool.answer(fails))
        await asyncio.sleep(0)
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting
        assert (pool.num_admitted, pool.num_busy) == (1, 1)
        gates[0].write_bytes(b"open")
        assert await at_work == await pool.answer(os.getpid) == holder

    serve(use, waiting=1)


async def too_late(pool: Pool[Task, Any], task: Task) -> None:
    pool.seconds = 0
    with pytest.raises(TimeoutError):
        await pool.answer(task)


async def gone(pool: Pool[Task, Any], task: Task) -> None:
    asked = asyncio.create_task(pool.answer(task))
    await asyncio.sleep(0)
    asked.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asked


ABANDON = pytest.mark.parametrize("abandon", [too_late, gone])
Abandon: TypeAlias = Callable[[Pool[Task, Any], Task], Coroutine[Any, Any, None]]


@ABANDON
def test_work_that_nobody_waits_for_is_ended(
    abandon: Abandon, line: Lifeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(restauro.pool, "GRACE_SECONDS", 0)

    async def use(pool: Pool[Task, Any]) -> None:
        await abandon(pool, partial(waits, line.path))
        assert pool.num_admitted == 0
        await all_idle(pool)
        assert pool.num_renewed == 1
        pool.seconds = 2 * PATIENCE
        assert await pool.answer(partial(abs, -1)) == 1

    serve(use)


@ABANDON
def test_work_that_is_done_within_the_grace_keeps_its_process(
    abandon: Abandon, line: Lifeline, gates: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(restauro.pool, "GRACE_SECONDS", 2 * PATIENCE)

    async def use(pool: Pool[Task, Any]) -> None:
        await abandon(pool, partial(passes, line.path, gates[0]))
        assert (pool.num_admitted, pool.num_busy) == (0, 1)
        await asyncio.to_thread(gates[0].write_bytes, b"open")
        await all_idle(pool)
        assert pool.num_renewed == 0

    serve(use)


def test_a_fault_is_raised_and_ends_nothing() -> None:
    async def use(pool: Pool[Task, Any]) -> None:
        before = await pool.answer(os.getpid)
        with pytest.raises(ValueError, match="a fault"):
            await pool.answer(fails)
        assert await pool.answer(os.getpid) == before

    serve(use)


def test_a_process_that_dies_is_replaced_and_leaves_others_alone(
    line: Lifeline, gates: list[Path]
) -> None:
    async def use(pool: Pool[Task, Any]) -> None:
        other = asyncio.create_task(pool.answer(partial(passes, line.path, gates[0])))
        holder = await asyncio.to_thread(line.next_holder)
        with pytest.raises(BrokenProcessPool):
            await pool.answer(dies)
        assert await pool.answer(partial(abs, -1)) == 1
        assert pool.num_renewed == 1
        gates[0].write_bytes(b"open")
        assert await other == holder

    serve(use, processes=2)


@UNREADABLE
def test_a_process_whose_answer_cannot_be_read_is_ended(task: Task, line: Lifeline) -> None:
    async def use(pool: Pool[Task, Any]) -> None:
        await pool.answer(partial(holds, line.path))
        line.next_holder()
        await broken(pool, task)
        await asyncio.to_thread(line.wait_for_end)
        assert pool.num_renewed == 1

    serve(use)


def test_a_process_that_dies_while_it_is_idle_is_replaced() -> None:
    async def use(pool: Pool[Task, Any]) -> None:
        process_id = await pool.answer(os.getpid)
        await all_idle(pool)
        (process,) = (p for p in multiprocessing.active_children() if p.pid == process_id)
        process.kill()
        process.join()
        await broken(pool, os.getpid)
        assert await pool.answer(os.getpid) != process_id
        assert pool.num_renewed == 1

    serve(use)


def test_a_process_that_dies_as_it_starts_again_is_replaced_once_more(tmp_path: Path) -> None:
    mark = tmp_path / "mark"

    async def use(pool: Pool[Task, Any]) -> None:
        await broken(pool, dies)
        mark.unlink()
        await broken(pool, os.getpid)
        assert await pool.answer(partial(abs, -1)) == 1
        assert pool.num_renewed == 2

    serve(use, make=partial(make_after, partial(unless_first, mark, dies)))


def test_a_process_that_cannot_be_readied_again_says_why_until_it_can(tmp_path: Path) -> None:
    mark = tmp_path / "mark"

    async def use(pool: Pool[Task, Any]) -> None:
        await broken(pool, dies)
        with pytest.raises(ValueError, match="a fault"):
            await pool.answer(os.getpid)
        mark.unlink()
        assert await pool.answer(partial(abs, -1)) == 1
        assert pool.num_renewed == 1

    serve(use, make=partial(make_after, partial(unless_first, mark, fails)))


def test_a_pool_that_cannot_be_readied_says_why() -> None:
    async def use(pool: Pool[Task, Any]) -> None:
        raise AssertionError

    with pytest.raises(ValueError, match="a fault"):
        serve(use, processes=2, make=partial(make_after, fails))


@pytest.mark.parametrize("what", ["starts", "works"])
def test_the_end_of_a_pool_waits_for_nothing(
    what: str, line: Lifeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(restauro.pool, "GRACE_SECONDS", 2 * PATIENCE)
    wait = partial(waits, line.path)
    at_start = partial(unless_first, line.path.with_name("mark"), wait)

    async def use(pool: Pool[Task, Any]) -> None:
        if what == "starts":
            with pytest.raises(BrokenProcessPool):
                await pool.answer(dies)
        else:
            await gone(pool, wait)
        await asyncio.to_thread(line.next_holder)

    awaited: list[asyncio.Future[Any]] = []
    wrap = asyncio.wrap_future

    def recorded(future: Any) -> asyncio.Future[Any]:
        awaited.append(wrap(future))
        return awaited[-1]

    monkeypatch.setattr(asyncio, "wrap_future", recorded)
    serve(use, make=partial(make_after, at_start) if what == "starts" else make)
    line.wait_for_end()
    assert awaited[-1].cancelled()  # what the killed process fails with would find nobody


STARTS_SLOWLY = """
import sys
import time
from pathlib import Path

if "--multiprocessing-fork" in sys.argv:  # a process of the pool, before it has imported anything
    folder = Path(__file__).parent
    (folder / "starting").touch()
    while not (folder / "sent").exists():
        time.sleep(0.01)
"""
WORKS = """
from restauro.interrupt import StopRequest
from restauro.pool import map_unordered


def make():
    return str


if __name__ == "__main__":
    with StopRequest() as stop:
        found = map_unordered(range(9), make, lambda: stop.is_requested, processes=2, given_up=str)
        print(len(list(found)), stop.is_requested)
"""


@pytest.mark.skipif(not hasattr(signal, "pthread_sigmask"), reason="signals cannot be held here")
def test_ctrl_c_while_processes_start_is_left_to_the_first(tmp_path: Path) -> None:
    (tmp_path / "sitecustomize.py").write_text(STARTS_SLOWLY)
    (tmp_path / "works.py").write_text(WORKS)
    path = os.pathsep.join([str(tmp_path), os.environ.get("PYTHONPATH", "")])
    with started(
        [sys.executable, tmp_path / "works.py"],
        env=os.environ | {"PYTHONPATH": path},
        stdout=PIPE,
        stderr=PIPE,
    ) as process:
        until((tmp_path / "starting").exists, True)
        os.killpg(process.pid, signal.SIGINT)
        (tmp_path / "sent").touch()
        output, errors = process.communicate()
    assert errors == ""
    assert output.split()[1] == "True"
    assert process.returncode == 0


def counts_and_waits(line: Path, gate: Path) -> Iterator[int]:
    """Holds a lifeline, and tells who; the third step comes when somebody writes to the gate."""
    hold(line)
    yield os.getpid()
    yield 2
    gate.read_bytes()
    yield 3


def test_work_in_steps_is_told_as_it_goes(line: Lifeline, gates: list[Path]) -> None:
    async def use(pool: Pool[Task, Any]) -> None:
        steps = pool.steps(partial(counts_and_waits, line.path, gates[0]))
        holder = await anext(steps)
        assert await anext(steps) == 2
        opening = asyncio.create_task(asyncio.to_thread(gates[0].write_bytes, b"open"))
        assert [step async for step in steps] == [3]
        await opening
        await all_idle(pool)
        assert (pool.num_admitted, pool.num_renewed) == (0, 0)
        assert await pool.answer(os.getpid) == holder

    serve(use)


def test_who_waits_is_told_each_place_in_the_queue(line: Lifeline, gates: list[Path]) -> None:
    async def use(pool: Pool[Task, Any]) -> None:
        at_work = asyncio.create_task(pool.answer(partial(passes, line.path, gates[0])))
        await asyncio.to_thread(line.next_holder)
        first, second, third = (pool.steps(partial(range, 1)) for _ in range(3))
        assert [await anext(one) for one in (first, second, third)] == [(1,), (2,), (3,)]
        await first.aclose()
        assert [await anext(one) for one in (second, third)] == [(1,), (2,)]
        gates[0].write_bytes(b"open")
        await at_work
        assert [step async for step in second] == [0]
        assert [step async for step in third][-1] == 0
        await all_idle(pool)
        assert (pool.num_admitted, pool.num_renewed) == (0, 0)

    serve(use, waiting=3)


def test_work_in_steps_may_take_long_while_steps_come_and_no_longer(
    line: Lifeline, gates: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(restauro.pool, "GRACE_SECONDS", 0)

    async def use(pool: Pool[Task, Any]) -> None:
        steps = pool.steps(partial(counts_and_waits, line.path, gates[0]))
        await anext(steps)
        assert await anext(steps) == 2  # else it might still come in time
        pool.seconds = 0
        with pytest.raises(TimeoutError):
            [step async for step in steps]
        await all_idle(pool)
        assert pool.num_renewed == 1

    serve(use)


def test_work_in_steps_that_nobody_follows_frees_its_process_alive(
    line: Lifeline, gates: list[Path]
) -> None:
    async def use(pool: Pool[Task, Any]) -> None:
        steps = pool.steps(partial(counts_and_waits, line.path, gates[0]))
        holder = await anext(steps)
        await steps.aclose()
        assert pool.num_admitted == 0
        assert await pool.answer(os.getpid) == holder

    serve(use)
