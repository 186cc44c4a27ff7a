"""Sheets of restored pictures, each row with the error maps of its methods beneath it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import PIL.Image
import torch
from numpy.typing import NDArray
from PIL import ImageDraw

from restauro.data.batches import to_tensor
from restauro.evaluation.store import Evaluation, Example
from restauro.files import whole_file
from restauro.metrics import colour_difference, lab
from restauro.picture.read import read_image
from restauro.picture.types import Image
from restauro.report.page import Picture
from restauro.sheets import GAP_PX, INK, PAPER, font_above, sheet

REASONS = {
    "best": "Best: the highest hole PSNR, as the median of the methods",
    "median": "Median by the same measure",
    "worst": "Worst by the same measure",
    "dark": "Dark: the hole hides dark content",
    "backlit": "Backlit: the surroundings are lighter than the middle",
}
MAX_METHODS = 6
"""On one sheet; more of them make another."""
MIN_TILE_PX, KEY_PX = 128, 36
MAX_DIFFERENCE = 40.0
"""ΔE00 at the dark end of the error maps."""
SCALE = (
    (245, 250, 255),
    (197, 224, 253),
    (143, 198, 251),
    (67, 173, 248),
    (39, 146, 214),
    (31, 120, 176),
    (20, 94, 140),
    (13, 70, 105),
    (5, 47, 73),
)
"""Colours of errors, none to large: the hue of 262 degrees in CIELAB, from L* 98 by 10 to 18."""


def write_sheets(
    evaluation: Evaluation, task: str, folder: Path, reasons: Sequence[str] = tuple(REASONS)
) -> list[Picture]:
    """Writes a task's sheets to `folder`; the last of each reason has the caption."""
    sheets: list[Picture] = []
    names = [method.name for method in evaluation.methods]
    several = [names[i : i + MAX_METHODS] for i in range(0, len(names), MAX_METHODS)]
    for reason, title in REASONS.items():
        examples = [e for e in evaluation.examples if (e.task, e.reason) == (task, reason)]
        if not examples or reason not in reasons:
            continue
        shown = ", ".join(example.name for example in examples)
        for number, methods in enumerate(several, start=1):
            path = folder / f"{task}_{reason}{f'_{number}' if number > 1 else ''}.webp"
            page = _with_key(example_sheet(evaluation, examples, methods))
            with whole_file(path) as aside:
                page.save(aside, format="WEBP", quality=88, method=6)
            caption = (f"{title}.", f" From above: {shown}.") if methods is several[-1] else ()
            description = f"{reason} pictures of {task}, restored, with errors"
            sheets.append(Picture(path, description, *caption))
    return sheets


def example_sheet(
    evaluation: Evaluation, examples: Sequence[Example], methods: Sequence[str]
) -> PIL.Image.Image:
    """Damaged, restored and original pictures in rows, the restored ones' error maps beneath.

    A method that gave up on a picture has empty tiles.
    """
    rows: list[list[Image]] = []
    for example in examples:
        original = read_image(evaluation.example_path(example, "original"))
        empty = np.full_like(original, PAPER)
        restored, errors = [], []
        for name in methods:
            path = evaluation.example_path(example, name)
            fill = read_image(path) if path.exists() else None
            restored.append(empty if fill is None else fill)
            errors.append(empty if fill is None else error_map(fill, original))
        damaged = read_image(evaluation.example_path(example, "damaged"))
        rows += [[damaged, *restored, original], [empty, *errors, empty]]
    factor = -(-MIN_TILE_PX // rows[0][0].shape[1])  # whole, so that pixels stay squares
    tiles = [[tile.repeat(factor, 0).repeat(factor, 1) for tile in row] for row in rows]
    width = tiles[0][0].shape[1]
    return sheet(tiles, [_fitting(label, width) for label in ("damaged", *methods, "original")])


def error_map(image: Image, target: Image) -> Image:
    """CIEDE2000 of every pixel as a colour of `SCALE`, none as its first: (H, W, 3) twice."""
    both = lab(to_tensor(torch.from_numpy(np.stack([image, target])))).movedim(1, -1)
    return coloured(colour_difference(both[0], both[1]).numpy() / MAX_DIFFERENCE)


def coloured(shares: NDArray[np.floating]) -> Image:
    """Shares in [0, 1] of the scale, (H, W), as colours, (H, W, 3); above 1 is as 1."""
    places = np.linspace(0, 1, len(SCALE))
    channels = [np.interp(shares, places, channel) for channel in zip(*SCALE, strict=True)]
    colours: Image = np.rint(np.stack(channels, axis=-1)).astype(np.uint8)
    return colours


def _with_key(page: PIL.Image.Image) -> PIL.Image.Image:
    """The sheet with the scale of its error maps below."""
    font, left = font_above(MIN_TILE_PX), 2 * GAP_PX
    words = ("error, CIEDE2000:  0", f"{MAX_DIFFERENCE:g} and more")
    bar = coloured(np.tile(np.linspace(0, 1, 2 * MIN_TILE_PX), (KEY_PX // 3, 1)))
    whole = PIL.Image.new("RGB", (page.width, page.height + KEY_PX), PAPER)
    whole.paste(page)
    draw, middle = ImageDraw.Draw(whole), page.height + KEY_PX // 2
    draw.text((left, middle), words[0], INK, font, anchor="lm")
    left += round(font.getlength(words[0])) + 2 * GAP_PX
    whole.paste(PIL.Image.fromarray(bar), (left, middle - bar.shape[0] // 2))
    left += bar.shape[1] + 2 * GAP_PX
    draw.text((left, middle), words[1], INK, font, anchor="lm")
    return whole


def _fitting(label: str, width: int) -> str:
    """A label cut to the width of a tile."""
    font = font_above(width)
    while font.getlength(label) > width and len(label) > 1:
        label = label.rstrip("…")[:-1] + "…"
    return label
