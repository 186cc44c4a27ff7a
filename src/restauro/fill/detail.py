"""Texture from the known part of a picture, as much as a network's fill lacks.

A small network draws what goes on in a hole, but softly; PatchMatch copies sharp texture, but loses
the thread. So the fill keeps what the network drew, and gets what is finer in the copy, in each
place and band of detail only so much of it that the fill becomes as lively as the copy.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import PIL.Image
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from restauro.fill.canvas import part_resized, smoothed
from restauro.fill.compose import Damaged, Repainting
from restauro.fill.windows import PART, Box, parts
from restauro.picture.holes import grown, reduced
from restauro.picture.modes import Colours, visible
from restauro.picture.types import Image, Inpaint, Mask, Size

BANDS_PX = (2, 8)
"""What is smaller than each is a band of detail; what is larger than the last is the network's."""
PLACE_PX = 2
"""The variance of a band is that of places so many times as large as what the band holds."""
THIN_PX = 8
"""An even number, in pixels of the copy; holes into which no larger square fits are left to the
network, which fills them at their own size, and sharply."""
MOST_PX = 250_000
"""Of what PatchMatch works in: 1.5 s of a core. More is made smaller, for the network, too."""
SQUARE = 4
"""Half a side, in pixels of a smaller copy, of what is copied from the picture itself."""
MOST_SOURCES = 20_000
"""Places that the source of a square is looked for at."""
TOGETHER = 1.1
"""How much worse the source beside a neighbour's may be."""
LEAST_VARIANCE = 1e-6
"""A quarter of a level, squared: a band with less is flat."""
LEAST_SIDE = 32
"""Of a copy in which there is something to copy."""


@dataclass(frozen=True)
class Copy:
    """What patches of the known part make of a window of a picture, `scale` times smaller."""

    window: Box
    box: Box
    """What holds the holes that are to be filled, counted from the window's corner."""
    scale: int
    colours: Colours
    """(h, w, 3) in [0, 1]"""
    unknown: Mask
    """(h, w): where they were copied."""
    own: Mask
    """(h, w): of these, the holes in `box`."""

    def look(self, part: Box) -> Colours:
        """A part of it, counted from its corner (h, w, 3)."""
        return self.colours[part.slices]


