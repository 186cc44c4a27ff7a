"""Plots what training bought: hole PSNR and sharpness of validation pictures by pictures seen.

    python benchmarks/training_curve.py OUTPUT RUN...

The runs are the phases of one road, in their order: each goes on where the one before ended. All
must have the same validation pictures and holes. Writes OUTPUT/hole_psnr.svg and, where the runs
have scored it, OUTPUT/sharpness.svg.
"""

from __future__ import annotations

from pathlib import Path

import click

from restauro.report.plots import Line, plot_lines, save
from restauro.training.run_folder import RunFolder

LABELS = {"hole_psnr": "hole PSNR, dB", "sharpness": "sharpness, 1 is right"}


@click.command()
@click.argument("output", type=click.Path(path_type=Path))
@click.argument("runs", nargs=-1, required=True, type=click.Path(path_type=Path, exists=True))
def main(output: Path, runs: tuple[Path, ...]) -> None:
    """Writes the plots."""
    output.mkdir(parents=True, exist_ok=True)
    for score, label in LABELS.items():
        lines: dict[str, Line] = {}
        start = 0
        for run in runs:
            records = RunFolder(run).records()
            scored = [record for record in records if score in record]
            if scored:
                seen = [(start + record["pictures"]) / 1000 for record in scored]
                lines[run.name] = seen, [record[score] for record in scored]
            start += records[-1]["pictures"]
        if lines:
            figure = plot_lines(
                lines, x_label="thousands of pictures", y_label=label, title="validation pictures"
            )
            save(figure, output / f"{score}.svg")


if __name__ == "__main__":
    main()
