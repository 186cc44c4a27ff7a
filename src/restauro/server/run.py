"""Starts and ends the service: processes, log and port."""

from __future__ import annotations

import asyncio
import logging
import math
import socket
from collections.abc import Callable, Sequence
from functools import partial

import uvicorn
from starlette.types import ASGIApp

from restauro.errors import RestauroError
from restauro.fill.filler import Filler
from restauro.interrupt import StopRequest
from restauro.pool import Pool
from restauro.server.app import create_app
from restauro.server.connection import Connection
from restauro.server.guard import Access
from restauro.server.limits import Limits
from restauro.server.offers import Model
from restauro.server.restoring import Answer, Restoration, Work
from restauro.server.watch import JsonLines


def listen(host: str, port: int) -> socket.socket:
    """A socket that takes connections, so that requests may come while the processes start.

    Raises:
        RestauroError: There is no such address here, or the port is taken.
    """
    try:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        return socket.create_server((host, port), family=family)
    except OSError as error:
        raise RestauroError(
            f"{host} port {port} cannot be listened at: {error.strerror}; choose another --port"
        ) from error


def run(
    models: Sequence[Model],
    load: Callable[[str], Filler],
    limits: Limits,
    access: Access,
    listener: socket.socket,
) -> None:
    """Serves until Ctrl-C or SIGTERM, and finishes what is being restored, within a limit.

    `load` gives what a model's name stands for; it is called in other processes.

    Raises:
        RestauroError: The default model cannot be loaded.
    """
    handler = logging.StreamHandler()
    handler.setFormatter(JsonLines())
    logging.basicConfig(level=logging.INFO, handlers=[handler])
    logging.getLogger("uvicorn").setLevel(logging.WARNING)
    default = next(model.name for model in models if model.default)
    make = partial(Restoration, load, limits, default)
    pool = Pool(make, limits.processes, waiting=limits.waiting, seconds=limits.seconds)
    app = create_app(pool, models, limits, access)
    with StopRequest() as stop:  # uvicorn answers signals itself, and hands them on when it is done
        asyncio.run(_serve(pool, server_of(app, limits), listener, stop))


async def _serve(
    pool: Pool[Work, Answer], server: uvicorn.Server, listener: socket.socket, stop: StopRequest
) -> None:
    async with pool:
        if not stop.is_requested:
            await server.serve([listener])


def server_of(app: ASGIApp, limits: Limits) -> uvicorn.Server:
    """What speaks HTTP: nothing but that, and nothing about itself."""
    config = uvicorn.Config(
        app,
        http=partial(Connection, limits),  # type: ignore[arg-type]
        lifespan="off",
        ws="none",
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=math.ceil(limits.end_seconds) + 1,  # if a connection came late
    )
    return uvicorn.Server(config)
