"""What storing a model's weights as float16 changes: the restored pictures, the file, the loading.

    python benchmarks/half_precision.py RUN BANK [--pictures N]

Exports the training run both ways and restores the first pictures of the bank's test split, each
with its hole of the protocol `box`. Levels are those of 255, over the colours in the holes. The two
are loaded in turn, so that a busy machine slows both.
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import click
import numpy as np

import restauro
from restauro.data.bank import Bank
from restauro.registry import PROTOCOLS

LOADS = 15


def export(run: Path, path: Path, option: str) -> Path:
    """Exports the run with `--half` or `--no-half`."""
    command = [sys.executable, "-m", "restauro", "export", str(run), "--output", str(path), option]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return path


def load_seconds(path: Path) -> float:
    """Wall time until a model is ready."""
    started = time.perf_counter()
    restauro.load(path, threads=1)
    return time.perf_counter() - started


@click.command()
@click.argument("run", type=click.Path(exists=True, path_type=Path))
@click.argument("bank", type=click.Path(exists=True, path_type=Path))
@click.option("--pictures", default=200, show_default=True)
def main(run: Path, bank: Path, pictures: int) -> None:
    """Compares both ways of storing the weights of RUN on pictures of BANK."""
    opened = Bank.open(bank)
    rows = opened.split("test")[:pictures]
    images, holes = opened.images[rows], PROTOCOLS.create("box").holes(opened.size, rows)
    with tempfile.TemporaryDirectory() as folder:
        half = export(run, Path(folder) / "half.onnx", "--half")
        full = export(run, Path(folder) / "full.onnx", "--no-half")
        restored = [restauro.load(path, threads=1).batch(images, holes) for path in (half, full)]
        times = [(load_seconds(half), load_seconds(full)) for _ in range(LOADS)]
        megabytes = [path.stat().st_size / 1e6 for path in (half, full)]
    levels = [one[holes].astype(float) for one in (*restored, images)]  # (pixels, 3) each
    difference = np.abs(levels[0] - levels[1])
    psnr = [20 * np.log10(255 / np.sqrt(((one - levels[2]) ** 2).mean())) for one in levels[:2]]
    ratio = statistics.median(first / second for first, second in times)
    seconds = [statistics.median(column) for column in zip(*times, strict=True)]
    click.echo("| | float16 | float32 |\n| --- | --- | --- |")
    click.echo(f"| file, MB | {megabytes[0]:.1f} | {megabytes[1]:.1f} |")
    click.echo(f"| loading, s | {seconds[0]:.3f} | {seconds[1]:.3f} |")
    click.echo(f"| PSNR of all holes together, dB | {psnr[0]:.4f} | {psnr[1]:.4f} |\n")
    click.echo(
        f"{len(rows)} pictures: colours in the holes differ by {difference.max():.0f} levels at "
        f"most and {difference.mean():.4f} on average, {(difference > 0).mean():.2%} of them at "
        f"all; loading takes {ratio:.2f} times as long (median of {LOADS} pairs)"
    )


if __name__ == "__main__":
    main()
