"""`restauro inpaint`: restores one picture or many."""

from __future__ import annotations

import glob
import os
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from restauro.commands._options import PATH, device_option, import_option, model_option
from restauro.commands._restoring import PIPE, RAY, Result, restore_many, restore_one
from restauro.fill.catalogue import find
from restauro.picture.formats import FORMATS, WRITTEN
from restauro.places import Place, is_url, place_of

if TYPE_CHECKING:
    from restauro.picture.holes import Rectangle

RECORD = "restauro.csv"

EPILOG = """\b
Examples:
  restauro inpaint portrait.jpg mask.png restored.jpg
  restauro inpaint photo.jpg restored.jpg --box 40,30,120,80
  restauro inpaint scans --mask-colour '#ff00ff' --output restored --recursive
  restauro inpaint 'photos/**/*.jpg' --masks masks --output restored --jobs 4
  restauro inpaint photos --masks masks --output restored --engine ray --ray-address auto
"""


class PlaceType(click.Path):
    """A path of this machine, completed by the shell, or a URL."""

    def convert(  # type: ignore[override]
        self, value: str, parameter: click.Parameter | None, context: click.Context | None
    ) -> Place:
        """The place; only a URL is looked at."""
        return place_of(value)


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
@click.option(
    "--output",
    "-o",
    type=PlaceType(),
    help="Where results go: a folder, made if missing; for one picture a file, or - for standard "
    "output.",
)
@click.option("--mask", type=PlaceType(), help="One mask for all pictures.")
@click.option(
    "--masks",
    type=PlaceType(),
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
@click.option(
    "--page",
    metavar="N",
    type=click.IntRange(1),
    help="Which page or frame of a file with several, from 1; the result has that alone.",
)
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
@device_option
@click.option(
    "--format",
    "suffix",
    type=click.Choice([chosen.suffixes[0][1:] for chosen in FORMATS if chosen.is_written]),
    callback=lambda context, parameter, value: value and f".{value}",
    help="Format of results in a folder or on standard output.  [default: the picture's own]",
)
@click.option("--recursive", "-r", is_flag=True, help="Folders inside folders, too.")
@click.option(
    "--jobs",
    "-j",
    metavar="N",
    type=click.IntRange(1),
    help="Processes for many pictures, of one thread each.  [default: one for each core]",
)
@click.option(
    "--engine",
    type=click.Choice(["processes", RAY]),
    help="What runs many pictures: processes of this machine, or Ray, here or on a cluster.  "
    "[default: processes]",
)
@click.option(
    "--ray-address",
    metavar="ADDRESS",
    envvar="RAY_ADDRESS",
    help="The cluster of --engine ray, as HOST:PORT or auto.  [default: Ray on this machine]",
)
@click.option(
    "--csv",
    "csv_path",
    type=PlaceType(),
    help="Record of what was done with many pictures, by which a stopped job goes on.  "
    f"[default: {RECORD} in the output's folder]",
)
@click.option(
    "--trust",
    type=PATH,
    help="Also write what of the hole can be trusted, white in a mask: where the error is small "
    "with a probability of 0.9; for one picture, by a model with a calibration (docs/trust.md).",
)
@click.option("--force", is_flag=True, help="Replace outputs that exist. Inputs are always kept.")
@click.option("--json", "as_json", is_flag=True, help="Print a line of JSON for each picture.")
@import_option
def command(
    pictures: tuple[str, ...],
    output: Place | None,
    mask: Place | None,
    masks: Place | None,
    page: int | None,
    model: str,
    device: str,
    suffix: str | None,
    recursive: bool,
    jobs: int | None,
    engine: str | None,
    ray_address: str | None,
    csv_path: Place | None,
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
    from restauro.jobs.planning import left_out, plan
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
    if engine == RAY:  # a worker may run in another folder, or on another machine
        pictures = tuple(name if is_url(name) else os.path.abspath(name) for name in pictures)
        output = output.absolute()
        mask, masks = mask and mask.absolute(), masks and masks.absolute()
        model = find(model).origin
    result = Result(output, holes, model, device, force, as_json, page, trust)
    if not _is_one_file(pictures, output, is_short=is_short):
        if trust:
            raise click.UsageError(f"--trust is for one picture, but {output} is for many")
        is_file = output == PIPE or output.suffix.lower() in WRITTEN
        if is_file and not output.is_dir():
            raise click.UsageError(f"{output} is for one picture; give a folder with --output")
        record = csv_path or output / RECORD
        if not isinstance(record, Path):
            raise click.UsageError(
                f"the record grows row by row, as the URL {record} cannot; "
                "give a file of this machine with --csv"
            )
        if others := left_out(pictures, recursive=recursive):
            click.echo(others, err=True)
        tasks = plan(
            pictures,
            output,
            mask=mask,
            masks=masks,
            recursive=recursive,
            marked_by=str(holes),
            suffix=suffix,
        )
        restore_many(tasks, result, record, engine, jobs, ray_address)
    elif masks or recursive or jobs or engine or csv_path or (suffix and output != PIPE):
        raise click.UsageError(
            "--masks, --recursive, --jobs, --engine, --csv and --format are for folders of "
            f"results, but {output} is one picture"
        )
    elif as_json and output == PIPE:
        raise click.UsageError("--json and the picture cannot both go to standard output")
    else:
        restore_one(place_of(pictures[0]), mask, result, suffix)


def _is_one_file(pictures: tuple[str, ...], output: Place, *, is_short: bool) -> bool:
    """Whether one picture becomes one file; anything else fills a folder.

    An output without ending is a folder, but not behind PICTURE MASK, where it was forgotten.
    """
    first = place_of(pictures[0])
    is_pattern = glob.has_magic(str(first)) and not first.exists()
    to_folder = output.is_dir() or not (output.suffix or is_short or output == PIPE)
    return not (len(pictures) > 1 or is_pattern or first.is_dir() or to_folder)
