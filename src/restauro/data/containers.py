"""Where the files of a source lie: a folder, a zip or a tar. Nothing is ever extracted to disk.

Members are read in memory, one at a time, so hostile names can do no harm; they are refused all the
same, because they say that the archive is not what it seems.
"""

from __future__ import annotations

import lzma
import os
import stat
import tarfile
import zipfile
import zlib
from abc import ABC, abstractmethod
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath, PureWindowsPath

from restauro.data.pictures import UnusablePictureError
from restauro.errors import BadDataError

MAX_MEMBER_BYTES = 64 * 2**20
MAX_UNPACKING = 200
"""An archive of pictures unpacks to about its own size; one that grows this much is a bomb."""

_DAMAGE = (
    *(OSError, EOFError, RuntimeError, NotImplementedError, ValueError),
    *(zlib.error, lzma.LZMAError, zipfile.BadZipFile, tarfile.TarError),
)


@dataclass(frozen=True, slots=True)
class Member:
    """One file of a container: its bytes, or the reason why they could not be read."""

    name: str
    data: bytes = b""
    problem: str = ""

    def read(self) -> bytes:
        """The bytes.

        Raises:
            UnusablePictureError: They could not be read.
        """
        if self.problem:
            raise UnusablePictureError(self.problem)
        return self.data


@dataclass(frozen=True)
class Listing:
    """The members of a container that may be read, and those that are refused, with the reason."""

    names: list[str] = field(default_factory=list)
    refused: dict[str, str] = field(default_factory=dict)

    def add(self, name: str, problem: str) -> None:
        """Files `name` under `names`, or under `refused` when it has a problem."""
        problem = problem or _problem_of_name(name)
        if problem:
            self.refused[name] = problem
        else:
            self.names.append(name)


