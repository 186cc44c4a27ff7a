"""Where letters are: lines of text as a detector sees them, and in these what stands out.

For watermarks, captions and dates; a rectangle over them would hide more than they do.
"""

from __future__ import annotations

import functools
from pathlib import Path

import numpy as np
import PIL.Image
from numpy.typing import NDArray

from restauro.errors import BadModelError, first_line, needed
from restauro.fill.canvas import smoothed
from restauro.fill.sessions import open_session
from restauro.fill.windows import Box, hole_boxes
from restauro.imports import package_folder
from restauro.picture.holes import grown
from restauro.picture.types import Image, Mask

PACKAGE = "rapidocr"
"""In whose wheel the detector's file lies; nothing of it is imported."""
LEAST_SIDE, MOST_SIDE = 736, 1600
"""Pixels of the shorter and the longer side of the copy that is looked at."""
WIDEST = 0.6
"""Span of likelihoods from the least to the greatest strength; half of it is its makers' 0.3."""
LEAST_LIKELY = 0.05
"""What is less likely is no line by any strength."""
LEAST_STEP = 20
"""Levels of 255 by which a letter must stand out at least."""
BESIDE = 1.0
"""How far letters reach beyond the marked middle of their line, as a multiple of its height."""
ROUNDS = 3
"""How often ground and ink are told apart, each time by what the last one found."""
LITTLE = 0.02
"""Weight of the ground from farther away, beside a share in [0, 1] of what is near."""
_MULTIPLE = 32
_NUM_LEVELS = 64


class TextFinder:
    """Marks the letters of text; may be called from several threads.

    Source: Liao et al. 2020, DB, arXiv:1911.08947, in PaddlePaddle's PP-OCR. Unlike there, lines
    are not made polygons; within a box around each, letters are what has one colour of its own.
    """

    def __init__(self, path: Path, threads: int | None = None) -> None:
        self._session = open_session(path, threads)

    def letters(self, image: Image, strength: float = 0.5) -> Mask:
        """Which pixels (H, W) of an image (H, W, 3) are letters, by a strength in [0, 1]."""
        found = np.zeros(image.shape[:2], dtype=bool)
        whole = Box(0, 0, *image.shape[:2])
        lines = self.likelihood(image) > 255 * max(WIDEST * (1 - strength), LEAST_LIKELY)
        for line in hole_boxes(lines, (2, 2)):
            # the detector marks but the middle of a line's height
            height = min(line.size)
            box = line.grown(round(BESIDE * height)).clipped(whole)
            around = box.grown(max(4, height)).clipped(whole)
            inside = np.zeros(around.size, dtype=bool)
            inside[box.within(around).slices] = True
            if height > 1 and not inside.all():
                middle = lines[around.slices] & inside
                found[around.slices] |= _letters(image[around.slices], inside, middle)
        return found

    def likelihood(self, image: Image) -> NDArray[np.uint8]:
        """How likely each pixel (H, W) lies in the middle of a line of text, 255 = surely."""
        height, width = image.shape[:2]
        scale = min(max(1.0, LEAST_SIDE / min(height, width)), MOST_SIDE / max(height, width))
        rows, columns = (
            _MULTIPLE * max(1, round(side * scale / _MULTIPLE)) for side in (height, width)
        )
        copy = PIL.Image.fromarray(image).resize((columns, rows), PIL.Image.Resampling.BICUBIC)
        levels = np.asarray(copy, dtype=np.float32)[..., ::-1] / np.float32(127.5) - 1  # blue first
        (given,) = self._session.get_inputs()
        try:
            (shares,) = self._session.run(
                None, {given.name: levels.transpose(2, 0, 1)[None].copy()}
            )
        except Exception as error:  # ONNX Runtime's errors share no other base
            raise BadModelError(
                f"the detector of {PACKAGE} failed ({first_line(error)})"
            ) from error
        likely = PIL.Image.fromarray(np.rint(255 * shares[0, 0]).astype(np.uint8))
        return np.asarray(likely.resize((width, height), PIL.Image.Resampling.BILINEAR))


@functools.cache
def load_text_finder(threads: int | None = None) -> TextFinder:
    """That of the extra `text`.

    Raises:
        MissingExtraError: It is not installed.
    """
    with needed("text is found by a file of rapidocr", "'restauro[text]'"):
        files = sorted((package_folder(PACKAGE) / "models").glob("*_det_*.onnx"))
        if not files:
            raise ImportError(PACKAGE)
    return TextFinder(files[-1], threads)


def _letters(image: Image, inside: Mask, middle: Mask) -> Mask:
    """The letters of a line: what is `inside` (H, W) and of one colour, which the ground is not.

    That colour is the one that stands out in the `middle` of the line.
    """
    colours = image.transpose(2, 0, 1).astype(np.float32)
    reach = max(4, min(image.shape[:2]) // 6)
    letters, known = middle, ~inside
    for _ in range(ROUNDS):
        ground = _ground(colours, known, reach)
        step = np.abs(colours - ground).max(axis=0)
        clear = letters & (step >= max(_otsu(step[letters]), LEAST_STEP))
        if not clear.any():
            return np.zeros_like(letters)
        ink = np.median(colours[:, clear], axis=1)[:, None, None]
        apart = ink - ground
        length = (apart**2).sum(axis=0)
        share = ((colours - ground) * apart).sum(axis=0) / np.maximum(length, 1)
        beside = np.square(colours - ground - share * apart).sum(axis=0)
        is_ink = (share > 0.5) & (beside < length / 4)
        letters = inside & is_ink & (np.abs(apart).max(axis=0) >= LEAST_STEP)
        known = ~inside | ~grown(letters, 2)
    return letters


def _ground(colours: NDArray[np.float32], known: Mask, reach: int) -> NDArray[np.float32]:
    """Colours (3, H, W) of what is known, carried on to what is not: near, else from farther."""
    weight = known[None].astype(np.float32)
    layers = np.concatenate([colours * weight, weight])
    ground = np.broadcast_to(colours[:, known].mean(axis=1)[:, None, None], colours.shape)
    for radius in (4 * reach, 2 * reach, reach):
        smooth = smoothed(layers, radius)
        ground = (smooth[:3] + LITTLE * ground) / (smooth[3:] + LITTLE)
    return ground


def _otsu(values: NDArray[np.float32]) -> float:
    """The level that parts values in [0, 255] best into low and high ones.

    Source: Otsu 1979, doi:10.1109/TSMC.1979.4310076.
    """
    counts, edges = np.histogram(values, _NUM_LEVELS, (0, 256))
    middles = (edges[:-1] + edges[1:]) / 2
    below = counts.cumsum()
    above = below[-1] - below
    sums = (counts * middles).cumsum()
    means = sums / np.maximum(below, 1), (sums[-1] - sums) / np.maximum(above, 1)
    return float(edges[1:][np.argmax(below * above * (means[0] - means[1]) ** 2)])
