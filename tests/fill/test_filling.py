from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal

from restauro.fill import windows
from restauro.fill.canvas import Canvas, to_colours, to_levels
from restauro.fill.filling import Predict, Window, fill, matched, run_together, scale_for, trust_in
from restauro.fill.steps import ended
from restauro.fill.windows import Box, WindowRule
from restauro.picture.modes import Colours
from restauro.picture.types import Mask

RULE = WindowRule((32, 32), 16)


def mean_of_known(images: Colours, masks: Mask) -> Colours:
    """A network that fills with the mean of the known pixels."""
    known = ~masks[..., None]
    means = (images * known).sum(axis=(1, 2)) / np.maximum(known.sum(axis=(1, 2)), 1)
    return np.where(known, images, means[:, None, None].astype(np.float32))


def tinted_plane(images: Colours, masks: Mask) -> Colours:
    """A network that continues slopes, but tints all that it returns: 20 levels too bright."""
    predictions = []
    for image, mask in zip(images, masks, strict=True):
        down, right = np.meshgrid(*(np.linspace(-1, 1, side) for side in mask.shape), indexing="ij")
        plane = np.stack([down, right, np.ones_like(down)], axis=2)
        fit, *_ = np.linalg.lstsq(plane[~mask], image[~mask], rcond=None)
        predictions.append(plane @ fit + 20 / 255)
    return np.stack(predictions).astype(np.float32)


def slope(height: int, width: int) -> Colours:
    """Red grows by less than a level a pixel to the right, green downwards; blue is even."""
    down, right = np.meshgrid(
        np.linspace(0, 0.8, height), np.linspace(0, 0.7, width), indexing="ij"
    )
    return np.stack([right, down, np.full_like(right, 0.4)], axis=2).astype(np.float32)


def filled(
    image: Colours, known: Mask, box: Box, predict: Predict, rule: WindowRule = RULE
) -> Colours:
    """The image (h, w, 3), whose hidden pixels in `box` a network fills."""
    levels = to_levels(image * known[..., None])
    ended(run_together([fill(Canvas.on(levels, known), box, rule)], predict))
    return to_colours(levels)


def windows_for(mask: Mask, box: Box) -> list[Window]:
    """Every window that the network is shown to fill `box`."""
    shown: list[Window] = []

    def predict(images: Colours, masks: Mask) -> Colours:
        shown.extend(zip(images, masks, strict=True))
        return images

    crop = RULE.surroundings(box, mask.shape, scale_for(mask, box, RULE))
    known = ~mask[crop.slices]
    filled(np.zeros((*known.shape, 3), dtype=np.float32), known, box.within(crop), predict)
    return shown


@settings(max_examples=30)
@given(st.integers(1, 12), st.integers(1, 12), st.integers(1, 5), st.integers(0, 2**16))
def test_trust_is_the_share_of_known_pixels_around(
    height: int, width: int, reach: int, seed: int
) -> None:
    known = np.random.default_rng(seed).random((height, width)) < 0.1
    padded = np.pad(known, reach)
    side = 2 * reach + 1
    shares = [
        [padded[y : y + side, x : x + side].mean() for x in range(width)] for y in range(height)
    ]
    assert_allclose(
        trust_in(known, Box(0, 0, height, width), reach),
        np.minimum(1, 8 * np.array(shares)),
        rtol=1e-6,
    )


def test_a_hole_is_trusted_to_three_quarters_of_the_reach_and_not_beyond_it() -> None:
    known = np.ones((90, 70), dtype=bool)
    known[40:] = False
    trust = trust_in(known, Box(0, 35, 90, 36), 16)[:, 0]
    assert_array_equal(trust[:51] == 1, True)
    assert_array_equal(trust[52:55] < 1, True)
    assert_array_equal(trust[56:], 0)


@pytest.mark.parametrize(("side", "scale"), [(2, 1), (6, 1), (10, 2), (20, 4), (45, 8)])
def test_the_scale_grows_with_the_thickness_of_the_hole(side: int, scale: int) -> None:
    mask = np.zeros((900, 1000), dtype=bool)
    box = Box(300, 400, 300 + side, 400 + side)
    mask[box.slices] = True
    assert scale_for(mask, box, RULE) == scale


def test_a_long_thin_hole_is_filled_at_full_resolution() -> None:
    mask = np.zeros((500, 400), dtype=bool)
    steps = np.arange(300)
    mask[100 + steps, 50 + steps] = mask[101 + steps, 50 + steps] = True
    box = Box(100, 50, 401, 350)
    assert scale_for(mask, box, RULE) == 1
    assert len(windows_for(mask, box)) < 40  # along the scratch, not over its whole box


def test_the_work_grows_with_the_hole_and_not_with_the_picture() -> None:
    counts = []
    for height, width in [(400, 500), (1600, 2000)]:
        mask = np.zeros((height, width), dtype=bool)
        mask[150:210, 170:250] = True
        counts.append(len(windows_for(mask, Box(150, 170, 210, 250))))
    assert counts[0] == counts[1]


