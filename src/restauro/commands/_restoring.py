"""What `restauro inpaint` does once it knows what: one picture, or a job of many."""

from __future__ import annotations

import dataclasses
import errno
import glob
import io
import os
import sys
from collections import Counter
from collections.abc import Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

import click

from restauro.commands._options import RAY, RECORD
from restauro.cores import num_cores
from restauro.errors import BadImageError, OutputExistsError, RestauroError
from restauro.fill.catalogue import find, load
from restauro.fill.entries import AUTO
from restauro.interrupt import INTERRUPTED, StopRequest
from restauro.picture.formats import WRITTEN
from restauro.places import is_url, place_of

if TYPE_CHECKING:
    from restauro.jobs.job import Engine, Job
    from restauro.jobs.planning import Task
    from restauro.picture.holes import HoleOptions
    from restauro.picture.types import Image
    from restauro.places import Place

PIPE = Path("-")
"""Standard input or output."""


@dataclass(frozen=True)
class Result:
    """What both ways share: where results go, how they are made, and how they are told."""

    output: Place
    holes: HoleOptions
    model: str
    device: str
    force: bool
    as_json: bool
    page: int | None = None
    trust: Path | None = None
    """Where it is written what of the hole can be trusted."""
    several: int | None = None
    """In how many ways the hole is filled, if not once."""
    seed: int = 0
    """Number of the first of several."""


@dataclass(frozen=True)
class Many:
    """How a folder of results is made; all of it is refused for a single file."""

    masks: Place | None
    """Folder with a mask for each picture."""
    suffix: str | None
    """Of all results; for standard output, too."""
    recursive: bool
    jobs: int | None
    engine: str | None
    ray_address: str | None
    csv_path: Place | None

    @property
    def is_for_folders(self) -> bool:
        """Whether something is asked for that makes sense for many pictures alone."""
        return bool(self.masks or self.recursive or self.jobs or self.engine or self.csv_path)


def restore_all(
    pictures: tuple[str, ...], mask: Place | None, result: Result, many: Many, *, is_short: bool
) -> None:
    """Restores one picture, or a job of many; `is_short`: the last argument was the output."""
    from restauro.jobs.planning import left_out, plan

    if many.engine == RAY:  # a worker may run in another folder, or on another machine
        pictures = tuple(name if is_url(name) else os.path.abspath(name) for name in pictures)
        mask = mask and mask.absolute()
        many = dataclasses.replace(many, masks=many.masks and many.masks.absolute())
        keep = result.holes.keep and result.holes.keep.absolute()
        result = dataclasses.replace(
            result,
            output=result.output.absolute(),
            model=find(result.model).origin,
            holes=dataclasses.replace(result.holes, keep=keep),
        )
    output = result.output
    if not _is_one_file(pictures, output, is_short=is_short):
        for option, is_given in (("--trust", result.trust), ("--several", result.several)):
            if is_given:
                raise click.UsageError(f"{option} is for one picture, but {output} is for many")
        is_file = output == PIPE or output.suffix.lower() in WRITTEN
        if is_file and not output.is_dir():
            raise click.UsageError(f"{output} is for one picture; give a folder with --output")
        record = many.csv_path or output / RECORD
        if not isinstance(record, Path):
            raise click.UsageError(
                f"the record grows row by row, as the URL {record} cannot; "
                "give a file of this machine with --csv"
            )
        if others := left_out(pictures, recursive=many.recursive):
            click.echo(others, err=True)
        tasks = plan(
            pictures,
            output,
            mask=mask,
            masks=many.masks,
            recursive=many.recursive,
            marked_by=str(result.holes),
            suffix=many.suffix,
        )
        restore_many(tasks, result, record, many.engine, many.jobs, many.ray_address)
    elif many.is_for_folders or (many.suffix and output != PIPE):
        raise click.UsageError(
            "--masks, --recursive, --jobs, --engine, --csv and --format are for folders of "
            f"results, but {output} is one picture"
        )
    elif result.as_json and output == PIPE:
        raise click.UsageError("--json and the picture cannot both go to standard output")
    elif result.several:
        restore_several(place_of(pictures[0]), mask, result, result.several)
    else:
        restore_one(place_of(pictures[0]), mask, result, many.suffix)


def _is_one_file(pictures: tuple[str, ...], output: Place, *, is_short: bool) -> bool:
    """Whether one picture becomes one file; anything else fills a folder.

    An output without ending is a folder, but not behind PICTURE MASK, where it was forgotten.
    """
    first = place_of(pictures[0])
    is_pattern = glob.has_magic(str(first)) and not first.exists()
    to_folder = output.is_dir() or not (output.suffix or is_short or output == PIPE)
    return not (len(pictures) > 1 or is_pattern or first.is_dir() or to_folder)


