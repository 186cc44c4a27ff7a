"""Sheets of pictures: labelled grids for people to look at."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import PIL.Image
from PIL import ImageDraw, ImageFont

from restauro.picture.types import Image, Mask

HOLE_COLOUR = (200, 200, 205)
"""A light, neutral grey: a hole shown in it stands out from dark and bright pictures alike."""
PAPER, INK = (255, 255, 255), (40, 40, 44)
GAP_PX = 4
TILE_PX, FILLS_IN_A_ROW = 256, 6
"""Of a sheet of fills: the longest side of each, which are never enlarged, and how many."""


def show_hole(image: Image, mask: Mask) -> Image:
    """The damaged picture with its hole, mask (H, W) True = hole, in a flat grey."""
    damaged = image.copy()
    damaged[mask] = HOLE_COLOUR
    return damaged


def sheet(
    rows: Sequence[Sequence[Image]],
    column_labels: Sequence[str],
    row_labels: Sequence[str] = (),
) -> PIL.Image.Image:
    """Pictures of one size, (H, W, 3) uint8 each, in rows under `column_labels`."""
    height, width = rows[0][0].shape[:2]
    font = font_above(width)
    label_height = round(font.size * 1.6)
    label_width = max((round(font.getlength(label)) for label in row_labels), default=-GAP_PX)
    left = label_width + 2 * GAP_PX
    page = PIL.Image.new(
        "RGB",
        (
            left + len(column_labels) * (width + GAP_PX),
            label_height + len(rows) * (height + GAP_PX),
        ),
        PAPER,
    )
    draw = ImageDraw.Draw(page)
    for column, label in enumerate(column_labels):
        x = left + column * (width + GAP_PX) + width // 2
        draw.text((x, label_height // 2), label, INK, font, anchor="mm")
    for row, pictures in enumerate(rows):
        top = label_height + row * (height + GAP_PX)
        if row_labels:
            draw.text((GAP_PX, top + height // 2), row_labels[row], INK, font, anchor="lm")
        for column, picture in enumerate(pictures):
            tile = PIL.Image.fromarray(np.ascontiguousarray(picture))
            page.paste(tile, (left + column * (width + GAP_PX), top))
    return page


def sheet_of_fills(
    fills: Mapping[int, Image], hole_rows: slice, hole_columns: slice
) -> PIL.Image.Image:
    """Fills of one hole by their numbers, (H, W, 3) uint8 each; of large pictures what is around.

    `hole_rows` and `hole_columns` are those of the hole.
    """
    spans = hole_rows, hole_columns
    longest = max(span.stop - span.start for span in spans)
    margin = longest // 2 if longest else max(next(iter(fills.values())).shape)  # no hole: all
    around = tuple(slice(max(0, span.start - margin), span.stop + margin) for span in spans)
    tiles = {}
    for number, fill in fills.items():
        tile = PIL.Image.fromarray(fill[around])
        tile.thumbnail((TILE_PX, TILE_PX))
        tiles[f"{number}"] = np.asarray(tile)
    names = list(tiles)
    rows = [names[start : start + FILLS_IN_A_ROW] for start in range(0, len(names), FILLS_IN_A_ROW)]
    pictures = [[tiles[name] for name in row] for row in rows]
    if len(rows) == 1:
        return sheet(pictures, names)
    labels = [f"+{column}" for column in range(FILLS_IN_A_ROW)]
    return sheet(pictures, labels, [row[0] for row in rows])


def font_above(width: int) -> ImageFont.FreeTypeFont:
    """The font of labels above tiles of this width."""
    font = ImageFont.load_default(size=max(11, width // 10))
    assert isinstance(font, ImageFont.FreeTypeFont)
    return font
