"""`restauro repair`: finds the damage of one picture or many, and puts it right."""

from __future__ import annotations

from typing import Any

import click

from restauro.commands._options import (
    PLACE,
    device_option,
    import_option,
    many_options,
    output_option,
    page_option,
)
from restauro.commands._restoring import Many, Result, restore_all
from restauro.fill.entries import AUTO
from restauro.places import Place, place_of

SOFT_EDGE_PX = 2

EPILOG = """\b
Examples:
  restauro repair scan.jpg repaired.jpg
  restauro repair scan.jpg mask.png --only-mask
  restauro repair scans --output repaired --kinds scratch,dust
  restauro repair postcard.jpg clean.jpg --kinds text
"""


@click.command("repair", epilog=EPILOG)
@click.argument("pictures", metavar="PICTURE OUTPUT | PICTURES...", nargs=-1, required=True)
@output_option
@click.option(
    "--strength",
    type=click.FloatRange(0, 1),
    default=0.5,
    show_default=True,
    help="0 marks only what is certain to be damage, 1 all that might be.",
)
@click.option(
    "--kinds",
    metavar="KIND,...",
    callback=lambda context, parameter, value: tuple(value.split(",")) if value else (),
    help="Of scratch, dust, stain, date and, with pip install 'restauro[text]', text, with commas "
    "between.  [default: all but text]",
)
@click.option("--mask", type=PLACE, help="What is damaged besides, in all pictures.")
@click.option("--keep", type=PLACE, help="A mask of what is not damaged, whatever it looks like.")
@click.option("--only-mask", "mask_only", is_flag=True, help="Write the mask of the damage.")
@click.option(
    "--most",
    "most_share",
    metavar="SHARE",
    type=click.FloatRange(0, 1),
    default=0.15,
    show_default=True,
    help="A picture of which more would be repainted is refused.",
)
@click.option(
    "--grow-mask",
    "grow_px",
    metavar="PIXELS",
    type=click.IntRange(0, 1000),
    default=SOFT_EDGE_PX,
    show_default=True,
    help="Grow what was found on all sides, by its soft edge.",
)
@page_option
@click.option("--model", default=AUTO, show_default=True, help="What fills; as for inpaint.")
@device_option
@many_options
@import_option
def command(
    pictures: tuple[str, ...],
    output: Place | None,
    mask: Place | None,
    keep: Place | None,
    grow_px: int,
    page: int | None,
    model: str,
    device: str,
    suffix: str | None,
    recursive: bool,
    jobs: int | None,
    engine: str | None,
    ray_address: str | None,
    csv_path: Place | None,
    force: bool,
    as_json: bool,
    **damage: Any,
) -> None:
    """Find scratches, dust, stains and dates in PICTURE, fill them and write OUTPUT.

    What is not marked stays exactly as it is. A network marks what looks like damage, and may be
    wrong: look at --only-mask first where it matters.

    With --output, PICTURES are any number of files, folders and quoted patterns, as of
    `restauro inpaint`, and a stopped job goes on with the same command.
    """
    from restauro.picture.holes import DamageOptions, HoleOptions  # loads NumPy

    is_short = output is None
    if output is None:
        if len(pictures) != 2:
            raise click.UsageError("give PICTURE OUTPUT, or pictures with --output")
        output, pictures = place_of(pictures[1]), pictures[:1]
    holes = HoleOptions(damage=DamageOptions(**damage), keep=keep, grow_px=grow_px)
    many = Many(None, suffix, recursive, jobs, engine, ray_address, csv_path)
    result = Result(output, holes, model, device, force, as_json, page)
    restore_all(pictures, mask, result, many, is_short=is_short)
