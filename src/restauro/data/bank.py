"""A bank: pictures decoded once, kept as one memory-mapped array beside an index.

    bank.json      what made it: source, size, arguments, counts, fingerprint
    images.npy     (N, H, W, 3) uint8 RGB
    index.csv      one row a picture: name, split, and what the source knows of it
    rejected.csv   name and reason of the pictures that could not be used

A batch is a gather from `images.npy`; all processes of a machine share its pages.
"""

from __future__ import annotations

import csv
import hashlib
import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from restauro.errors import BadDataError
from restauro.files import file_sha256
from restauro.picture.types import Image

SPLITS = ("train", "val", "test")
FORMAT = 1
"""Grows when a bank of today could be misread; a reader refuses what is newer than itself."""
NUM_SAMPLED = 64
"""Pictures that go into a bank's checksum: read in milliseconds from banks of any size."""


@dataclass(frozen=True)
class Bank:
    """An opened bank."""

    path: Path
    images: NDArray[np.uint8]
    """(N, H, W, 3) uint8 RGB, memory-mapped and read-only."""
    index: list[dict[str, str]]
    """One row a picture, in the order of `images`; every row has `name` and `split`."""
    description: dict[str, Any]
    """The content of `bank.json`."""

    @classmethod
    def open(cls, path: Path) -> Bank:
        """Opens the bank in the folder `path`.

        Raises:
            BadDataError: The folder is no bank, or its parts do not belong together.
        """
        try:
            description = json.loads((path / "bank.json").read_text())
            images = np.load(path / "images.npy", mmap_mode="r")
            with (path / "index.csv").open(newline="", encoding="utf-8") as file:
                index = list(csv.DictReader(file))
        except (OSError, ValueError) as error:
            raise BadDataError(
                f"{path} is not a bank ({error}); make one with `restauro prepare`"
            ) from error
        if description.get("format", FORMAT) > FORMAT:
            raise BadDataError(
                f"{path} has the bank format {description['format']}, but this restauro reads up "
                f"to {FORMAT}; update restauro"
            )
        if len(index) != len(images) or images.ndim != 4:
            raise BadDataError(
                f"{path} has {len(index)} rows in its index but images of shape {images.shape}; "
                "make it again with `restauro prepare --force`"
            )
        return cls(path, images, index, description)

    @property
    def size(self) -> tuple[int, int]:
        """(height, width) of every picture, in pixels."""
        return self.images.shape[1], self.images.shape[2]

    def checksum(self) -> str:
        """What tells this bank from others, wherever it lies: 64 hexadecimal digits.

        Covers names, splits and their order, the shape of the pictures, the pixels of 64 pictures
        spread evenly from the first to the last, and the checksum of all pixels that `prepare`
        noted in `bank.json`; a bank made by hand need not have one. So other pictures are noticed,
        also where `images.npy` was swapped for one of other pictures or another cut. Not noticed
        are pixels changed by hand, in `images.npy`, outside of those 64 pictures; and columns of
        labels do not count.
        """
        rows = np.linspace(0, len(self.images) - 1, NUM_SAMPLED).astype(np.int64)
        names = [(row.get("name"), row["split"]) for row in self.index]
        parts = [self.description.get("sha256"), self.images.shape, names]
        digest = hashlib.sha256(json.dumps(parts).encode())
        digest.update(np.ascontiguousarray(self.images[np.unique(rows)]).data)
        return digest.hexdigest()

    def split(self, name: str) -> NDArray[np.int64]:
        """Positions in `images` of the pictures of the split `name`, ascending.

        Raises:
            BadDataError: No picture has this split.
        """
        rows = np.array([i for i, row in enumerate(self.index) if row["split"] == name], np.int64)
        if not len(rows):
            known = sorted({row["split"] for row in self.index})
            raise BadDataError(
                f"{self.path} has no picture in the split {name!r}; it has {', '.join(known)}"
            )
        return rows


class BankWriter:
    """Fills the folder of a new bank row by row, in constant memory.

    Used as a context; then `describe` completes the bank.
    """

    def __init__(self, folder: Path, side: int, columns: Sequence[str]) -> None:
        self.folder, self.side = folder, side
        self.counts: Counter[str] = Counter()
        self.num_rejected = 0
        self.last_reason = ""
        self._images = (folder / "images.npy").open("wb")
        self._index_file = (folder / "index.csv").open("w", newline="", encoding="utf-8")
        self._rejected_file = (folder / "rejected.csv").open("w", newline="", encoding="utf-8")
        self._index, self._rejected = csv.writer(self._index_file), csv.writer(self._rejected_file)
        self._index.writerow(["name", "split", *columns])
        self._rejected.writerow(["name", "reason"])
        _write_header(self._images, 0, side)
        self._start_of_rows = self._images.tell()

    def __enter__(self) -> BankWriter:
        return self

    def __exit__(self, *error: object) -> None:
        self._images.seek(0)
        _write_header(self._images, self.counts.total(), self.side)
        assert self._images.tell() == self._start_of_rows, "NumPy leaves room for any number"
        for file in (self._images, self._index_file, self._rejected_file):
            file.close()

    def add(self, image: Image, row: Sequence[str]) -> None:
        """Appends one picture (side, side, 3) and its row: name, split, labels."""
        assert image.shape == (self.side, self.side, 3), image.shape
        self._images.write(np.ascontiguousarray(image).data)
        self._index.writerow(row)
        self.counts[row[1]] += 1

    def reject(self, name: str, reason: str) -> None:
        """Lists a picture that is not in the bank."""
        self.last_reason = " ".join(reason.split())  # one line each
        self._rejected.writerow([name, self.last_reason])
        self.num_rejected += 1

    def describe(self, description: dict[str, Any]) -> dict[str, Any]:
        """Writes `bank.json`, the last part, and returns its content."""
        content = {
            "format": FORMAT,
            **description,
            "counts": {split: self.counts[split] for split in SPLITS},
            "num_rejected": self.num_rejected,
            "sha256": file_sha256(self.folder / "images.npy"),
        }
        (self.folder / "bank.json").write_text(json.dumps(content, indent=2) + "\n")
        return content


def _write_header(file: IO[bytes], num_rows: int, side: int) -> None:
    """The header that `np.save` would write; it has the same length for every number of rows."""
    np.lib.format.write_array_header_1_0(
        file, {"descr": "|u1", "fortran_order": False, "shape": (num_rows, side, side, 3)}
    )