def copied(picture: Damaged, box: Box, window: Box, patches: Inpaint) -> Copy | None:
    """Fills the holes in a box from the known part of the window around it.

    None if they are thin, or next to nothing is known beside them.
    """
    scale = math.ceil(math.sqrt(math.prod(window.size) / MOST_PX))
    unknown, own = [], []
    for strip in _strips(window.size, scale):
        place = strip.moved(window.top, window.left)
        hole = picture.hole[place.slices]
        unknown.append(reduced(hole | ~visible(picture.crop(place)), scale))
        inside, part = np.zeros_like(hole), box.clipped(place)
        if min(part.size) > 0:
            inside[part.within(place).slices] = picture.hole[part.slices]
        own.append(reduced(inside, scale))
    hidden, filled = np.concatenate(unknown), np.concatenate(own)
    is_thin = grown(~filled, THIN_PX // 2).all()
    if min(hidden.shape) < LEAST_SIDE or is_thin or hidden.mean() > 1 / 2:
        return None
    image = _smaller(picture.repainting(window), window.size, scale)
    colours = np.where(hidden[..., None], patches(image, hidden), image)
    colours = colours.astype(np.float32) / np.float32(255)
    return Copy(window, box.within(window), scale, colours, hidden, filled)


def add_detail(picture: Damaged, copy: Copy) -> None:
    """Changes the fill of the holes that were copied into, which have been painted."""
    repainting = picture.repainting(copy.window)
    drawn = _smaller(repainting, copy.window.size, copy.scale).astype(np.float32) / np.float32(255)
    lacking = _lacking(np.where(copy.own[..., None], drawn, copy.colours), copy.colours)

    def look(part: Box) -> Colours:
        return lacking[part.slices]

    squares = _squares(copy)
    for part in parts(copy.box):
        own = picture.hole[part.moved(copy.window.top, copy.window.left).slices]
        if own.any():
            colours = repainting.look(part).astype(np.float32) / np.float32(255)
            colours += part_resized(look, lacking.shape[:2], part, copy.window.size)
            colours += _finest(copy, squares, repainting, part)
            repainting.mix(part, colours.clip(0, 1), own.astype(np.float32))


def _strips(size: Size, scale: int) -> Iterator[Box]:
    """Covers a window with whole rows of it, at most `PART` unless a smaller pixel has more."""
    height = max(PART // scale, 1) * scale
    for top in range(0, size[0], height):
        yield Box(top, 0, min(top + height, size[0]), size[1])


def _smaller(repainting: Repainting, size: Size, scale: int) -> Image:
    """A window `scale` times smaller (h, w, 3); sides are rounded up."""
    strips = map(repainting.look, _strips(size, scale))
    return np.concatenate([np.asarray(PIL.Image.fromarray(s).reduce(scale)) for s in strips])


def _finest(copy: Copy, squares: NDArray[np.intp], repainting: Repainting, part: Box) -> Colours:
    """What the copy, which is smaller than the picture, lacks in a part of the window (h, w, 3).

    Squares of the picture itself, from where most likely those of the copy came.
    """
    total = np.zeros((*part.size, 3), dtype=np.float32)
    weights = np.zeros((*part.size, 1), dtype=np.float32)
    half = SQUARE * copy.scale
    ramp = np.minimum(np.arange(1, 2 * half + 1), np.arange(2 * half, 0, -1)) / half
    weight = (np.outer(ramp, ramp)[..., None] ** 2).astype(np.float32)
    for row, column, down, right in squares.tolist():
        square = Box(row - SQUARE, column - SQUARE, row + SQUARE, column + SQUARE)
        target = Box(*(side * copy.scale for side in square))
        if not target.touches(part):
            continue
        shared = target.clipped(part)
        source = repainting.look(shared.moved(down * copy.scale, right * copy.scale))
        share = weight[shared.within(target).slices]
        total[shared.within(part).slices] += source * share
        weights[shared.within(part).slices] += share
    if not weights.any():
        return total
    total /= 255 * np.maximum(weights, 1e-6)
    finest = total - smoothed(total.transpose(2, 0, 1), copy.scale).transpose(1, 2, 0)
    return np.where(weights > 0, finest, np.float32(0))


def _squares(copy: Copy) -> NDArray[np.intp]:
    """Squares that cover a copy's holes: (N, 4) row and column of each, and how far its source is.

    PatchMatch tells what it copied, but not from where. Each square's surroundings are searched
    for among the known ones; then it tries where its neighbours came from, as what belongs
    together is copied together. None where the copy is as large as the picture.
    """
    nothing = np.zeros((0, 4), dtype=np.intp)
    if copy.scale == 1:
        return nothing
    height, width = copy.unknown.shape
    padded = np.pad(copy.colours, [(SQUARE - 1,) * 2] * 2 + [(0, 0)], mode="reflect")
    patches = sliding_window_view(padded, (2 * SQUARE - 1,) * 2, axis=(0, 1))  # (h, w, 3, p, p)
    is_source = ~grown(copy.unknown, SQUARE)
    is_source[:SQUARE] = is_source[-SQUARE:] = False
    is_source[:, :SQUARE] = is_source[:, -SQUARE:] = False
    sources = np.argwhere(is_source)
    if not len(sources):
        return nothing
    rng = np.random.default_rng(0)
    sources = sources[rng.permutation(len(sources))[:MOST_SOURCES]]
    own = reduced(copy.own, SQUARE)
    grid = np.argwhere(own)
    places = np.minimum(grid * SQUARE + SQUARE // 2, (height - 1, width - 1))
    known = patches[tuple(sources.T)].reshape(len(sources), -1)
    lengths = (known**2).sum(axis=1)
    best = np.empty_like(places)
    for start in range(0, len(places), 256):
        some = patches[tuple(places[start : start + 256].T)].reshape(-1, known.shape[1])
        best[start : start + 256] = sources[(lengths - 2 * some @ known.T).argmin(axis=1)]
    number = np.full((own.shape[0] + 2, own.shape[1] + 2), -1)
    number[1:-1, 1:-1][own] = np.arange(len(grid))

    def errors(found: NDArray[np.intp]) -> NDArray[np.float32]:
        wanted, given = patches[tuple(places.T)], patches[tuple(found.T)]
        return np.asarray(((wanted - given) ** 2).sum(axis=(1, 2, 3)))

    error = errors(best)
    for down, right in ((0, 1), (1, 0), (0, -1), (-1, 0)) * 3:
        neighbour = number[grid[:, 0] + 1 + down, grid[:, 1] + 1 + right]
        proposed = best[neighbour] + places - places[neighbour]
        proposed = proposed.clip(0, (height - 1, width - 1))
        is_possible = (neighbour >= 0) & is_source[tuple(proposed.T)]
        proposed = np.where(is_possible[:, None], proposed, best)
        new = errors(proposed)
        is_taken = is_possible & (new < TOGETHER * error + LEAST_VARIANCE)
        best, error = np.where(is_taken[:, None], proposed, best), np.where(is_taken, new, error)
    return np.hstack([places, best - places])


def _lacking(drawn: Colours, copied: Colours) -> Colours:
    """Detail of `copied` (h, w, 3), as much as makes `drawn` as lively."""
    both = np.stack([drawn, copied]).transpose(0, 3, 1, 2)  # (2, 3, H, W)
    lacking = np.zeros(both.shape[1:], dtype=np.float32)
    for radius in BANDS_PX:
        coarser = _each_smoothed(both, radius)
        bands, both = both - coarser, coarser
        products = np.stack([bands[0] ** 2, bands[1] ** 2, bands[0] * bands[1]]).sum(axis=1)
        has, wanted, shared = smoothed(products, PLACE_PX * radius)
        # the variance of drawn + share * copied is to be that of copied; where both disagree,
        # as if they were independent
        shared = shared.clip(0)
        root = np.sqrt(shared**2 + wanted * (wanted - has).clip(0))
        lacking += ((root - shared) / wanted.clip(LEAST_VARIANCE)).clip(0, 1) * bands[1]
    return lacking.transpose(1, 2, 0)


def _each_smoothed(pictures: NDArray[np.float32], radius: int) -> NDArray[np.float32]:
    """Of (N, C, h, w)."""
    return np.asarray([smoothed(layers, radius) for layers in pictures])
