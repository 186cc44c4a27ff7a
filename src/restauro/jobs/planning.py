"""Which pictures a job restores, with which masks, and where the results go.

Looks at names only; nothing is decoded here.
"""

from __future__ import annotations

import glob
import os
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import PIL.Image

from restauro.errors import BadImageError, OutputExistsError
from restauro.images import READABLE, WRITABLE


@dataclass(frozen=True)
class Task:
    """One picture of a job."""

    picture: Path
    mask: Path | None
    """None: the picture itself shows its hole."""
    output: Path
    name: str
    """The output inside the output's folder, with `/` on every system."""
    marked_by: str
    """What people are told about the mask: its file, or what marks the hole in the picture."""
    problem: str = ""
    """Why it cannot be restored, if that is known before anything is read."""
    fingerprint: str = ""
    """Changes with the files, the options and the model that the output is made from."""


class Found(NamedTuple):
    """A picture and its place in the tree that it was found in."""

    path: Path
    place: Path


def plan(
    pictures: Sequence[str],
    output: Path,
    *,
    mask: Path | None = None,
    masks: Path | None = None,
    recursive: bool = False,
    marked_by: str = "",
    suffix: str | None = None,
) -> list[Task]:
    """The tasks of a job, in the order of its arguments; those of a folder by name.

    Hidden files, files that are no pictures by their ending, masks and earlier outputs are left
    out of folders and patterns.

    Args:
        pictures: Files, folders, or patterns such as `photos/*.jpg`, where `**` is any depth.
        output: Folder of the results, which keeps the tree of a folder.
        mask: One mask for all pictures.
        masks: Folder with a mask for each picture, of the same name and any ending.
        marked_by: What marks the hole where there is no mask's file.
        recursive: Whether folders inside folders count.
        suffix: Ending of all outputs, with its dot; None = the picture's own.

    Raises:
        BadImageError: There is no picture at all, or no folder of masks.
        OutputExistsError: An output would replace an input or another output.
    """
    found: dict[Path, Found] = {}
    for argument in pictures:
        for picture in _found(
            argument, recursive, [path for path in (mask, masks, output) if path]
        ):
            found.setdefault(picture.path.resolve(), picture)
    if not found:
        hint = "" if recursive else ", or add --recursive for folders inside"
        raise BadImageError(f"{', '.join(pictures)}: no pictures are there; check the name{hint}")
    mask_folder = _MaskFolder(masks) if masks is not None else None
    tasks = []
    for picture in found.values():
        place = picture.place.with_suffix(suffix or _own_suffix(picture.place))
        own_mask, problem = mask_folder.mask_of(picture) if mask_folder else (mask, "")
        tasks.append(
            Task(
                picture=picture.path,
                mask=own_mask,
                output=output / place,
                name=place.as_posix(),
                marked_by=str(own_mask or marked_by),
                problem=problem,
            )
        )
    _check_places(tasks)
    return tasks


def _own_suffix(place: Path) -> str:
    """The picture's own ending; .png if restauro cannot write its format."""
    return place.suffix if place.suffix.lower() in WRITABLE else ".png"


def _found(argument: str, recursive: bool, others: Sequence[Path]) -> Iterator[Found]:
    """The pictures that an argument stands for, without what `others` of the job lie inside it."""
    path = Path(argument)
    if path.is_dir():
        root, files = path, _walk(path, recursive)
    elif path.exists() or not glob.has_magic(argument):  # a missing file becomes a failed task
        yield Found(path, Path(path.name))
        return
    else:
        root = _fixed_part(path)
        files = _pictures(map(Path, sorted(glob.glob(argument, recursive=True))))
    inside = [other for other in map(Path.resolve, others) if root.resolve() in other.parents]
    for file in files:
        if not any(file.resolve().is_relative_to(other) for other in inside):
            yield Found(file, file.relative_to(root))


def _walk(folder: Path, recursive: bool) -> Iterator[Path]:
    for parent, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if recursive and not name.startswith("."))
        yield from _pictures(Path(parent) / name for name in sorted(names))


def _pictures(paths: Iterable[Path]) -> Iterator[Path]:
    endings = _readable_endings()
    for path in paths:
        is_hidden = path.name.startswith(".")
        if path.suffix.lower() in endings and not is_hidden and path.is_file():
            yield path


def _readable_endings() -> frozenset[str]:
    endings = PIL.Image.registered_extensions()
    return frozenset(ending for ending, kind in endings.items() if kind in READABLE)


def _fixed_part(pattern: Path) -> Path:
    """The folders of a pattern before its first wildcard."""
    fixed: list[str] = []
    for part in pattern.parent.parts:
        if glob.has_magic(part):
            break
        fixed.append(part)
    return Path(*fixed)


class _MaskFolder:
    """Masks by their place in the folder without ending; letters with accents in any form."""

    def __init__(self, folder: Path) -> None:
        if not folder.is_dir():
            raise BadImageError(f"there is no folder {folder} of masks; for one mask use --mask")
        self._folder = folder
        self._by_stem: dict[str, list[Path]] = {}
        for path in _walk(folder, recursive=True):
            self._by_stem.setdefault(_stem(path.relative_to(folder)), []).append(path)

    def mask_of(self, picture: Found) -> tuple[Path | None, str]:
        """The mask of a picture, or why there is none."""
        masks = self._by_stem.get(_stem(picture.place), [])
        if not masks:
            stem = picture.place.with_suffix("").as_posix()
            return None, f"{self._folder} holds no mask called {stem}; add one of any format"
        if len(masks) > 1:  # of a.jpg and a.png, each is the mask of the picture called so
            masks = [path for path in masks if path.suffix == picture.place.suffix]
        if len(masks) != 1:
            return None, f"{self._folder} holds several masks for {picture.path}; keep one"
        if masks[0].resolve() == picture.path.resolve():
            return None, f"{picture.path} would be its own mask; keep masks in another folder"
        return masks[0], ""


def _stem(place: Path) -> str:
    # macOS decomposes letters with accents in file names, other systems compose them
    return unicodedata.normalize("NFC", place.with_suffix("").as_posix())


def _check_places(tasks: Sequence[Task]) -> None:
    inputs = {path.resolve() for task in tasks for path in (task.picture, task.mask) if path}
    owners: dict[Path, Task] = {}
    for task in tasks:
        place = task.output.resolve()
        if place in inputs:
            raise OutputExistsError(f"{task.output} is an input and is kept; choose another folder")
        other = owners.setdefault(place, task)
        if other is not task:
            raise OutputExistsError(
                f"{other.picture} and {task.picture} would both become {task.output}; "
                "rename one or restore them into two folders"
            )
