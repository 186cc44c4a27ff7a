"""The official photographs are not at hand: these tests make pictures for real annotation lines."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageDraw
from sourcemakers import (
    REAL,
    encoded,
    needs_real_pictures,
    prepared,
    rejections,
    write_folder,
    write_tar,
)

from restauro.data.bank import Bank
from restauro.data.pictures import UnusablePictureError
from restauro.data.sources.fgvc_aircraft import BANNER_PX, Box, FgvcAircraft, around_plane
from restauro.errors import BadDataError

BOXES: dict[str, Box] = {  # official lines
    "1025794": (3, 144, 998, 431),
    "0481847": (73, 220, 1198, 508),
    "1514522": (13, 159, 999, 379),
}
SPLITS = {"1025794": "train", "0481847": "val", "1514522": "test"}
SIZES = {"1025794": (1024, 695), "0481847": (1200, 803), "1514522": (1024, 683)}
SKY, PLANE, BANNER = (90, 140, 200), (20, 160, 40), (255, 0, 0)


def photograph(size: tuple[int, int], box: Box) -> bytes:
    """A green plane that fills its box, in a blue sky above a red banner."""
    image = Image.new("RGB", size, SKY)
    pen = ImageDraw.Draw(image)
    pen.rectangle((box[0], box[1], box[2] - 1, box[3] - 1), fill=PLANE)
    pen.rectangle((0, size[1] - BANNER_PX, size[0], size[1]), fill=BANNER)
    return encoded(image, "JPEG", quality=95)


def official_set() -> dict[str, bytes]:
    """The files of a set of three photographs and four annotations."""
    lines = {"images_box.txt": [f"{n} {' '.join(map(str, box))}" for n, box in BOXES.items()]}
    for split in ("train", "val", "test"):
        numbers = [number for number, where in SPLITS.items() if where == split]
        numbers += ["0056978"] if split == "train" else []  # listed, but not there
        lines[f"images_{split}.txt"] = numbers
        lines[f"images_variant_{split}.txt"] = [f"{number} 707-320" for number in numbers]
        lines[f"images_family_{split}.txt"] = [f"{number} Boeing 707" for number in numbers]
        lines[f"images_manufacturer_{split}.txt"] = [f"{number} Boeing" for number in numbers]
    root = "fgvc-aircraft-2013b/data/"
    texts = {root + name: "\n".join(text).encode() + b"\n" for name, text in lines.items()}
    photos = {
        f"{root}images/{number}.jpg": photograph(SIZES[number], box)
        for number, box in BOXES.items()
    }
    return photos | texts | {"fgvc-aircraft-2013b/README.md": b"about"}


@pytest.mark.parametrize("kind", ["folder", "its data folder", "tar.gz", "folder with the tar.gz"])
def test_every_layout_gives_the_same_rows(kind: str, tmp_path: Path) -> None:
    source = tmp_path / "source"
    if kind == "tar.gz":
        source = write_tar(tmp_path / "fgvc-aircraft-2013b.tar.gz", official_set())
    elif kind == "folder with the tar.gz":
        source.mkdir()
        write_tar(source / "fgvc-aircraft-2013b.tar.gz", official_set())
    else:
        write_folder(source, official_set())
        source = source / "fgvc-aircraft-2013b" / "data" if "data" in kind else source
    result = prepared("fgvc-aircraft", source, tmp_path / "bank", size=32)
    rows = {row["name"]: row for row in Bank.open(tmp_path / "bank").index}
    assert {name: row["split"] for name, row in rows.items()} == {
        f"{number}.jpg": split for number, split in SPLITS.items()
    }
    row = rows["1025794.jpg"]
    assert (row["variant"], row["family"], row["manufacturer"]) == (
        "707-320",
        "Boeing 707",
        "Boeing",
    )
    assert (result.description["num_missing"], result.description["num_rejected"]) == (1, 0)


def test_the_plane_is_whole_in_the_middle_and_the_banner_is_gone(tmp_path: Path) -> None:
    """By hand for 1025794: 995 wide, so 1.2 * 995 = 1194 is cut to the photograph's 1024."""
    source = write_folder(tmp_path / "source", official_set())
    prepared("fgvc-aircraft", source, tmp_path / "bank", size=128)
    bank = Bank.open(tmp_path / "bank")
    image = bank.images[[row["name"] for row in bank.index].index("1025794.jpg")].astype(int)
    is_plane = (image[..., 1] > image[..., 2]) & (image[..., 0] < 100)
    rows, columns = np.flatnonzero(is_plane.any(1)), np.flatnonzero(is_plane.any(0))
    # one pixel of the bank is 8 of the photograph; resizing blurs by one
    assert np.ptp(columns) + 1 == pytest.approx(995 / 8, abs=1.5)
    assert np.ptp(rows) + 1 == pytest.approx(287 / 8, abs=1.5)
    assert rows.mean() == pytest.approx(63.5, abs=1.5)
    assert not (image[..., 0] > 150).any(), "red is left of the banner"


