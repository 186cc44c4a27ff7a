from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_array_equal

from restauro.images import Mask
from restauro.inference.windows import Box, context_window, hole_boxes


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


@given(st.data())
def test_a_window_holds_its_hole_and_leaves_the_picture_only_where_that_is_too_narrow(
    data: st.DataObject,
) -> None:
    height, width = data.draw(st.integers(1, 300)), data.draw(st.integers(1, 300))
    top, left = data.draw(st.integers(0, height - 1)), data.draw(st.integers(0, width - 1))
    bottom = data.draw(st.integers(top + 1, height))
    right = data.draw(st.integers(left + 1, width))
    window = context_window(Box(top, left, bottom, right), (height, width), (32, 48))
    assert window.top <= top
    assert window.left <= left
    assert window.bottom >= bottom
    assert window.right >= right
    assert (window.top >= 0 and window.bottom <= height) or window.size[0] > height
    assert (window.left >= 0 and window.right <= width) or window.size[1] > width


@pytest.mark.parametrize(
    ("hole", "picture", "window"),
    [
        (Box(3, 4, 20, 9), (32, 32), Box(0, 0, 32, 32)),  # the model's own size: all of it
        (Box(50, 60, 54, 70), (200, 300), Box(36, 49, 68, 81)),  # small: the model's size, centred
        (Box(0, 290, 40, 300), (200, 300), Box(0, 220, 80, 300)),  # twice the hole, shifted inside
        (Box(10, 10, 190, 20), (200, 100), Box(0, -50, 200, 150)),  # all that there is, and margins
        (Box(1, 1, 2, 3), (5, 9), Box(-2, 0, 7, 9)),  # smaller than the model: the whole picture
    ],
)
def test_windows_of_a_model_for_32x32(hole: Box, picture: tuple[int, int], window: Box) -> None:
    assert context_window(hole, picture, (32, 32)) == window
