"""What every source gives to `restauro prepare`."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, fields
from functools import partial
from pathlib import Path, PurePosixPath
from typing import Protocol, TypeAlias

import numpy as np
from PIL import Image as Pillow

from restauro.data.containers import Container, Listing, Member
from restauro.data.pictures import UnusablePictureError, decode
from restauro.errors import BadDataError
from restauro.picture.formats import OTHER_PICTURES, READ_SUFFIXES
from restauro.picture.types import Image

Render: TypeAlias = Callable[[int], Image]
"""Side in pixels -> image (side, side, 3); raises UnusablePictureError. Runs in any thread."""

Crop: TypeAlias = Callable[[Pillow.Image], Pillow.Image]
"""A whole picture -> the square of it that enters the bank."""


@dataclass(frozen=True, slots=True)
class IndexRow:
    """What the index of a bank says of one picture."""

    name: str
    split: str
    labels: tuple[str, ...] = ()
    """One value for each of the plan's `columns`."""


@dataclass(frozen=True)
class Plan:
    """What a source offers, known before the first picture is decoded."""

    num_pictures: int
    offers: Iterable[tuple[IndexRow, Render]]
    columns: tuple[str, ...] = ()
    rejected: Mapping[str, str] | None = None
    """Name -> reason, of the pictures that are unusable by their name alone."""
    num_missing: int = 0
    """Pictures that the source lists but does not have."""
    num_ignored: int = 0
    """Files that are no pictures."""


class Source(Protocol):
    """A set of pictures that can be turned into a bank."""

    crop: str
    """In words, how a picture is cut; goes into `bank.json`."""

    def identity(self) -> list[str]:
        """What changes when the source changes; cheap, so that a second run can do nothing."""

    def plan(self) -> Plan:
        """Reads lists and names, but no picture."""


@dataclass(frozen=True)
class SourceOptions:
    """What the command line may say of a source; None where it said nothing."""

    path: Path | None = None
    split_file: Path | None = None
    count: int | None = None
    seed: int | None = None

    def check(self, source: str, *known: str) -> None:
        """Refuses options that `source` does not know.

        Raises:
            BadDataError: Such an option is set.
        """
        for option in fields(self):
            if getattr(self, option.name) is not None and option.name not in known:
                flag = "--from" if option.name == "path" else f"--{option.name.replace('_', '-')}"
                raise BadDataError(f"{flag} says nothing to the source {source!r}; leave it out")

    def required_path(self, source: str) -> Path:
        """Where the source lies.

        Raises:
            BadDataError: It was not said.
        """
        if self.path is None:
            raise BadDataError(f"the source {source!r} reads files; say where with --from PATH")
        return self.path


def is_picture(name: str) -> bool:
    """Whether the name ends like a picture's."""
    return PurePosixPath(name).suffix.lower() in READ_SUFFIXES


def file_plan(
    container: Container,
    listing: Listing,
    row_of: Callable[[str], IndexRow | str],
    crop_of: Callable[[str], Crop],
    columns: tuple[str, ...] = (),
) -> Plan:
    """Offers the pictures among the listed files of a container.

    `row_of` gives a picture's row by the name of its file, or the reason why it is left out, and
    `crop_of` how it is cut.
    """
    pictures = [name for name in listing.names if is_picture(name)]
    rejected = {name: reason for name, reason in listing.refused.items() if is_picture(name)}
    unread = [n for n in listing.names if PurePosixPath(n).suffix.lower() in OTHER_PICTURES]
    rejected |= dict.fromkeys(unread, "of a format that restauro does not read; save it as PNG")
    rows: dict[str, IndexRow] = {}
    for name in pictures:
        row = row_of(name)
        if isinstance(row, str):
            rejected[name] = row
        else:
            rows[name] = row
    offers = (
        (rows[member.name], partial(_rendered, member, crop_of(member.name)))
        for member in container.stream(rows)
    )
    num_ignored = len(listing.names) - len(pictures) - len(unread)
    return Plan(len(rows), offers, columns, rejected, num_ignored=num_ignored)


def _rendered(member: Member, crop: Crop, side: int) -> Image:
    square = crop(decode(member.read()))
    if square.width * 2 < side:
        raise UnusablePictureError(
            f"its square of {square.width} pixels would be enlarged more than twice to {side}"
        )
    return np.asarray(square.resize((side, side), Pillow.Resampling.LANCZOS))
