from __future__ import annotations

from typing import Any

import pytest
import torch

from restauro.errors import ConfigError
from restauro.masks import (
    BoxLimits,
    HoleLimits,
    StrokeLimits,
    _stroke_pieces,
    boxes,
    draw_holes,
    strokes,
)
from restauro.picture.types import Size

BOX: dict[str, Any] = {"height": (0.1, 0.4), "width": (0.1, 0.4), "spread": 0.5}
STROKE: dict[str, Any] = {
    "count": (1, 3),
    "width": (0.1, 0.2),
    "length": (0.1, 0.3),
    "num_pieces": 4,
}


def rng() -> torch.Generator:
    return torch.Generator().manual_seed(0)


def test_box_without_spread_lies_in_the_middle() -> None:
    holes = boxes(BoxLimits((0.1, 0.9), (0.1, 0.9), spread=0.0), 200, (37, 50), rng())[:, 0].float()
    weight = holes.sum(dim=(1, 2))
    middle_y = (holes.sum(dim=2) * torch.arange(37)).sum(dim=1) / weight
    middle_x = (holes.sum(dim=1) * torch.arange(50)).sum(dim=1) / weight
    # half a pixel: an odd box in an even picture has no exact middle
    assert (middle_y - 18).abs().max() <= 0.5
    assert (middle_x - 24.5).abs().max() <= 0.5


def test_box_with_full_spread_reaches_every_border() -> None:
    holes = boxes(BoxLimits((0.2, 0.3), (0.2, 0.3), spread=1.0), 500, (37, 50), rng())
    hidden = holes.any(dim=0)[0]
    for border in (hidden[0], hidden[-1], hidden[:, 0], hidden[:, -1]):
        assert border.any()


def test_spread_limits_the_distance_from_the_middle() -> None:
    # 10 of 40 pixels with half the spread: the top may be anywhere from 7.5 to 22.5
    limits = BoxLimits((0.25, 0.25), (0.25, 0.25), spread=0.5)
    tops = boxes(limits, 500, (40, 40), rng()).any(dim=3)[:, 0].float().argmax(dim=1)
    assert tops.min() == 8
    assert tops.max() == 22


def test_height_counts_rows_and_width_counts_columns() -> None:
    hole = boxes(BoxLimits((0.5, 0.5), (0.1, 0.1), spread=1.0), 1, (40, 60), rng())
    assert hole.any(dim=3).sum() == 20
    assert hole.any(dim=2).sum() == 6


def test_box_as_large_as_the_picture_leaves_a_row() -> None:
    hole = boxes(BoxLimits((1.0, 1.0), (1.0, 1.0), spread=1.0), 1, (4, 6), rng())
    assert hole.sum() == 3 * 6


def test_smallest_box_is_one_pixel() -> None:
    hole = boxes(BoxLimits((0.0, 0.0), (0.0, 0.0), spread=1.0), 1, (4, 6), rng())
    assert hole.sum() == 1


def test_stroke_is_as_wide_as_asked() -> None:
    # a dot: pieces without length, 10 of 40 pixels in diameter; pi * 25 = 78.5 pixels, less at
    # the border
    limits = StrokeLimits(count=(1, 1), width=(0.25, 0.25), length=(0.0, 0.0), num_pieces=1)
    areas = strokes(limits, 100, (40, 40), rng()).sum(dim=(1, 2, 3))
    assert 74 <= areas.max() <= 84
    assert areas.median() >= 60


