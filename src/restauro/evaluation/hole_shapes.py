"""Boxes and strokes of the protocols, drawn with whole numbers alone.

No float decides about a pixel, and the random bits are those of the Philox counter itself, whose
stream NumPy guarantees; so a hole is the same on every platform and with every NumPy. The shapes
that training draws are others (`restauro.masks`): fast on any device, and free to change.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from typing import TypeAlias

import numpy as np

from restauro.errors import BadImageError
from restauro.picture.types import Mask, Size

Draw: TypeAlias = Callable[[Size, "WholeNumbers"], Mask]
Share: TypeAlias = tuple[int, int]
"""(numerator, denominator) of a length that is given as a share of the picture's side."""
Point: TypeAlias = tuple[int, int]
"""(y, x) in units of 1/512 pixel."""

UNITS_PER_PIXEL = 512
DIRECTION_BITS = 16
MAX_TRIES = 200
"""More than half of all drawings fit the limits, so that this many never fail by chance."""


class WholeNumbers:
    """Random whole numbers for one hole, of (seed, index) alone."""

    def __init__(self, seed: int, index: int) -> None:
        self._bits = np.random.Philox(key=np.array([seed, index], dtype=np.uint64))

    def between(self, first: int, last: int) -> int:
        """One of first, ..., last, all equally likely."""
        # The high half of 64 bits times the count; its bias is below 2 ** -50 for any picture.
        return first + (int(self._bits.random_raw()) * (last - first + 1) >> 64)


def share_of(share: Share, side: int) -> int:
    """That share of `side` in whole pixels, halves rounded up."""
    numerator, denominator = share
    return (2 * numerator * side + denominator) // (2 * denominator)


def box(size: Size, top: int, left: int, height: int, width: int) -> Mask:
    """One rectangle, (H, W) bool, True = hole; at least one pixel, never the whole picture."""
    height, width = max(height, 1), max(width, 1)
    if (height, width) == size:
        raise BadImageError(
            f"a hole in a picture of {size[1]}x{size[0]} would cover all of it; use larger pictures"
        )
    mask = np.zeros(size, dtype=bool)
    mask[top : top + height, left : left + width] = True
    return mask


def random_box(
    size: Size, random: WholeNumbers, *, smallest: Share, largest: Share, margin: Share
) -> Mask:
    """A rectangle anywhere within the margin; height and width are drawn each on its own."""
    (top, height), (left, width) = (
        _stretch(side, random, smallest, largest, margin) for side in size
    )
    return box(size, top, left, height, width)


