"""`restauro inpaint`: restores one picture or many."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from restauro.commands._options import (
    PATH,
    PLACE,
    detail_option,
    device_option,
    free,
    free_option,
    import_option,
    many_options,
    model_option,
    output_option,
    page_option,
    with_detail,
)
from restauro.commands._restoring import Many, Result, restore_all
from restauro.fill.entries import SEED
from restauro.places import Place, place_of

if TYPE_CHECKING:
    from restauro.picture.holes import Rectangle

EPILOG = """\b
Examples:
  restauro inpaint portrait.jpg mask.png restored.jpg
  restauro inpaint photo.jpg restored.jpg --box 40,30,120,80
  restauro inpaint portrait.jpg mask.png faces.png --model faces_several --several 6
  restauro inpaint scans --mask-colour '#ff00ff' --output restored --recursive
  restauro inpaint 'photos/**/*.jpg' --masks masks --output restored --jobs 4
  restauro inpaint photos --masks masks --output restored --engine ray --ray-address auto
"""


def colour(text: str) -> tuple[int, int, int]:
    """The RGB values of `#rrggbb` or a name such as `magenta`."""
    from PIL import ImageColor

    try:
        red, green, blue, *_ = ImageColor.getrgb(text)
    except ValueError as error:
        raise click.BadParameter(f"{text!r} is no colour; write it like '#ff00ff'") from error
    return red, green, blue


def rectangle(text: str) -> Rectangle:
    """That of LEFT,TOP,WIDTH,HEIGHT."""
    from restauro.picture.holes import Rectangle

    found = re.fullmatch(r"(\d+),(\d+),([1-9]\d*),([1-9]\d*)", text)
    if found is None:
        raise click.BadParameter(f"{text!r} is no box; write it like 40,30,120,80")
    return Rectangle(*map(int, found.groups()))


@click.command("inpaint", epilog=EPILOG)
@click.argument("pictures", metavar="PICTURE [MASK OUTPUT] | PICTURES...", nargs=-1, required=True)
@output_option
@click.option("--mask", type=PLACE, help="One mask for all pictures.")
@click.option(
    "--masks",
    type=PLACE,
    help="Folder with a mask for each picture: the same name, any format.",
)
@click.option(
    "--mask-colour",
    "colour",
    metavar="COLOUR",
    type=colour,
    help="The hole is painted in the picture in this colour, such as '#ff00ff'.",
)
@click.option(
    "--tolerance",
    metavar="LEVELS",
    type=click.IntRange(0, 255),
    default=0,
    show_default=True,
    help="How far red, green and blue may be from --mask-colour, 0 to 255; in a JPEG, which "
    "blurs colours, 60 finds them.",
)
@click.option(
    "--mask-alpha",
    "alpha",
    is_flag=True,
    help="The hole is whatever is not fully opaque in the picture; it comes out opaque.",
)
@click.option(
    "--box",
    "boxes",
    metavar="LEFT,TOP,WIDTH,HEIGHT",
    type=rectangle,
    multiple=True,
    help="The hole is this rectangle, in pixels as a viewer shows the picture; may come again.",
)
@page_option
@click.option(
    "--invert-mask", "invert", is_flag=True, help="The mask's black is the hole, not its white."
)
@click.option(
    "--resize-mask", "resize", is_flag=True, help="Stretch a mask of another size to the picture."
)
@click.option(
    "--grow-mask",
    "grow_px",
    metavar="PIXELS",
    type=click.IntRange(0, 1000),
    default=0,
    show_default=True,
    help="Grow the hole on all sides; 4 covers the rim that JPEG makes around a painted hole.",
)
@model_option
@detail_option
@free_option
@device_option
@many_options
@click.option(
    "--seed",
    type=click.IntRange(0),
    help="Which of the several fills of a model such as faces_several: always the same one, 0 the "
    "one in the middle.  [default: 0]",
)
@click.option(
    "--several",
    metavar="N",
    type=click.IntRange(2, 64),
    help="Fill one picture in N ways, by such a model: OUTPUT becomes a sheet of them, and beside "
    "it each has a file of its own with its seed in the name, from --seed on.",
)
@click.option(
    "--trust",
    type=PATH,
    help="Also write what of the hole can be trusted, white in a mask: where the error is small "
    "with a probability of 0.9; for one picture, by a model with a calibration (docs/trust.md).",
)
@import_option
def command(
    pictures: tuple[str, ...],
    output: Place | None,
    mask: Place | None,
    masks: Place | None,
    page: int | None,
    model: str,
    detail: str,
    free_only: bool,
    device: str,
    suffix: str | None,
    recursive: bool,
    jobs: int | None,
    engine: str | None,
    ray_address: str | None,
    csv_path: Place | None,
    seed: int | None,
    several: int | None,
    trust: Path | None,
    force: bool,
    as_json: bool,
    **marks: Any,
) -> None:
    """Fill the white (or transparent) area of MASK in PICTURE and write OUTPUT.

    All other pixels, size, mode and metadata stay as they are. The format follows from the name
    of OUTPUT; PNG, TIFF and WebP are written without loss. PICTURE may be - for standard input.

    With --output, PICTURES are any number of files, folders and quoted patterns, and one of
    --mask, --masks, --mask-colour, --mask-alpha and --box says where the holes are; --box does so
    in the short form PICTURE OUTPUT, too. A picture that fails
    does not stop the others (exit status 1); the same command goes on where it was stopped.

    Pictures, masks and OUTPUT may be URLs of any file system that fsspec knows, such as s3://.
    """
    from restauro.picture.holes import HoleOptions  # loads NumPy: --help need not wait

    holes = HoleOptions(**marks)
    is_short = output is None
    if output is None:
        if mask or masks or holes.colour or holes.alpha:
            raise click.UsageError("say where the results go with --output")
        if len(pictures) != (2 if holes.boxes else 3):
            form = "PICTURE OUTPUT with --box" if holes.boxes else "PICTURE MASK OUTPUT"
            raise click.UsageError(f"give {form}, or pictures with --output")
        *files, output = map(place_of, pictures)
        pictures, mask = pictures[:1], None if holes.boxes else files[1]
    if list(map(bool, (mask, masks, holes.colour, holes.alpha, holes.boxes))).count(True) != 1:
        raise click.UsageError(
            "say where the holes are with one of --mask, --masks, --mask-colour, --mask-alpha and "
            "--box"
        )
    if not holes.needs_mask_file and (holes.invert or holes.resize):
        raise click.UsageError("--invert-mask and --resize-mask belong to --mask and --masks")
    if holes.tolerance and not holes.colour:
        raise click.UsageError("--tolerance belongs to --mask-colour")
    model = with_detail(free(model) if free_only else model, detail)
    if several and (trust or suffix):
        raise click.UsageError("--trust and --format are for one fill; leave --several out")
    if seed is not None and not several:
        model = f"{SEED}{seed}:{model}"
    result = Result(output, holes, model, device, force, as_json, page, trust, several, seed or 0)
    many = Many(masks, suffix, recursive, jobs, engine, ray_address, csv_path)
    restore_all(pictures, mask, result, many, is_short=is_short)
