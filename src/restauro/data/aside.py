"""Writes a folder aside and moves it into place when it is complete: never half of one."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from restauro.lock import locked


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
    refusal = f"{target} is being written by another process; wait until it has finished"
    with locked(lock, refusal):
        _mend(target, aside, replaced)
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


def _mend(target: Path, aside: Path, replaced: Path) -> None:
    """Brings the folders back to order after a run that was killed."""
    if aside.exists():
        shutil.rmtree(aside)
    if replaced.exists() and not target.exists():
        replaced.rename(target)  # killed between the two renames
    shutil.rmtree(replaced, ignore_errors=True)
