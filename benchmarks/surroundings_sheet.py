"""The sheet of docs/tool.md: what follows from a hole's surroundings, with and without.

    python benchmarks/surroundings_sheet.py OUTPUT [--model faces]

Print, a grey scan, a toned one, plain colours and line art, all made from a sample picture or drawn
here.
"""

from __future__ import annotations

from pathlib import Path

import click
import numpy as np
import PIL.Image
import PIL.ImageDraw

from restauro.fill.catalogue import load
from restauro.picture.read import read_image
from restauro.picture.types import Image, Mask
from restauro.server.offers import SAMPLES_DIR
from restauro.sheets import font_above, sheet, show_hole

SIDE = 192
PRINT = "what fills the hole is invented, it shows what could have been there, not what was; "
LINE_PX = 16


def pictures() -> dict[str, Image]:
    """Name -> picture (`SIDE`, `SIDE`, 3)."""
    sample = PIL.Image.fromarray(read_image(SAMPLES_DIR / "hat.png")).resize((SIDE, SIDE))
    luminance = np.asarray(sample.convert("L"))[..., None]
    toned = 255 * (luminance / 255) ** np.array([0.75, 1.0, 1.4])
    stripes = np.array([(0, 255, 0), (255, 255, 0), (0, 0, 255), (255, 0, 255)], dtype=np.uint8)
    large = PIL.Image.new("RGB", (4 * SIDE, 4 * SIDE), "white")
    draw = PIL.ImageDraw.Draw(large)
    for line in ((0, 200, 768, 200), (0, 760, 768, 280), (180, 0, 180, 768)):
        draw.line(line, "black", width=14)
    draw.ellipse((280, 330, 680, 730), outline="black", width=14)
    words = PIL.Image.new("RGB", (SIDE, SIDE), "white")
    for top in range(0, SIDE, LINE_PX):
        text = PRINT[top // 2 :] + PRINT[: top // 2]
        PIL.ImageDraw.Draw(words).text((2, top), text, "black", font_above(5 * LINE_PX))
    return {
        "print": np.asarray(words),
        "grey": np.repeat(luminance, 3, axis=2),
        "toned": np.rint(toned).astype(np.uint8),
        "plain": np.repeat(stripes, SIDE // 4, axis=0)[None].repeat(SIDE, axis=0),
        "line art": np.asarray(large.resize((SIDE, SIDE), PIL.Image.Resampling.BOX)),
    }


def hole() -> Mask:
    """Boxes and a scratch."""
    mask = np.zeros((SIDE, SIDE), dtype=bool)
    for top, left in ((38, 60), (120, 84), (84, 140), (150, 30)):
        mask[top : top + 26, left : left + 26] = True
    mask[:, 110:113] = True
    return mask


@click.command()
@click.argument("output", type=click.Path(path_type=Path))
@click.option("--model", default="faces", show_default=True)
def main(output: Path, model: str) -> None:
    """Writes a picture, one column a case."""
    images = pictures()
    rows = {"damaged": [show_hole(image, hole()) for image in images.values()]}
    for label, name in (("network alone", f"network:{model}"), ("restored", model)):
        filler = load(name)
        rows[label] = [filler(image, hole()) for image in images.values()]
    sheet(list(rows.values()), list(images), list(rows)).save(output, quality=85)


if __name__ == "__main__":
    main()