class Container(ABC):
    """A folder or an archive."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def identity(self) -> list[str]:
        """What changes when a file in here changes: names, sizes and times."""
        return [file_identity(self.path)]

    @abstractmethod
    def listing(self) -> Listing:
        """All regular files, by names with forward slashes, sorted; hidden ones left out."""

    @abstractmethod
    def stream(self, names: Collection[str]) -> Iterator[Member]:
        """The named members: in the given order, but those of a tar in the order of the archive."""


def open_container(path: Path) -> Container:
    """The folder, zip or tar at `path`.

    Raises:
        BadDataError: Nothing is there, or it is neither folder nor archive.
    """
    if path.is_dir():
        return Folder(path)
    if not path.is_file():
        raise BadDataError(f"{path} does not exist; give a folder, zip or tar that does")
    try:
        if zipfile.is_zipfile(path):
            return Zip(path)
        if tarfile.is_tarfile(path):
            return Tar(path)
    except OSError as error:
        raise BadDataError(f"{path} cannot be opened ({error}); check its permissions") from error
    raise BadDataError(f"{path} is neither folder, zip nor tar, or is damaged; fetch it again")


def read_texts(container: Container, names: Collection[str]) -> dict[str, str]:
    """The named members as text, in UTF-8 with or without a mark.

    Raises:
        BadDataError: One of them is damaged or no text.
    """
    texts: dict[str, str] = {}
    for member in container.stream(names):
        try:
            texts[member.name] = member.read().decode("utf-8-sig")
        except (UnusablePictureError, UnicodeDecodeError) as error:
            raise BadDataError(
                f"{member.name} in {container.path} cannot be read ({error}); fetch it again"
            ) from error
        if len(texts) == len(names):
            break  # the rest of a compressed tar need not be unpacked
    return texts


def file_identity(path: Path, name: str | None = None) -> str:
    """Name, size and time of change of one file; `name` defaults to that of the file."""
    status = path.stat()
    return f"{name or path.name} {status.st_size} {status.st_mtime_ns}"


class Folder(Container):
    """A folder with everything below it, links included; a folder met twice is read once."""

    def identity(self) -> list[str]:
        """One line a file."""
        return [file_identity(self.path / name, name) for name in self.listing().names]

    def listing(self) -> Listing:
        """All files, sorted."""
        listing, seen = Listing(), set()
        for folder, subfolders, files in os.walk(self.path, followlinks=True):
            status = os.stat(folder)
            if (status.st_dev, status.st_ino) in seen:
                subfolders.clear()  # links may lead in circles
                continue
            seen.add((status.st_dev, status.st_ino))
            subfolders.sort()
            names = (Path(folder, file).relative_to(self.path).as_posix() for file in files)
            for name in names:
                if not _is_hidden(name) and (self.path / name).is_file():
                    listing.names.append(name)
        listing.names.sort()
        return listing

    def stream(self, names: Collection[str]) -> Iterator[Member]:
        """In the given order."""
        for name in names:
            try:
                with (self.path / name).open("rb") as file:
                    yield _member(name, file.read(MAX_MEMBER_BYTES + 1))
            except OSError as error:
                yield Member(name, problem=f"cannot be read: {error.strerror}")


class Zip(Container):
    """A zip archive."""

    def listing(self) -> Listing:
        """All regular members, sorted."""
        listing = Listing()
        with self._opened() as archive:
            _refuse_bomb(self.path, sum(info.file_size for info in archive.infolist()))
            # of members with the same name the last counts, as it does when one is opened
            for info in {info.filename: info for info in archive.infolist()}.values():
                if not info.is_dir() and not _is_hidden(info.filename):
                    listing.add(info.filename, _problem_of_zip_member(info))
        listing.names.sort()
        return listing

    def stream(self, names: Collection[str]) -> Iterator[Member]:
        """In the given order."""
        with self._opened() as archive:
            for name in names:
                try:
                    with archive.open(name) as file:
                        member = _member(name, file.read(MAX_MEMBER_BYTES + 1))
                except _DAMAGE as error:
                    member = Member(name, problem=f"damaged in the archive: {error}")
                yield member

    def _opened(self) -> zipfile.ZipFile:
        try:
            return zipfile.ZipFile(self.path)
        except _DAMAGE as error:
            raise BadDataError(f"{self.path} is damaged ({error}); fetch it again") from error


class Tar(Container):
    """A tar archive, plain or compressed; it can only be read from front to back."""

    def listing(self) -> Listing:
        """All regular members, sorted; unpacks the archive once."""
        listing, seen, unpacked = Listing(), set(), 0
        for _, info in self._walk():
            unpacked += info.size
            _refuse_bomb(self.path, unpacked)
            if info.isdir() or _is_hidden(info.name) or info.name in seen:
                continue
            seen.add(info.name)
            listing.add(info.name, _problem_of_tar_member(info))
        listing.names.sort()
        return listing

    def stream(self, names: Collection[str]) -> Iterator[Member]:
        """In the order of the archive."""
        wanted = set(names)
        for archive, info in self._walk():
            if info.name not in wanted:
                continue
            wanted.remove(info.name)  # a later twin is passed over, as in `listing`
            file = archive.extractfile(info)
            assert file is not None, "listing() admits regular files only"
            yield _member(info.name, file.read(MAX_MEMBER_BYTES + 1))

    def _walk(self) -> Iterator[tuple[tarfile.TarFile, tarfile.TarInfo]]:
        try:
            with tarfile.open(self.path) as archive:
                while (info := archive.next()) is not None:
                    vars(archive)["members"].clear()  # it would remember all of them
                    yield archive, info
        except _DAMAGE as error:
            raise BadDataError(f"{self.path} is damaged ({error}); fetch it again") from error


def _member(name: str, data: bytes) -> Member:
    if len(data) > MAX_MEMBER_BYTES:
        return Member(name, problem=_TOO_LARGE)
    return Member(name, data)


_TOO_LARGE = f"larger than {MAX_MEMBER_BYTES // 2**20} MiB"


def _refuse_bomb(path: Path, unpacked_bytes: int) -> None:
    # small archives may hold drawings that pack well
    limit = max(path.stat().st_size * MAX_UNPACKING, MAX_MEMBER_BYTES)
    if unpacked_bytes > limit:
        raise BadDataError(
            f"{path} unpacks to more than {limit // 2**20:,} MiB, {MAX_UNPACKING} times its own "
            "size, as archives made to do harm do; check where it comes from"
        )


def _is_hidden(name: str) -> bool:
    """Files of the system: .DS_Store, ._000001.jpg and __MACOSX/ in archives made on a Mac."""
    parts = PurePosixPath(name).parts
    return any(part == "__MACOSX" or (part[0] == "." and part != "..") for part in parts)


def _problem_of_name(name: str) -> str:
    # a Windows path takes both kinds of slash, and knows drives
    path = PureWindowsPath(name)
    if path.anchor or ".." in path.parts:
        return "its name leads out of the archive"
    return ""


def _problem_of_zip_member(info: zipfile.ZipInfo) -> str:
    if stat.S_ISLNK(info.external_attr >> 16):
        return "a link, not a file"
    if info.flag_bits & 1:
        return "encrypted"
    return _TOO_LARGE if info.file_size > MAX_MEMBER_BYTES else ""


def _problem_of_tar_member(info: tarfile.TarInfo) -> str:
    if not info.isfile():
        return "a link, not a file" if info.issym() or info.islnk() else "a device, not a file"
    return _TOO_LARGE if info.size > MAX_MEMBER_BYTES else ""
