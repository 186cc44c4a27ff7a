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
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from restauro.errors import BadDataError

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
