"""Fills the holes of a canvas from coarse to fine: windows -> network -> matched, blended cells.

Each level fills what lies near to known pixels; what lies deeper comes from the level of half the
size, where the network sees farther. Asks for predictions by `yield`, so that the windows of
several pictures can share one run of the network. Works part by part, so that memory is bounded
whatever the holes are; windows and results are the same as if all were one part.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Generator, Iterator, Sequence
from functools import partial
from typing import Any, TypeAlias, TypeVar

import numpy as np
from numpy.typing import NDArray

from restauro.fill.canvas import Canvas, Look, part_resized, shrunk, smoothed, to_colours
from restauro.fill.windows import Box, WindowRule, cells, hole_boxes, parts
from restauro.picture.modes import Colours
from restauro.picture.types import Mask, Size

Window: TypeAlias = tuple[Colours, Mask]
"""Colours (h, w, 3) and mask (h, w) that the network is shown."""
Predict: TypeAlias = Callable[[Colours, Mask], Colours]
"""Colours (B, h, w, 3) and masks (B, h, w) -> predictions (B, h, w, 3)."""
Result = TypeVar("Result")
Asking: TypeAlias = Generator[list[Window], list[Colours], Result]
"""Asks for the predictions (h, w, 3) of windows, again and again; ends in a result."""
Filling: TypeAlias = Asking[None]
"""Asks for the predictions of windows, again and again; ends when all is painted."""

WINDOWS_AT_ONCE = 32
"""Bounds the memory that waiting windows take."""
MAX_BATCH_PX = 32 * 128 * 128
"""Pixels of the windows in one run of the network; bounds the memory of its inner layers."""
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

    def is_near(part: Box, reach: int) -> bool:
        around = part.grown(reach).clipped(Box(0, 0, *hole.shape))
        return _is_near(~hole[around.slices], part.within(around), reach)

    scale = 1
    while rule.surroundings(box, hole.shape, scale).size != hole.shape:
        if all(is_near(part, scale * rule.reach) for part in parts(box)):
            break
        scale *= 2
    return scale


def fill(canvas: Canvas, box: Box, rule: WindowRule) -> Filling:
    """Paints what is hidden in `box`, part by part; what is hidden elsewhere stays."""
    scale = max(side / least for side, least in zip(canvas.size, rule.size, strict=True))
    if scale < 1:  # a model knows best the pictures that fill its window
        enlarged = yield from _filled_at(scale, canvas, box, rule)
        canvas.paint(box, enlarged(box))
        return
    if scale == 1 or all(_is_near(canvas.known, part, rule.reach) for part in parts(box)):
        yield from _fill_here(canvas, box, rule)
        return
    coarse = yield from _filled_at(min(scale, 2), canvas, box, rule)
    known = canvas.known.copy()
    for part in _hidden_parts(canvas, box):
        known[part.slices] |= trust_in(canvas.known, part, rule.reach) == 0
        if known[part.slices].all():  # too deep for anything finer
            canvas.paint(part, coarse(part))
    yield from _fill_here(_guided(canvas, known, coarse, rule.reach), box, rule)


def fill_smaller(canvas: Canvas, box: Box, rule: WindowRule, scale: int, copied: Look) -> Filling:
    """Paints what is hidden in `box` at a size `scale` times smaller, and matches the edges.

    `copied` is as that of a canvas, at that size.
    """
    smaller = yield from _filled_at(scale, canvas, box, rule, copied)
    for part in _hidden_parts(canvas, box):
        around = part.grown(2 * max(MATCHING_RADII)).clipped(Box(0, 0, *canvas.size))
        known = canvas.known[around.slices]
        colours = matched(smaller(around), canvas.look(around), known, part.within(around))
        canvas.paint(part, colours)


def _is_near(known: Mask, part: Box, reach: int) -> bool:
    """Whether all that is hidden in a part can be filled from what is known within `reach`."""
    hidden = ~known[part.slices]
    return not hidden.any() or bool(trust_in(known, part, reach)[hidden].min() == 1)


def trust_in(known: Mask, box: Box, reach: int) -> NDArray[np.float32]:
    """How well each pixel of a box can be filled from its surroundings, (h, w) in [0, 1].

    0 where no pixel within `reach` is known (H, W); 1 up to 3/4 of `reach` away from a straight
    edge. Outside the picture nothing is known.
    """
    around = _cut(known, box.grown(reach))
    counts = np.zeros((around.shape[0] + 1, around.shape[1] + 1), dtype=np.int32)
    counts[1:, 1:] = around
    for axis in (0, 1):
        np.cumsum(counts, axis=axis, out=counts)
    side = 2 * reach + 1
    inside = counts[side:, side:] - counts[:-side, side:] - counts[side:, :-side]
    inside += counts[:-side, :-side]
    return np.asarray(np.minimum(1, inside.astype(np.float32) / (side**2 * FULL_TRUST)))


def _hidden_parts(canvas: Canvas, box: Box) -> Iterator[Box]:
    return (part for part in parts(box) if not canvas.known[part.slices].all())


def _filled_at(
    scale: float, canvas: Canvas, box: Box, rule: WindowRule, copied: Look | None = None
) -> Asking[Look]:
    """Fills a copy that is `scale` times smaller; its parts at the size of the canvas."""
    size = canvas.size
    smaller = (math.ceil(size[0] / scale - 1e-9), math.ceil(size[1] / scale - 1e-9))
    image, known = shrunk(canvas, smaller)
    if canvas.copied:
        copied = partial(part_resized, canvas.copied, size, other=smaller)
    yield from fill(Canvas.on(image, known, copied), _scaled(box, size, smaller), rule)

    def look(seen: Box) -> Colours:
        return to_colours(image[seen.slices])

    def enlarged(part: Box) -> Colours:
        return part_resized(look, smaller, part, size).clip(0, 1)

    return enlarged


def _guided(canvas: Canvas, known: Mask, coarse: Look, reach: int) -> Canvas:
    """The canvas where what is `known` only by the coarse fill is shown, and painted by trust."""

    def look(box: Box) -> Colours:
        is_coarse = known[box.slices] & ~canvas.known[box.slices]
        return np.where(is_coarse[..., None], coarse(box), canvas.look(box))

    def paint(box: Box, colours: Colours) -> None:
        share = trust_in(canvas.known, box, reach)[..., None]
        canvas.paint(box, coarse(box) * (1 - share) + colours * share)

    return Canvas(known, look, paint, canvas.copied)


def _fill_here(canvas: Canvas, box: Box, rule: WindowRule) -> Filling:
    """Paints what is hidden in `box` at its own scale.

    Cells and windows are those of the whole box, so that parts show no seam.
    """
    found = list(_cells(~canvas.known[box.slices], box, rule.core(canvas.size)))
    for part in _hidden_parts(canvas, box):
        yield from _fill_part(canvas, part, [cell for cell in found if cell.touches(part)], rule)


def _fill_part(canvas: Canvas, part: Box, found: list[Box], rule: WindowRule) -> Filling:
    """Paints what is hidden in a part from all cells that touch it."""
    picture = Box(0, 0, *canvas.size)
    seen = part.grown(max(rule.largest)).clipped(picture)  # no window of a cell reaches farther
    image, known = canvas.look(seen), canvas.known[seen.slices]
    cut, shown = _cut, image
    if canvas.copied:  # beyond the picture, too, the network is shown something
        cut, shown = _extended, np.where(known[..., None], image, canvas.copied(seen))
    total = np.zeros((*part.size, 3), dtype=np.float32)
    weights = np.zeros((*part.size, 1), dtype=np.float32)
    for start in range(0, len(found), WINDOWS_AT_ONCE):
        group = found[start : start + WINDOWS_AT_ONCE]
        windows = [rule.window(cell, canvas.size) for cell in group]
        places = [window.within(seen) for window in windows]
        predictions = yield [(cut(shown, place), ~_cut(known, place)) for place in places]
        for cell, window, prediction in zip(group, windows, predictions, strict=True):
            around = cell.grown(2 * max(MATCHING_RADII)).clipped(window).clipped(picture)
            place = around.within(seen).slices
            predicted = prediction[around.within(window).slices]
            colours = matched(predicted, image[place], known[place], cell.within(around))
            shared = cell.clipped(part)
            weight = _cell_weights(cell.size)[shared.within(cell).slices][..., None]
            total[shared.within(part).slices] += colours[shared.within(cell).slices] * weight
            weights[shared.within(part).slices] += weight
    canvas.paint(part, np.divide(total, weights, out=total, where=weights > 0))


def _cells(hidden: Mask, box: Box, core: Size) -> Iterator[Box]:
    """Cells of the picture that hold something hidden (h, w) in `box`."""
    for group in hole_boxes(hidden, core):
        for cell in cells(group, core):
            if hidden[cell.slices].any():
                yield cell.moved(box.top, box.left)


def matched(prediction: Colours, image: Colours, known: Mask, wanted: Box) -> Colours:
    """The `wanted` part of a prediction with the colours of the image at the hole's edge: [0, 1].

    What the prediction (h, w, 3) lacks on the known pixels beside the hole is added on the hole's
    side, fading with the distance from the edge; so is a step between both sides that then remains.
    """
    seen = Box(0, 0, *known.shape)
    layers = np.concatenate([x.transpose(2, 0, 1) for x in (image, prediction, known[..., None])])
    for radius in MATCHING_RADII:
        layers, seen = _cropped(layers, seen, wanted.grown(2 * radius))  # nothing farther counts
        image, prediction, weight = layers[:3], layers[3:6], layers[6:]
        smooth = smoothed(np.concatenate([(image - prediction) * weight, weight]), radius)
        prediction += smooth[:3] / np.maximum(smooth[3:], 0.5)
    layers, seen = _cropped(layers, seen, wanted.grown(2 * FEATHERING_RADIUS))
    image, prediction, weight = layers[:3], layers[3:6], layers[6:]
    sides = np.concatenate([image * weight, prediction * (1 - weight), weight])
    smooth, _ = _cropped(smoothed(sides, FEATHERING_RADIUS), seen, wanted)
    layers, _ = _cropped(layers, seen, wanted)
    outside, inside, share = smooth[:3], smooth[3:6], smooth[6:]
    step = outside / np.maximum(share, 1e-3) - inside / np.maximum(1 - share, 1e-3)
    colours = (layers[3:6] + step * np.minimum(1, 2 * share)).clip(0, 1)
    return np.asarray(colours.transpose(1, 2, 0))


def _cropped(
    layers: NDArray[np.float32], seen: Box, around: Box
) -> tuple[NDArray[np.float32], Box]:
    """The layers (C, h, w) of the box `seen` that lie in another, and what box they are of."""
    around = around.clipped(seen)
    rows, columns = around.within(seen).slices
    return layers[:, rows, columns], around


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


def _extended(values: NDArray[Any], box: Box) -> NDArray[Any]:
    """The part in `box` of an array (h, w, ...); outside the array what is nearest in it."""
    rows, columns = np.arange(box.top, box.bottom), np.arange(box.left, box.right)
    height, width = values.shape[:2]
    cut: NDArray[Any] = values[np.ix_(rows.clip(0, height - 1), columns.clip(0, width - 1))]
    return cut


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


def run_together(
    askings: Sequence[Asking[Result]], predict: Predict
) -> Generator[None, None, list[Result]]:
    """The results, in order; windows of one size that are asked for at once go in one run.

    Pauses after every run, so that somebody may look at how far it is, or end it.
    """
    results: dict[int, Result] = {}
    running = dict(enumerate(askings))
    answers: dict[int, list[Colours]] = {}
    while running:
        questions: dict[int, list[Window]] = {}
        for number, asking in list(running.items()):
            try:
                answer = answers.get(number)
                asked = next(asking) if answer is None else asking.send(answer)
                questions[number] = asked
            except StopIteration as end:
                results[number] = end.value
                del running[number]
        found = yield from _predictions(list(itertools.chain(*questions.values())), predict)
        predictions = iter(found)
        answers = {
            number: list(itertools.islice(predictions, len(windows)))
            for number, windows in questions.items()
        }
    return [results[number] for number in range(len(askings))]


def _predictions(windows: list[Window], predict: Predict) -> Generator[None, None, list[Colours]]:
    """Predictions for windows of any sizes, in order."""
    found: dict[int, Colours] = {}
    for size in {mask.shape for _, mask in windows}:
        alike = [number for number, (_, mask) in enumerate(windows) if mask.shape == size]
        at_once = max(1, MAX_BATCH_PX // math.prod(size))
        for some in (alike[start : start + at_once] for start in range(0, len(alike), at_once)):
            images, masks = zip(*(windows[number] for number in some), strict=True)
            found.update(zip(some, predict(np.stack(images), np.stack(masks)), strict=True))
            yield
    return [found[number] for number in range(len(windows))]
