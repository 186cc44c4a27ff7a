"""One process at a time: a lock that ends with the process that holds it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from filelock import FileLock, Timeout

from restauro.errors import OutputExistsError


@contextmanager
def locked(path: Path, refusal: str) -> Iterator[None]:
    """Holds the lock file `path`, which exists only meanwhile; never waits for it.

    The system frees the lock when the process ends, even killed; the file that is then left locks
    nothing. Machines that share a folder exclude each other if its file system passes on `flock`,
    as NFS does.

    Raises:
        OutputExistsError: Another process holds the lock; the message is `refusal`.
    """
    lock = FileLock(path)
    try:
        lock.acquire(blocking=False)
    except Timeout:
        raise OutputExistsError(refusal) from None
    try:
        yield
    finally:
        with suppress(PermissionError):  # Windows: there filelock removes the file itself
            path.unlink(missing_ok=True)  # while it is held: filelock takes no removed file
        lock.release()
