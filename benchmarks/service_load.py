"""The service under load, as a Markdown table; each line is a ratio or a bar within one run.

    python benchmarks/service_load.py [--seconds 60] [--soak 10000] [--fuzz 10000]

Starts `restauro serve` on a free port of this machine and asks nothing else.

- *direct*: pictures a second of the Restorer itself, without the service, by as many threads as
  the service has processes; before and after the load, and the mean of both counts.
- *alone*: seconds from request to answer of one client, one request after the other.
- *load*: 64 clients, each with a picture of its own, ask twice as often as *direct* could answer.
  A client checks that its own known pixels came back.
- *soak*: many requests by as many clients as processes; memory of all processes before and after.
- *fuzz*: damaged pictures (tests/server/damage.py), and memory likewise.

Clients, service and Restorer share the cores; what the clients take counts against the service.
"""

from __future__ import annotations

import http.client
import os
import re
import statistics
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path
from typing import NamedTuple

import click
import numpy as np
import PIL.Image

import restauro
from restauro.cores import num_cores
from restauro.picture.types import Image, Mask

ROOT = Path(__file__).parents[1]
sys.path.append(str(ROOT / "tests" / "server"))
from damage import damaged  # noqa: E402  the same cases as in the test

CLIENTS = 64
SIDE, HOLE_PX = 256, 96
TIMES_CAPACITY = 2
WARM_UP = 20
REFUSALS = (429, 503)
BOUNDARY = "a-boundary-that-no-picture-holds"
HEADERS = {"Content-Type": f"multipart/form-data; boundary={BOUNDARY}"}


class Line(NamedTuple):
    """A row of the table."""

    what: str
    value: str
    bar: str
    is_reached: bool


class Case(NamedTuple):
    """A picture that no other client has, and its request."""

    image: Image
    mask: Mask
    body: bytes


@dataclass
class Load:
    """What became of the requests of all clients."""

    statuses: Counter[int] = field(default_factory=Counter)
    latencies: list[float] = field(default_factory=list)
    """Seconds, of accepted requests."""
    num_mixed: int = 0
    """Answers whose known pixels are not the client's."""
    seconds: float = 0.0


@dataclass(frozen=True)
class Service:
    """A service of this run."""

    port: int
    process: subprocess.Popen[str]

    def megabytes(self) -> dict[str, float]:
        """Resident memory of the service's first process, and of the others together."""
        first = self.process.pid
        children = Path(f"/proc/{first}/task/{first}/children").read_text().split()
        return {
            "first": _megabytes(first),
            "others": sum(_megabytes(int(child)) for child in children),
        }

    def ask(self, body: bytes) -> tuple[int, bytes]:
        """Status and body of the answer, over a connection of its own."""
        with closing(http.client.HTTPConnection("127.0.0.1", self.port, timeout=300)) as line:
            line.request("POST", "/v1/inpaint", body, HEADERS)
            answer = line.getresponse()
            return answer.status, answer.read()


def case(number: int) -> Case:
    """Smooth colours that belong to this number alone, with a hole in their middle."""
    rng = np.random.default_rng(number)
    coarse = PIL.Image.fromarray(rng.integers(0, 256, (8, 8, 3), dtype=np.uint8))
    image = np.array(coarse.resize((SIDE, SIDE), PIL.Image.Resampling.BICUBIC))
    mask = np.zeros((SIDE, SIDE), dtype=bool)
    start = (SIDE - HOLE_PX) // 2
    mask[start : start + HOLE_PX, start : start + HOLE_PX] = True
    return Case(image, mask, form(encoded(image), encoded(mask)))


def form(image: bytes, mask: bytes) -> bytes:
    """The multipart body of a request."""
    body = b""
    for name, data in (("image", image), ("mask", mask)):
        head = f'Content-Disposition: form-data; name="{name}"; filename="x"'
        body += f"--{BOUNDARY}\r\n{head}\r\n\r\n".encode() + data + b"\r\n"
    return body + f"--{BOUNDARY}--\r\n".encode()


def encoded(array: Image | Mask) -> bytes:
    """The bytes of a PPM: compressing a PNG is work of neither the service nor the Restorer."""
    buffer = BytesIO()
    PIL.Image.fromarray(array).save(buffer, "PPM")
    return buffer.getvalue()


