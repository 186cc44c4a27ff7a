"""The official data sets: where their files lie, and how they are fetched, resumed and checked.

Pooch decides whether a file must be fetched and checks it; what it lacks, resuming, is `Resuming`.
"""

from __future__ import annotations

import html.parser
import http
import http.client
import os
import urllib.error
import urllib.request
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlencode, urljoin

from restauro import __version__
from restauro.errors import BadDataError, needed
from restauro.progress import progress_bar
from restauro.registry import Registry

CHUNK_BYTES = 2**18
TIMEOUT_S = 60


@dataclass(frozen=True)
class OfficialFile:
    """One file of a data set."""

    name: str
    url: str
    md5: str
    page: str
    """Where a person can fetch it with a browser."""


@dataclass(frozen=True)
class OfficialSet:
    """A data set with its terms."""

    title: str
    terms: str
    files: tuple[OfficialFile, ...]


DATA_SETS: Registry[OfficialSet] = Registry("data set")


@DATA_SETS.register("celeba")
def celeba() -> OfficialSet:
    """CelebA; identifiers and checksums as in torchvision's `datasets/celeba.py`."""
    partition, pictures = "0B7EVK8r0v71pY0NSMzRuSXJEVkk", "0B7EVK8r0v71pZjFTYXZWM3FlRnM"
    return OfficialSet(
        "CelebA, aligned and cropped (Liu et al. 2015), 202,599 pictures",
        "non-commercial research only; no copies of the pictures to others; "
        "see https://mmlab.ie.cuhk.edu.hk/projects/CelebA.html",
        (
            _drive("list_eval_partition.txt", partition, "d32c9cbf5e040fd4025c592c306e6668"),
            _drive("img_align_celeba.zip", pictures, "00d2c5bc6d35e252742224ab0c1e8fcb"),
        ),
    )


@DATA_SETS.register("fgvc-aircraft")
def fgvc_aircraft() -> OfficialSet:
    """FGVC-Aircraft; address as in torchvision's `datasets/fgvc_aircraft.py`."""
    page = "https://www.robots.ox.ac.uk/~vgg/data/fgvc-aircraft/"
    name, md5 = "fgvc-aircraft-2013b.tar.gz", "d4acdd33327262359767eeaa97a4f732"
    return OfficialSet(
        "FGVC-Aircraft 2013b (Maji et al. 2013), 10,000 photographs, 2.75 GB",
        "non-commercial research only; the photographers keep their copyright and are to be asked "
        f"for any other use; see {page}",
        (OfficialFile(name, f"{page}archives/{name}", md5, page),),
    )


def _drive(name: str, number: str, md5: str) -> OfficialFile:
    # `confirm=t` answers the question that is asked before large files
    query = f"id={number}&export=download&confirm=t"
    address = f"https://drive.usercontent.google.com/download?{query}"
    return OfficialFile(name, address, md5, f"https://drive.google.com/file/d/{number}/view")


def fetch(file: OfficialFile, folder: Path, *, progress: bool = False) -> Path:
    """The path of `file` in `folder`, fetched unless it is there with the right checksum.

    What a broken call received stays as `NAME.part`, and the next call goes on from there.

    Raises:
        BadDataError: The server fails, or what it sent has the wrong checksum.
        MissingExtraError: Pooch is not installed.
    """
    with needed("downloading needs pooch", "'restauro[train]'"):
        import pooch

    pooch.get_logger().setLevel("WARNING")  # the command says the same in its own words
    path = folder / file.name
    if path.exists():
        if pooch.file_hash(str(path), alg="md5") == file.md5:
            return path
        raise BadDataError(
            f"{path} is there, but it is not the official file (its MD5 is not {file.md5}); "
            "move it away, and run this again"
        )
    resuming = Resuming(file, folder / f"{file.name}.part", progress)
    try:
        pooch.retrieve(file.url, f"md5:{file.md5}", file.name, folder, downloader=resuming)
    except ValueError as error:  # Pooch's word for a wrong checksum; it has removed the file
        raise BadDataError(
            f"{file.name} came with a checksum other than MD5 {file.md5} and was removed; run this "
            f"again, or fetch it with a browser from {file.page} into {folder}"
        ) from error
    except OSError as error:
        raise BadDataError(
            f"{folder} cannot be written ({error}); choose another folder"
        ) from error
    return path


