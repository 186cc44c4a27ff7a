from __future__ import annotations

from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from PIL import Image
from sourcemakers import (
    REAL,
    jpeg,
    needs_real_pictures,
    prepared,
    rejections,
    write_folder,
    write_tar,
    write_zip,
)

from restauro.data.bank import Bank
from restauro.data.pictures import centre_square, decode
from restauro.data.sources import SOURCES, SourceOptions
from restauro.data.sources.folder import PictureFolder, split_by_hash
from restauro.errors import BadDataError

PICTURES = {f"{name}.jpg": jpeg(seed=seed) for seed, name in enumerate("abcdefghij")}


def splits(bank: Path) -> dict[str, str]:
    return {row["name"]: row["split"] for row in Bank.open(bank).index}


def test_the_middle_square_is_resized_with_lanczos(tmp_path: Path) -> None:
    source = write_folder(tmp_path / "source", {"a.jpg": jpeg(50, 37), "b.jpg": jpeg(37, 50)})
    prepared("folder", source, tmp_path / "bank", size=20)
    for image, data in zip(
        Bank.open(tmp_path / "bank").images, (jpeg(50, 37), jpeg(37, 50)), strict=True
    ):
        square = centre_square(decode(data)).resize((20, 20), Image.Resampling.LANCZOS)
        assert_array_equal(image, np.asarray(square))


@pytest.mark.parametrize("top", ["", "planes/", "planes/small/"])
def test_the_folders_train_val_and_test_are_the_splits(top: str, tmp_path: Path) -> None:
    names = ["train/a.jpg", "Validation/b.jpg", "test/civil/c.jpg"]
    source = write_folder(tmp_path / "source", {top + name: jpeg() for name in names})
    prepared("folder", source, tmp_path / "bank")
    assert splits(tmp_path / "bank") == {
        top + "train/a.jpg": "train",
        top + "Validation/b.jpg": "val",
        top + "test/civil/c.jpg": "test",
    }


def test_pictures_outside_the_split_folders_are_listed_and_not_guessed(tmp_path: Path) -> None:
    names = ["train/a.jpg", "test/b.jpg", "more/c.jpg", "d.jpg"]
    source = write_folder(tmp_path / "source", dict.fromkeys(names, jpeg()))
    prepared("folder", source, tmp_path / "bank")
    assert splits(tmp_path / "bank") == {"train/a.jpg": "train", "test/b.jpg": "test"}
    assert set(rejections(tmp_path / "bank")) == {"more/c.jpg", "d.jpg"}


def test_a_class_named_train_is_no_split(tmp_path: Path) -> None:
    names = [f"{kind}/{i}.jpg" for kind in ("train", "car", "plane") for i in range(4)]
    source = write_folder(tmp_path / "source", dict.fromkeys(names, jpeg()))
    prepared("folder", source, tmp_path / "bank")
    assert splits(tmp_path / "bank") == {name: split_by_hash(name) for name in sorted(names)}


def test_a_name_keeps_its_split_when_pictures_are_added() -> None:
    few, many = [f"{i}.jpg" for i in range(50)], [f"{i}.jpg" for i in range(2000)]
    before, after = [split_by_hash(name) for name in few], [split_by_hash(name) for name in many]
    assert after[:50] == before
    shares = Counter(after)
    # of 2000 names, three standard deviations are 54 around 1600 and 40 around 200
    assert abs(shares["train"] - 1600) < 54
    assert abs(shares["val"] - 200) < 40


def test_a_folder_its_zip_and_its_tar_give_the_same_bank(tmp_path: Path) -> None:
    wrapped = {f"faces/{name}": data for name, data in PICTURES.items()}
    sources = [
        write_folder(tmp_path / "faces", PICTURES),
        write_zip(tmp_path / "faces.zip", wrapped),
        write_tar(tmp_path / "faces.tar.gz", wrapped),
    ]
    banks = [tmp_path / f"bank{i}" for i in range(3)]
    for source, bank in zip(sources, banks, strict=True):
        prepared("folder", source, bank)
    assert len({(bank / "images.npy").read_bytes() for bank in banks}) == 1
    assert len({(bank / "index.csv").read_bytes() for bank in banks}) == 1


