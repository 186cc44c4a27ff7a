"""Writes a folder aside and moves it into place when it is complete: never half of one."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from restauro.errors import OutputExistsError

try:
    import fcntl
except ImportError:  # Windows: two runs at once are not noticed there
    fcntl = None  # type: ignore[assignment]


@contextmanager
def written_aside(target: Path) -> Iterator[Path]:
    """An empty folder beside `target` that replaces it when the block ends without an error.

    After an error the folder is removed; what a killed run left is removed by the next one.

    Raises:
        OutputExistsError: Another process is writing the same target.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    aside = target.with_name(f".{target.name}.partial")
    replaced = target.with_name(f".{target.name}.replaced")
    _mend(target, aside, replaced)
    aside.mkdir()
    lock = _locked(aside, target)
    try:
        yield aside
        if target.exists():
            target.rename(replaced)
        aside.rename(target)
        shutil.rmtree(replaced, ignore_errors=True)
    except BaseException:
        shutil.rmtree(aside, ignore_errors=True)
        raise
    finally:
        _unlock(lock)


def _mend(target: Path, aside: Path, replaced: Path) -> None:
    """Brings the folders back to order after a run that was killed."""
    if aside.exists():
        lock = _locked(aside, target)
        shutil.rmtree(aside)
        _unlock(lock)
    if replaced.exists() and not target.exists():
        replaced.rename(target)  # killed between the two renames
    shutil.rmtree(replaced, ignore_errors=True)


def _locked(folder: Path, target: Path) -> int | None:
    """A descriptor that holds the folder's lock until it is closed, or the process ends."""
    if fcntl is None:
        return None
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        os.close(descriptor)
        raise OutputExistsError(
            f"{target} is being written by another process; wait until it has finished"
        ) from error
    return descriptor


def _unlock(descriptor: int | None) -> None:
    if descriptor is not None:
        os.close(descriptor)