def restore_one(picture: Place, mask: Place | None, result: Result, suffix: str | None) -> None:
    """Restores a picture into a file, or to standard output; `suffix` names the format there."""
    from PIL import Image

    from restauro.fill.finder import load_finder
    from restauro.fill.trust import calibration_of, calibrations_of
    from restauro.jobs.planning import Task
    from restauro.jobs.record import FAILED, Outcome
    from restauro.picture.write import check_output, format_named, write_bytes, write_picture
    from restauro.restore import restore

    task = Task(picture, mask, result.output, result.output.name, str(mask or result.holes))
    is_piped = result.output == PIPE
    try:
        files = [path for path in (picture, mask) if path]
        if not is_piped:
            check_output(result.output, files, force=result.force)
        if result.trust == result.output:
            raise OutputExistsError(f"{result.trust} is the result; give --trust another file")
        if result.trust:
            check_output(result.trust, files, force=result.force)
        filler = load(result.model, result.device)
        calibrations = {}
        if result.trust:
            calibrations = calibrations_of(filler) or {filler.name: calibration_of(filler)}
        restored = restore(
            _standard_input() if picture == PIPE else picture,
            mask,
            filler,
            finder=load_finder() if result.holes.damage else None,
            holes=result.holes,
            page=result.page,
            written_as=WRITTEN.get(suffix or "") if is_piped else format_named(result.output),
            name="standard input",
            mask_name=task.marked_by,
            calibrations=calibrations,
        )
        if is_piped:
            _to_standard_output(restored.data)
        else:
            write_bytes(result.output, restored.data)
        if result.trust and restored.trust is not None:
            write_picture(result.trust, Image.fromarray(restored.trust))
            share = restored.trust.sum() / max(1, restored.hole_pixels)
            click.echo(f"wrote {result.trust}: {share:.0%} of the hole can be trusted", err=True)
        elif result.trust:
            click.echo(
                f"{restored.model}, which filled the hole, has no calibration: "
                f"{result.trust} is not written",
                err=True,
            )
    except KeyboardInterrupt:
        click.echo("stopped; nothing is written", err=True)
        sys.exit(INTERRUPTED)
    except RestauroError as error:
        if result.as_json:
            click.echo(Outcome.of(task, FAILED, message=str(error)).to_json())
        raise
    if restored.remark:
        click.echo(restored.remark, err=True)
    if result.as_json:
        click.echo(Outcome.restored(task, restored).to_json())
    elif not is_piped:
        click.echo(f"wrote {result.output}")


def restore_several(picture: Place, mask: Place | None, result: Result, count: int) -> None:
    """Fills the hole of a picture in `count` ways: a file each, and a sheet of them.

    All files are looked for before anything is filled, and written when all is.
    """
    from restauro.jobs.planning import Task
    from restauro.jobs.record import FAILED, Outcome
    from restauro.picture.write import check_output, format_named, write_bytes, write_picture
    from restauro.restore import restore
    from restauro.sheets import sheet_of_fills

    if result.output == PIPE:
        raise click.UsageError("--several makes several files; give OUTPUT a name")
    seeds = range(result.seed, result.seed + count)
    marked_by = str(mask or result.holes)
    sheet_task = Task(picture, mask, result.output, result.output.name, marked_by)
    try:
        outputs = {seed: _numbered(result.output, seed) for seed in seeds}
        files = [path for path in (picture, mask) if path]
        for output in (result.output, *outputs.values()):
            check_output(output, files, force=result.force)
        filler = load(result.model, result.device)
        source = _standard_input() if picture == PIPE else picture
        fills = {
            seed: restore(
                source,
                mask,
                filler.seeded(seed),
                holes=result.holes,
                page=result.page,
                written_as=format_named(result.output),
                name="standard input",
                mask_name=marked_by,
            )
            for seed in seeds
        }
        for seed, restored in fills.items():
            write_bytes(outputs[seed], restored.data)
        pictures = {seed: _as_rgb(restored.data) for seed, restored in fills.items()}
        page = sheet_of_fills(pictures, *fills[seeds[0]].hole_bounds)
        write_picture(result.output, page)
    except KeyboardInterrupt:
        click.echo("stopped", err=True)
        sys.exit(INTERRUPTED)
    except RestauroError as error:
        if result.as_json:
            click.echo(Outcome.of(sheet_task, FAILED, message=str(error)).to_json())
        raise
    for seed, restored in fills.items():
        if result.as_json:
            task = Task(picture, mask, outputs[seed], outputs[seed].name, marked_by)
            click.echo(Outcome.restored(task, restored).to_json())
    if remark := fills[seeds[0]].remark:
        click.echo(remark, err=True)
    if not result.as_json:
        names = f"{outputs[seeds[0]].name} to {outputs[seeds[-1]].name}"
        click.echo(f"wrote {names}, and {result.output} with all {count}")


