"""Fills the holes of a crop from coarse to fine: windows -> network -> matched, blended cells.

Each level fills what lies near to known pixels; what lies deeper comes from the level of half the
size, where the network sees farther. Works on `Colours` alone and asks for predictions by `yield`,
so that the windows of several pictures can share one run of the network.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from restauro.images import Mask, Size
from restauro.inference.lockstep import Restoration
from restauro.inference.modes import Colours
from restauro.inference.resizing import resized, shrunk, smoothed
from restauro.inference.windows import Box, WindowRule, cells, hole_boxes

Filling: TypeAlias = Restoration[Colours]
"""Asks for the predictions of windows, again and again; ends in a filled crop (h, w, 3)."""

WINDOWS_AT_ONCE = 32
"""Bounds the memory that waiting windows take."""
MATCHING_RADII = (16, 4)
"""How far the colours of known pixels are carried into a hole, in pixels: far, then exactly."""
FEATHERING_RADIUS = 2
"""How far what still remains of a step at the edge is spread into the hole, in pixels."""
FULL_TRUST = 1 / 8
"""Share of known pixels around a hole pixel from which on its own level alone fills it."""


def scale_for(hole: Mask, box: Box, rule: WindowRule) -> int:
    """How many times (a power of 2) smaller the holes in `box` must be for a model to fill them.

    The hole is (H, W), that of the whole picture; only what lies around the box is looked at.
    """
    scale = 1
    while True:
        crop = rule.surroundings(box, hole.shape, scale)
        known = ~hole[crop.slices]
        inside = box.moved(-crop.top, -crop.left).slices
        trust = trust_in(known, scale * rule.reach)[inside]
        if crop.size == hole.shape or trust.min(where=~known[inside], initial=1) == 1:
            return scale
        scale *= 2


def fill(image: Colours, known: Mask, box: Box, rule: WindowRule) -> Filling:
    """The image (h, w, 3) with what is not `known` (h, w) in `box` filled; the rest stays.

    Hidden pixels must be black. What is unknown outside `box` stays black.
    """
    size = known.shape
    scale = max(size[0] / rule.size[0], size[1] / rule.size[1])
    if scale < 1:  # a model knows best the pictures that fill its window
        enlarged = yield from _fill_at(scale, image, known, box, rule)
        return np.where(known[..., None], image, enlarged)
    wanted = ~known & _area(box, size)
    trust = trust_in(known, rule.reach) if scale > 1 else np.ones(size, dtype=np.float32)
    if trust.min(where=wanted, initial=1) == 1:
        return (yield from _fill_here(image, known, wanted, rule))
    coarse = yield from _fill_at(min(scale, 2), image, known, box, rule)
    guide = np.where(wanted[..., None], coarse, image)
    fine = yield from _fill_here(guide, known | (wanted & (trust == 0)), wanted & (trust > 0), rule)
    share = trust[wanted][:, None]
    fine[wanted] = guide[wanted] * (1 - share) + fine[wanted] * share
    return fine


def trust_in(known: Mask, reach: int) -> NDArray[np.float32]:
    """How well each pixel can be filled from its surroundings, (h, w) in [0, 1].

    0 where no pixel within `reach` is known; 1 up to 3/4 of `reach` away from a straight edge.
    Outside the picture nothing is known.
    """
    height, width = known.shape
    counts = np.zeros((height + 2 * reach + 1, width + 2 * reach + 1), dtype=np.int32)
    counts[reach + 1 : reach + 1 + height, reach + 1 : reach + 1 + width] = known
    for axis in (0, 1):
        np.cumsum(counts, axis=axis, out=counts)
    side = 2 * reach + 1
    inside = counts[side:, side:] - counts[:-side, side:] - counts[side:, :-side]
    inside += counts[:-side, :-side]
    return np.asarray(np.minimum(1, inside.astype(np.float32) / (side**2 * FULL_TRUST)))


def _fill_at(scale: float, image: Colours, known: Mask, box: Box, rule: WindowRule) -> Filling:
    """Fills a copy that is `scale` times smaller, and returns it at the size of the image."""
    size = known.shape
    smaller = (math.ceil(size[0] / scale - 1e-9), math.ceil(size[1] / scale - 1e-9))
    filled = yield from fill(*shrunk(image, known, smaller), _scaled(box, size, smaller), rule)
    return resized(filled, size).clip(0, 1)


def _fill_here(image: Colours, known: Mask, wanted: Mask, rule: WindowRule) -> Filling:
    """The image (h, w, 3) with the `wanted` pixels (h, w) filled at its own scale."""
    picture = Box(0, 0, *known.shape)
    total = np.zeros_like(image)
    weights = np.zeros((*known.shape, 1), dtype=np.float32)
    for group in _groups(wanted, rule):
        windows = [rule.window(cell, known.shape) for cell in group]
        shown = [(_cut(image, window), ~_cut(known, window)) for window in windows]
        predictions = yield shown
        for cell, window, prediction in zip(group, windows, predictions, strict=True):
            around = cell.grown(2 * max(MATCHING_RADII)).clipped(window).clipped(picture)
            part = prediction[around.moved(-window.top, -window.left).slices]
            colours = matched(part, image[around.slices], known[around.slices])
            weight = _cell_weights(cell.size)[..., None]
            inside = cell.moved(-around.top, -around.left).slices
            total[cell.slices] += colours[inside] * weight
            weights[cell.slices] += weight
    filled = image.copy()
    filled[wanted] = total[wanted] / weights[wanted]
    return filled


def _groups(wanted: Mask, rule: WindowRule) -> Iterator[list[Box]]:
    """Cells that hold wanted pixels, a limited number at a time."""
    core = rule.core(wanted.shape)
    found = (
        cell
        for box in hole_boxes(wanted, core)
        for cell in cells(box, core)
        if wanted[cell.slices].any()
    )
    while group := list(itertools.islice(found, WINDOWS_AT_ONCE)):
        yield group


def matched(prediction: Colours, image: Colours, known: Mask) -> Colours:
    """The prediction (h, w, 3) with the colours of the image at the hole's edge, in [0, 1].

    What the prediction lacks on the known pixels beside the hole is added on the hole's side,
    fading with the distance from the edge; so is a step between both sides that then remains.
    """
    weight = known.astype(np.float32)[..., None]
    for radius in MATCHING_RADII:
        smooth = smoothed(np.dstack([(image - prediction) * weight, weight]), radius)
        prediction = np.add(prediction, smooth[..., :3] / np.maximum(smooth[..., 3:], 0.5))
    sides = np.dstack([image * weight, prediction * (1 - weight), weight])
    smooth = smoothed(sides, FEATHERING_RADIUS)
    outside, inside, share = smooth[..., :3], smooth[..., 3:6], smooth[..., 6:]
    step = outside / np.maximum(share, 1e-3) - inside / np.maximum(1 - share, 1e-3)
    return np.asarray((prediction + step * np.minimum(1, 2 * share)).clip(0, 1))


def _cell_weights(size: Size) -> NDArray[np.float32]:
    """(h, w) > 0: falls linearly towards the ends, over the quarter that cells overlap by."""
    ramps = []
    for side in size:
        from_end = np.minimum(np.arange(side), np.arange(side)[::-1]) + 1
        ramps.append(np.minimum(from_end / (side // 4 + 1), 1))
    return np.outer(*ramps).astype(np.float32)


def _cut(values: NDArray[Any], box: Box) -> NDArray[Any]:
    """The part in `box` of an array (h, w, ...); zeros outside the array."""
    cut = np.zeros((*box.size, *values.shape[2:]), dtype=values.dtype)
    inside = box.clipped(Box(0, 0, *values.shape[:2]))
    cut[inside.moved(-box.top, -box.left).slices] = values[inside.slices]
    return cut


def _area(box: Box, size: Size) -> Mask:
    area = np.zeros(size, dtype=bool)
    area[box.slices] = True
    return area


def _scaled(box: Box, size: Size, other: Size) -> Box:
    """The box at another size of the picture, and a pixel more on each side, for interpolation."""
    down, across = other[0] / size[0], other[1] / size[1]
    scaled = Box(
        math.floor(box.top * down),
        math.floor(box.left * across),
        math.ceil(box.bottom * down),
        math.ceil(box.right * across),
    )
    return scaled.grown(1).clipped(Box(0, 0, *other))
