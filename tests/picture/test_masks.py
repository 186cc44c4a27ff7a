from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import PIL.Image
import pytest
from numpy.testing import assert_array_equal
from numpy.typing import NDArray

from restauro.errors import BadImageError
from restauro.picture.holes import HoleOptions, Rectangle, hole_of, opaque, remark
from restauro.picture.masks import marked_by_array, marked_by_picture
from restauro.picture.types import Mask

SIZE = (37, 50)
MAGENTA = (255, 0, 255)
ORIENTATION = 0x0112


def hole() -> Mask:
    mask = np.zeros(SIZE, dtype=bool)
    mask[5:20, 30:] = True
    return mask


def picture(mode: str = "RGB") -> PIL.Image.Image:
    image = np.random.default_rng(0).integers(0, 200, (*SIZE, 3), dtype=np.uint8)
    return PIL.Image.fromarray(image).convert(mode)


def painted(colour: tuple[int, int, int] = MAGENTA) -> PIL.Image.Image:
    result = picture()
    result.paste(colour, mask=PIL.Image.fromarray(hole()))
    return result


def see_through(mode: str, alpha: int = 0) -> PIL.Image.Image:
    result = picture(mode)
    levels = np.where(hole(), alpha, 255).astype(np.uint8)
    result.putalpha(PIL.Image.fromarray(levels))
    return result


def test_a_painted_colour_is_the_hole() -> None:
    assert_array_equal(hole_of(painted(), None, HoleOptions(colour=MAGENTA)), hole())


@pytest.mark.parametrize(("tolerance", "is_found"), [(9, False), (10, True)])
def test_each_channel_may_be_off_by_the_tolerance(tolerance: int, is_found: bool) -> None:
    options = HoleOptions(colour=MAGENTA, tolerance=tolerance)
    found = hole_of(painted((245, 10, 250)), None, options)
    assert_array_equal(found, hole() if is_found else np.zeros(SIZE, dtype=bool))


def test_what_cannot_be_seen_has_no_colour() -> None:
    erased = see_through("RGBA")
    erased.paste((*MAGENTA, 0), mask=PIL.Image.fromarray(hole()))
    assert not hole_of(erased, None, HoleOptions(colour=MAGENTA)).any()


def test_wide_grey_has_no_colour_to_compare() -> None:
    wide = PIL.Image.fromarray(np.zeros(SIZE, dtype=np.uint16))
    with pytest.raises(BadImageError, match="no colours to compare; give a mask"):
        hole_of(wide, None, HoleOptions(colour=MAGENTA))


def palette_with_transparency() -> PIL.Image.Image:
    result = picture().quantize(16)
    indices = np.where(hole(), 16, np.asarray(result)).astype(np.uint8)
    colours = result.getpalette() or []
    result = PIL.Image.frombytes("P", result.size, indices.tobytes())
    result.putpalette([*colours[:48], 9, 9, 9])
    result.info["transparency"] = 16
    return result


@pytest.mark.parametrize(
    "given",
    [see_through("RGBA"), see_through("LA"), see_through("RGBA", 254), palette_with_transparency()],
    ids=["RGBA", "LA", "nearly opaque", "P"],
)
def test_whatever_is_not_opaque_is_the_hole_and_becomes_opaque(given: PIL.Image.Image) -> None:
    assert_array_equal(hole_of(given, None, HoleOptions(alpha=True)), hole())
    result = opaque(given)
    assert result.mode == given.mode
    file = io.BytesIO()
    result.save(file, "PNG")
    assert PIL.Image.open(file).convert("RGBA").getchannel("A").getextrema() == (255, 255)
    was_seen = ~hole()
    seen, before = (np.asarray(one.convert("RGBA"))[was_seen] for one in (result, given))
    assert_array_equal(seen, before)


