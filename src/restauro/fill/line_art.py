"""Line art: lines go on straight and flat areas stay flat, where a network leaves blobs and smears.

Coherence transport (Bornemann and März 2007, 10.1007/s10851-007-0017-6), with two differences: all
pixels that touch known ones are filled at once, layer by layer, instead of one by one, and
the direction of lines is found anew for each layer.
"""

from __future__ import annotations

import math
from typing import NamedTuple, TypeAlias

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from restauro.fill.canvas import Canvas
from restauro.fill.windows import Box
from restauro.picture.modes import LUMINANCE, Colours
from restauro.picture.types import Mask

Layers: TypeAlias = NDArray[np.float32]
"""(C, h, w)"""

PATCH = 7
"""Pixels a side of what of a fill is looked for in the known part."""
MOST_PATCHES, MOST_SOURCES = 500, 30_000
"""That are compared, and of what they are compared with."""
MUCH_MORE = 0.55
"""Share of the unlikeness of lines that go on up to which a copy is better: docs/log.md has it."""
MAX_SIDE = 512
"""Of a box of holes; a larger one would take too long."""
CONTEXT_PX = 24
FLAT_SHARE = 0.85
"""Of the known pixels that have one of a drawing's colours."""
NUM_COLOURS = 6
CONTRAST = 96
"""Levels of 255 by which a channel of two colours differs."""
INK_SHARE = 0.01
_BITS = 4
"""Of a channel, by which colours are told apart: noise of a JPEG stays within."""
_SIGMA, _RHO = 0.8, 3.0
"""Pixels over which the picture is smoothed before its gradients, and these before directions."""
_RADIUS = 5
_SHARPNESS = 25.0
_STEEPNESS, _PAPER_FIRST = 3.0, 2 / 3
"""How much mixtures are parted; in doubt there is paper."""
_QUANTUM = 1e-4
"""Difference of eigenvalues from which on there is a direction."""


class LineArt(NamedTuple):
    """The flat colours that a drawing is made of."""

    colours: Colours
    """(K, 3) with K >= 2, the most frequent first: the paper."""

    def sharpened(self, colours: Colours) -> Colours:
        """Colours (h, w, 3) with less of what is between two of the drawing's own."""
        distances = np.linalg.norm(colours[..., None, :] - self.colours, axis=-1)  # (h, w, K)
        distances[..., 0] *= _PAPER_FIRST
        nearest = np.argsort(distances, axis=-1)[..., :2]
        near, far = np.moveaxis(np.take_along_axis(distances, nearest, axis=-1), -1, 0)
        share = near / np.maximum(near + far, 1e-6)
        mixed = ((share - 0.5) * _STEEPNESS + 0.5).clip(0, 1)[..., None]
        own, other = np.moveaxis(self.colours[nearest], -2, 0)
        return np.asarray(own * (1 - mixed) + other * mixed)


def line_art_on(canvas: Canvas) -> LineArt | None:
    """Of what is known around a hole, if that is a few flat colours, as lines on paper are.

    None if less than half is known: a flat ground does not tell what stood before it.
    """
    if canvas.known.mean() < 0.5:
        return None
    step = 1 + max(canvas.size) // MAX_SIDE
    colours = canvas.look(Box(0, 0, *canvas.size))[::step, ::step][canvas.known[::step, ::step]]
    if not len(colours):
        return None
    bins = np.rint(colours * 255).astype(np.int32) >> (8 - _BITS)  # (N, 3)
    codes = bins @ np.array([1 << 2 * _BITS, 1 << _BITS, 1])
    counts = np.bincount(codes, minlength=1 << 3 * _BITS)
    most = np.argsort(counts)[::-1][:NUM_COLOURS]
    if counts[most].sum() < FLAT_SHARE * len(codes):
        return None
    found: list[Colours] = []
    for code in most[counts[most] >= INK_SHARE * len(codes)]:
        colour = np.median(colours[codes == code], axis=0)
        if all(np.abs(colour - other).max() >= CONTRAST / 255 for other in found):
            found.append(colour)
    return LineArt(np.stack(found)) if len(found) > 1 else None


def fill_line_art(canvas: Canvas, box: Box, art: LineArt, copied: Colours | None = None) -> None:
    """Paints what is hidden in `box`, of at most `MAX_SIDE` pixels a side.

    Lines go on, but from all sides of a large hole they meet in knots. So print, tables and
    patterns are better copied, while a copy breaks the lines of a drawing: it is taken where it is
    much more like what is around the hole. `copied` (h, w, 3) is what patches make of the whole
    canvas, if there is such.
    """
    fill = _carried_on_into(canvas, box, art)
    if copied is not None:
        hidden = ~canvas.known
        copy = np.where(hidden[..., None], copied, canvas.look(Box(0, 0, *canvas.size)))
        lines = copy.copy()
        lines[box.slices] = np.where(hidden[box.slices][..., None], fill, lines[box.slices])
        if unlikeness(copy, hidden, box) < MUCH_MORE * unlikeness(lines, hidden, box):
            fill = copy[box.slices]
    canvas.paint(box, fill)


