"""`restauro download`: the official files of a data set, resumed and checked."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import click


@click.command("download")
@click.argument("dataset")
@click.argument("target", type=click.Path(file_okay=False, path_type=Path))
@click.option("--mirror", help="Address of a folder that holds copies of the official files.")
def command(dataset: str, target: Path, mirror: str | None) -> None:
    """Fetch the official files of DATASET, celeba or fgvc-aircraft, into the folder TARGET.

    A call that breaks off is resumed by the next one. Checksums are verified, from a mirror too.
    """
    from restauro.data.download import DATA_SETS, fetch

    official = DATA_SETS.create(dataset)
    click.echo(f"{official.title}\nTerms: {official.terms}")
    for file in official.files:
        wanted = replace(file, url=f"{mirror.rstrip('/')}/{file.name}") if mirror else file
        click.echo(f"{fetch(wanted, target, progress=True)} is complete")
    click.echo(f"next: restauro prepare {dataset} BANK --from {target}")
