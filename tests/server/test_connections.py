"""Clients that do not send, do not read or come in crowds: nothing of them stays for ever."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterator
from contextlib import ExitStack
from http.client import IncompleteRead
from pathlib import Path
from select import select

import httpx2
import pytest
from small_service import (
    LIMITS,
    answer_at,
    ask,
    connected,
    decoded,
    form,
    image_of,
    large_form,
    metric,
    serving,
)

from restauro.server import guard
from started import until

IN_VAIN = dataclasses.replace(LIMITS, processes=0, waiting=0, header_seconds=0.1)


@pytest.fixture(scope="module")
def client() -> Iterator[httpx2.Client]:
    """Of a service that soon loses patience with who does not send."""
    with serving(IN_VAIN) as client:
        yield client


def test_a_place_is_taken_until_the_answer_has_left() -> None:
    limits = dataclasses.replace(LIMITS, requests=1)
    with serving(limits) as client, ask(client, large_form(), "plain") as line:
        until(lambda: metric(client, "restauro_step_seconds_count", step="encode"), 1)
        for _ in range(2):
            assert client.post("/v1/inpaint", files=form()).json()["error"]["code"] == "busy"
        restored = decoded(answer_at(line).read())
        assert (restored[200:] == image_of(299, 299)[200:]).all()
        until(lambda: client.post("/v1/inpaint", files=form()).status_code, 200)


def test_who_does_not_read_is_cut_off() -> None:
    limits = dataclasses.replace(LIMITS, requests=1, stall_seconds=0.1)
    with serving(limits) as client, ask(client, large_form(), "plain") as line:
        answered = {"path": "/v1/inpaint", "status": "200"}
        until(lambda: metric(client, "restauro_requests_total", **answered), 1)
        assert client.post("/v1/inpaint", files=form()).status_code == 200
        with pytest.raises(IncompleteRead):
            answer_at(line).read()


@pytest.mark.parametrize("sent", [b"", b"GET / HTTP/1.1\r\nHost: 127."])
def test_headers_that_do_not_come(client: httpx2.Client, sent: bytes) -> None:
    with connected(client) as line:
        line.sendall(sent)
        answer = answer_at(line)
        assert answer.status == 408
        assert json.load(answer)["error"]["code"] == "header_time"
        assert line.recv(1) == b""


def test_headers_that_come_byte_by_byte(client: httpx2.Client) -> None:
    with connected(client) as line:
        line.sendall(b"GET / HTTP/1.1\r\nHost: ")
        while not select([line], [], [], 0.01)[0]:
            line.sendall(b"a")
        assert answer_at(line).status == 408


def test_headers_of_a_second_request_that_do_not_come(client: httpx2.Client) -> None:
    with connected(client) as line:
        line.sendall(b"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
        assert answer_at(line).read()
        line.sendall(b"GET /healthz HTTP/1.1\r\n")
        assert answer_at(line).status == 408


def test_a_body_that_goes_on_after_the_answer(
    client: httpx2.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(guard, "LINGER_SECONDS", 0)
    with connected(client) as line:
        line.sendall(b"POST / HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 99999999\r\n\r\n")
        assert answer_at(line).read()
        while not select([line], [], [], 0.01)[0]:
            line.sendall(b"a")
        assert answer_at(line).status == 408


def test_headers_that_came_may_be_answered_late(tmp_path: Path) -> None:
    gate, limits = tmp_path / "open", dataclasses.replace(LIMITS, header_seconds=2)
    with serving(limits, gate=gate) as client, ask(client, form(), "held") as held:
        with connected(client) as later:
            assert answer_at(later).status == 408
        gate.touch()
        assert answer_at(held).status == 200


@pytest.mark.parametrize("sent", [b"nonsense\r\n\r\n", b"GET / HTTP/1.1\r\n\r\n"])
def test_what_is_no_http(client: httpx2.Client, sent: bytes) -> None:
    with connected(client) as line:
        line.sendall(sent)
        answer = answer_at(line)
        assert answer.status == 400
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert json.load(answer)["error"]["code"] == "http"


def test_connections_are_bounded() -> None:
    limits = dataclasses.replace(LIMITS, processes=0, waiting=0, connections=3)
    with serving(limits) as client, ExitStack() as lines:
        first, *_ = [lines.enter_context(connected(client)) for _ in range(limits.connections)]
        with connected(client) as line:
            answer = answer_at(line)
            assert (answer.status, answer.headers["Retry-After"]) == (503, "1")
            assert json.load(answer)["error"]["code"] == "busy"
        first.close()
        until(lambda: is_healthy(client), True)


def is_healthy(client: httpx2.Client) -> bool:
    """Whether the service answers; one that is full may close before it has read the question."""
    try:
        return client.get("/healthz").is_success
    except httpx2.TransportError:
        return False