@contextmanager
def started(processes: int) -> Iterator[Service]:
    """`restauro serve` on a free port, warm, and ended by SIGTERM."""
    arguments = ["serve", "--port", "0", "--processes", str(processes)]
    process = subprocess.Popen(
        [sys.executable, "-m", "restauro", *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    try:
        assert process.stdout is not None
        found = re.search(r"http://127\.0\.0\.1:(\d+)", process.stdout.readline())
        assert found, "the service did not start"
        service = Service(int(found[1]), process)
        with ThreadPoolExecutor(processes) as pool:
            list(pool.map(lambda n: in_a_row(service, n, WARM_UP), range(processes)))
        yield service
    finally:
        process.terminate()
        process.wait()


def direct_rate(processes: int, seconds: float) -> float:
    """Pictures a second of the Restorer alone, by so many threads."""
    restorer = restauro.load("faces", threads=1)
    given = case(0)
    restorer(given.image, given.mask)
    over = time.perf_counter() + seconds

    def work(_: int) -> int:
        count = 0
        while time.perf_counter() < over:
            restorer(given.image, given.mask)
            count += 1
        return count

    began = time.perf_counter()
    with ThreadPoolExecutor(processes) as pool:
        count = sum(pool.map(work, range(processes)))
    return count / (time.perf_counter() - began)


def in_a_row(service: Service, number: int, count: int) -> list[float]:
    """Seconds of each of `count` requests of one client."""
    given, seconds = case(number), []
    for _ in range(count):
        began = time.perf_counter()
        status, body = service.ask(given.body)
        seconds.append(time.perf_counter() - began)
        assert status == 200, body
    return seconds


def under_load(service: Service, rate: float, seconds: float) -> Load:
    """64 clients that together ask `rate` times a second, each at its own regular times."""
    load, lock = Load(), threading.Lock()
    period = CLIENTS / rate
    start = time.perf_counter() + 1

    def client(number: int) -> None:
        given = case(number)
        turn = start + period * number / CLIENTS
        while turn < start + seconds:
            time.sleep(max(turn - time.perf_counter(), 0))
            began = time.perf_counter()
            status, body = service.ask(given.body)
            took = time.perf_counter() - began
            mixed = status == 200 and not came_back(body, given)
            with lock:
                load.statuses[status] += 1
                load.num_mixed += mixed
                if status == 200:
                    load.latencies.append(took)
            turn = max(turn + period, time.perf_counter())

    with ThreadPoolExecutor(CLIENTS) as pool:
        list(pool.map(client, range(CLIENTS)))
    load.seconds = time.perf_counter() - start
    return load


def came_back(body: bytes, given: Case) -> bool:
    """Whether the known pixels are those of the client."""
    restored = np.asarray(PIL.Image.open(BytesIO(body)))
    return bool((restored[~given.mask] == given.image[~given.mask]).all())


def soak(service: Service, count: int, processes: int) -> Line:
    """Memory before and after `count` good requests."""

    def work() -> None:
        with ThreadPoolExecutor(processes) as pool:
            share = count // processes
            list(pool.map(lambda number: in_a_row(service, number, share), range(processes)))

    return memory_line(service, f"memory over {count:,} requests", work)


def fuzz(service: Service, count: int) -> Iterator[Line]:
    """Statuses of `count` damaged pictures, and memory before and after."""
    statuses: Counter[int] = Counter()
    intact = encoded(np.eye(16, 24, dtype=bool))

    def work() -> None:
        for number in range(count):
            files = (intact, damaged(number)) if number % 3 == 0 else (damaged(number), intact)
            status, _ = service.ask(form(*files))
            statuses[status] += 1

    yield memory_line(service, f"memory over {count:,} damaged pictures", work)
    faults = sum(number for status, number in statuses.items() if status >= 500)
    yield Line(f"{count:,} damaged pictures", told(statuses), "no 5xx", faults == 0)


def memory_line(service: Service, what: str, work: Callable[[], None]) -> Line:
    """Resident memory around `work`; flat = at most a tenth more."""
    before = service.megabytes()
    work()
    after = service.megabytes()
    value = "; ".join(f"{key} {before[key]:.0f} -> {after[key]:.0f} MB" for key in before)
    flat = sum(after.values()) <= 1.1 * sum(before.values())
    return Line(what, value, "at most 10 % more", flat)


def told(statuses: Counter[int]) -> str:
    """Such as `200: 12, 422: 3`."""
    return ", ".join(f"{status}: {number:,}" for status, number in sorted(statuses.items()))


def _megabytes(process: int) -> float:
    pages = int(Path(f"/proc/{process}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


def load_lines(service: Service, processes: int, seconds: float) -> Iterator[Line]:
    """What the load does to latency and throughput."""
    before = direct_rate(processes, min(seconds / 4, 10))
    alone = statistics.median(in_a_row(service, 0, 30))
    load = under_load(service, TIMES_CAPACITY * before, seconds)
    direct = (before + direct_rate(processes, min(seconds / 4, 10))) / 2
    rate = load.statuses[200] / load.seconds
    busy = statistics.median(load.latencies)
    errors = sum(n for status, n in load.statuses.items() if status not in (200, *REFUSALS))
    asked = load.statuses.total() / load.seconds
    yield Line("answers under load", told(load.statuses), "only 200, 429 and 503", errors == 0)
    yield Line("answers mixed up between clients", str(load.num_mixed), "0", load.num_mixed == 0)
    yield Line(
        "median latency under load / alone",
        f"{busy / alone:.2f} ({1000 * busy:.0f} / {1000 * alone:.0f} ms)",
        "at most 2",
        busy <= 2 * alone,
    )
    yield Line(
        "pictures a second, service / Restorer",
        f"{rate / direct:.2f} ({rate:.2f} / {direct:.2f}; {asked:.1f} asked)",
        "at least 0.90",
        rate >= 0.9 * direct,
    )


@click.command()
@click.option("--seconds", default=60.0, show_default=True, help="How long the load lasts.")
@click.option("--soak", "num_soak", default=10_000, show_default=True, help="Requests; 0 = none.")
@click.option("--fuzz", "num_fuzz", default=10_000, show_default=True, help="Pictures; 0 = none.")
@click.option("--processes", type=int, help="Of the service.  [default: one for each core]")
def main(seconds: float, num_soak: int, num_fuzz: int, processes: int | None) -> None:
    """Measure the service and print a Markdown table."""
    count = processes or num_cores()
    click.echo("| what | measured | bar | reached |\n| --- | --- | --- | --- |")
    with started(count) as service:
        for line in measured(service, count, seconds, num_soak, num_fuzz):
            reached = "yes" if line.is_reached else "**no**"
            click.echo(f"| {line.what} | {line.value} | {line.bar} | {reached} |")


def measured(
    service: Service, processes: int, seconds: float, num_soak: int, num_fuzz: int
) -> Iterator[Line]:
    """The rows of the table, as they come."""
    yield from load_lines(service, processes, seconds)
    if num_soak:
        yield soak(service, num_soak, processes)
    if num_fuzz:
        yield from fuzz(service, num_fuzz)


if __name__ == "__main__":
    main()