def test_the_hole_is_upright_as_a_viewer_shows_the_picture(tmp_path: Path) -> None:
    exif = PIL.Image.Exif()
    exif[ORIENTATION] = 6  # shown turned by 90 degrees clockwise
    painted().save(tmp_path / "turned.png", exif=exif)
    with PIL.Image.open(tmp_path / "turned.png") as turned:
        found = hole_of(turned, None, HoleOptions(colour=MAGENTA))
    assert_array_equal(found, np.rot90(hole(), -1))


def test_an_inverted_mask_has_black_for_hole() -> None:
    assert_array_equal(hole_of(picture(), ~hole(), HoleOptions(invert=True)), hole())


def test_a_mask_of_another_size_is_stretched_only_when_asked() -> None:
    half = hole()[::2, ::2]  # 19x25
    with pytest.raises(BadImageError, match=r"is 25x19 pixels, .* 50x37; .* add --resize-mask"):
        hole_of(picture(), half, HoleOptions())
    found = hole_of(picture(), half, HoleOptions(resize=True))
    assert found.shape == SIZE
    assert (found != hole()).mean() < 0.03  # one row or column beside the edge


@pytest.mark.parametrize("pixels", [1, 3, 60])
def test_a_hole_grows_by_as_many_pixels_on_all_sides(pixels: int) -> None:
    mask = np.zeros(SIZE, dtype=bool)
    mask[10, 20] = mask[36, 0] = True
    rows, columns = np.indices(SIZE)
    expected = np.zeros(SIZE, dtype=bool)
    for row, column in ((10, 20), (36, 0)):
        expected |= (abs(rows - row) <= pixels) & (abs(columns - column) <= pixels)
    assert_array_equal(hole_of(picture(), mask, HoleOptions(grow_px=pixels)), expected)


@pytest.mark.parametrize(
    ("options", "mask", "expected"),
    [
        (
            HoleOptions(),
            ~hole(),
            "the hole covers 84% of the picture; if white is what to keep, add --invert-mask",
        ),
        (
            HoleOptions(invert=True),
            ~hole(),
            "the hole covers 84% of the picture; if black is what to keep, leave out --invert-mask",
        ),
        (
            HoleOptions(),
            hole() & False,
            "m.png marks no hole (white or transparent): nothing is changed",
        ),
        (HoleOptions(alpha=True), hole() & False, "nothing is transparent: nothing is changed"),
        (
            HoleOptions(colour=MAGENTA),
            hole() & False,
            "the colour #ff00ff does not occur: nothing is changed",
        ),
        (HoleOptions(), hole(), ""),
        (HoleOptions(alpha=True), ~hole(), ""),
    ],
)
def test_a_hole_that_looks_like_a_mistake_is_remarked(
    options: HoleOptions, mask: Mask, expected: str
) -> None:
    assert remark(mask, options, "m.png") == expected


# What masks of other tools mean


def labels(value: int) -> NDArray[np.uint8]:
    return np.where(hole(), value, 0).astype(np.uint8)


def in_colour(
    colour: tuple[int, int, int], background: tuple[int, int, int] = (0, 0, 0)
) -> PIL.Image.Image:
    image = np.where(hole()[:, :, None], colour, background).astype(np.uint8)
    return PIL.Image.fromarray(image)


def with_palette(indices: NDArray[np.uint8], *colours: tuple[int, int, int]) -> PIL.Image.Image:
    picture = PIL.Image.frombytes("P", SIZE[::-1], indices.tobytes())
    picture.putpalette([level for colour in colours for level in colour])
    return picture


def on_transparent(
    colour: tuple[int, int, int], alpha: int = 255, *, of: Mask | None = None
) -> PIL.Image.Image:
    picture = PIL.Image.new("RGBA", SIZE[::-1])
    painted_part = hole() if of is None else of
    picture.paste((*colour, alpha), mask=PIL.Image.fromarray(painted_part))
    return picture


def saved_as_jpeg(picture: PIL.Image.Image) -> PIL.Image.Image:
    file = io.BytesIO()
    picture.save(file, "JPEG", quality=90, subsampling=0)
    return PIL.Image.open(file)


