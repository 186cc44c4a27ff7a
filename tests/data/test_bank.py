from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from sourcemakers import jpeg, prepared, write_folder

from restauro.data.bank import FORMAT, Bank
from restauro.errors import BadDataError


@pytest.fixture
def path(tmp_path: Path) -> Path:
    files = {f"{split}/{i}.jpg": jpeg(seed=i) for split in ("train", "val") for i in range(3)}
    prepared("folder", write_folder(tmp_path / "source", files), tmp_path / "bank")
    return tmp_path / "bank"


def test_a_split_names_the_rows_that_belong_to_it(path: Path) -> None:
    bank = Bank.open(path)
    assert bank.split("train").tolist() == [0, 1, 2]
    assert bank.split("val").tolist() == [3, 4, 5]
    with pytest.raises(BadDataError, match="no picture in the split 'test'; it has train, val"):
        bank.split("test")


def test_the_pictures_are_mapped_and_cannot_be_changed(path: Path) -> None:
    bank = Bank.open(path)
    assert isinstance(bank.images, np.memmap)
    with pytest.raises(ValueError, match="read-only"):
        bank.images[0] = 0


@pytest.mark.parametrize("part", ["bank.json", "images.npy", "index.csv"])
def test_a_bank_without_one_of_its_parts_is_refused(path: Path, part: str) -> None:
    (path / part).unlink()
    with pytest.raises(BadDataError, match="is not a bank .*make one with `restauro prepare`"):
        Bank.open(path)


def test_parts_of_different_banks_are_refused(path: Path) -> None:
    rows = (path / "index.csv").read_text().splitlines()
    (path / "index.csv").write_text("\n".join(rows[:-1]))
    with pytest.raises(BadDataError, match="5 rows in its index but images of shape"):
        Bank.open(path)


def test_a_truncated_array_is_refused(path: Path) -> None:
    data = (path / "images.npy").read_bytes()
    (path / "images.npy").write_bytes(data[:-100])
    with pytest.raises(BadDataError, match="is not a bank"):
        Bank.open(path)


def test_a_bank_of_a_newer_format_is_refused(path: Path) -> None:
    facts = json.loads((path / "bank.json").read_text())
    (path / "bank.json").write_text(json.dumps(facts | {"format": FORMAT + 1}))
    with pytest.raises(BadDataError, match=r"bank format 2, but this restauro .*update restauro"):
        Bank.open(path)


def changed(path: Path, part: str) -> None:
    """Changes a part of the bank in the folder `path`."""
    if part == "pictures":
        np.save(path / "images.npy", 255 - np.load(path / "images.npy"))
    elif part == "order":
        np.save(path / "images.npy", np.load(path / "images.npy")[::-1])
    elif part == "splits":
        rows = (path / "index.csv").read_text()
        (path / "index.csv").write_text(rows.replace(",val", ",train"))
    else:
        facts = json.loads((path / "bank.json").read_text())
        (path / "bank.json").write_text(json.dumps(facts | {"sha256": "of more pictures"}))


def test_a_copy_of_a_bank_has_its_checksum(path: Path, tmp_path: Path) -> None:
    shutil.copytree(path, tmp_path / "copy")
    (path / "bank.json").touch()
    assert Bank.open(tmp_path / "copy").checksum() == Bank.open(path).checksum()


@pytest.mark.parametrize("part", ["pictures", "order", "splits", "bank.json"])
def test_another_bank_has_another_checksum(path: Path, part: str) -> None:
    before = Bank.open(path).checksum()
    changed(path, part)
    assert Bank.open(path).checksum() != before


@pytest.mark.parametrize("part", ["pictures", "splits"])
def test_a_bank_made_by_hand_has_a_checksum_too(path: Path, part: str) -> None:
    (path / "bank.json").write_text("{}")
    before = Bank.open(path).checksum()
    assert Bank.open(path).checksum() == before
    changed(path, part)
    assert Bank.open(path).checksum() != before
