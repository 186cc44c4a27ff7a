"""`restauro site`: the page without a server."""

from __future__ import annotations

from pathlib import Path

import click

from restauro.commands._options import PATH
from restauro.fill.catalogue import FACES


@click.command("site")
@click.argument("folder", type=PATH)
@click.option(
    "--models",
    default=FACES,
    show_default=True,
    metavar="NAME,...",
    help="Models to offer, with commas between them; the first is the default.",
)
@click.option(
    "--runtime",
    "package",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="The package onnxruntime-web as npm has it, for machines without a network.  [default: "
    "from the cache, or else from npm]",
)
def command(folder: Path, models: str, package: Path | None) -> None:
    """Write the page into FOLDER, for any host of static files: it needs no server of its own.

    Pictures never leave the browser, which fills their holes itself. Try it with `python -m
    http.server --directory FOLDER`, and publish it as docs/page.md says.
    """
    from restauro.site.build import write_site
    from restauro.site.runtime import runtime

    names = list(dict.fromkeys(name.strip() for name in models.split(",")))
    site = write_site(folder, names, runtime(package))
    click.echo(
        f"wrote {folder}: {site.all_bytes / 1e6:.1f} MB, of which a first visit loads "
        f"{site.first_bytes / 1e6:.1f} MB"
    )
