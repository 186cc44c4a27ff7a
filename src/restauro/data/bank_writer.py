"""Writes the parts of a bank row by row, in constant memory; `bank.py` reads them."""

from __future__ import annotations

import csv
import hashlib
import json
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import IO, Any

import numpy as np

from restauro.data.bank import FORMAT, SPLITS
from restauro.picture.types import Image


class BankWriter:
    """Fills the folder of a new bank; used as a context, then `describe` completes it."""

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

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
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
        with (self.folder / "images.npy").open("rb") as file:
            checksum = hashlib.file_digest(file, "sha256").hexdigest()
        content = {
            "format": FORMAT,
            **description,
            "counts": {split: self.counts[split] for split in SPLITS},
            "num_rejected": self.num_rejected,
            "sha256": checksum,
        }
        (self.folder / "bank.json").write_text(json.dumps(content, indent=2) + "\n")
        return content


def _write_header(file: IO[bytes], num_rows: int, side: int) -> None:
    """The header that `np.save` would write; it has the same length for every number of rows."""
    np.lib.format.write_array_header_1_0(
        file, {"descr": "|u1", "fortran_order": False, "shape": (num_rows, side, side, 3)}
    )
