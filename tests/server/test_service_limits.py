from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import httpx2
import numpy as np
import pytest
from small_service import (
    LIMITS,
    ask,
    connected,
    encoded,
    form,
    hole_in,
    image_of,
    metric,
    serving,
)

from started import until

HEAD = (
    b"POST /v1/inpaint HTTP/1.1\r\nHost: 127.0.0.1\r\n"
    b"Content-Type: multipart/form-data; boundary=x\r\n%b\r\n\r\n"
)


@pytest.fixture(scope="module")
def gate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The file that frees what is `held` by the service of `client`."""
    return tmp_path_factory.mktemp("gate") / "open"


@pytest.fixture(scope="module")
def client(gate: Path) -> Iterator[httpx2.Client]:
    with serving(gate=gate) as client:
        yield client


def test_too_many_bytes(client: httpx2.Client) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (200, 200, 3), dtype=np.uint8)
    files = form(encoded(noise), encoded(noise) * 3)
    answer = client.post("/v1/inpaint", files=files)
    assert answer.status_code == 413
    assert answer.json()["error"]["message"].startswith("the request has more than 300,000 bytes")


def test_too_many_bytes_without_a_length_are_cut_off_while_they_come(
    client: httpx2.Client,
) -> None:
    sent: list[int] = []

    def endless() -> Iterator[bytes]:
        yield b'--x\r\nContent-Disposition: form-data; name="image"; filename="a"\r\n\r\n'
        while len(sent) < 10_000:
            sent.append(65536)
            yield bytes(65536)

    headers = {"Content-Type": "multipart/form-data; boundary=x"}
    with suppress(httpx2.TransportError):  # the service stops listening to it after a while
        answer = client.post("/v1/inpaint", content=endless(), headers=headers)
        assert answer.json()["error"]["code"] == "bytes"
    refused = {"path": "/v1/inpaint", "status": "413"}
    until(lambda: metric(client, "restauro_requests_total", **refused) >= 1, True)


def test_a_client_that_asks_first_need_not_send(client: httpx2.Client) -> None:
    with connected(client) as line:
        line.sendall(HEAD % b"Expect: 100-continue\r\nContent-Length: 999999999")
        assert line.recv(100).startswith(b"HTTP/1.1 413")


def test_a_body_that_does_not_come() -> None:
    limits = dataclasses.replace(LIMITS, processes=0, waiting=1, upload_seconds=0.1)
    with serving(limits) as client, connected(client) as line:
        line.sendall(HEAD % b"Content-Length: 500" + b"--x")
        assert line.recv(100).startswith(b"HTTP/1.1 408")


@pytest.mark.parametrize("field", ["image", "mask"])
def test_too_many_pixels_are_not_even_decoded(client: httpx2.Client, field: str) -> None:
    flat = encoded(np.zeros((9000, 9000), dtype=np.uint8))
    answer = client.post("/v1/inpaint", files=form() | {field: ("a.png", flat)})
    assert answer.status_code == 413
    assert answer.json()["error"]["code"] == "pixels"
    assert f"the {field} has more than 90,000 pixels" in answer.json()["error"]["message"]


def test_too_many_hole_pixels(client: httpx2.Client) -> None:
    files = form(encoded(image_of(250, 250)), encoded(hole_in(250, 250)))
    answer = client.post("/v1/inpaint", files=files)
    assert answer.status_code == 413
    assert answer.json()["error"]["code"] == "hole_pixels"


def test_too_much_time_ends_the_process_and_frees_the_place() -> None:
    with serving(dataclasses.replace(LIMITS, processes=1, seconds=2)) as client:
        answer = client.post("/v1/inpaint", files=form(), data={"model": "held"})
        assert answer.status_code == 504
        assert "took longer than 2 seconds" in answer.json()["error"]["message"]
        # on a busy machine even what is quick may take as long
        until(lambda: client.post("/v1/inpaint", files=form()).status_code, 200)
        assert metric(client, "restauro_renewed_processes") >= 1


def test_places_are_bounded_and_clients_that_go_away_free_theirs() -> None:
    limits = dataclasses.replace(LIMITS, processes=1, waiting=1)
    with serving(limits) as client:
        lines = []
        for number in (1, 2):  # one after the other: the second waits
            lines.append(ask(client, form(), "held"))
            until(lambda: metric(client, "restauro_admitted"), number)
        refused = client.post("/v1/inpaint", files=form())
        assert (refused.status_code, refused.headers["retry-after"]) == (503, "1")
        assert refused.json()["error"]["code"] == "busy"
        for number in (1, 0):
            lines[number].close()
            until(lambda: metric(client, "restauro_admitted"), number)
        assert client.post("/v1/inpaint", files=form()).status_code == 200
        assert metric(client, "restauro_renewed_processes") == 1


def test_requests_in_flight_are_bounded_while_they_come_in() -> None:
    limits = dataclasses.replace(LIMITS, processes=0, waiting=1, requests=1)
    with serving(limits) as client:
        with connected(client) as line:
            line.sendall(HEAD % b"Content-Length: 500" + b"--x")
            until(lambda: client.post("/v1/inpaint", files=form()).json(), busy_message())
        assert client.get("/healthz").status_code == 200


def busy_message() -> object:
    message = "all places are taken; ask again in a second"
    return {"error": {"code": "busy", "message": message}}


def test_a_fault_of_one_process_leaves_the_others_alone(client: httpx2.Client, gate: Path) -> None:
    with ask(client, form(), "held") as line:
        until(lambda: metric(client, "restauro_busy_processes"), 1)
        assert client.post("/v1/inpaint", files=form(), data={"model": "dies"}).status_code == 500
        gate.touch()
        assert line.recv(100).startswith(b"HTTP/1.1 200")
