from __future__ import annotations

import io
import zipfile
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
    write_zip,
)

from restauro.data.bank import Bank
from restauro.data.prepare import Recipe, prepare
from restauro.data.sources import SourceOptions
from restauro.errors import BadDataError

PARTITION = b"".join(b"%06d.jpg %d\n" % (number, number % 3) for number in range(1, 8))
FACES = {f"img_align_celeba/{number:06}.jpg": jpeg(178, 218, number) for number in (1, 2, 3, 5)}


def write_celeba(path: Path, layout: str) -> Path:
    """The official files, and the path that a user would give for them."""
    if layout == "zip":
        write_folder(path, {"list_eval_partition.txt": PARTITION})
        write_zip(path / "img_align_celeba.zip", FACES)
        return path
    if layout == "the zip itself":
        return write_celeba(path, "zip") / "img_align_celeba.zip"
    if layout == "extracted":
        return write_folder(path, FACES | {"list_eval_partition.txt": PARTITION})
    if layout == "the extracted folder itself":
        return write_celeba(path, "extracted") / "img_align_celeba"
    assert layout == "as on the official drive"
    write_folder(path, {"Eval/list_eval_partition.txt": PARTITION, "Img/readme.txt": b""})
    write_zip(path / "Img" / "img_align_celeba.zip", FACES)
    return path


@pytest.mark.parametrize(
    "layout",
    [
        "zip",
        "the zip itself",
        "extracted",
        "the extracted folder itself",
        "as on the official drive",
    ],
)
def test_every_layout_gives_the_same_faces_with_their_official_split(
    layout: str, tmp_path: Path
) -> None:
    result = prepared("celeba", write_celeba(tmp_path / "celeba", layout), tmp_path / "bank")
    bank = Bank.open(tmp_path / "bank")
    assert [(row["name"], row["split"]) for row in bank.index] == [
        ("000001.jpg", "val"),
        ("000002.jpg", "test"),
        ("000003.jpg", "train"),
        ("000005.jpg", "test"),
    ]
    assert result.description["num_missing"] == 3
    assert result.description["num_rejected"] == 0
    for image, data in zip(bank.images, FACES.values(), strict=True):
        face = Image.open(io.BytesIO(data)).crop((0, 20, 178, 198))
        assert_array_equal(image, np.asarray(face.resize((16, 16), Image.Resampling.LANCZOS)))


def test_pictures_of_another_size_or_without_a_split_are_listed(tmp_path: Path) -> None:
    source = write_celeba(tmp_path / "celeba", "extracted")
    write_folder(
        source / "img_align_celeba",
        {"000004.jpg": jpeg(50, 37), "999999.jpg": jpeg(178, 218), "more/000001.jpg": jpeg()},
    )
    prepared("celeba", source, tmp_path / "bank")
    assert rejections(tmp_path / "bank") == {
        "000004.jpg": "50x37 pixels, not the 178x218 of the official alignment",
        "999999.jpg": "not in list_eval_partition.txt",
        "more/000001.jpg": "another picture has the same name",
    }


def test_the_list_of_the_split_may_lie_elsewhere(tmp_path: Path) -> None:
    source = write_zip(tmp_path / "faces.zip", FACES)
    with pytest.raises(
        BadDataError, match=r"no list_eval_partition\.txt .*name it with --split-fi"
    ):
        prepared("celeba", source, tmp_path / "bank")
    elsewhere = write_folder(tmp_path / "else" / "where", {"split.txt": PARTITION}) / "split.txt"
    prepare(Recipe("celeba", SourceOptions(source, elsewhere), 16), tmp_path / "bank")
    assert len(Bank.open(tmp_path / "bank").images) == 4


@pytest.mark.parametrize("line", ["000001.jpg", "000001.jpg 3", "000001.jpg train"])
def test_a_list_in_another_format_is_an_error(line: str, tmp_path: Path) -> None:
    source = write_celeba(tmp_path / "celeba", "zip")
    (source / "list_eval_partition.txt").write_text(line)
    with pytest.raises(BadDataError, match="lines that are not `000001.jpg 0`"):
        prepared("celeba", source, tmp_path / "bank")


@needs_real_pictures
def test_real_faces_are_cut_as_by_hand(tmp_path: Path) -> None:
    """Twenty real pictures in a folder of their own, against Pillow used directly."""
    with zipfile.ZipFile(REAL / "celeba" / "img_align_celeba.zip") as archive:
        names = sorted(name for name in archive.namelist() if name.endswith(".jpg"))[:20]
        faces = {name: archive.read(name) for name in names}
    source = write_folder(tmp_path / "celeba", faces)
    (source / "list_eval_partition.txt").symlink_to(REAL / "celeba" / "list_eval_partition.txt")
    result = prepared("celeba", source, tmp_path / "bank", size=128)
    assert result.description["num_missing"] == 202_599 - 20
    for image, data in zip(Bank.open(tmp_path / "bank").images, faces.values(), strict=True):
        face = Image.open(io.BytesIO(data)).convert("RGB").crop((0, 20, 178, 198))
        assert_array_equal(image, np.asarray(face.resize((128, 128), Image.Resampling.LANCZOS)))
