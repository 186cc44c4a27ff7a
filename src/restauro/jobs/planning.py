"""Which pictures a job restores, with which masks, and where the results go.

Looks at names only; nothing is decoded here.
"""

from __future__ import annotations

import glob
import unicodedata
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from restauro.errors import BadImageError, OutputExistsError
from restauro.picture.formats import OTHER_PICTURES, PNG, READ_SUFFIXES, WRITTEN
from restauro.places import Place, files_in, fixed_part, matching, place_of, relative, resolved

MOST_NAMED = 5


@dataclass(frozen=True)
class Task:
    """One picture of a job."""

    picture: Place
    mask: Place | None
    """None: the picture itself shows its hole."""
    output: Place
    name: str
    """The output inside the output's folder, with `/` on every system."""
    marked_by: str
    """What people are told about the mask: its file, or what marks the hole in the picture."""
    problem: str = ""
    """Why it cannot be restored, if that is known before anything is read."""
    fingerprint: str = ""
    """Changes with the files, the options and the model that the output is made from."""


def plan(
    pictures: Sequence[str],
    output: Place,
    *,
    mask: Place | None = None,
    masks: Place | None = None,
    recursive: bool = False,
    marked_by: str = "",
    suffix: str | None = None,
) -> list[Task]:
    """The tasks of a job, in the order of its arguments; those of a folder by name.

    Hidden files, files that are no pictures by their ending, masks and earlier outputs are left
    out of folders and patterns.

    Args:
        pictures: Files, folders, or patterns such as `photos/*.jpg`, where `**` is any depth;
            paths or URLs.
        output: Folder of the results, which keeps the tree of a folder.
        mask: One mask for all pictures.
        masks: Folder with a mask for each picture, of the same name and any ending.
        marked_by: What marks the hole where there is no mask's file.
        recursive: Whether folders inside folders count.
        suffix: Ending of all outputs, with its dot; None = the picture's own, or .png if
            restauro cannot write that.

    Raises:
        BadImageError: There is no picture at all, or no folder of masks.
        OutputExistsError: An output would replace an input or another output.
    """
    found: dict[Place, tuple[Place, Path]] = {}
    others = [path for path in (mask, masks, output) if path]
    for argument in pictures:
        for picture, place in _found(argument, recursive, others):
            found.setdefault(resolved(picture), (picture, place))
    if not found:
        hint = "" if recursive else ", or add --recursive for folders inside"
        raise BadImageError(f"{', '.join(pictures)}: no pictures are there; check the name{hint}")
    mask_folder = _MaskFolder(masks) if masks is not None else None
    tasks = []
    for picture, place in found.values():
        own_mask, problem = mask_folder.mask_of(picture, place) if mask_folder else (mask, "")
        own = place.suffix if place.suffix.lower() in WRITTEN else PNG.suffixes[0]
        place = place.with_suffix(suffix or own)
        tasks.append(
            Task(
                picture=picture,
                mask=own_mask,
                output=output / place,
                name=place.as_posix(),
                marked_by=str(own_mask or marked_by),
                problem=problem,
            )
        )
    _check_places(tasks)
    return tasks


def left_out(pictures: Sequence[str], *, recursive: bool = False) -> str:
    """Says which pictures in folders and patterns are of formats that restauro does not read."""
    listings = [listing for one in pictures if (listing := _listing(one, recursive))]
    names = [str(path) for _, files in listings for path in _of_kind(files, OTHER_PICTURES)]
    if not names:
        return ""
    more = f" and {len(names) - MOST_NAMED} more" if len(names) > MOST_NAMED else ""
    return (
        f"left out {len(names)} of formats that restauro does not read: "
        f"{', '.join(names[:MOST_NAMED])}{more}; save them as PNG, JPEG or TIFF"
    )


def _found(argument: str, recursive: bool, others: Sequence[Place]) -> Iterator[tuple[Place, Path]]:
    """The pictures that an argument stands for, with their places in the tree of its folder.

    Without what `others` of the job lie inside it.
    """
    listing = _listing(argument, recursive)
    if listing is None:  # a missing file becomes a failed task
        path = place_of(argument)
        yield path, Path(path.name)
        return
    root, files = listing
    inside = [other for other in map(resolved, others) if resolved(root) in other.parents]
    for file in _of_kind(files, READ_SUFFIXES):
        place = resolved(file)
        if not any(other == place or other in place.parents for other in inside):
            yield file, relative(file, root)


def _listing(argument: str, recursive: bool) -> tuple[Place, Iterable[Place]] | None:
    """A folder and its files, or what a pattern matches below its fixed part; None for a file."""
    path = place_of(argument)
    if path.is_dir():
        return path, files_in(path, recursive=recursive)
    if path.exists() or not glob.has_magic(argument):
        return None
    return fixed_part(path), matching(path)


def _of_kind(files: Iterable[Place], suffixes: Collection[str]) -> Iterator[Place]:
    for file in files:
        if file.suffix.lower() in suffixes and not file.name.startswith("."):
            yield file


class _MaskFolder:
    """Masks by their place in the folder without ending; letters with accents in any form."""

    def __init__(self, folder: Place) -> None:
        if not folder.is_dir():
            raise BadImageError(f"there is no folder {folder} of masks; for one mask use --mask")
        self._folder = folder
        self._by_stem: dict[str, list[Place]] = {}
        for path in _of_kind(files_in(folder, recursive=True), READ_SUFFIXES):
            self._by_stem.setdefault(_stem(relative(path, folder)), []).append(path)

    def mask_of(self, picture: Place, place: Path) -> tuple[Place | None, str]:
        """The mask of a picture with its place in the tree, or why there is none."""
        masks = self._by_stem.get(_stem(place), [])
        if not masks:
            stem = place.with_suffix("").as_posix()
            return None, f"{self._folder} holds no mask called {stem}; add one of any format"
        if len(masks) > 1:  # of a.jpg and a.png, each is the mask of the picture called so
            masks = [path for path in masks if path.suffix == place.suffix]
        if len(masks) != 1:
            return None, f"{self._folder} holds several masks for {picture}; keep one"
        if resolved(masks[0]) == resolved(picture):
            return None, f"{picture} would be its own mask; keep masks in another folder"
        return masks[0], ""


def _stem(place: Path) -> str:
    # macOS decomposes letters with accents in file names, other systems compose them
    return unicodedata.normalize("NFC", place.with_suffix("").as_posix())


def _check_places(tasks: Sequence[Task]) -> None:
    inputs = {resolved(path) for task in tasks for path in (task.picture, task.mask) if path}
    owners: dict[Place, Task] = {}
    for task in tasks:
        place = resolved(task.output)
        if place in inputs:
            raise OutputExistsError(f"{task.output} is an input and is kept; choose another folder")
        other = owners.setdefault(place, task)
        if other is not task:
            raise OutputExistsError(
                f"{other.picture} and {task.picture} would both become {task.output}; "
                "rename one or restore them into two folders"
            )
