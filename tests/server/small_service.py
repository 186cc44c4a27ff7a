"""A service on a free port, in a thread; its processes are real, its methods and limits small."""

from __future__ import annotations

import asyncio
import http.client
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from io import BytesIO
from pathlib import Path
from typing import Any, TypeAlias

import httpx2
import numpy as np
import PIL.Image
import simplefills
import uvicorn
from prometheus_client.parser import text_string_to_metric_families

from restauro.picture.types import Image, Mask
from restauro.pool import Pool
from restauro.server.app import create_app
from restauro.server.guard import Access
from restauro.server.limits import Limits
from restauro.server.offers import Model
from restauro.server.restoring import Restoration
from restauro.server.run import listen, server_of
from started import PATIENCE

Files: TypeAlias = dict[str, tuple[str, bytes]]

OPEN = Access()
MODELS = [
    Model(name, "classical", "tests", "none", default=name == simplefills.NAMES[0])
    for name in simplefills.NAMES
]
LIMITS = Limits(
    request_bytes=300_000,
    pixels=90_000,
    hole_pixels=10_000,
    seconds=PATIENCE,
    upload_seconds=PATIENCE,
    requests=20,
    processes=2,
    waiting=10,
)

SEND_BUFFER = 16384
"""Bytes of an answer that the system takes from the service before the client has read any."""


def image_of(height: int, width: int, colour: int = 90) -> Image:
    """A picture of a gradient below `colour`."""
    rows, columns = np.mgrid[:height, :width]
    grey = (colour + rows + columns) % 256
    return np.repeat(grey[:, :, None], 3, axis=2).astype(np.uint8)


def hole_in(height: int, width: int) -> Mask:
    """A hole in the middle half of each side."""
    mask = np.zeros((height, width), dtype=bool)
    mask[height // 4 : -(height // 4), width // 4 : -(width // 4)] = True
    return mask


def encoded(array: Any, file_format: str = "PNG", **options: Any) -> bytes:
    """The bytes of a picture file."""
    buffer = BytesIO()
    PIL.Image.fromarray(array).save(buffer, file_format, **options)
    return buffer.getvalue()


def decoded(data: bytes) -> Any:
    """The pixels of a picture file."""
    return np.asarray(PIL.Image.open(BytesIO(data)))


def form(image: bytes | None = None, mask: bytes | None = None) -> Files:
    """The files of a request; a small picture by default, under names that must not matter."""
    image = encoded(image_of(16, 24)) if image is None else image
    mask = encoded(hole_in(16, 24)) if mask is None else mask
    return {"image": ("../../etc/passwd", image), "mask": ("/dev/stdin", mask)}


@contextmanager
def serving(
    limits: Limits = LIMITS, access: Access = OPEN, gate: Path | None = None
) -> Iterator[httpx2.Client]:
    """A client of a service that runs within the block; the file `gate` frees what is `held`."""
    ready = threading.Event()
    servers: list[uvicorn.Server] = []
    listener = listen("127.0.0.1", 0)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BUFFER)

    async def serve() -> None:
        make = partial(Restoration, partial(simplefills.load, gate), limits, MODELS[0].name)
        async with Pool(
            make, limits.processes, waiting=limits.waiting, seconds=limits.seconds
        ) as pool:
            app = create_app(pool, MODELS, limits, access)
            servers.append(server_of(app, limits))
            ready.set()
            await servers[0].serve([listener])

    def run() -> None:
        try:
            asyncio.run(serve())
        finally:
            ready.set()

    thread = threading.Thread(target=run)
    thread.start()
    ready.wait()
    assert servers, "the service did not start"
    port = listener.getsockname()[1]
    try:
        with httpx2.Client(base_url=f"http://127.0.0.1:{port}", timeout=PATIENCE) as client:
            yield client
    finally:
        servers[0].should_exit = True
        thread.join()
        listener.close()


def connected(client: httpx2.Client) -> socket.socket:
    """A connection of its own to the service of the client."""
    return socket.create_connection((client.base_url.host, client.base_url.port or 0), PATIENCE)


def ask(client: httpx2.Client, files: Files, model: str) -> socket.socket:
    """The connection of a request that has been sent, and whose answer has not been read."""
    request = client.build_request("POST", "/v1/inpaint", files=files, data={"model": model})
    body = request.read()
    kind = request.headers["content-type"].encode()
    line = connected(client)
    head = b"POST /v1/inpaint HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: %b\r\n" % kind
    line.sendall(head + b"Content-Length: %d\r\n\r\n" % len(body) + body)
    return line


def answer_at(line: socket.socket) -> http.client.HTTPResponse:
    """What the service answers at a connection; its body has not been read."""
    answer = http.client.HTTPResponse(line)
    answer.begin()
    return answer


def large_form() -> Files:
    """The files of a request whose answer does not fit in what the system keeps for a client."""
    image, mask = image_of(299, 299), np.zeros((299, 299), dtype=bool)
    mask[100:110, 100:110] = True
    return form(encoded(image, "PPM"), encoded(mask))


def metric(client: httpx2.Client, name: str, **labels: str) -> float:
    """The value of a metric; 0 if nothing has been counted yet."""
    families = text_string_to_metric_families(client.get("/metrics").text)
    found = (
        sample.value
        for family in families
        for sample in family.samples
        if sample.name == name and sample.labels == labels
    )
    return float(next(found, 0))
