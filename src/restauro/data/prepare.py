"""From a source to a bank: decoded on all cores, written row by row, complete or not at all."""

from __future__ import annotations

import hashlib
import json
import shutil
import warnings
from collections import deque
from collections.abc import Generator, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from restauro import __version__
from restauro.cores import num_cores
from restauro.data.bank import FORMAT, Bank, BankWriter
from restauro.data.pictures import UnusablePictureError
from restauro.data.sources import SOURCES, IndexRow, Plan, Source, SourceOptions
from restauro.data.sources._source import Render
from restauro.errors import BadDataError, OutputExistsError
from restauro.files import file_sha256
from restauro.lock import locked
from restauro.picture.types import Image
from restauro.progress import progress_bar

BANK_FILES = {"bank.json", "images.npy", "index.csv", "rejected.csv"}
QUEUE_PER_WORKER = 4
"""Pictures decoded ahead of the writer: enough to keep every core busy, few enough for memory."""


@dataclass(frozen=True)
class Prepared:
    """A finished bank; `is_new` is False when it already stood there."""

    path: Path
    description: dict[str, Any]
    is_new: bool


@dataclass(frozen=True)
class Recipe:
    """All that decides what a bank holds."""

    name: str
    options: SourceOptions
    size: int = 128
    """Side of every picture in pixels."""

    def arguments(self) -> dict[str, Any]:
        """As `bank.json` keeps them."""
        return {
            "from": str(self.options.path) if self.options.path else None,
            "split_file": str(self.options.split_file) if self.options.split_file else None,
            "count": self.options.count,
            "seed": self.options.seed,
            "size": self.size,
        }

    def fingerprint(self, source: Source) -> str:
        """Changes with the arguments and with the source; where the source lies does not count."""
        parts = [FORMAT, self.name, self.size, source.crop, source.identity()]
        parts += map(file_sha256, SOURCES.code_files(self.name))  # of a plug-in
        return hashlib.sha256(json.dumps(parts).encode()).hexdigest()


def prepare(
    recipe: Recipe,
    bank: Path,
    *,
    workers: int | None = None,
    force: bool = False,
    progress: bool = False,
) -> Prepared:
    """Makes the bank in the folder `bank`, unless it is already there.

    The result is the same for every number of workers; None means one a core.

    Raises:
        BadDataError: The source cannot be used, or has no usable picture.
        OutputExistsError: The folder holds something else, or another bank and not `force`.
    """
    source = SOURCES.create(recipe.name, options=recipe.options)
    fingerprint = recipe.fingerprint(source)
    if (standing := _standing_bank(bank, fingerprint, force)) is not None:
        return Prepared(bank, standing, is_new=False)
    plan = source.plan()
    try:
        with written_aside(bank) as folder, warnings.catch_warnings():
            warnings.filterwarnings("ignore", module=r"PIL\.")  # what matters is in rejected.csv
            _require_space(folder, plan.num_pictures * recipe.size**2 * 3)
            with BankWriter(folder, recipe.size, plan.columns) as writer:
                _fill(writer, plan, workers or num_cores(), progress)
            _require_pictures(writer, recipe)
            description = writer.describe(
                {
                    "restauro": __version__,
                    "source": recipe.name,
                    "size": recipe.size,
                    "arguments": recipe.arguments(),
                    "crop": source.crop,
                    "num_missing": plan.num_missing,
                    "num_ignored": plan.num_ignored,
                    "fingerprint": fingerprint,
                }
            )
    except OSError as error:
        raise BadDataError(f"{bank} cannot be written ({error}); nothing is left of it") from error
    return Prepared(bank, description, is_new=True)


