"""`restauro inpaint`: restores one picture or many."""

from __future__ import annotations

import dataclasses
import glob
import os
import sys
from collections import Counter
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click

from restauro.commands._fills import AUTO, CLASSICAL, load_fill
from restauro.inference.catalog import DEFAULT_MODEL

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

    from restauro.jobs.holes import HoleOptions
    from restauro.jobs.planning import Task

INTERRUPTED = 130
"""Exit status after Ctrl-C, as shells use it."""
FORMATS = ("png", "jpg", "tif", "webp", "bmp", "gif", "ppm")
RECORD = "restauro.csv"

EPILOG = """\b
Examples:
  restauro inpaint portrait.jpg mask.png restored.jpg
  restauro inpaint scans --mask-colour '#ff00ff' --output restored --recursive
  restauro inpaint 'photos/**/*.jpg' --masks masks --output restored --jobs 4
"""


def complete_model(
    context: click.Context, parameter: click.Parameter, incomplete: str
) -> list[CompletionItem]:
    """Names that `--model` takes; the shell's own files where none fits."""
    from click.shell_completion import CompletionItem

    from restauro.inference.catalog import list_models

    names = [name for name in (*list_models(), AUTO, *CLASSICAL) if name.startswith(incomplete)]
    return [CompletionItem(name) for name in names] or [CompletionItem(incomplete, type="file")]


def parse_colour(
    context: click.Context, parameter: click.Parameter, text: str | None
) -> tuple[int, int, int] | None:
    """The RGB values of `#rrggbb` or a name such as `magenta`."""
    if text is None:
        return None
    from PIL import ImageColor

    try:
        red, green, blue, *_ = ImageColor.getrgb(text)
    except ValueError as error:
        raise click.BadParameter(f"{text!r} is no colour; write it like '#ff00ff'") from error
    return red, green, blue


@click.command("inpaint", epilog=EPILOG)
@click.argument("pictures", metavar="PICTURE [MASK OUTPUT] | PICTURES...", nargs=-1, required=True)
@click.option(
    "--output",
    "-o",
    type=click.Path(path_type=Path),
    help="Where results go: a folder, made if missing; for one picture a file, or - for standard "
    "output.",
)
@click.option("--mask", type=click.Path(path_type=Path), help="One mask for all pictures.")
@click.option(
    "--masks",
    type=click.Path(path_type=Path),
    help="Folder with a mask for each picture: the same name, any format.",
)
@click.option(
    "--mask-colour",
    metavar="COLOUR",
    callback=parse_colour,
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
    is_flag=True,
    help="The hole is whatever is not fully opaque in the picture; it comes out opaque.",
)
@click.option("--invert-mask", is_flag=True, help="The mask's black is the hole, not its white.")
@click.option("--resize-mask", is_flag=True, help="Stretch a mask of another size to the picture.")
@click.option(
    "--grow-mask",
    metavar="PIXELS",
    type=click.IntRange(0, 1000),
    default=0,
    show_default=True,
    help="Grow the hole on all sides; 4 covers the rim that JPEG makes around a painted hole.",
)
@click.option(
    "--model",
    default=DEFAULT_MODEL,
    show_default=True,
    shell_complete=complete_model,
    help="A name from `restauro models`, the path of an .onnx file, a classical method "
    f"({', '.join(CLASSICAL)}), or {AUTO}: for each picture the model that explains best what is "
    "known beside the hole.",
)
@click.option(
    "--format",
    "suffix",
    type=click.Choice(FORMATS),
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
    "--csv",
    "csv_path",
    type=click.Path(path_type=Path),
    help="Record of what was done with many pictures, by which a stopped job goes on.  "
    f"[default: {RECORD} in the output's folder]",
)
@click.option("--force", is_flag=True, help="Replace outputs that exist. Inputs are always kept.")
@click.option("--json", "as_json", is_flag=True, help="Print a line of JSON for each picture.")
def command(
    pictures: tuple[str, ...],
    output: Path | None,
    mask: Path | None,
    masks: Path | None,
    mask_colour: tuple[int, int, int] | None,
    tolerance: int,
    mask_alpha: bool,
    invert_mask: bool,
    resize_mask: bool,
    grow_mask: int,
    model: str,
    suffix: str | None,
    recursive: bool,
    jobs: int | None,
    csv_path: Path | None,
    force: bool,
    as_json: bool,
) -> None:
    """Fill the white (or transparent) area of MASK in PICTURE and write OUTPUT.

    All other pixels, size, mode and metadata stay as they are. The format follows from the name
    of OUTPUT; PNG, TIFF and WebP are written without loss. PICTURE may be - for standard input.

    With --output, PICTURES are any number of files, folders and quoted patterns, and one of
    --mask, --masks, --mask-colour and --mask-alpha says where the holes are. A picture that fails
    does not stop the others (exit status 1); the same command goes on where it was stopped.
    """
    is_short = output is None
    if output is None:
        if mask or masks or mask_colour or mask_alpha:
            raise click.UsageError("say where the results go with --output")
        if len(pictures) != 3:
            raise click.UsageError("give PICTURE MASK OUTPUT, or pictures with --output")
        picture, *files = pictures
        pictures, (mask, output) = (picture,), map(Path, files)
    if [bool(mask), bool(masks), bool(mask_colour), mask_alpha].count(True) != 1:
        raise click.UsageError(
            "say where the holes are with one of --mask, --masks, --mask-colour and --mask-alpha"
        )
    if not (mask or masks) and (invert_mask or resize_mask):
        raise click.UsageError("--invert-mask and --resize-mask belong to --mask and --masks")
    if tolerance and not mask_colour:
        raise click.UsageError("--tolerance belongs to --mask-colour")

    from restauro.images import WRITABLE
    from restauro.jobs.holes import HoleOptions  # loads NumPy: --help need not wait
    from restauro.jobs.planning import plan

    holes = HoleOptions(mask_colour, tolerance, mask_alpha, invert_mask, resize_mask, grow_mask)
    result = Result(output, holes, model, force, as_json)
    if not _is_one_file(pictures, output, is_short=is_short):
        is_file = output == Path("-") or output.suffix.lower() in WRITABLE
        if is_file and not output.is_dir():
            raise click.UsageError(f"{output} is for one picture; give a folder with --output")
        tasks = plan(
            pictures,
            output,
            mask=mask,
            masks=masks,
            recursive=recursive,
            marked_by=str(holes),
            suffix=suffix,
        )
        _restore_many(tasks, result, jobs, csv_path or output / RECORD)
    elif masks or recursive or jobs or csv_path or (suffix and output != Path("-")):
        raise click.UsageError(
            "--masks, --recursive, --jobs, --csv and --format are for folders of results, "
            f"but {output} is one picture"
        )
    elif as_json and output == Path("-"):
        raise click.UsageError("--json and the picture cannot both go to standard output")
    else:
        _restore_one(Path(pictures[0]), mask, result, suffix)