def test_labels_beside_the_pictures_enter_the_index(tmp_path: Path) -> None:
    labels = 'file,person,mood\ntrain/a.jpg,"Doe, Jo",calm\ntest/b.jpg,Ann,\n'
    files = {f"set/{name}": jpeg() for name in ("train/a.jpg", "test/b.jpg", "test/c.jpg")}
    source = write_zip(tmp_path / "set.zip", files | {"set/labels.csv": labels.encode()})
    prepared("folder", source, tmp_path / "bank")
    assert [tuple(row.values()) for row in Bank.open(tmp_path / "bank").index] == [
        ("test/b.jpg", "test", "Ann", ""),
        ("test/c.jpg", "test", "", ""),
        ("train/a.jpg", "train", "Doe, Jo", "calm"),
    ]


@pytest.mark.parametrize(
    ("labels", "rule"),
    [
        ("picture,mood\na.jpg,calm\n", "has no column `file`"),
        ("file,split\na.jpg,train\n", "has a column 'split', which the index needs; rename it"),
        ("file,mood\na.jpg,calm,sad\n", "more values than columns"),
        ("", "has no column `file`"),
    ],
)
def test_labels_that_cannot_be_read_are_an_error(labels: str, rule: str, tmp_path: Path) -> None:
    source = write_folder(tmp_path / "source", {"a.jpg": jpeg(), "labels.csv": labels.encode()})
    with pytest.raises(BadDataError, match=rule):
        PictureFolder(source).plan()


def test_what_cannot_be_used_is_listed_with_its_reason_and_the_rest_is_used(tmp_path: Path) -> None:
    bad = {
        "broken.jpg": jpeg()[:300],
        "empty.png": b"",
        "text.jpg": b"not a picture",
        "tiny.jpg": jpeg(50, 7),
        "../outside.jpg": jpeg(),
        "telephone.HEIC": b"no matter what",
    }
    other = {"notes.txt": b"", "movie.mp4": b""}
    source = write_zip(tmp_path / "mixed.zip", PICTURES | bad | other)
    result = prepared("folder", source, tmp_path / "bank")
    assert len(Bank.open(tmp_path / "bank").images) == len(PICTURES)
    assert result.description["num_rejected"] == len(bad)
    assert result.description["num_ignored"] == len(other)
    reasons = rejections(tmp_path / "bank")
    assert set(reasons) == set(bad)
    assert reasons["tiny.jpg"] == "its square of 7 pixels would be enlarged more than twice to 16"
    assert reasons["../outside.jpg"] == "its name leads out of the archive"
    assert reasons["telephone.HEIC"].startswith("of a format that restauro does not read")
    assert reasons["text.jpg"] == "no picture that Pillow can read"


def test_a_source_without_usable_pictures_is_an_error_and_leaves_nothing(tmp_path: Path) -> None:
    source = write_folder(tmp_path / "source", {"a.jpg": b"no picture", "notes.txt": b""})
    with pytest.raises(BadDataError, match=r"source has no usable picture .*1 rejected: no pict"):
        prepared("folder", source, tmp_path / "bank")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["source"]


def test_the_place_must_be_said() -> None:
    with pytest.raises(BadDataError, match="say where with --from PATH"):
        SOURCES.create("folder", options=SourceOptions())


def test_options_of_other_sources_are_refused(tmp_path: Path) -> None:
    with pytest.raises(BadDataError, match="--count says nothing to the source 'folder'"):
        SOURCES.create("folder", options=SourceOptions(path=tmp_path, count=10))
    with pytest.raises(BadDataError, match="--from says nothing to the source 'samples'"):
        SOURCES.create("samples", options=SourceOptions(path=tmp_path))


@needs_real_pictures
def test_the_real_sets_have_the_splits_and_labels_that_their_readme_says() -> None:
    aircraft = PictureFolder(REAL / "aircraft.zip").plan()
    counts = Counter(entry.split for entry, _ in aircraft.offers)
    assert counts == {"train": 4400, "val": 300, "test": 300}
    faces = PictureFolder(REAL / "fairface.zip").plan()
    entries = [entry for entry, _ in faces.offers]
    assert Counter(entry.split for entry in entries) == {"train": 2450, "val": 1400}
    assert faces.columns == ("race", "gender")
    of_each_group = Counter((entry.split, entry.labels[0]) for entry in entries)
    assert set(of_each_group.values()) == {350, 200}
