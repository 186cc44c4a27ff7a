"""Places: paths of this machine, and URLs of any file system that fsspec knows, such as S3.

A URL is a `UPath`, which has the methods of a path; what the two do differently is here.
"""

from __future__ import annotations

import glob
import os
import shutil
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, TypeAlias

from restauro.errors import RestauroError, first_line, needed

if TYPE_CHECKING:
    from upath import UPath

Place: TypeAlias = "Path | UPath"


def is_url(text: str) -> bool:
    """Whether a text names a place by a URL; a path has no `://`."""
    return "://" in text


def place_of(text: str) -> Place:
    """The place that a text names: a URL if it has `://`, else a path.

    Raises:
        MissingExtraError: It is a URL, and the libraries for it are not installed.
        RestauroError: Nothing answers there.
    """
    if not is_url(text):
        return Path(text)
    with needed(f"{text} is a URL, which needs fsspec", "'restauro[ray]'"):
        from upath import UPath
    try:
        url = UPath(text)
        url.exists()
    except Exception as error:  # every file system has errors of its own
        raise RestauroError(
            f"{text} cannot be reached ({first_line(error)}); check the name and the access to it"
        ) from error
    return url


def resolved(place: Place) -> Place:
    """The same for all names of a place."""
    if not isinstance(place, Path) and place.protocol in ("file", "local"):
        return Path(place.path).resolve()
    return place.resolve()


def relative(file: Place, folder: Place) -> Path:
    """The way from a folder to a file of the same file system below it."""
    if isinstance(file, Path):
        return file.relative_to(str(folder))
    return Path(file.path[len(folder.path) :].lstrip("/"))  # type: ignore[union-attr]


def files_in(folder: Place, *, recursive: bool) -> Iterator[Place]:
    """The files of a folder by name; with `recursive` also those below it, if in no hidden one."""
    if isinstance(folder, Path):
        for parent, folders, names in os.walk(folder):
            folders[:] = sorted(name for name in folders if recursive and name[0] != ".")
            yield from (file for name in sorted(names) if (file := Path(parent) / name).is_file())
    else:  # one listing, where a walk would ask for every folder
        yield from _below(folder, folder.fs.find(folder.path, maxdepth=None if recursive else 1))


def matching(pattern: Place) -> Iterator[Place]:
    """The files by name that a pattern such as `photos/**/*.jpg` stands for."""
    if isinstance(pattern, Path):
        paths = map(Path, sorted(glob.glob(str(pattern), recursive=True)))
        yield from (path for path in paths if path.is_file())
    else:
        found = pattern.fs.glob(pattern.path, detail=True)
        files = [path for path, info in found.items() if info["type"] == "file"]
        root = fixed_part(pattern)
        assert not isinstance(root, Path)
        yield from _below(root, files)


def fixed_part(pattern: Place) -> Place:
    """The folders of a pattern before its first wildcard."""
    return next(folder for folder in pattern.parents if not glob.has_magic(str(folder)))


def _below(folder: UPath, paths: Iterable[str]) -> Iterator[UPath]:
    for path in sorted(paths):
        way = path[len(folder.path.rstrip("/")) :].lstrip("/")
        # a key of an object store may have `..` in it, too
        if not any(part.startswith(".") for part in way.split("/")[:-1]):
            yield folder / way


def state(place: Place) -> tuple[object, ...] | None:
    """Changes with the content of a file; None if there is no such file.

    Bytes and time of change, in nanoseconds on this machine; of a URL also its ETag, if it has one.
    """
    try:
        found = place.stat()
    except Exception:  # noqa: BLE001  of any file system; reading it will say what is wrong
        return None
    if isinstance(place, Path):
        return found.st_size, found.st_mtime_ns
    return found.st_size, found.st_mtime, place.fs.info(place.path).get("ETag")


@contextmanager
def whole(place: Place) -> Iterator[BinaryIO]:
    """A file to write to, which takes its place at the end; after an error all is as before."""
    if not isinstance(place, Path):
        buffer = BytesIO()
        yield buffer
        try:
            place.write_bytes(buffer.getvalue())
        except Exception as error:  # every file system has errors of its own
            raise RestauroError(
                f"{place} cannot be written: {first_line(error)}; check the access to it"
            ) from error
        return
    aside = place.with_name(f".{os.urandom(4).hex()}-{place.name}")  # same folder: rename is atomic
    try:
        with aside.open("xb") as file:
            yield file
        os.replace(aside, place)
    finally:
        aside.unlink(missing_ok=True)


def move(file: Place, target: Place) -> None:
    """Moves a file to a place of the same file system that is free."""
    if isinstance(file, Path):
        os.replace(file, str(target))
    else:
        file.rename(target)


def remove_folder(folder: Place) -> None:
    """Removes a folder with all that is in it, if it is there and as far as that goes."""
    if isinstance(folder, Path):
        shutil.rmtree(folder, ignore_errors=True)
    elif folder.exists():
        folder.fs.rm(folder.path, recursive=True)
