"""`restauro report`."""

from __future__ import annotations

from pathlib import Path

import click


@click.command("report")
@click.argument("runs", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--output", "-o", required=True, type=click.Path(path_type=Path), help="A folder.")
def command(runs: tuple[Path, ...], output: Path) -> None:
    """Show what training RUNS did: scores, curves, curriculum and pictures, as one page."""
    from restauro.evaluation.run_report import write_run_report

    click.echo(f"wrote {write_run_report(runs, output)}")
