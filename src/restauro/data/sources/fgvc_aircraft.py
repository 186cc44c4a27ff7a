"""FGVC-Aircraft 2013b: 10,000 photographs of aircraft with boxes, variants and official splits.

Source: Maji et al. 2013, "Fine-Grained Visual Classification of Aircraft", arXiv:1306.5151.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path, PurePosixPath
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray
from PIL import Image as Pillow

from restauro.data.bank import SPLITS
from restauro.data.containers import open_container, read_texts
from restauro.data.pictures import UnusablePictureError
from restauro.data.sources._source import Crop, IndexRow, Plan, SourceOptions, file_plan, is_picture
from restauro.errors import BadDataError
from restauro.plugins import source

ARCHIVE, BOXES = "fgvc-aircraft-2013b.tar.gz", "images_box.txt"
BANNER_PX = 20
"""Every photograph ends in a banner of this height that names its author."""
CONTEXT = 0.1
"""Surroundings on each side of the plane, as a share of its longer side.

The boxes are tight, and a hole at the tip of a wing needs something known around it; more than this
makes the plane small, for most photographs are not much wider than their plane.
"""
COLUMNS = ("variant", "family", "manufacturer")

Box: TypeAlias = tuple[int, int, int, int]
"""Left, top, right, bottom in pixels."""


class FgvcAircraft:
    """The official folder or `.tar.gz`: `data/images/*.jpg` with the lists beside them."""

    crop = (
        f"without the banner of {BANNER_PX} pixels, the square around the box of the plane with "
        f"{CONTEXT:.0%} of its longer side as context, continued at its edges where the "
        "photograph ends"
    )

    def __init__(self, path: Path) -> None:
        archive = path / ARCHIVE  # where `restauro download` leaves it
        self.container = open_container(archive if archive.is_file() else path)

    def identity(self) -> list[str]:
        """The archive, or every file of the folder."""
        return self.container.identity()

    def plan(self) -> Plan:
        """The photographs that are here, with what the official lists say of them."""
        listing = self.container.listing()
        folder = self._lists_folder(listing.names)
        lists = read_texts(self.container, [str(folder / name) for name in _list_names()])
        lists = {PurePosixPath(name).name: text for name, text in lists.items()}
        boxes, known = _boxes(lists[BOXES]), _rows(lists)

        def row_of(member: str) -> IndexRow | str:
            path = PurePosixPath(member)
            if path.parent != folder / "images" or path.stem not in known:
                return "in none of the lists images_train, images_val and images_test"
            return known[path.stem] if path.stem in boxes else f"has no box in {BOXES}"

        plan = file_plan(self.container, listing, row_of, partial(_crop_of, boxes), COLUMNS)
        found = {PurePosixPath(name).stem for name in listing.names if is_picture(name)}
        return replace(plan, num_missing=len(known.keys() - found))

    def _lists_folder(self, names: list[str]) -> PurePosixPath:
        folders = [PurePosixPath(name).parent for name in names if name.endswith(BOXES)]
        if not folders:
            raise BadDataError(
                f"{self.container.path} has no {BOXES}; give the official archive or its folder"
            )
        folder = min(folders, key=lambda path: len(path.parts))
        if missing := {str(folder / name) for name in _list_names()} - set(names):
            raise BadDataError(
                f"{self.container.path} lacks {min(missing)}; use the complete official set"
            )
        return folder


@source("fgvc-aircraft")
def fgvc_aircraft(options: SourceOptions) -> FgvcAircraft:
    """FGVC-Aircraft in the official 2013b layout."""
    options.check("fgvc-aircraft", "path")
    return FgvcAircraft(options.required_path("fgvc-aircraft"))


def around_plane(image: Pillow.Image, box: Box) -> Pillow.Image:
    """The square around `box` in a photograph whose banner is still there.

    The square is no wider than the photograph, unless the plane is, and slides into the photograph
    where it can. What then lies outside, mostly because the plane is wider than the photograph is
    high, repeats the edge: that continues sky and ground, where a plain color would add a border
    to learn, and a reflection a second plane.

    Raises:
        UnusablePictureError: The box does not lie in the photograph.
    """
    width, height = image.width, image.height - BANNER_PX
    left, top, right, bottom = np.clip(box, 0, (width, height, width, height))
    if right - left < 1 or bottom - top < 1:
        raise UnusablePictureError(
            f"its box {box} does not lie in its {image.width}x{image.height} pixels"
        )
    longer = max(right - left, bottom - top)
    side = int(min(round(longer * (1 + 2 * CONTEXT)), max(width, height)))
    # the last rows share JPEG blocks of 16 with the banner, and with them its colors
    clean = max(0, height // 16 * 16 - 2)
    columns = _span(int(left + right), side, width, after=width - 1)
    rows = _span(int(top + bottom), side, height, after=clean)
    pixels = np.asarray(image)[np.ix_(rows, columns)]  # (side, side, 3)
    return Pillow.fromarray(pixels)


def _span(double_centre: int, side: int, length: int, *, after: int) -> NDArray[np.intp]:
    """Positions of `side` pixels along an axis: before it 0 again and again, behind it `after`."""
    # a span that fits slides inside; a longer one covers the axis and as little beyond as it can
    low, high = min(0, length - side), max(0, length - side)
    start = min(max((double_centre - side) // 2, low), high)
    positions = np.arange(start, start + side)
    return np.where(positions < length, np.maximum(positions, 0), after)


def _crop_of(boxes: Mapping[str, Box], member: str) -> Crop:
    return partial(around_plane, box=boxes[PurePosixPath(member).stem])


def _list_names() -> list[str]:
    labels = [f"images_{column}_{split}.txt" for column in COLUMNS for split in SPLITS]
    return [BOXES, *(f"images_{split}.txt" for split in SPLITS), *labels]


def _boxes(text: str) -> dict[str, Box]:
    """Number of a photograph -> box, whose coordinates are taken as they are: from 0."""
    boxes: dict[str, Box] = {}
    for line in filter(None, text.splitlines()):
        try:
            number, left, top, right, bottom = line.split()
            boxes[number] = (int(left), int(top), int(right), int(bottom))
        except ValueError as error:
            raise BadDataError(
                f"{BOXES} has the line {line!r}, not a number and four pixels; use the official one"
            ) from error
    return boxes


def _rows(lists: Mapping[str, str]) -> dict[str, IndexRow]:
    """Number of a photograph -> its row of the index."""
    rows: dict[str, IndexRow] = {}
    for split in SPLITS:
        labels = [_labels(lists[f"images_{column}_{split}.txt"]) for column in COLUMNS]
        for number in lists[f"images_{split}.txt"].split():
            values = tuple(known.get(number, "") for known in labels)
            rows[number] = IndexRow(f"{number}.jpg", split, values)
    return rows


def _labels(text: str) -> dict[str, str]:
    """Number of a photograph -> label; labels may hold spaces."""
    pairs = (line.partition(" ") for line in text.splitlines())
    return {number: label.strip() for number, _, label in pairs}
