"""`restauro reproduce`."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from restauro.commands._options import PATH, accelerator_option, import_option
from restauro.interrupt import INTERRUPTED


@click.command("reproduce")
@click.option("--data", required=True, type=PATH, help="A bank of CelebA.")
@click.option("--aircraft", type=PATH, help="A bank of aircraft.")
@click.option("--output", "-o", default="docs/reproduction", show_default=True, type=PATH)
@click.option("--runs", default="runs", show_default=True, type=PATH)
@click.option("--configs", default="configs", show_default=True, type=PATH)
@click.option(
    "--share",
    default=1.0,
    show_default=True,
    type=click.FloatRange(0, 1, min_open=True),
    help="Share of the training pictures that makes an epoch: shortens all runs evenly.",
)
@accelerator_option
@import_option
def command(
    data: Path,
    aircraft: Path | None,
    output: Path,
    runs: Path,
    configs: Path,
    share: float,
    accelerator: str,
) -> None:
    """Train the Catania paper's models with its recipe and write how they compare with it.

    Takes up interrupted trainings where they stopped: call it again until the page is there.
    """
    from restauro.reproduction import RUNS, keep_record, score, train_all, write_page

    banks = {"celeba": data} | ({"aircraft": aircraft} if aircraft else {})
    references = [run for run in RUNS if run.bank in banks]
    finished = train_all(references, runs, configs, banks, share, accelerator)
    if not finished:
        click.echo("stopped; call the same command again to go on")
        sys.exit(INTERRUPTED)
    scored = {}
    for reference in references:
        run = score(reference, runs / reference.config, accelerator)
        keep_record(run, runs / reference.config, output)
        scored[reference.config] = run
    text = f"restauro reproduce --data {data}" + (f" --aircraft {aircraft}" if aircraft else "")
    text += f" --share {share:g}" if share != 1 else ""
    click.echo(f"wrote {write_page(scored, output, share=share, command=text)}")