def unlikeness(image: Colours, hidden: Mask, box: Box) -> float:
    """How little the fill of a box of an image (h, w, 3) is like what is around it: >= 0.

    Mean squared differences of patches of the fill from the nearest known ones, and of known ones
    beside the box from the nearest of the fill.
    Source: Simakov et al. 2008, 10.1109/CVPR.2008.4587842.
    """
    patches = sliding_window_view((image @ LUMINANCE).astype(np.float32), (PATCH, PATCH))
    touches = sliding_window_view(hidden, (PATCH, PATCH)).any(axis=(2, 3))
    inside, near = np.zeros_like(touches), np.zeros_like(touches)
    for area, reach in ((inside, PATCH - 1), (near, PATCH + max(box.size) // 2)):
        area[box.grown(reach).clipped(Box(0, 0, *touches.shape)).slices] = True

    def some(which: Mask, most: int) -> NDArray[np.float32]:
        chosen = patches[which]
        return chosen[:: max(1, len(chosen) // most)].reshape(-1, PATCH**2)

    filled, known = np.asarray(inside & touches), np.asarray(~touches)
    total = 0.0
    for one, other in ((filled, known), (near & known, filled)):
        if one.any() and other.any():
            total += _to_nearest(some(one, MOST_PATCHES), some(other, MOST_SOURCES))
    return total


def _to_nearest(some: NDArray[np.float32], sources: NDArray[np.float32]) -> float:
    """Mean squared difference of patches (N, P) from the nearest of (M, P)."""
    nearest = ((sources**2).sum(axis=1) - 2 * some @ sources.T).min(axis=1)
    squared = nearest + (some**2).sum(axis=1)
    return max(0.0, float(squared.mean())) / PATCH**2


def _carried_on_into(canvas: Canvas, box: Box, art: LineArt) -> Colours:
    """The colours (h, w, 3) of the box, where lines go on into what is hidden."""
    around = box.grown(CONTEXT_PX).clipped(Box(0, 0, *canvas.size))
    known, image = canvas.known[around.slices].copy(), canvas.look(around)
    wanted = np.zeros_like(known)
    wanted[box.within(around).slices] = True
    hidden = wanted & ~known
    while hidden.any():
        rows, columns = np.nonzero(hidden & _grown(known))
        if not len(rows):
            break
        rim = rows, columns
        image[rim] = _carried_on(image, known, rim)
        known[rim], hidden[rim] = True, False
    return art.sharpened(image[box.within(around).slices])


def _carried_on(
    image: Colours, known: Mask, rim: tuple[NDArray[np.intp], NDArray[np.intp]]
) -> Colours:
    """The colours (N, 3) of hidden pixels beside known ones: means along the lines there."""
    strength, normal = _directions(image, known, rim)  # (N,), (N, 2)
    sharpness = 1 + _SHARPNESS * np.exp(-(_QUANTUM**2) / np.maximum(strength, 1e-9) ** 2)
    padded, is_known = np.pad(image, [(_RADIUS,) * 2] * 2 + [(0, 0)]), np.pad(known, _RADIUS)
    total, weights = np.zeros((len(rim[0]), 3)), np.zeros(len(rim[0]))
    for down in range(-_RADIUS, _RADIUS + 1):
        for right in range(-_RADIUS, _RADIUS + 1):
            distance = math.hypot(down, right)
            if not 0 < distance <= _RADIUS:
                continue
            place = rim[0] + _RADIUS + down, rim[1] + _RADIUS + right
            across = normal @ np.array([down, right])
            weight = is_known[place] * sharpness / distance
            weight = weight * np.exp(-((sharpness * across / _RADIUS) ** 2) / 2)
            total += weight[:, None] * padded[place]
            weights += weight
    # where all known neighbours lie across the line, the nearest of them count alone
    return np.asarray(total / np.maximum(weights, 1e-30)[:, None], dtype=np.float32)


def _directions(
    image: Colours, known: Mask, rim: tuple[NDArray[np.intp], NDArray[np.intp]]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """How much of a direction there is at some pixels, (N,), and what is across it, (N, 2)."""
    weight = known.astype(np.float32)
    luminance = image @ LUMINANCE * weight
    smooth = _blurred(np.stack([luminance, weight]), _SIGMA)
    padded = np.pad(smooth[0] / np.maximum(smooth[1], 1e-6), 1, mode="edge")
    down, right = (part[1:-1, 1:-1] for part in np.gradient(padded))
    products = np.stack([down * down, down * right, right * right, np.ones_like(down)]) * weight
    dd, dr, rr, share = (_blurred(products, _RHO)[:, rim[0], rim[1]]).astype(np.float64)
    dd, dr, rr = (part / np.maximum(share, 1e-9) for part in (dd, dr, rr))
    angle = np.arctan2(2 * dr, dd - rr) / 2
    return np.hypot(dd - rr, 2 * dr), np.stack([np.cos(angle), np.sin(angle)], axis=1)


def _blurred(layers: Layers, sigma: float) -> Layers:
    """Smoothed by a Gaussian; what lies outside counts as zero."""
    reach = math.ceil(3 * sigma)
    kernel = np.exp(-(np.arange(-reach, reach + 1) ** 2) / (2 * sigma**2))
    kernel /= kernel.sum()
    for axis in (1, 2):
        padding = [(reach, reach) if one == axis else (0, 0) for one in range(3)]
        padded = np.moveaxis(np.pad(layers, padding), axis, 0)
        length = layers.shape[axis]
        summed = sum(weight * padded[i : i + length] for i, weight in enumerate(kernel))
        layers = np.moveaxis(np.asarray(summed, dtype=np.float32), 0, axis)
    return layers


def _grown(mask: Mask) -> Mask:
    """And the four pixels beside each."""
    result = mask.copy()
    result[1:] |= mask[:-1]
    result[:-1] |= mask[1:]
    result[:, 1:] |= mask[:, :-1]
    result[:, :-1] |= mask[:, 1:]
    return result
