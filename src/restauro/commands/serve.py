"""`restauro serve`: the page, and the HTTP service behind it."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from functools import partial
from socket import gethostname
from typing import TYPE_CHECKING

import click

from restauro.commands._options import device_option, import_option
from restauro.errors import MissingExtraError, RestauroError
from restauro.fill.catalogue import (
    find,
    list_models,
    load,
)
from restauro.fill.entries import AUTO

if TYPE_CHECKING:
    from restauro.fill.filler import Filler
    from restauro.server.offers import Model


@click.command("serve")
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen at.")
@click.option(
    "--port",
    default=8000,
    show_default=True,
    type=click.IntRange(0, 65535),
    help="Port to listen at; 0 = any that is free.",
)
@click.option(
    "--model",
    "models",
    multiple=True,
    metavar="NAME",
    help="Offer only this model, as `restauro inpaint --model` takes it; may come again, and the "
    "first is the default.  [default: all that are installed, auto and telea]",
)
@device_option
@click.option(
    "--token",
    envvar="RESTAURO_TOKEN",
    show_envvar=True,
    help="Answer only requests with the header `Authorization: Bearer TOKEN`.",
)
@click.option(
    "--cors",
    "origins",
    multiple=True,
    metavar="ORIGIN",
    help="Pages of this origin, such as https://example.org, may ask; may come again.",
)
@click.option(
    "--allowed-host",
    "allowed_hosts",
    multiple=True,
    metavar="NAME",
    help="Answer under this name, too; may come again, * = any.  [default: IP addresses, localhost "
    "and, at other than loopback addresses, this machine's own name]",
)
@click.option(
    "--processes",
    type=click.IntRange(1),
    help="Pictures restored at once, each with one thread.  [default: one for each core]",
)
@click.option(
    "--waiting",
    type=click.IntRange(0),
    help="Requests that wait for a process; more get 503.  [default: half as many as processes]",
)
@click.option(
    "--max-requests",
    default=64,
    show_default=True,
    type=click.IntRange(1),
    help="Requests that come in, wait or are answered at once; more get 503.",
)
@click.option(
    "--max-connections",
    default=256,
    show_default=True,
    type=click.IntRange(1),
    help="Connections open at once; more get 503.",
)
@click.option(
    "--max-bytes",
    default=50_000_000,
    show_default=True,
    type=click.IntRange(1),
    help="Size of a request.",
)
@click.option(
    "--max-pixels",
    default=40_000_000,
    show_default=True,
    type=click.IntRange(1),
    help="Size of a picture.",
)
@click.option(
    "--max-hole-pixels",
    default=4_000_000,
    show_default=True,
    type=click.IntRange(1),
    help="Size of a hole.",
)
@click.option(
    "--max-seconds",
    default=60.0,
    show_default=True,
    type=click.FloatRange(0, min_open=True),
    help="Time for restoring a picture, for a request to come in, that a client may take nothing "
    "of its answer, and for what is under way at the end.",
)
@import_option
def command(
    host: str,
    port: int,
    models: tuple[str, ...],
    device: str,
    token: str | None,
    origins: tuple[str, ...],
    allowed_hosts: tuple[str, ...],
    processes: int | None,
    waiting: int | None,
    max_requests: int,
    max_connections: int,
    max_bytes: int,
    max_pixels: int,
    max_hole_pixels: int,
    max_seconds: float,
) -> None:
    """Open a page in which pictures are restored, and a service for programs (docs/service.md).

    Pictures stay in the memory of this machine. Ctrl-C or SIGTERM finishes what is being restored.
    """
    from restauro.cores import num_cores
    from restauro.server.limits import Limits

    try:
        from restauro.server.guard import Access
        from restauro.server.run import listen, run
    except ModuleNotFoundError as error:
        raise MissingExtraError(
            f"the service needs {error.name}; install it with `pip install 'restauro[serve]'`"
        ) from error

    count = processes or num_cores()
    limits = Limits(
        request_bytes=max_bytes,
        pixels=max_pixels,
        hole_pixels=max_hole_pixels,
        seconds=max_seconds,
        upload_seconds=max_seconds,
        header_seconds=min(max_seconds, Limits.header_seconds),
        stall_seconds=max_seconds,
        end_seconds=max_seconds,
        processes=count,
        waiting=max(count // 2, 1) if waiting is None else waiting,
        requests=max_requests,
        connections=max_connections,
    )
    is_loopback = host in ("localhost", "127.0.0.1", "::1")
    if not is_loopback and not token:
        click.echo(f"warning: whoever reaches {host} may ask; give a --token", err=True)
    names = {"localhost", *([] if is_loopback else [gethostname()]), *allowed_hosts}
    hosts = None if "*" in names else {name.lower() for name in names}
    access = Access(token, origins, hosts)
    offers = offered(models or _installed())
    sources = {model.name: origin for origin, model in offers.items()}
    with listen(host, port) as listener:
        name = f"[{host}]" if ":" in host else host
        click.echo(f"open http://{name}:{listener.getsockname()[1]} in a browser; Ctrl-C ends it")
        run(list(offers.values()), partial(_load, sources, device), limits, access, listener)


def offered(choices: Sequence[str]) -> dict[str, Model]:
    """What the service says of each value of `--model`, by what loads it; the first is the default.

    Raises:
        UnknownNameError: There is no such model.
        BadModelError: Its file is missing, damaged or no restauro model.
        MissingExtraError: Something is missing that it needs.
        RestauroError: Two of them have the same name.
    """
    from restauro.server.offers import Model

    offers: dict[str, Model] = {}
    for entry in map(find, dict.fromkeys(choices)):
        description = entry.description
        if entry.needs:
            raise MissingExtraError(f"{description.name} needs {entry.needs}; offer another")
        if description.name in [model.name for model in offers.values()]:
            raise RestauroError(f"two models are called {description.name!r}; offer one of them")
        offers[entry.origin] = Model(**dataclasses.asdict(description), default=not offers)
    return offers


def _load(sources: Mapping[str, str], device: str, name: str) -> Filler:
    """What an offered model fills holes with; pictures share the cores, so each has one thread."""
    return load(sources[name], device, threads=1)


def _installed() -> list[str]:
    """`auto`, the models that it chooses among and others, and a method that needs none."""
    needs = list_models()
    models = [name for name in needs if find(name).file]
    return [name for name in (AUTO, *models, "patch_match", "telea") if not needs[name]]