class Resuming:
    """A downloader for Pooch that goes on where a partial file ends."""

    def __init__(self, file: OfficialFile, part: Path, progress: bool) -> None:
        self.file, self.part, self.progress = file, part, progress

    def __call__(self, url: str, output_file: str, pooch: Any) -> None:
        """Fetches `url` into `output_file`; the signature is Pooch's."""
        os.remove(output_file)  # Pooch's empty placeholder would outlive a killed run
        try:
            self._receive(url)
        except (OSError, http.client.HTTPException) as error:
            raise BadDataError(
                f"{self.file.name} could not be fetched ({error}); run this again to go on from "
                f"{self._received() / 1e6:.1f} MB, or use a browser: {self.file.page}"
            ) from error
        self.part.replace(output_file)

    def _receive(self, url: str) -> None:
        try:
            answer = self._answer(url)
        except urllib.error.HTTPError as error:
            error.close()
            if error.code != http.HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE:
                raise
            if error.headers.get("Content-Range") == f"bytes */{self._received()}":
                return  # nothing is missing
            self.part.unlink()  # longer than the file: not a part of it
            answer = self._answer(url)
        with closing(answer):
            start = self._received() if answer.status == http.HTTPStatus.PARTIAL_CONTENT else 0
            length = answer.headers.get("Content-Length")
            total = start + int(length) if length else None
            bar = progress_bar(
                total,
                "B",
                is_shown=self.progress,
                desc=self.file.name,
                initial=start,
                unit_scale=True,
            )
            # a server that cannot resume sends everything: begin again
            with self.part.open("ab" if start else "wb") as file, bar:
                while chunk := answer.read(CHUNK_BYTES):
                    file.write(chunk)
                    bar.update(len(chunk))
        if total is not None and self._received() < total:
            raise OSError(f"the connection ended after {self._received()} of {total} bytes")

    def _answer(self, url: str) -> http.client.HTTPResponse:
        answer = self._request(url)
        if _is_page(answer):  # Google Drive asks before it sends a large file
            with closing(answer):
                page = answer.read(2**20).decode(errors="replace")
            confirmed = _confirmed_address(url, page)
            answer = self._request(confirmed) if confirmed else answer
        if _is_page(answer):
            answer.close()
            raise BadDataError(
                f"the server sent a web page instead of {self.file.name}, as Google Drive does "
                "after too many downloads in a day; fetch it with a browser from "
                f"{self.file.page} into {self.part.parent}"
            )
        return answer

    def _request(self, url: str) -> http.client.HTTPResponse:
        headers = {"User-Agent": f"restauro/{__version__}"}
        if self._received():
            headers["Range"] = f"bytes={self._received()}-"
        request = urllib.request.Request(url, headers=headers)
        answer: http.client.HTTPResponse = urllib.request.urlopen(request, timeout=TIMEOUT_S)
        return answer

    def _received(self) -> int:
        return self.part.stat().st_size if self.part.exists() else 0


def _is_page(answer: http.client.HTTPResponse) -> bool:
    return answer.headers.get_content_type() == "text/html"


def _confirmed_address(url: str, page: str) -> str | None:
    """Where the form of Google Drive's question leads, or None on any other page."""
    form = _DownloadForm()
    form.feed(page)
    return urljoin(url, f"{form.action}?{urlencode(form.values)}") if form.action else None


class _DownloadForm(html.parser.HTMLParser):
    """The address and the hidden values of the form with the id `download-form`."""

    def __init__(self) -> None:
        super().__init__()
        self.action = ""
        self.values: dict[str, str] = {}

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        named = {name: value or "" for name, value in attrs}
        if tag == "form" and named.get("id") == "download-form":
            self.action = named.get("action", "")
        if tag == "input" and self.action and named.get("name"):
            self.values[named["name"]] = named.get("value", "")