@pytest.mark.parametrize("value", [1, 2, 100, 127, 128, 254, 255])
def test_of_two_values_with_zero_the_other_is_the_hole(value: int) -> None:
    assert_array_equal(marked_by_array(labels(value)).hole, hole())
    assert_array_equal(marked_by_picture(PIL.Image.fromarray(labels(value))).hole, hole())
    wide = PIL.Image.fromarray(labels(value).astype(np.uint16))
    assert_array_equal(marked_by_picture(wide).hole, hole())


@pytest.mark.parametrize(
    "mask",
    [
        in_colour((255, 0, 0)),
        in_colour((0, 0, 90)),
        in_colour((255, 255, 0)),
        with_palette(labels(1), (0, 0, 0), (128, 0, 0)),
        on_transparent((255, 0, 0)),
        on_transparent((120, 120, 120)),
        on_transparent((0, 255, 0), 100),
        on_transparent((0, 0, 0), of=~hole()),
    ],
    ids=["red", "dark blue", "yellow", "palette", "strokes", "grey strokes", "glaze", "erased"],
)
def test_one_colour_is_the_hole_on_black_and_on_transparent(mask: PIL.Image.Image) -> None:
    assert_array_equal(marked_by_picture(mask).hole, hole())


def test_a_red_mask_that_went_through_jpeg_is_still_understood() -> None:
    found = marked_by_picture(saved_as_jpeg(in_colour((255, 0, 0)))).hole
    assert (found != hole()).mean() < 0.02


@pytest.mark.parametrize(
    ("mask", "message"),
    [
        (in_colour((255, 0, 0), (0, 0, 255)), "several colours, so which of them is the hole"),
        (in_colour((255, 0, 0), (255, 255, 255)), "several colours"),
        (picture(), "several colours"),
        (PIL.Image.fromarray(labels(1) + labels(2)[::-1]), "4 values from 0 to 3 of 255, all"),
        (PIL.Image.fromarray(labels(1) + 1), "2 values from 1 to 2 of 255"),
        (PIL.Image.fromarray((labels(1) + labels(2)[::-1]).astype(np.uint16)), "4 values from 0"),
        (on_transparent((255, 255, 255)), "white on transparent"),
        (on_transparent((0, 0, 0)), "black on a transparent picture, so either may be the hole"),
    ],
    ids=["two", "on white", "photo", "labels", "no zero", "wide", "white", "black"],
)
def test_what_may_mean_two_things_is_refused_with_a_hint(
    mask: PIL.Image.Image, message: str
) -> None:
    with pytest.raises(BadImageError, match=message) as caught:
        marked_by_picture(mask)
    assert caught.value.code == "mask"
    assert "black" in str(caught.value)


def test_several_labels_of_an_array_are_refused() -> None:
    with pytest.raises(BadImageError, match="4 values from 0 to 3 of 255, all of them dark"):
        marked_by_array(labels(1) + labels(2)[::-1])


def test_soft_edges_are_told_of_until_the_hole_grows() -> None:
    soft = PIL.Image.fromarray(labels(255)).resize((200, 148), PIL.Image.Resampling.BILINEAR)
    marked = marked_by_picture(soft)
    levels = np.asarray(soft)
    assert_array_equal(marked.hole, levels > 127)
    number = np.count_nonzero((levels >= 32) & (levels <= 127))
    assert f"soft edges: {number:,} of its pixels are grey below half" in marked.remark
    assert marked_by_picture(PIL.Image.fromarray(labels(255))).remark == ""


# Boxes


def test_boxes_are_the_hole_as_a_viewer_counts() -> None:
    boxes = (Rectangle(30, 5, 20, 15), Rectangle(0, 36, 1, 9))
    expected = hole()
    expected[36, 0] = True
    assert_array_equal(hole_of(picture(), None, HoleOptions(boxes=boxes)), expected)


def test_a_box_outside_the_picture_is_refused() -> None:
    options = HoleOptions(boxes=(Rectangle(50, 0, 4, 4),))
    with pytest.raises(BadImageError, match="the box 50,0,4,4 lies outside the picture of 50x37"):
        hole_of(picture(), None, options)