def test_a_wide_hole_gets_its_middle_from_far_away() -> None:
    # Nothing within the reach of a window at full resolution is known about the middle.
    image = np.full((300, 400, 3), 0.7, dtype=np.float32)
    known = np.ones((300, 400), dtype=bool)
    known[60:240, 90:310] = False
    result = filled(image, known, Box(60, 90, 240, 310), mean_of_known)
    assert_allclose(result, image, atol=1e-3)


@pytest.mark.parametrize("rule", [RULE, WindowRule((32, 32), None)])
@pytest.mark.parametrize("side", [10, 60, 150])
def test_no_seam_at_the_edge_nor_between_windows_and_scales(rule: WindowRule, side: int) -> None:
    image = slope(400, 500)
    box = Box(120, 170, 120 + side, 175 + side)
    known = np.ones((400, 500), dtype=bool)
    known[box.slices] = False
    result = filled(image, known, box, tinted_plane, rule)
    for axis in (0, 1):
        expected = np.abs(np.diff(image, axis=axis)).max()
        assert np.abs(np.diff(result, axis=axis)).max() < expected + 3 / 255


def test_a_prediction_of_another_colour_is_matched_at_the_edge_and_kept_in_the_depth() -> None:
    image = np.full((64, 90, 3), 0.4, dtype=np.float32)
    known = np.ones((64, 90), dtype=bool)
    known[12:52, 20:70] = False
    colours = matched(image + np.float32(0.2), image, known, Box(0, 0, 64, 90))
    assert_allclose(colours[30, 20], 0.4, atol=0.02)
    assert_allclose(colours[32, 45], 0.6, atol=0.005)
    across = np.diff(colours[30, 20:45, 0])
    assert np.abs(across).max() < 0.2 / 4, "a quarter of the step at most, from pixel to pixel"


def test_cells_are_blended_and_not_cut() -> None:
    number = 0

    def another_grey_each_time(images: Colours, masks: Mask) -> Colours:
        nonlocal number
        greys = np.arange(number, number + len(images)) % 2
        number += len(images)
        return np.ones_like(images) * greys[:, None, None, None].astype(np.float32)

    rule = WindowRule((256, 256), 16)
    known = np.ones((100, 780), dtype=bool)
    known[26:74, 20:760] = False
    image = np.full((100, 780, 3), 0.5, dtype=np.float32)
    result = filled(image, known, Box(26, 20, 74, 760), another_grey_each_time, rule)
    middle = result[50, 40:740, 0]
    assert np.ptp(middle) > 0.9, "the windows do differ"
    assert np.abs(np.diff(middle)).max() < 0.1


@settings(max_examples=12)
@given(st.integers(0, 2**16), st.integers(1, 3), st.integers(5, 120), st.integers(30, 90))
def test_a_picture_filled_part_by_part_is_the_same_as_at_once(
    seed: int, num_holes: int, thickness: int, part: int
) -> None:
    rng = np.random.default_rng(seed)
    size = (int(rng.integers(90, 200)), int(rng.integers(90, 200)))
    image = rng.random((*size, 3), dtype=np.float32)
    known = np.ones(size, dtype=bool)
    steps = np.arange(min(size))
    known[steps, steps] = False  # a scratch, so that all is one group
    for _ in range(num_holes):
        top, left = rng.integers(0, size[0] - 20), rng.integers(0, size[1] - 20)
        known[top : top + thickness, left : left + thickness] = False
    known[0, -1] = True
    box = Box(0, 0, *size)
    expected = filled(image, known, box, mean_of_known)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(windows, "PART", part)
        assert_allclose(filled(image, known, box, mean_of_known), expected, atol=1e-4)


def test_only_what_is_hidden_in_the_box_is_painted() -> None:
    known = np.ones((80, 90), dtype=bool)
    known[20:40, 10:30] = known[50:60, 60:70] = False
    result = filled(slope(80, 90), known, Box(20, 10, 40, 30), mean_of_known)
    assert_array_equal(to_levels(result[known]), to_levels(slope(80, 90)[known]))
    assert (result[20:40, 10:30] > 0).all()
    assert_array_equal(result[50:60, 60:70], 0)


def test_what_was_copied_is_shown_where_nothing_is_known_at_every_scale() -> None:
    known = np.ones((160, 160), dtype=bool)
    known[30:130, 30:130] = False
    box, green = Box(30, 30, 130, 130), np.array([0, 1, 0], dtype=np.float32)
    levels = to_levels(np.full((160, 160, 3), 0.5, dtype=np.float32) * known[..., None])
    shown: list[Window] = []

    def predict(images: Colours, masks: Mask) -> Colours:
        shown.extend(zip(images, masks, strict=True))
        return images

    def copied(part: Box) -> Colours:
        return np.broadcast_to(green, (*part.size, 3))

    canvas = Canvas.on(levels, known, copied)
    ended(run_together([fill(canvas, box, RULE)], predict))
    assert len(shown) > 2
    for image, mask in shown:
        hidden = image[mask]  # beyond the picture, what is nearest in it
        is_copied = np.abs(hidden - green).max(axis=1) < 0.01
        assert is_copied.any()
        assert np.abs(hidden[~is_copied] - 0.5).max(initial=0) < 0.01
