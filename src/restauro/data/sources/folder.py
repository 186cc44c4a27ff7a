"""Any folder, zip or tar of pictures: with train, val and test folders, or split by their names."""

from __future__ import annotations

import csv
import hashlib
import io
from collections.abc import Iterable
from pathlib import Path, PurePosixPath

from restauro.data.containers import Listing, open_container, read_texts
from restauro.data.pictures import centre_square
from restauro.data.sources._source import IndexRow, Plan, SourceOptions, file_plan, is_picture
from restauro.errors import BadDataError
from restauro.plugins import source

SPLIT_FOLDERS = {
    **dict.fromkeys(("train", "training"), "train"),
    **dict.fromkeys(("val", "valid", "validation"), "val"),
    **dict.fromkeys(("test", "testing"), "test"),
}
LABELS = "labels.csv"


class PictureFolder:
    """Pictures at any depth, and the columns of a `labels.csv` that names them in `file`."""

    crop = "the largest square in the middle"

    def __init__(self, path: Path) -> None:
        self.container = open_container(path)

    def identity(self) -> list[str]:
        """The archive, or every file of the folder."""
        return self.container.identity()

    def plan(self) -> Plan:
        """Every picture, with its split and labels."""
        listing = self.container.listing()
        # `zip -r faces.zip faces` wraps a folder; names and splits stay those of the folder
        wrapper = _wrapper(listing) if self.container.path.is_file() else PurePosixPath()
        level = _split_level(filter(is_picture, listing.names))
        columns, labels = self._labels(listing.names)

        def row_of(member: str) -> IndexRow | str:
            name = str(PurePosixPath(member).relative_to(wrapper))
            split = split_by_hash(name) if level is None else _split_at(member, level)
            if split is None:
                return "outside the folders train, val and test that the others are in"
            return IndexRow(name, split, labels.get(member, ("",) * len(columns)))

        return file_plan(self.container, listing, row_of, lambda _: centre_square, columns)

    def _labels(self, names: list[str]) -> tuple[tuple[str, ...], dict[str, tuple[str, ...]]]:
        """The columns of `labels.csv`, and member -> values; nothing when there is no such file."""
        files = [name for name in names if PurePosixPath(name).name == LABELS]
        if not files:
            return (), {}
        if len(files) > 1:
            raise BadDataError(
                f"{self.container.path} has {len(files)} files {LABELS}; keep the one that counts"
            )
        (text,) = read_texts(self.container, files).values()
        return _parsed_labels(text, PurePosixPath(files[0]))


@source("folder")
def folder(options: SourceOptions) -> PictureFolder:
    """Any folder, zip or tar of pictures."""
    options.check("folder", "path")
    return PictureFolder(options.required_path("folder"))


def split_by_hash(name: str) -> str:
    """About 80 % train, 10 % val, 10 % test; a name keeps its split whatever is added later."""
    share = int.from_bytes(hashlib.sha256(name.encode()).digest()[:8], "big") / 2**64
    return "train" if share < 0.8 else "val" if share < 0.9 else "test"


def _wrapper(listing: Listing) -> PurePosixPath:
    """The one folder that holds everything in an archive, or the empty path."""
    tops = {PurePosixPath(name).parts[0] for name in listing.names}
    is_wrapped = len(tops) == 1 and all("/" in name for name in listing.names)
    return PurePosixPath(*tops) if is_wrapped else PurePosixPath()


def _split_level(names: Iterable[str]) -> int | None:
    """How deep the folders train and val (or test) lie; None when there are no such folders.

    A single one of them is no split: a set of vehicles may well have a folder `train`.
    """
    splits_at: dict[int, set[str]] = {}
    for folders in {PurePosixPath(name).parent for name in names}:
        for level, part in enumerate(folders.parts):
            if part.lower() in SPLIT_FOLDERS:
                splits_at.setdefault(level, set()).add(SPLIT_FOLDERS[part.lower()])
    levels = [level for level, splits in splits_at.items() if "train" in splits and len(splits) > 1]
    return min(levels, default=None)


def _split_at(name: str, level: int) -> str | None:
    folders = PurePosixPath(name).parent.parts
    return SPLIT_FOLDERS.get(folders[level].lower()) if level < len(folders) else None


def _parsed_labels(
    text: str, path: PurePosixPath
) -> tuple[tuple[str, ...], dict[str, tuple[str, ...]]]:
    reader = csv.DictReader(io.StringIO(text), restval="")
    columns = tuple(column for column in reader.fieldnames or () if column != "file")
    if len(columns) == len(reader.fieldnames or ()):
        raise BadDataError(f"{path} has no column `file`; add one that names the pictures")
    if taken := {"name", "split"} & set(columns):
        raise BadDataError(f"{path} has a column {taken.pop()!r}, which the index needs; rename it")
    rows = list(reader)
    if any(None in row for row in rows):
        raise BadDataError(f"{path} has rows with more values than columns; quote their commas")
    folder = path.parent
    return columns, {str(folder / row["file"]): tuple(row[c] for c in columns) for row in rows}