@given(
    width=st.integers(20, 90),
    height=st.integers(20, 90),
    corners=st.tuples(*[st.floats(0, 1)] * 4),
)
def test_the_whole_box_is_always_in_the_square(
    width: int, height: int, corners: tuple[float, float, float, float]
) -> None:
    left, right = sorted((int(corners[0] * (width - 1)), int(corners[1] * (width - 1))))
    top, bottom = sorted((int(corners[2] * (height - 1)), int(corners[3] * (height - 1))))
    box = (left, top, right + 1, bottom + 1)
    pixels = np.zeros((height + BANNER_PX, width, 3), np.uint8)
    pixels[..., 0], pixels[..., 1] = np.mgrid[0 : height + BANNER_PX, 0:width]  # each its place
    square = np.asarray(around_plane(Image.fromarray(pixels), box))
    assert square.shape[0] == square.shape[1]
    places = {(int(row), int(column)) for row, column, _ in square.reshape(-1, 3)}
    assert {(top, left), (bottom, right), (top, right), (bottom, left)} <= places
    assert max(row for row, _ in places) < height, "the banner is in the square"


def test_a_small_plane_gets_a_tenth_of_its_length_as_context() -> None:
    pixels = np.zeros((300 + BANNER_PX, 400, 3), np.uint8)
    pixels[100:150, 150:250] = 255
    square = np.asarray(around_plane(Image.fromarray(pixels), (150, 100, 250, 150)))[..., 0]
    assert square.shape == (120, 120)
    rows, columns = np.flatnonzero(square.any(1)), np.flatnonzero(square.any(0))
    assert (columns[0], columns[-1]) == (10, 109)
    assert (rows[0], rows[-1]) == (35, 84)


def test_outside_the_photograph_its_edge_goes_on_without_the_colors_of_the_banner() -> None:
    pixels = np.zeros((50 + BANNER_PX, 80, 3), np.uint8)
    pixels[0], pixels[46], pixels[48:50], pixels[50:] = 10, 20, 200, 255
    square = np.asarray(around_plane(Image.fromarray(pixels), (0, 10, 80, 20)))[..., 0]
    assert square.shape == (80, 80)
    assert square[:, 40].tolist() == [10] * 26 + [0] * 45 + [20, 0, 200, 200] + [20] * 5
    square = np.asarray(around_plane(Image.fromarray(pixels), (0, 30, 80, 50)))[..., 0]
    assert square[:, 40].tolist() == [10] + [0] * 45 + [20, 0, 200, 200] + [20] * 30


def test_a_box_outside_its_photograph_is_a_reason_to_refuse() -> None:
    with pytest.raises(UnusablePictureError, match="does not lie in its 50x37 pixels"):
        around_plane(Image.new("RGB", (50, 37)), (60, 3, 80, 9))


def test_photographs_without_box_or_split_are_listed(tmp_path: Path) -> None:
    files, root = official_set(), "fgvc-aircraft-2013b/data/"
    boxes = files[root + "images_box.txt"].decode().splitlines()
    files[root + "images_box.txt"] = "\n".join(boxes[1:]).encode()
    files[root + "images/9999999.jpg"] = files[root + "images/0481847.jpg"]
    prepared("fgvc-aircraft", write_folder(tmp_path / "source", files), tmp_path / "bank")
    reasons = rejections(tmp_path / "bank")
    assert reasons[root + "images/1025794.jpg"] == "has no box in images_box.txt"
    assert reasons[root + "images/9999999.jpg"].startswith("in none of the lists")


def test_an_incomplete_set_is_an_error_that_names_what_is_missing(tmp_path: Path) -> None:
    files = official_set()
    del files["fgvc-aircraft-2013b/data/images_family_val.txt"]
    with pytest.raises(BadDataError, match=r"lacks .*/images_family_val\.txt; use the complete"):
        FgvcAircraft(write_folder(tmp_path / "source", files)).plan()
    with pytest.raises(BadDataError, match=r"has no images_box\.txt; give the official archive"):
        FgvcAircraft(write_folder(tmp_path / "other", {"a.jpg": b""})).plan()


def test_a_box_list_in_another_format_is_an_error(tmp_path: Path) -> None:
    files = official_set() | {"fgvc-aircraft-2013b/data/images_box.txt": b"1025794 3 144 998\n"}
    with pytest.raises(BadDataError, match="'1025794 3 144 998', not a number and four pixels"):
        FgvcAircraft(write_folder(tmp_path / "source", files)).plan()


@needs_real_pictures
def test_the_real_lists_are_read_whole(tmp_path: Path) -> None:
    lists = REAL / "fgvc-aircraft-2013b" / "data"
    source = tmp_path / "data"
    source.mkdir()
    for path in lists.glob("*.txt"):
        (source / path.name).symlink_to(path)
    write_folder(source / "images", {"1025794.jpg": photograph(SIZES["1025794"], BOXES["1025794"])})
    result = prepared("fgvc-aircraft", source, tmp_path / "bank")
    assert result.description["num_missing"] == 10_000 - 1
    (row,) = Bank.open(tmp_path / "bank").index
    assert list(row.values()) == ["1025794.jpg", "train", "707-320", "Boeing 707", "Boeing"]