def centred_box(size: Size, random: WholeNumbers, *, side: Share) -> Mask:
    """A rectangle in the middle; where it cannot be exact, it lies half a pixel up and left."""
    height, width = (max(share_of(side, length), 1) for length in size)
    return box(size, (size[0] - height) // 2, (size[1] - width) // 2, height, width)


def mmagic_box(size: Size, random: WholeNumbers) -> Mask:
    """The box of mmagic's code, for max_bbox_shape 128, max_bbox_delta 40, min_margin 20 at 256.

    Source: `random_bbox` of open-mmlab/mmagic. A box of 128 pixels is placed with a margin of 20
    (at the far side of 21, as its random numbers exclude the end); then 0 to 20 pixels, half of
    the delta, are cut off at its top and its left. So its sides are 108 to 128, not 88 to 128.
    """
    edges = []
    for side in size:
        largest, margin = share_of((128, 256), side), share_of((20, 256), side)
        start = random.between(margin, max(margin, side - margin - largest - 1))
        edges.append((start, largest))
    cuts = [random.between(0, share_of((20, 256), side)) for side in size]
    (top, height), (left, width) = (
        (start + cut, length - cut) for (start, length), cut in zip(edges, cuts, strict=True)
    )
    return box(size, top, left, height, width)


def strokes(
    size: Size,
    random: WholeNumbers,
    *,
    count: tuple[int, int],
    num_pieces: tuple[int, int],
    length: tuple[int, int],
    width: tuple[int, int],
    covered_percent: tuple[int, int],
) -> Mask:
    """Brush strokes, drawn anew until they cover a share within the limits.

    Lengths and widths are pixels of a picture of 256x256, and are scaled with the root of the
    area. All limits are included.
    Source: `get_irregular_mask` of open-mmlab/mmagic, whose six directions, and their mirror
    images for every other stroke, these have too.

    Raises:
        BadImageError: The picture is so small that no strokes fit the limits.
    """

    def draw(mask: Mask) -> None:
        for number in range(random.between(*count)):
            _draw_stroke(mask, random, number, num_pieces, length, width)

    return _drawn_until_covered(size, draw, covered_percent)


def free_form(size: Size, random: WholeNumbers, *, covered_percent: tuple[int, int]) -> Mask:
    """Boxes and zigzag brush strokes, drawn anew until they cover a share within the limits.

    Up to 9 boxes below half of each side, up to 4 below the whole of it, both reaching out of the
    picture by up to half of theirs, and up to 19 strokes 12 to 48 pixels of 256 wide.
    Source: `RandomMask` of zsyzzsoft/co-mod-gan (Zhao et al. 2021, arXiv:2103.10428), by which
    MI-GAN and SH-GAN are scored. Unlike there, angles are whole thirds of a degree, lengths have
    the normal distribution of twelve uniform numbers' sum, and widths grow with the picture.

    Raises:
        BadImageError: The picture is so small that nothing fits the limits.
    """

    def draw(mask: Mask) -> None:
        for most, share in ((9, 2), (4, 1)):
            for _ in range(random.between(0, most)):
                _draw_reaching_box(mask, random, (size[0] // share, size[1] // share))
        brushed = np.zeros(size, dtype=bool)
        for _ in range(random.between(0, 19)):
            _draw_zigzag(brushed, random)
            for axis in (0, 1):
                if random.between(0, 1):
                    brushed = np.flip(brushed, axis).copy()
        mask |= brushed

    return _drawn_until_covered(size, draw, covered_percent)


def strokes_or_boxes(
    size: Size,
    random: WholeNumbers,
    *,
    count: tuple[int, int],
    length: tuple[int, int],
    width: tuple[int, int],
    boxes: Mapping[str, tuple[int, int]] | None = None,
) -> Mask:
    """Brush strokes, or in 3 of 13 pictures boxes, drawn anew while they cover half or more.

    Lengths and widths are pixels of a picture of 256x256. `boxes` has their `count`, and the shares
    `smallest`, `largest` and `margin` of each side.
    Source: `MixedMaskGenerator` of advimman/lama (Suvorov et al. 2022, arXiv:2109.07161), whose
    strokes of 1 to 5 pieces have four directions and end at the border.

    Raises:
        BadImageError: The picture is so small that nothing fits the limits.
    """

    def draw(mask: Mask) -> None:
        if boxes and random.between(1, 13) <= 3:
            limits = [boxes[name] for name in ("smallest", "largest", "margin")]
            for _ in range(random.between(*boxes["count"])):
                spans = (_stretch(side, random, *limits) for side in size)
                mask[tuple(slice(start, start + max(length, 1)) for start, length in spans)] = True
        else:
            for number in range(random.between(*count)):
                _draw_stroke(mask, random, number, (1, 5), length, width, 4, stays_inside=True)

    return _drawn_until_covered(size, draw, (0, 50))


def _drawn_until_covered(
    size: Size, draw: Callable[[Mask], None], covered_percent: tuple[int, int]
) -> Mask:
    """What `draw` makes of an empty mask, anew until its share of holes is within the limits."""
    low, high = (percent * size[0] * size[1] for percent in covered_percent)
    for _ in range(MAX_TRIES):
        mask = np.zeros(size, dtype=bool)
        draw(mask)
        if low < 100 * int(np.count_nonzero(mask)) < high:
            return mask
    raise BadImageError(
        f"no such holes cover {covered_percent[0]} to {covered_percent[1]} % of a picture of "
        f"{size[1]}x{size[0]}; use larger pictures"
    )


def _draw_reaching_box(mask: Mask, random: WholeNumbers, limits: Size) -> None:
    """Adds a box with sides below the limits, of which up to half may lie outside."""
    spans = []
    for side, limit in zip(mask.shape, limits, strict=True):
        length = random.between(0, max(limit - 1, 0))
        start = random.between(-(length // 2), side - length + length // 2)
        spans.append(slice(max(start, 0), start + length))
    mask[tuple(spans)] = True


def _draw_zigzag(mask: Mask, random: WholeNumbers) -> None:
    """Adds a stroke of 4 to 17 pieces that turn by about 72 degrees up and down."""
    unit = 2 * math.isqrt(mask.shape[0] * mask.shape[1])  # of 1/512 pixel, per pixel of 256
    mean_length = math.isqrt(mask.shape[0] ** 2 + mask.shape[1] ** 2) * UNITS_PER_PIXEL // 8
    narrowest, widest = (72 + sign * random.between(0, 72) // 3 for sign in (-1, 1))
    radius = max(random.between(12 * unit, 48 * unit), UNITS_PER_PIXEL) // 2
    most = [side * UNITS_PER_PIXEL for side in mask.shape]
    start = [random.between(0, side - 1) for side in most]
    for number in range(random.between(4, 17)):
        sine, cosine = _TURNS[random.between(3 * narrowest, 3 * widest)]
        if number % 2 == 0:
            sine = -sine
        spread = sum(random.between(-mean_length // 2, mean_length // 2) for _ in range(12))
        length = min(max(mean_length + spread // 2, 0), 2 * mean_length)
        end = [
            min(max(at + (length * turn >> DIRECTION_BITS), 0), side)
            for at, turn, side in zip(start, (sine, cosine), most, strict=True)
        ]
        draw_line(mask, (start[0], start[1]), (end[0], end[1]), radius)
        start = end


def _stretch(
    side: int, random: WholeNumbers, smallest: Share, largest: Share, margin: Share
) -> tuple[int, int]:
    """Where a random stretch of a side starts, and its length."""
    length = random.between(share_of(smallest, side), share_of(largest, side))
    free = side - length - 2 * share_of(margin, side)
    return share_of(margin, side) + random.between(0, max(free, 0)), length


def _directions(angles: Iterable[float]) -> list[Point]:
    """(sine, cosine) of angles in radians, in 1 / 2 ** 16.

    Rounded to 16 bits, so that a last digit in which platforms' sines differ decides nothing.
    """
    one = 1 << DIRECTION_BITS
    return [(round(one * math.sin(angle)), round(one * math.cos(angle))) for angle in angles]


_DIRECTIONS = _directions(0.01 + step for step in range(6))
"""mmagic's angles, 0.01 to 5.01 radians; LaMa has the first four."""
_TURNS = _directions(math.radians(third / 3) for third in range(3 * 96 + 1))
"""Thirds of a degree up to 96."""


def _draw_stroke(
    mask: Mask,
    random: WholeNumbers,
    number: int,
    num_pieces: tuple[int, int],
    length: tuple[int, int],
    width: tuple[int, int],
    num_directions: int = 6,
    *,
    stays_inside: bool = False,
) -> None:
    """Adds stroke `number` to `mask` (H, W): pieces that each begin where the last one ended."""
    unit = 2 * math.isqrt(mask.shape[0] * mask.shape[1])  # of 1/512 pixel, per pixel of 256
    start = tuple(random.between(0, side * UNITS_PER_PIXEL - 1) for side in mask.shape)
    for _ in range(random.between(*num_pieces)):
        sine, cosine = _DIRECTIONS[random.between(0, num_directions - 1)]
        if number % 2 == 0:  # mirrored: the angle 2 pi minus this one
            sine = -sine
        reach = random.between(*length) * unit
        radius = max(random.between(*width) * unit, UNITS_PER_PIXEL) // 2
        end = (
            start[0] + (reach * sine >> DIRECTION_BITS),
            start[1] + (reach * cosine >> DIRECTION_BITS),
        )
        if stays_inside:
            most = (side * UNITS_PER_PIXEL for side in mask.shape)
            end = tuple(min(max(at, 0), side) for at, side in zip(end, most, strict=True))
        draw_line(mask, (start[0], start[1]), (end[0], end[1]), radius)
        start = end


def draw_line(mask: Mask, start: Point, end: Point, radius: int) -> None:
    """Adds every pixel of `mask` (H, W) whose centre is within `radius` of the line, in 1/512 px.

    Exact: distances are compared as squares of whole numbers of 64 bits.
    """
    window = tuple(
        slice(
            min(max((min(a, b) - radius) // UNITS_PER_PIXEL, 0), side),
            min(max((max(a, b) + radius) // UNITS_PER_PIXEL + 1, 0), side),
        )
        for a, b, side in zip(start, end, mask.shape, strict=True)
    )
    half = UNITS_PER_PIXEL // 2
    rows, columns = (
        np.arange(part.start, part.stop, dtype=np.int64) * UNITS_PER_PIXEL + half for part in window
    )
    y, x = rows[:, None] - start[0], columns[None, :] - start[1]
    down, across = end[0] - start[0], end[1] - start[1]
    squared_length = down * down + across * across
    along = y * down + x * across  # (h, w)
    near_start = y * y + x * x <= radius * radius
    near_end = (y - down) ** 2 + (x - across) ** 2 <= radius * radius
    beside = np.abs(y * across - x * down) <= math.isqrt(radius * radius * squared_length)
    between = (along >= 0) & (along <= squared_length)
    mask[window] |= near_start | near_end | (beside & between)
