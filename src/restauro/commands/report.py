"""`restauro report`."""

from __future__ import annotations

from pathlib import Path

import click

from restauro.commands._options import PATH, import_option
from restauro.errors import BadDataError

SHEETS = ("best", "median", "worst", "dark", "backlit")


@click.command("report")
@click.argument("runs", nargs=-1, required=True, type=PATH)
@click.option("--output", "-o", required=True, type=PATH, help="A folder.")
@click.option(
    "--sheets",
    multiple=True,
    type=click.Choice(SHEETS),
    default=SHEETS,
    help="Which pictures of an evaluation are shown; may be repeated.  [default: all]",
)
@click.option(
    "--latex", is_flag=True, help="Also report.tex: an evaluation's tables, and plots as PDF."
)
@import_option
def command(runs: tuple[Path, ...], output: Path, sheets: tuple[str, ...], latex: bool) -> None:
    """Write one page on what training RUNS did, or on how the methods of evaluations compare.

    RUNS are folders of `restauro train` (scores, curves, curriculum and pictures) or of
    `restauro evaluate` (CSV tables, plots, pictures, time and size; README.md in short).
    """
    evaluations = [path for path in runs if (path / "evaluation.json").is_file()]
    trainings = [path for path in runs if (path / "config.toml").is_file()]
    unknown = [path for path in runs if path not in evaluations + trainings]
    if unknown:
        raise BadDataError(
            f"{unknown[0]} holds neither evaluation.json nor config.toml; "
            "give folders of `restauro evaluate` or of `restauro train`"
        )
    if evaluations and trainings:
        raise BadDataError(
            f"{evaluations[0]} is an evaluation and {trainings[0]} a training run; "
            "report them one after the other"
        )
    if trainings and latex:
        raise BadDataError(f"--latex is for evaluations, and {trainings[0]} is a training run")
    if evaluations:
        from restauro.report.evaluations import write_report

        page = write_report(evaluations, output, sheets, latex=latex)
    else:
        from restauro.report.runs import write_run_report

        page = write_run_report(trainings, output)
    click.echo(f"wrote {page}")
