"""`restauro blend`."""

from __future__ import annotations

from pathlib import Path

import click

from restauro.commands._options import PATH, import_option


@click.command("blend")
@click.argument("run", type=PATH)
@click.argument("other", type=PATH)
@click.option(
    "--share",
    required=True,
    type=click.FloatRange(-1, 1),
    help="Of OTHER in the weights; below 0 goes beyond RUN, away from OTHER.",
)
@click.option("--output", "-o", required=True, type=PATH, help="A new run.")
@import_option
def command(run: Path, other: Path, share: float, output: Path) -> None:
    """Mix the weights of RUN with those of OTHER, a run or model file that it went on from.

    A dial between PSNR and sharpness: with OTHER trained by a pixel loss, and RUN then against a
    discriminator, 0.25 goes a quarter of the way back to PSNR, and -0.1 a tenth beyond RUN.
    """
    from restauro.training.blending import blend

    scores = blend(run, other, share, output)
    click.echo(
        f"wrote {output}; hole PSNR {scores['hole_psnr']:.2f} dB on the validation pictures; "
        f"`restauro export {output} -o NAME.onnx` makes a model file of it"
    )