@pytest.mark.parametrize("size", [(37, 50), (64, 40)])
@pytest.mark.parametrize("length", [(0.0, 0.0), (0.0, 0.5)], ids=["dots", "lines"])
def test_pixels_near_a_piece_and_no_others_are_holes(
    size: Size, length: tuple[float, float]
) -> None:
    """The definition itself, pixel by pixel."""
    limits = StrokeLimits(count=(1, 4), width=(0.0, 0.3), length=length, num_pieces=3)
    starts, ends, radii = _stroke_pieces(limits, 20, size, rng())  # (P, B, 2), (P, B)
    middles = torch.stack(
        torch.meshgrid(*(torch.arange(side) + 0.5 for side in size), indexing="ij"), dim=-1
    )
    step = (ends - starts)[:, :, None, None].double()
    offset = middles - starts[:, :, None, None].double()  # (P, B, H, W, 2)
    along = (offset * step).sum(dim=-1) / step.square().sum(dim=-1).clamp(min=1e-12)
    distance = (offset - along.clamp(0, 1)[..., None] * step).norm(dim=-1)
    reach = distance - radii[:, :, None, None]
    is_hole = ((reach <= 0) & (radii >= 0)[:, :, None, None]).any(dim=0)
    is_at_the_rim = (reach.abs() < 1e-4).any(dim=0)  # either is right, as 32 bits round
    hole = strokes(limits, 20, size, rng())[:, 0]
    assert ((hole == is_hole) | is_at_the_rim).all()


def test_strokes_cover_more_the_more_there_are() -> None:
    few = StrokeLimits(**STROKE | {"count": (1, 1)})
    many = StrokeLimits(**STROKE | {"count": (6, 6)})
    few_area, many_area = (
        strokes(limits, 50, (64, 64), rng()).float().mean() for limits in (few, many)
    )
    assert many_area > 2 * few_area


def test_strokes_that_would_cover_everything_leave_one_pixel() -> None:
    limits = StrokeLimits(count=(20, 20), width=(1.0, 1.0), length=(0.9, 1.0), num_pieces=6)
    holes = strokes(limits, 4, (16, 16), rng())
    assert (~holes).sum() == 4


@pytest.mark.parametrize(("share", "expected"), [(0.0, 0), (0.5, 500), (1.0, 1000)])
def test_stroke_share_is_the_share_of_pictures_with_strokes(share: float, expected: int) -> None:
    limits = HoleLimits(BoxLimits(**BOX), StrokeLimits(**STROKE), stroke_share=share)
    holes = draw_holes(limits, 1000, (32, 32), rng())
    rows, columns = holes.any(dim=3).sum(dim=2), holes.any(dim=2).sum(dim=2)
    num_strokes = (rows * columns != holes.sum(dim=(2, 3))).sum()
    # 60: four standard deviations of 1000 coin flips; a few strokes happen to be rectangles
    assert abs(int(num_strokes) - expected) <= 60 * (expected > 0)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"height": (0.4, 0.1)}, r"box.height is \[0.4, 0.1\], but .* smaller one first"),
        ({"width": (0.1, 1.5)}, r"box.width is \[0.1, 1.5\], but must be two numbers in \[0, 1\]"),
        ({"height": (-0.1, 0.5)}, r"box.height is \[-0.1, 0.5\]"),
        ({"spread": 1.2}, "box.spread is .*1.2"),
        ({"spread": float("nan")}, "box.spread is .*nan"),
    ],
)
def test_impossible_box_is_refused(change: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        BoxLimits(**BOX | change)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"count": (0, 3)}, r"strokes.count is \[0, 3\], but .* at least 1"),
        ({"count": (3, 1)}, r"strokes.count is \[3, 1\], but .* smaller one first"),
        ({"num_pieces": 0}, "strokes.num_pieces is 0, but must be at least 1"),
        ({"width": (0.2, 0.1)}, r"strokes.width is \[0.2, 0.1\]"),
        ({"length": (0.1, 2.0)}, r"strokes.length is \[0.1, 2.0\]"),
    ],
)
def test_impossible_strokes_are_refused(change: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        StrokeLimits(**STROKE | change)


def test_stroke_share_without_strokes_is_refused() -> None:
    with pytest.raises(ConfigError, match="no limits for strokes are given; add them"):
        HoleLimits(BoxLimits(**BOX), stroke_share=0.5)


@pytest.mark.parametrize("share", [-0.1, 1.1])
def test_stroke_share_outside_its_range_is_refused(share: float) -> None:
    with pytest.raises(ConfigError, match=rf"stroke_share is {share}, but must be in \[0, 1\]"):
        HoleLimits(BoxLimits(**BOX), StrokeLimits(**STROKE), stroke_share=share)
