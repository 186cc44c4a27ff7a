"""`restauro serve`: the page, and the HTTP service behind it."""

from __future__ import annotations

import dataclasses
import importlib.util
from collections.abc import Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING

import click

from restauro.commands._fills import AUTO, AUTO_CLASSICAL, CLASSICAL, load_fill
from restauro.errors import MissingExtraError, RestauroError
from restauro.fill.catalogue import DEFAULT_MODEL

if TYPE_CHECKING:
    from restauro.fill.auto import Fill
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
    help="Requests that come in or wait at once; more get 503.",
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
    help="Time for restoring a picture, and for a request to come in.",
)
def command(
    host: str,
    port: int,
    models: tuple[str, ...],
    token: str | None,
    origins: tuple[str, ...],
    processes: int | None,
    waiting: int | None,
    max_requests: int,
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
        from restauro.server.guard import LOOPBACK, Access
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
        processes=count,
        waiting=max(count // 2, 1) if waiting is None else waiting,
        requests=max_requests,
    )
    if host not in LOOPBACK and not token:
        click.echo(f"warning: whoever reaches {host} may ask; give a --token", err=True)
    # on this machine alone, no page elsewhere may reach it by a name that it has made up
    access = Access(token, origins, LOOPBACK if host in LOOPBACK else None)
    offers = offered(models or _installed())
    sources = {model.name: source for source, model in offers.items()}
    with listen(host, port) as listener:
        name = f"[{host}]" if ":" in host else host
        click.echo(f"open http://{name}:{listener.getsockname()[1]} in a browser; Ctrl-C ends it")
        run(list(offers.values()), partial(_load, sources), limits, access, listener)


def offered(choices: Sequence[str]) -> dict[str, Model]:
    """Value of `--model` -> what the service says about it; the first is the default.

    Raises:
        UnknownNameError: There is no such model.
        BadModelError: Its file is missing, damaged or no restauro model.
        RestauroError: Two of them have the same name.
    """
    offers = {choice: _described(choice) for choice in choices}
    offers[choices[0]] = dataclasses.replace(offers[choices[0]], default=True)
    names = [model.name for model in offers.values()]
    for name in names:
        if names.count(name) > 1:
            raise RestauroError(f"two models are called {name!r}; offer one of them")
    return offers


def _described(choice: str) -> Model:
    from restauro.fill.catalogue import model_path
    from restauro.fill.model_file import read_card
    from restauro.server.offers import Model

    if choice == AUTO:
        return Model(AUTO, "choice", "any picture", "those of the model that it takes")
    if choice in CLASSICAL:
        domain = "any picture; scratches and small holes"
        return Model(choice, "classical", domain, "none: it has learned from no pictures")
    path = model_path(choice)
    card = read_card(path)
    name = card.name if choice == str(path) else choice  # of a file, never its path
    return Model(name, "network", card.domain, card.terms, card.version, card.size, card.parameters)


def _load(sources: Mapping[str, str], name: str) -> Fill:
    """What an offered model fills holes with; pictures share the cores, so each has one thread."""
    return load_fill(sources[name], threads=1)


def _installed() -> list[str]:
    """All models, the default first, with the choice among them where there is one."""
    from restauro.fill.catalogue import list_models

    names = sorted(list_models(), key=lambda name: name != DEFAULT_MODEL)
    if importlib.util.find_spec("cv2"):  # what Telea's method needs
        names.append(AUTO_CLASSICAL)
    return [*names, AUTO] if len(names) > 1 else names
