"""`restauro inpaint`: restores one picture."""

from __future__ import annotations

from pathlib import Path

import click

from restauro.inference.catalog import DEFAULT_MODEL


@click.command("inpaint")
@click.argument("picture", type=click.Path(path_type=Path))
@click.argument("mask", type=click.Path(path_type=Path))
@click.argument("output", type=click.Path(path_type=Path))
@click.option(
    "--model",
    default=DEFAULT_MODEL,
    show_default=True,
    help="A name from `restauro models`, or the path of an .onnx file.",
)
@click.option("--force", is_flag=True, help="Replace OUTPUT if it exists.")
def command(picture: Path, mask: Path, output: Path, model: str, force: bool) -> None:
    """Fill the white (or transparent) area of MASK in PICTURE and write OUTPUT.

    All other pixels, size, mode and metadata stay as they are. The format follows from the name
    of OUTPUT; PNG, TIFF and WebP are written without loss.
    """
    from restauro.images import check_output, read_mask, read_picture, write_picture
    from restauro.inference.restorer import load  # loads NumPy: --help need not wait

    check_output(output, [picture, mask], force=force)
    source = read_picture(picture)
    hole = read_mask(mask)
    if not hole.any():
        click.echo(f"{mask} marks no hole (white or transparent): nothing is changed", err=True)
    write_picture(output, load(model)(source, hole), source=source)
    click.echo(f"wrote {output}")