def _as_rgb(data: bytes) -> Image:
    """The picture of a file as a viewer shows it, (H, W, 3)."""
    import numpy as np
    import PIL.Image

    from restauro.picture.modes import to_rgb, value_range
    from restauro.picture.read import upright

    picture = upright(PIL.Image.open(io.BytesIO(data)))
    return to_rgb(picture, value_range(picture, np.ones(picture.size[::-1], dtype=bool)))


def _numbered(output: Place, seed: int) -> Place:
    """Where number `seed` of several fills goes, beside the output."""
    return output.with_name(f"{output.stem}_{seed}{output.suffix}")


def _standard_input() -> bytes:
    if sys.stdin is None:  # closed by the shell
        raise BadImageError("standard input is closed; send a picture to it")
    return sys.stdin.buffer.read()


def _to_standard_output(data: bytes) -> None:
    try:
        if sys.stdout is None:
            raise OSError(errno.EBADF, "it is closed")
        sys.stdout.buffer.write(data)
        sys.stdout.buffer.flush()
    except OSError as error:
        if sys.stdout is not None:  # else Python tries once more at its end, and complains
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise RestauroError(
            f"standard output cannot be written: {error.strerror}; send it elsewhere"
        ) from error


def restore_many(
    tasks: Sequence[Task],
    result: Result,
    record_path: Path,
    engine_name: str | None,
    count: int | None,
    ray_address: str | None,
) -> None:
    """Runs a job in `count` processes, None: one a core; exit status 1 if a picture failed."""
    from restauro.fill.finder import load_finder
    from restauro.jobs.job import Job, in_processes
    from restauro.jobs.record import FAILED

    make = partial(load, result.model, result.device, threads=1)
    filler, is_here = make(), False
    make_finder = partial(load_finder, 1) if result.holes.damage else None
    identity = " ".join([filler.identity, *([make_finder().identity] if make_finder else [])])
    stdout = sys.stdout  # before an engine turns it aside, as libraries print
    with ExitStack() as stack:
        if engine_name == RAY:
            from restauro.jobs.on_ray import ray_engine

            engine = stack.enter_context(ray_engine(count, ray_address))
        else:
            count = min(count or num_cores(), len(tasks))
            engine, is_here = in_processes(count), count == 1
        job = Job(
            tasks,
            result.output,
            result.holes,
            (lambda: filler) if is_here else make,
            identity,
            result.force,
            result.page,
            make_finder,
        )
        found, models = _run(job, engine, result, record_path, stdout)
    click.echo(_summary(found, models, record_path), err=result.as_json)
    if found.total() < len(tasks):
        click.echo("stopped; the same command goes on from here", err=True)
        sys.exit(INTERRUPTED)
    if found[FAILED]:
        sys.exit(1)


def _run(
    job: Job, engine: Engine, result: Result, record_path: Path, stdout: TextIO
) -> tuple[Counter[str], Counter[str]]:
    """How many pictures have which status, and were restored by which model."""
    from restauro.jobs.record import FAILED, Record
    from restauro.progress import progress_bar

    found: Counter[str] = Counter()
    models: Counter[str] = Counter()
    result.output.mkdir(parents=True, exist_ok=True)
    with (
        Record(record_path) as record,
        StopRequest() as stop,
        progress_bar(len(job.tasks), " pictures") as bar,
        closing(job.run(engine, record, lambda: stop.is_requested)) as outcomes,
    ):
        for outcome in outcomes:
            found[outcome.status] += 1
            models[outcome.model] += 1
            if result.as_json:
                bar.write(outcome.to_json(), file=stdout)
            elif outcome.message and (outcome.status == FAILED or result.model != AUTO):
                named = outcome.message.startswith(outcome.picture)
                name = "" if named else f"{outcome.picture}: "
                bar.write(f"{name}{outcome.message}", file=sys.stderr)
            bar.update()
    return found, models


def _summary(found: Counter[str], models: Counter[str], record_path: Path) -> str:
    """Such as `3 restored, 1 failed (by faces 2, telea 1); each is in out/restauro.csv`."""
    from restauro.jobs.record import STATUSES

    by_model = ", ".join(f"{name} {count}" for name, count in models.most_common() if name)
    counts = [f"{count} {status}" for status in STATUSES if (count := found[status])]
    return f"{', '.join(counts)}{f' (by {by_model})' if by_model else ''}; each is in {record_path}"
