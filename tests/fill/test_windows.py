from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_array_equal

from restauro.fill.windows import Box, WindowRule, cells, hole_boxes
from restauro.picture.types import Mask

FIXED = WindowRule((32, 48), None)
FLEXIBLE = WindowRule((32, 32), 16)


@st.composite
def masks(draw: st.DrawFn) -> Mask:
    height, width = draw(st.integers(1, 40)), draw(st.integers(1, 40))
    mask = np.zeros((height, width), dtype=bool)
    for _ in range(draw(st.integers(0, 4))):
        top, left = draw(st.integers(0, height - 1)), draw(st.integers(0, width - 1))
        mask[top : top + draw(st.integers(1, 9)), left : left + draw(st.integers(1, 9))] = True
    return mask


@given(masks(), st.integers(1, 20))
def test_every_hole_pixel_is_in_exactly_one_box(mask: Mask, together: int) -> None:
    covered = np.zeros(mask.shape, dtype=int)
    for box in hole_boxes(mask, (together, together)):
        inside = mask[box.slices]
        assert inside[0].any(), "the box could begin lower"
        assert inside[-1].any(), "the box could end higher"
        assert inside[:, 0].any(), "the box could begin further right"
        assert inside[:, -1].any(), "the box could end further left"
        covered[box.slices] += 1
    assert_array_equal(covered[mask], 1)
    assert covered.max(initial=0) <= 1


def test_far_holes_are_parted_and_near_ones_stay_together() -> None:
    mask = np.zeros((100, 200), dtype=bool)
    mask[10:14, 20:30] = mask[16:20, 20:25] = True
    mask[10:14, 150:160] = True
    assert sorted(hole_boxes(mask, (16, 16))) == [Box(10, 20, 20, 30), Box(10, 150, 14, 160)]


def test_dense_holes_are_not_filled_one_by_one() -> None:
    mask = np.zeros((100, 60), dtype=bool)
    mask[::3] = True
    assert list(hole_boxes(mask, (30, 30))) == [Box(0, 0, 100, 60)]
    assert len(list(hole_boxes(mask, (16, 16)))) == 2  # too long for one crop: halved


@given(st.integers(1, 200), st.integers(1, 200), st.integers(4, 40), st.integers(4, 40))
def test_cells_cover_a_box_and_overlap_by_a_quarter(
    height: int, width: int, core_height: int, core_width: int
) -> None:
    covered = np.zeros((height, width), dtype=bool)
    for cell in cells(Box(0, 0, height, width), (core_height, core_width)):
        assert cell.size == (min(height, core_height), min(width, core_width))
        assert cell.top == 0 or covered[cell.top + core_height // 4 - 1, cell.left]
        assert cell.left == 0 or covered[cell.top, cell.left + core_width // 4 - 1]
        covered[cell.slices] = True
    assert covered.all()


@pytest.mark.parametrize("rule", [FIXED, FLEXIBLE])
@given(data=st.data())
def test_a_window_holds_its_cell_and_leaves_the_picture_only_where_that_is_too_narrow(
    rule: WindowRule, data: st.DataObject
) -> None:
    picture = data.draw(st.tuples(st.integers(1, 300), st.integers(1, 300)))
    core = rule.core(picture)
    top, left = (data.draw(st.integers(0, side - 1)) for side in picture)
    bottom = data.draw(st.integers(top + 1, min(picture[0], top + core[0])))
    right = data.draw(st.integers(left + 1, min(picture[1], left + core[1])))
    window = rule.window(Box(top, left, bottom, right), picture)
    assert window.top <= top
    assert window.left <= left
    assert window.bottom >= bottom
    assert window.right >= right
    for start, end, side, least, most in zip(
        window[:2], window[2:], picture, rule.size, rule.largest, strict=True
    ):
        assert (start >= 0 and end <= side) or end - start < max(side + 16, least + 1)
        assert least <= end - start <= most
        assert (end - start) % (rule.multiple or least) == 0


@pytest.mark.parametrize(
    ("rule", "cell", "picture", "window"),
    [
        (FIXED, Box(3, 4, 20, 9), (32, 48), Box(0, 0, 32, 48)),  # all of the picture
        (FIXED, Box(50, 60, 54, 70), (200, 300), Box(36, 41, 68, 89)),  # in the middle
        (FIXED, Box(0, 290, 10, 300), (200, 300), Box(0, 252, 32, 300)),  # shifted inside
        (FIXED, Box(1, 1, 2, 3), (5, 90), Box(-14, 0, 18, 48)),  # around a narrow picture
        (FLEXIBLE, Box(50, 60, 54, 70), (200, 300), Box(28, 41, 76, 89)),  # 36x42, rounded up
        (FLEXIBLE, Box(50, 60, 82, 92), (200, 300), Box(34, 44, 98, 108)),  # the largest
        (FLEXIBLE, Box(50, 60, 54, 70), (60, 70), Box(12, 22, 60, 70)),
    ],
)
def test_windows(rule: WindowRule, cell: Box, picture: tuple[int, int], window: Box) -> None:
    assert rule.window(cell, picture) == window
