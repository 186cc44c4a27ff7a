"""Sheets of pictures: labelled grids for people to look at."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import PIL.Image
from PIL import ImageDraw, ImageFont

from restauro.picture.types import Image, Mask

HOLE_COLOUR = (200, 200, 205)
"""A light, neutral grey: a hole shown in it stands out from dark and bright pictures alike."""
PAPER, INK = (255, 255, 255), (40, 40, 44)
GAP_PX = 4


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


def font_above(width: int) -> ImageFont.FreeTypeFont:
    """The font of labels above tiles of this width."""
    font = ImageFont.load_default(size=max(11, width // 10))
    assert isinstance(font, ImageFont.FreeTypeFont)
    return font