@contextmanager
def written_aside(target: Path) -> Iterator[Path]:
    """An empty folder beside `target` that replaces it when the block ends without an error.

    After an error the folder is removed; what a killed run left is removed by the next one.

    Raises:
        OutputExistsError: Another process is writing the same target.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    aside, replaced, lock = (
        target.with_name(f".{target.name}.{part}") for part in ("partial", "replaced", "lock")
    )
    with locked(lock, f"{target} is being written by another process; wait until it has finished"):
        shutil.rmtree(aside, ignore_errors=True)
        if replaced.exists() and not target.exists():
            replaced.rename(target)  # a run was killed between the two renames
        shutil.rmtree(replaced, ignore_errors=True)
        aside.mkdir()
        try:
            yield aside
            if target.exists():
                target.rename(replaced)
            aside.rename(target)
            shutil.rmtree(replaced, ignore_errors=True)
        except BaseException:
            shutil.rmtree(aside, ignore_errors=True)
            raise


def _standing_bank(path: Path, fingerprint: str, force: bool) -> dict[str, Any] | None:
    """The description of the bank at `path` when it is the wanted one; None when it may be made."""
    if not path.exists():
        return None
    if not path.is_dir():
        raise OutputExistsError(f"{path} is a file; choose another name for the bank")
    if foreign := sorted({file.name for file in path.iterdir()} - BANK_FILES):
        raise OutputExistsError(
            f"{path} holds {foreign[0]!r}, which is no part of a bank; choose another folder"
        )
    if force or not any(path.iterdir()):
        return None
    try:
        description = Bank.open(path).description
    except BadDataError as error:
        raise OutputExistsError(f"{error}, or replace it with --force") from error
    if description.get("fingerprint") != fingerprint:
        raise OutputExistsError(
            f"{path} holds a bank made from other arguments or an older source "
            f"({description.get('source')}, size {description.get('size')}); "
            "replace it with --force, or choose another folder"
        )
    return description


def _fill(writer: BankWriter, plan: Plan, workers: int, progress: bool) -> None:
    for name, reason in (plan.rejected or {}).items():
        writer.reject(name, reason)
    bar = progress_bar(plan.num_pictures, " pictures", is_shown=progress)
    with bar, closing(_rendered(plan.offers, writer.side, workers)) as pictures:
        for entry, picture in pictures:
            if isinstance(picture, UnusablePictureError):
                writer.reject(entry.name, str(picture))
            else:
                writer.add(picture, [entry.name, entry.split, *entry.labels])
            bar.update()


def _rendered(
    offers: Iterable[tuple[IndexRow, Render]], side: int, workers: int
) -> Generator[tuple[IndexRow, Image | UnusablePictureError]]:
    """Every offered picture, or why it is unusable, in the order of the offers.

    Threads are enough: Pillow lets go of Python's lock while it decodes and resizes.
    """

    def attempt(row: IndexRow, render: Render) -> tuple[IndexRow, Image | UnusablePictureError]:
        try:
            return row, render(side)
        except UnusablePictureError as error:
            return row, error

    waiting: deque[Future[tuple[IndexRow, Image | UnusablePictureError]]] = deque()
    pool = ThreadPoolExecutor(workers, thread_name_prefix="decode")
    try:
        for offer in offers:
            waiting.append(pool.submit(attempt, *offer))
            if len(waiting) >= QUEUE_PER_WORKER * workers:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
    finally:
        pool.shutdown(cancel_futures=True)


def _require_pictures(writer: BankWriter, recipe: Recipe) -> None:
    if not writer.counts:
        raise BadDataError(
            f"{recipe.options.path} has no usable picture for the source {recipe.name!r} "
            f"({writer.num_rejected} rejected{writer.last_reason and ': '}{writer.last_reason}); "
            "check --from"
        )


def _require_space(folder: Path, num_bytes: int) -> None:
    free = shutil.disk_usage(folder).free
    if num_bytes > free:
        raise BadDataError(
            f"the bank needs {num_bytes / 1e9:.1f} GB, but {folder.parent} has {free / 1e9:.1f} GB "
            "free; make room or choose a smaller --size"
        )
