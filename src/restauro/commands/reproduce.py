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
@click.option(
    "--also",
    multiple=True,
    type=click.Choice(["seeds", "plateau", "growing"]),
    help="Further trainings: other seeds; until the loss falls no more; full holes at once.",
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
    also: tuple[str, ...],
    accelerator: str,
) -> None:
    """Train the Catania paper's models with its recipe and write how they compare with it.

    Takes up interrupted trainings where they stopped, and does not repeat one that OUTPUT/runs has
    the record of. The page is written anew after each that has finished, and says which have not.
    """
    from restauro.data.bank import Bank
    from restauro.reproduction.page import write_page
    from restauro.reproduction.record import is_kept, keep_record, read_record
    from restauro.reproduction.runs import config_of, runs_of, train_to_the_end

    paths = {"celeba": data} | ({"aircraft": aircraft} if aircraft else {})
    banks = {name: Bank.open(path) for name, path in paths.items()}
    references = runs_of(also, banks)
    configured = {run.name: config_of(run, configs, banks[run.bank], share) for run in references}
    places = {run.name: output / "runs" / run.name for run in references}
    text = f"restauro reproduce --data {data}" + (f" --aircraft {aircraft}" if aircraft else "")
    text += f" --share {share:g}" if share != 1 else ""
    text += "".join(f" --also {part}" for part in also)
    waiting = [
        run
        for run in references
        if not is_kept(run, places[run.name], configured[run.name], banks[run.bank])
    ]
    while True:
        records = {
            run.name: read_record(run, places[run.name], banks[run.bank])
            for run in references
            if run not in waiting
        }
        if records:
            titles = [run.title for run in waiting]
            click.echo(f"wrote {write_page(records, titles, output, share=share, command=text)}")
        if not waiting:
            return
        run = waiting.pop(0)
        if not train_to_the_end(run, configured[run.name], runs, accelerator):
            click.echo("stopped; call the same command again to go on")
            sys.exit(INTERRUPTED)
        keep_record(runs / run.name, places[run.name], banks[run.bank], accelerator)
