"""The whole command, in a process of its own: start, clients, signals, mistakes."""

from __future__ import annotations

import os
import re
import signal
import socket
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from subprocess import PIPE, Popen

import httpx2
import pytest
from click.testing import CliRunner
from small_service import ask, decoded, encoded, form, hole_in, image_of, large_form, metric

from restauro.cli import cli
from restauro.commands.serve import command, offered
from restauro.server.guard import Access
from started import PATIENCE, children, is_alive, started, until

HELD_SERVICE = """
from restauro.server.guard import Access
from restauro.server.run import listen, run
from small_service import LIMITS, MODELS, SEND_BUFFER
import dataclasses, functools, pathlib, simplefills, socket, sys
limits = dataclasses.replace(LIMITS, processes=3, end_seconds=float(sys.argv[2]))
with listen("127.0.0.1", 0) as listener:
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BUFFER)
    print(f"http://127.0.0.1:{listener.getsockname()[1]} ", flush=True)
    gate = pathlib.Path(sys.argv[1])
    run(MODELS, functools.partial(simplefills.load, gate), limits, Access(), listener)
"""


@contextmanager
def service(*arguments: str | Path) -> Iterator[tuple[Popen[str], httpx2.Client]]:
    """A Python process that prints where it serves, and a client of it."""
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}  # of the tests' modules
    with started([sys.executable, *arguments], stdout=PIPE, env=environment) as process:
        assert process.stdout is not None
        address = re.search(r"http://\S+", process.stdout.readline())
        assert address, "it did not start"
        with httpx2.Client(base_url=address[0], timeout=PATIENCE) as client:
            yield process, client


def is_refused(client: httpx2.Client) -> bool:
    """Whether nobody listens at the service's address."""
    try:
        socket.create_connection((client.base_url.host, client.base_url.port or 0)).close()
    except ConnectionRefusedError:
        return True
    return False


def test_clients_at_once_each_get_their_own_picture_back() -> None:
    command = ("-m", "restauro", "serve", "--port", "0", "--processes", "2", "--waiting", "6")
    with service(*command, "--model", "mean") as (process, client):

        def ask(number: int) -> None:
            image = image_of(30 + number, 40, colour=20 * number)
            hole = hole_in(30 + number, 40)
            for _ in range(5):
                answer = client.post("/v1/inpaint", files=form(encoded(image), encoded(hole)))
                assert answer.status_code == 200, answer.text
                restored = decoded(answer.content)
                assert (restored[~hole] == image[~hole]).all()
                assert (restored[hole] != image[hole]).any()

        with ThreadPoolExecutor(8) as pool:
            list(pool.map(ask, range(8)))
        process.send_signal(signal.SIGINT)
        assert process.wait(PATIENCE) == 0


def test_sigterm_answers_what_was_accepted(tmp_path: Path) -> None:
    gate = tmp_path / "open"
    with service("-c", HELD_SERVICE, gate, str(PATIENCE)) as (process, client):
        files, data = form(), {"model": "held"}
        with ThreadPoolExecutor(4) as pool:
            asked = [
                pool.submit(client.post, "/v1/inpaint", files=files, data=data) for _ in range(4)
            ]
            until(lambda: metric(client, "restauro_admitted"), 4)  # one of them waits
            process.send_signal(signal.SIGTERM)
            until(partial(is_refused, client), True)
            gate.touch()
            assert [answer.result().status_code for answer in asked] == [200] * 4
        assert process.wait(PATIENCE) == 0


def test_sigterm_waits_for_nobody_without_end(tmp_path: Path) -> None:
    with (
        service("-c", HELD_SERVICE, tmp_path / "none", "0.5") as (process, client),
        ask(client, large_form(), "plain"),
        ask(client, form(), "held") as held,
    ):
        until(lambda: metric(client, "restauro_step_seconds_count", step="encode"), 1)
        until(lambda: metric(client, "restauro_busy_processes"), 1)
        process.send_signal(signal.SIGTERM)
        assert process.wait(PATIENCE) == 0
        assert held.recv(100) == b""


def test_a_service_that_is_killed_leaves_no_process_behind(tmp_path: Path) -> None:
    with service("-c", HELD_SERVICE, tmp_path / "open", str(PATIENCE)) as (process, client):
        assert client.get("/healthz").is_success
        started_by_it = children(process.pid)
        if not started_by_it:
            pytest.skip("this system does not list a process's children")
        assert len(started_by_it) >= 3
        process.kill()
        process.wait()
        until(lambda: [child for child in started_by_it if is_alive(child)], [])


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--model", "face"], "did you mean 'faces'?"),
        (["--model", "none.onnx"], "none.onnx cannot be read"),
        (["--host", "192.0.2.1", "--token", "x"], "192.0.2.1 port 8000 cannot be listened at"),
    ],
)
def test_mistakes_are_said_before_anything_starts(arguments: list[str], sentence: str) -> None:
    result = CliRunner().invoke(command, arguments)
    assert result.exit_code == 1
    assert sentence in str(result.exception)


def test_a_taken_port_is_said() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        result = CliRunner().invoke(command, ["--port", str(taken.getsockname()[1])])
    assert "choose another --port" in str(result.exception)


def test_an_open_address_without_a_token_is_warned_of() -> None:
    result = CliRunner().invoke(command, ["--host", "192.0.2.1"], env={"RESTAURO_TOKEN": ""})
    assert "whoever reaches 192.0.2.1 may ask; give a --token" in result.output


@pytest.mark.parametrize(
    ("arguments", "hosts"),
    [
        ([], {"localhost"}),
        (["--host", "0.0.0.0"], {"localhost", "box"}),
        (["--host", "0.0.0.0", "--allowed-host", "A.org"], {"localhost", "box", "a.org"}),
        (["--allowed-host", "a.org", "--allowed-host", "*"], None),
    ],
)
def test_names_under_which_it_answers(
    monkeypatch: pytest.MonkeyPatch, arguments: list[str], hosts: set[str] | None
) -> None:
    given: list[Access] = []
    monkeypatch.setattr("restauro.commands.serve.gethostname", lambda: "Box")
    monkeypatch.setattr("restauro.server.run.run", lambda *all: given.append(all[3]))
    CliRunner().invoke(command, ["--port", "0", "--model", "mean", *arguments])
    assert [access.hosts for access in given] == [hosts]


def test_the_installed_models_are_offered() -> None:
    model = offered(["faces", "telea", "auto"])
    assert [choice.kind for choice in model.values()] == ["network", "classical", "choice"]
    assert model["faces"].default
    assert not model["auto"].default
    assert model["faces"].terms


def test_help_names_the_limits() -> None:
    text = CliRunner().invoke(cli, ["serve", "--help"]).output
    for option in ("--max-bytes", "--max-pixels", "--max-hole-pixels", "--max-seconds", "--token"):
        assert option in text