@dataclass(frozen=True)
class Result:
    """What both ways share: where results go, how they are made, and how they are told."""

    output: Path
    holes: HoleOptions
    model: str
    force: bool
    as_json: bool


def _is_one_file(pictures: tuple[str, ...], output: Path, *, is_short: bool) -> bool:
    """Whether one picture becomes one file; anything else fills a folder.

    An output without ending is a folder, but not behind PICTURE MASK, where it was forgotten.
    """
    (first, *others) = pictures
    is_pattern = glob.has_magic(first) and not Path(first).exists()
    to_folder = output.is_dir() or not (output.suffix or is_short or output == Path("-"))
    return not (others or is_pattern or Path(first).is_dir() or to_folder)


def _restore_one(picture: Path, mask: Path | None, result: Result, suffix: str | None) -> None:
    from restauro.errors import RestauroError
    from restauro.images import check_output
    from restauro.jobs.outcomes import FAILED, Outcome
    from restauro.jobs.pipes import PIPE, as_files
    from restauro.jobs.planning import Task
    from restauro.jobs.restoring import Restoration

    task = Task(picture, mask, result.output, result.output.name, str(mask or result.holes))
    try:
        if result.output != PIPE:
            check_output(
                result.output, [path for path in (picture, mask) if path], force=result.force
            )
        with as_files(picture, result.output, suffix) as (source, place):
            restoration = Restoration(load_fill(result.model), result.holes)
            outcome = restoration(dataclasses.replace(task, picture=source), place)
    except KeyboardInterrupt:
        click.echo("stopped; nothing is written", err=True)
        sys.exit(INTERRUPTED)
    except RestauroError as error:
        if result.as_json:
            click.echo(Outcome.of(task, FAILED, message=str(error)).to_json())
        raise
    outcome = dataclasses.replace(outcome, picture=str(picture))
    if outcome.message:
        click.echo(outcome.message, err=True)
    if result.as_json:
        click.echo(outcome.to_json())
    elif result.output != PIPE:
        click.echo(f"wrote {result.output}")


def _restore_many(
    tasks: Sequence[Task], result: Result, jobs: int | None, record_path: Path
) -> None:
    from tqdm import tqdm

    from restauro.interrupt import StopRequest
    from restauro.jobs.job import Job
    from restauro.jobs.outcomes import FAILED
    from restauro.jobs.record import Record
    from restauro.jobs.running import Processes, in_this_process

    count = min(jobs or _num_cores(), len(tasks))
    engine = in_this_process if count == 1 else Processes(count)
    fill = load_fill(result.model, threads=1)
    make_fill = (lambda: fill) if count == 1 else partial(load_fill, result.model, threads=1)
    job = Job(tasks, result.output, result.holes, make_fill, fill.identity, result.force)
    result.output.mkdir(parents=True, exist_ok=True)
    found: Counter[str] = Counter()
    models: Counter[str] = Counter()
    with (
        Record(record_path) as record,
        StopRequest() as stop,
        tqdm(total=len(tasks), unit="picture", disable=None) as bar,
        closing(job.run(engine, record, lambda: stop.is_requested)) as outcomes,
    ):
        for outcome in outcomes:
            found[outcome.status] += 1
            models[outcome.model] += 1
            if result.as_json:
                bar.write(outcome.to_json(), file=sys.stdout)
            elif outcome.message and (outcome.status == FAILED or result.model != AUTO):
                named = outcome.message.startswith(outcome.picture)
                name = "" if named else f"{outcome.picture}: "
                bar.write(f"{name}{outcome.message}", file=sys.stderr)
            bar.update()
    click.echo(_summary(found, models, record_path), err=result.as_json)
    if found.total() < len(tasks):
        click.echo("stopped; the same command goes on from here", err=True)
        sys.exit(INTERRUPTED)
    if found[FAILED]:
        sys.exit(1)


def _summary(found: Counter[str], models: Counter[str], record_path: Path) -> str:
    """Such as `3 restored, 1 failed (by faces 2, telea 1); each is in out/restauro.csv`."""
    from restauro.jobs.outcomes import STATUSES

    by_model = ", ".join(f"{name} {count}" for name, count in models.most_common() if name)
    counts = [f"{count} {status}" for status in STATUSES if (count := found[status])]
    return f"{', '.join(counts)}{f' (by {by_model})' if by_model else ''}; each is in {record_path}"


def _num_cores() -> int:
    """Those that this process may use, which in a container are fewer than the machine's."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
