from __future__ import annotations

import pickle
import shutil
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import PIL.Image
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal
from numpy.typing import NDArray

import restauro
from restauro.errors import BadImageError, BadModelError, RestauroError, UnknownNameError
from restauro.fill import catalogue, windows
from restauro.fill.filler import Filler
from restauro.fill.windows import Box, WindowRule
from restauro.picture.modes import MODES
from restauro.picture.read import as_stored, upright
from restauro.picture.types import Image, Mask

MakeModel = Callable[..., Path]
ORIENTATION = 0x0112
NO_DITHER = PIL.Image.Dither.NONE  # dithering would carry hidden pixels into known ones


@pytest.fixture(scope="module")
def mean(make_model: MakeModel) -> Filler:
    return restauro.load(make_model("mean"), threads=1)


@pytest.fixture(scope="module")
def seen(make_model: MakeModel) -> Filler:
    """Returns what it is given: whatever leaks out of the hole shows."""
    return restauro.load(make_model("seen"), threads=1)


def noise(height: int, width: int, seed: int = 0) -> Image:
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8)


def exif_of(orientation: int) -> bytes:
    exif = PIL.Image.Exif()
    exif[ORIENTATION] = orientation
    return exif.tobytes()


def in_mode(image: Image, mode: str) -> PIL.Image.Image:
    """A picture of any mode whose values come from all of the image (H, W, 3)."""
    if mode in ("I;16", "I;16L", "I;16B", "I", "F"):
        dtype = {"I;16": "<u2", "I;16L": "<u2", "I;16B": ">u2", "I": "<i4", "F": "<f4"}[mode]
        values = image[:, :, 0].astype(np.float64) * 200 + image[:, :, 1]
        return PIL.Image.frombytes(mode, image.shape[1::-1], values.astype(dtype).tobytes())
    if mode == "P":  # every image has the same palette, as files that differ in the hole would
        palette_image = PIL.Image.new("P", (1, 1))
        palette_image.putpalette(np.random.default_rng(9).integers(0, 256, 768).tolist())
        return PIL.Image.fromarray(image).quantize(palette=palette_image, dither=NO_DITHER)
    if mode in ("LA", "RGBA"):
        picture = PIL.Image.fromarray(image).convert(mode)
        picture.putalpha(PIL.Image.fromarray(image[:, :, 1] // 2 + 64))
        return picture
    return PIL.Image.fromarray(image).convert(mode, dither=NO_DITHER)


@st.composite
def tasks(draw: st.DrawFn) -> tuple[int, int, Mask]:
    """A size and a mask with some hole and some known pixels, often at the edges."""
    height, width = draw(st.integers(1, 70)), draw(st.integers(2, 70))
    mask = np.zeros((height, width), dtype=bool)
    for _ in range(draw(st.integers(1, 3))):
        top, left = draw(st.integers(0, height - 1)), draw(st.integers(0, width - 1))
        mask[top : top + draw(st.integers(1, 60)), left : left + draw(st.integers(1, 60))] = True
    mask[0, draw(st.integers(0, width - 1))] = False
    mask[0, 0] |= not mask.any()
    return height, width, mask


def turned(shown: PIL.Image.Image, orientation: int) -> PIL.Image.Image:
    """The picture as a camera stores it that was held otherwise, with the tag that says so."""
    tag = PIL.Image.new("1", (1, 1))
    tag.info["exif"] = exif_of(orientation)
    stored = as_stored(shown, tag)
    stored.info["exif"] = exif_of(orientation)
    return stored


def repainted(image: Image, mask: Mask, mode: str) -> Image:
    """The image with other colours in the hole; alpha, which comes from green, stays."""
    height, width = mask.shape
    other = noise(height, width, seed=1)
    if mode in ("LA", "RGBA"):
        other[:, :, 1] = image[:, :, 1]
    return np.where(mask[..., None], other, image)


any_mode, any_orientation = st.sampled_from(sorted(MODES)), st.integers(1, 8)


@settings(max_examples=60)
@given(tasks(), any_mode, any_orientation)
def test_known_pixels_come_back_bit_for_bit(
    mean: Filler, task: tuple[int, int, Mask], mode: str, orientation: int
) -> None:
    height, width, mask = task
    shown = in_mode(noise(height, width), mode)
    stored = turned(shown, orientation)
    restored = mean(stored, mask)
    assert (restored.mode, restored.size, restored.info) == (mode, stored.size, stored.info)
    assert_array_equal(np.asarray(upright(restored))[~mask], np.asarray(shown)[~mask])


@settings(max_examples=60)
@given(tasks(), any_mode, any_orientation)
def test_the_result_does_not_depend_on_what_the_hole_hides(
    seen: Filler, task: tuple[int, int, Mask], mode: str, orientation: int
) -> None:
    height, width, mask = task
    image = noise(height, width)
    one, other = (
        seen(turned(in_mode(values, mode), orientation), mask)
        for values in (image, repainted(image, mask, mode))
    )
    assert_array_equal(np.asarray(one), np.asarray(other))


@settings(max_examples=6)
@given(st.integers(120, 320), st.integers(120, 320), st.integers(1, 150), any_mode)
def test_so_it_is_with_large_pictures_and_holes_filled_part_by_part(
    seen: Filler, height: int, width: int, thickness: int, mode: str
) -> None:
    image = noise(height, width)
    mask = np.zeros((height, width), dtype=bool)
    steps = np.arange(min(height, width))
    mask[steps, steps] = True
    mask[height // 3 :][:thickness, width // 4 :][:, :thickness] = True
    picture = in_mode(image, mode)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(windows, "PART", 50)
        restored = np.asarray(seen(picture, mask))
        other = np.asarray(seen(in_mode(repainted(image, mask, mode), mode), mask))
    assert_array_equal(restored[~mask], np.asarray(picture)[~mask])
    assert_array_equal(restored, other)


@settings(max_examples=40)
@given(st.integers(1, 40), st.integers(1, 40), any_mode, any_orientation)
def test_a_mask_without_a_hole_gives_any_picture_back_and_one_of_holes_alone_is_refused(
    mean: Filler, height: int, width: int, mode: str, orientation: int
) -> None:
    stored = turned(in_mode(noise(height, width), mode), orientation)
    restored = mean(stored, np.zeros((height, width), dtype=bool))
    assert (restored.mode, restored.info) == (stored.mode, stored.info)
    assert_array_equal(np.asarray(restored), np.asarray(stored))
    with pytest.raises(BadImageError, match="mask covers the whole picture"):
        mean(stored, np.ones((height, width), dtype=bool))


@settings(max_examples=40)
@given(*[st.integers(1, 40)] * 4, any_mode, any_orientation)
def test_a_mask_of_another_size_than_the_upright_picture_is_refused(
    mean: Filler, height: int, width: int, rows: int, columns: int, mode: str, orientation: int
) -> None:
    assume((rows, columns) != (height, width))
    stored = turned(in_mode(noise(height, width), mode), orientation)
    message = f"mask is {columns}x{rows} pixels, but the image is {width}x{height}"
    with pytest.raises(BadImageError, match=message):
        mean(stored, np.zeros((rows, columns), dtype=bool))


def test_a_hidden_pixel_too_small_to_count_in_the_small_picture_does_not_leak(
    seen: Filler,
) -> None:
    image = np.full((700, 900, 3), 100, dtype=np.uint8)
    mask = np.zeros((700, 900), dtype=bool)
    steps = np.arange(1400)
    mask[steps // 2, steps * 9 // 14] = True  # one thin line, at 1/28 of its size
    repainted = image.copy()
    repainted[mask] = 255
    assert_array_equal(seen(repainted, mask)[mask], seen(image, mask)[mask])


@settings(max_examples=30)
@given(tasks())
def test_arrays_are_treated_like_pictures(mean: Filler, task: tuple[int, int, Mask]) -> None:
    height, width, mask = task
    image = noise(height, width)
    restored = mean(image, mask)
    assert restored.dtype == np.uint8
    assert restored.flags.writeable
    picture = mean(PIL.Image.fromarray(image), PIL.Image.fromarray(mask))
    assert_array_equal(restored, np.asarray(picture))
    assert_array_equal(restored, mean(image, mask.astype(np.uint8)))
    assert_array_equal(restored, mean(image, mask.astype(np.uint8) * 255))


def ramp(height: int, width: int) -> Image:
    """What the ramp model paints over a window."""
    down, right = np.meshgrid(
        np.linspace(0, 255, height), np.linspace(0, 255, width), indexing="ij"
    )
    return np.rint(np.stack([down, right, np.zeros_like(down)], axis=2)).astype(np.uint8)


def test_the_prediction_lands_where_the_network_saw_the_hole(make_model: MakeModel) -> None:
    restorer = restauro.load(make_model("ramp", card={"size": [16, 32], "multiple": None}))
    image = np.zeros((100, 300, 3), dtype=np.uint8)
    window = WindowRule((16, 32), None).window(Box(47, 218, 52, 222), (100, 300))
    image[window.slices] = ramp(16, 32)  # so that nothing is left to match at the edge
    mask = np.zeros((100, 300), dtype=bool)
    mask[47:52, 218:222] = True
    damaged = np.where(mask[..., None], np.uint8(77), image)
    # one pixel of the ramp is 17 levels; feathering moves colours by less than two pixels
    assert_allclose(restorer(damaged, mask).astype(int), image, atol=30)


def test_a_picture_of_the_models_size_is_one_window(make_model: MakeModel) -> None:
    restorer = restauro.load(make_model("ramp", card={"multiple": None}))
    mask = np.zeros((32, 32), dtype=bool)
    mask[3:9, 20:32] = mask[28:31, 1:2] = mask[12:30, 4:28] = True
    damaged = np.where(mask[..., None], np.uint8(0), ramp(32, 32))
    # one pixel of the ramp is 8 levels; feathering moves colours by less than two pixels
    assert_allclose(restorer(damaged, mask).astype(int), ramp(32, 32), atol=15)


def test_far_holes_are_filled_from_their_own_surroundings(mean: Filler) -> None:
    image = np.zeros((40, 400, 3), dtype=np.uint8)
    image[:, 200:] = 255
    mask = np.zeros((40, 400), dtype=bool)
    mask[10:20, 50:60] = mask[10:20, 350:360] = True
    assert_array_equal(mean(image, mask), image)


def test_padding_outside_a_narrow_picture_is_never_known(mean: Filler) -> None:
    image = np.full((5, 90, 3), 200, dtype=np.uint8)  # black padding would darken the mean
    mask = np.zeros((5, 90), dtype=bool)
    mask[:, 30:60] = True
    assert_array_equal(mean(image, mask), image)


def test_hidden_pixels_do_not_darken_the_known_ones_beside_them(mean: Filler) -> None:
    image = np.full((300, 400, 3), 200, dtype=np.uint8)
    mask = np.zeros((300, 400), dtype=bool)
    mask[50:250:3, 50:350] = True  # fine stripes, far below the small picture's pixels
    image[mask] = 0
    assert_array_equal(mean(image, mask), np.full_like(image, 200))


def test_an_empty_mask_gives_the_picture_back(mean: Filler) -> None:
    image = noise(37, 50)
    assert_array_equal(mean(image, np.zeros((37, 50), dtype=bool)), image)
    assert_array_equal(mean(image[:0], np.zeros((0, 50), dtype=bool)), image[:0])


@pytest.mark.parametrize(
    ("image", "mask", "message"),
    [
        (
            noise(10, 50),
            np.ones((37, 50), bool),
            "mask is 50x37 pixels, but the image is 50x10; re",
        ),
        (noise(37, 50), np.ones((37, 50), bool), "mask covers the whole picture"),
        (noise(1, 1), np.ones((1, 1), bool), "mask covers the whole picture"),
        (
            noise(9, 9) / 255,
            np.ones((9, 9), bool),
            r"shape \(9, 9, 3\) and type float64; give uint8",
        ),
        (noise(9, 9)[:, :, :2], np.ones((9, 9), bool), r"image has the shape \(9, 9, 2\)"),
        (noise(9, 9), np.ones((9, 9)), "mask has the shape .* type float64; give bool or uint8"),
        (noise(9, 9), np.ones((9, 9, 3), bool), r"mask has the shape \(9, 9, 3\)"),
    ],
)
def test_what_cannot_be_restored_is_one_sentence(
    mean: Filler, image: NDArray[Any], mask: NDArray[Any], message: str
) -> None:
    with pytest.raises(BadImageError, match=message):
        mean(image, mask)


def test_a_mode_that_cannot_be_restored_is_one_sentence(mean: Filler) -> None:
    with pytest.raises(BadImageError, match="the picture has the mode La; convert it to RGBA"):
        mean(PIL.Image.new("La", (9, 9)), np.eye(9, dtype=bool))


@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_turned_picture_is_restored_upright_and_given_back_as_stored(
    make_model: MakeModel, orientation: int
) -> None:
    restorer = restauro.load(make_model("ramp", card={"multiple": None}))
    stored = PIL.Image.fromarray(noise(37, 50))
    stored.info["exif"] = exif_of(orientation)
    shown = np.array(upright(stored))
    mask = np.zeros(shown.shape[:2], dtype=bool)
    mask[2:9, 3:20] = True
    restored = restorer(stored, mask)
    assert restored.size == stored.size
    assert restored.getexif()[ORIENTATION] == orientation
    expected = PIL.Image.fromarray(restorer(shown, mask))
    assert_array_equal(np.asarray(restored), np.asarray(as_stored(expected, stored)))


def test_a_mask_that_fits_only_the_stored_layout_is_explained(mean: Filler) -> None:
    stored = PIL.Image.fromarray(noise(37, 50))
    stored.info["exif"] = exif_of(6)
    message = "mask is 50x37 pixels, but the image is 37x50 as its orientation tag shows it; resize"
    with pytest.raises(BadImageError, match=message):
        mean(stored, np.eye(37, 50, dtype=bool))


def test_metadata_of_a_picture_stays_with_it(mean: Filler) -> None:
    picture = PIL.Image.fromarray(noise(37, 50))
    picture.info |= {"dpi": (300, 300), "icc_profile": b"profile"}
    assert mean(picture, np.eye(37, 50, dtype=bool)).info == picture.info


@pytest.mark.parametrize("mode", ["LA", "RGBA"])
def test_alpha_stays_also_in_the_hole(mean: Filler, mode: str) -> None:
    picture = in_mode(noise(37, 50), mode)
    restored = mean(picture, np.eye(37, 50, dtype=bool))
    assert_array_equal(np.asarray(restored)[:, :, -1], np.asarray(picture)[:, :, -1])


@pytest.mark.parametrize("mode", ["LA", "RGBA", "P"])
def test_an_erased_hole_becomes_opaque(mean: Filler, mode: str) -> None:
    colour = (200, 200, 200, 255)
    image = np.full((20, 30, 4), colour, dtype=np.uint8)
    image[5:9, 5:9, 3] = 0
    picture = PIL.Image.fromarray(image).convert("RGBA")
    picture = picture.quantize(2) if mode == "P" else picture.convert(mode)
    restored = mean(picture, picture)  # the picture itself is the mask: transparent = hole
    assert restored.mode == mode
    assert_array_equal(np.asarray(restored.convert("RGBA")), np.broadcast_to(colour, (20, 30, 4)))


def test_colours_below_full_transparency_do_not_bleed_into_the_hole(mean: Filler) -> None:
    image = np.full((20, 30, 4), (0, 0, 255, 255), dtype=np.uint8)
    image[:, 20:] = (255, 0, 0, 0)  # red that nobody can see
    mask = np.zeros((20, 30), dtype=bool)
    mask[5:15, 15:25] = True
    restored = np.asarray(mean(PIL.Image.fromarray(image), mask))
    assert_array_equal(restored[5:15, 15:20], np.broadcast_to((0, 0, 255, 255), (10, 5, 4)))
    assert_array_equal(restored[5:15, 20:25, 3], 0)


def test_a_16_bit_picture_keeps_its_narrow_range(mean: Filler) -> None:
    # 100 of 65,536 steps: with 8 bits for the full range this were one grey
    values = np.linspace(1000, 1100, 32).astype(np.uint16)[None].repeat(32, axis=0)
    mask = np.zeros((32, 32), dtype=bool)
    mask[8:24, 8:24] = True
    restored = np.asarray(mean(PIL.Image.fromarray(values), mask))
    assert_allclose(restored[10:22, 15:17], 1050, atol=2)
    assert len(np.unique(restored[mask])) > 10
    assert restored[mask].min() >= 1000
    assert restored[mask].max() <= 1100


def test_a_palette_picture_uses_only_its_opaque_colours(make_model: MakeModel) -> None:
    picture = PIL.Image.new("P", (32, 32), 1)
    picture.paste(2, (16, 0, 32, 32))
    picture.putpalette([128, 128, 0, 255, 0, 0, 0, 255, 0])  # the ramp is nearest to entry 0
    picture.info["transparency"] = 0
    mask = np.zeros((32, 32), dtype=bool)
    mask[4:28, 4:28] = True
    restored = np.asarray(restauro.load(make_model("ramp", card={"multiple": None}))(picture, mask))
    assert set(np.unique(restored[mask])) == {1, 2}


def test_threads_and_repetitions_give_the_same_result(make_model: MakeModel) -> None:
    restorer = restauro.load(make_model("mean"))
    image, mask = noise(150, 200), np.zeros((150, 200), dtype=bool)
    mask[10:90, 30:160] = mask[120:125, 5:9] = True
    expected = restorer(image, mask)
    with ThreadPoolExecutor(4) as pool:
        for restored in pool.map(lambda _: restorer(image, mask), range(16)):
            assert_array_equal(restored, expected)


def test_a_batch_gives_what_single_calls_give(mean: Filler) -> None:
    images: list[Any] = [noise(37, 50), in_mode(noise(90, 60, 1), "LA"), noise(1, 2, 2)]
    masks = [np.eye(37, 50, dtype=bool), np.zeros((90, 60), bool), np.array([[1, 0]], np.uint8)]
    masks[1][10:70, 5:50] = True
    restored = mean.batch(images, masks)
    assert [type(one) for one in restored] == [type(image) for image in images]
    for one, image, mask in zip(restored, images, masks, strict=True):
        assert_array_equal(np.asarray(one), np.asarray(mean(image, mask)))


def test_a_batch_of_equal_arrays_comes_back_as_one_array(mean: Filler) -> None:
    images = np.stack([noise(32, 32, seed) for seed in range(40)])  # more than one run takes
    masks = np.zeros((40, 32, 32), dtype=bool)
    for number in range(40):
        masks[number, : number % 20, 5:20] = True
    restored = mean.batch(images, masks)
    assert isinstance(restored, np.ndarray)
    expected = [mean(image, mask) for image, mask in zip(images, masks, strict=True)]
    assert_array_equal(restored, np.stack(expected))


def test_a_batch_of_nothing_is_nothing(mean: Filler) -> None:
    assert mean.batch([], []) == []
    empty = np.zeros((0, 32, 32, 3), dtype=np.uint8)
    assert_array_equal(mean.batch(empty, np.zeros((0, 32, 32), dtype=bool)), empty)


def test_a_batch_needs_one_mask_for_each_image(mean: Filler) -> None:
    with pytest.raises(BadImageError, match="there are 2 images, but 1 masks; give one for each"):
        mean.batch([noise(9, 9), noise(9, 9)], [np.eye(9, dtype=bool)])


def test_an_unknown_provider_is_one_sentence(make_model: MakeModel) -> None:
    path = make_model()
    message = (
        "no such device 'NoProvider': onnxruntime offers CPUExecutionProvider; known: cpu, cuda"
    )
    with pytest.raises(UnknownNameError, match=message):
        restauro.load(path, device=["CPUExecutionProvider", "NoProvider"])
    image, mask = noise(37, 50), np.eye(37, 50, dtype=bool)
    chosen = restauro.load(path, ["CPUExecutionProvider"], 1)
    assert_array_equal(chosen(image, mask), restauro.load(path)(image, mask))


def test_threads_below_one_are_refused(make_model: MakeModel) -> None:
    with pytest.raises(RestauroError, match="threads is 0; give 1 or more"):
        restauro.load(make_model(), threads=0)


@pytest.fixture(scope="module")
def noisy(make_model: MakeModel) -> Filler:
    return restauro.load(make_model("noisy", card={"noise_dim": 3}), threads=1)


def test_several_fills_are_those_of_their_seeds(noisy: Filler) -> None:
    image, mask = noise(32, 32), np.zeros((32, 32), dtype=bool)
    mask[10:20, 10:30] = True
    fills = noisy.several(image, mask, n=3, seed=4)
    assert len({fill[mask].tobytes() for fill in fills}) == 3
    for seed, fill in enumerate(fills, start=4):
        assert_array_equal(fill[~mask], image[~mask])
        assert_array_equal(fill, noisy.seeded(seed)(image, mask))
    assert_array_equal(noisy(image, mask), noisy(image, mask))
    assert_array_equal(fills[0], noisy.several(image, mask, n=1, seed=4)[0])


def test_number_0_is_the_fill_without_a_seed_whatever_was_drawn_before(noisy: Filler) -> None:
    image, mask = noise(32, 32), np.zeros((32, 32), dtype=bool)
    mask[10:20, 10:30] = True
    middle = noisy(image, mask)
    assert (noisy.seeded(3)(image, mask)[mask] != middle[mask]).any()
    assert_array_equal(noisy.seeded(0)(image, mask), middle)
    assert_array_equal(noisy.seeded(3).seeded(0)(image, mask), middle)


def test_a_seeded_filler_is_another_one_by_name_and_after_pickling(noisy: Filler) -> None:
    image, mask = noise(32, 32), np.eye(32, 32, dtype=bool)
    seeded = noisy.seeded(3)
    assert seeded.identity != noisy.identity != noisy.seeded(4).identity
    named = restauro.load(f"seed-3:{noisy.files[0]}", threads=1)
    for again in (named, pickle.loads(pickle.dumps(named)), pickle.loads(pickle.dumps(seeded))):
        assert again.identity == seeded.identity
        assert_array_equal(again(image, mask), seeded(image, mask))
    assert named.name == "seed-3:toy"


def test_one_fill_has_no_seed(mean: Filler, noisy: Filler) -> None:
    image, mask = noise(32, 32), np.eye(32, 32, dtype=bool)
    message = "'toy' has one fill for a hole, so no seed and no several; take faces_several"
    with pytest.raises(BadModelError, match=message):
        mean.several(image, mask)
    with pytest.raises(BadModelError, match="'telea' has one fill"):
        restauro.load("seed-0:telea")
    with pytest.raises(RestauroError, match="the seed is -1; give 0 or more"):
        noisy.seeded(-1)
    with pytest.raises(RestauroError, match="n is 0; ask for 1 fill or more"):
        noisy.several(image, mask, n=0)
    with pytest.raises(UnknownNameError, match="seed-x:faces"):
        restauro.load("seed-x:faces")


def test_noise_that_the_card_does_not_tell_of_is_refused(make_model: MakeModel) -> None:
    with pytest.raises(BadModelError, match="takes image, mask, noise and gives prediction"):
        restauro.load(make_model("noisy"))
    with pytest.raises(BadModelError, match="must take image and mask and noise"):
        restauro.load(make_model("mean", card={"noise_dim": 3}))
    with pytest.raises(BadModelError, match=r"noise of .* but its card says \(B, 4\)"):
        restauro.load(make_model("noisy", card={"noise_dim": 4}))


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_a_hundred_megapixels_stay_below_their_memory(make_model: MakeModel) -> None:
    # getrusage would tell the peak of the process of the tests, where that is higher: its
    # maximum outlives the start of another program.
    code = f"""
import re, numpy as np, PIL.Image, restauro
restorer = restauro.load({str(make_model("mean"))!r}, threads=1)
mask = np.zeros((10_000, 10_000), dtype=bool)
mask[5000:5040, 7000:7030] = True
picture = PIL.Image.new("RGB", (10_000, 10_000), (10, 20, 30))
restored = restorer(picture, mask)
assert restored.getpixel((7010, 5010)) == (10, 20, 30)
del restored
image = np.full((10_000, 10_000, 3), 50, dtype=np.uint8)
del picture
steps = np.arange(10_000)
mask[steps, steps] = True  # a scratch whose box is the whole picture
restorer(image, mask)
print(re.search(r"VmHWM:\\s+(\\d+) kB", open("/proc/self/status").read())[1])
"""
    output = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert output.returncode == 0, output.stderr
    assert int(output.stdout) * 1024 < 1.5e9


def test_a_network_that_gives_no_numbers_is_one_sentence(make_model: MakeModel) -> None:
    with pytest.raises(BadModelError, match="model 'toy' gave .* values that are no numbers"):
        restauro.load(make_model("broken"))(noise(32, 32), np.eye(32, 32, dtype=bool))


def networks() -> list[str]:
    """Names of model files."""
    return [name for name in restauro.list_models() if catalogue.find(name).file]


def test_an_unknown_name_suggests_the_closest(
    make_model: MakeModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = make_model(name="faces")
    monkeypatch.setenv("XDG_CACHE_HOME", str(path.parent))
    monkeypatch.setattr(catalogue, "WEIGHTS_DIR", path.parent)
    assert networks() == ["faces"]
    assert restauro.load("faces").name == "faces"
    with pytest.raises(UnknownNameError, match="no model named 'face'; did you mean 'faces'"):
        restauro.load("face")


def test_a_model_in_the_users_cache_has_a_name_and_a_shipped_one_goes_first(
    make_model: MakeModel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shipped = make_model(name="faces")
    monkeypatch.setattr(catalogue, "WEIGHTS_DIR", shipped.parent)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    models = tmp_path / "restauro" / "models"
    models.mkdir(parents=True)
    for name in ("barns", "faces"):
        shutil.copy(make_model(name=f"own_{name}"), models / f"{name}.onnx")
    assert networks() == ["barns", "faces"]
    assert restauro.load("barns").name == "own_barns"
    assert restauro.load("faces").name == "faces"


def test_without_a_place_for_caches_the_home_folder_is_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    for folder in ("", "relative/folder"):
        monkeypatch.setenv("XDG_CACHE_HOME", folder)
        assert catalogue.cache_dir() == tmp_path / ".cache" / "restauro" / "models"


def test_without_any_model_the_message_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setattr(catalogue, "WEIGHTS_DIR", tmp_path)
    with pytest.raises(UnknownNameError, match=r"known: auto, .* give an \.onnx file"):
        restauro.load("no name is like this")
    with pytest.raises(UnknownNameError, match=r"known: none \(or give an \.onnx file"):
        catalogue.model_path("faces")


def test_paths_and_grey_arrays_with_a_channel_are_taken(
    make_model: MakeModel, tmp_path: Path
) -> None:
    restorer = restauro.load(make_model())
    image = np.random.default_rng(0).integers(0, 256, (37, 50, 1), dtype=np.uint8)
    hole = np.zeros((37, 50), dtype=bool)
    hole[5:20, 30:] = True
    restored = restorer(image, hole)
    assert restored.shape == image.shape
    assert_array_equal(restored[..., 0], restorer(image[..., 0], hole))
    PIL.Image.fromarray(image[..., 0]).save(tmp_path / "in.png")
    PIL.Image.fromarray(hole).save(tmp_path / "mask.png")
    picture = restorer(tmp_path / "in.png", str(tmp_path / "mask.png"))
    assert_array_equal(np.asarray(picture), restored[..., 0])


def test_a_hole_grows_as_on_the_command_line(make_model: MakeModel) -> None:
    restorer = restauro.load(make_model())
    image = np.random.default_rng(0).integers(0, 256, (37, 50, 3), dtype=np.uint8)
    hole, grown = np.zeros((2, 37, 50), dtype=bool)
    hole[10:20, 30:40] = grown[8:22, 28:42] = True
    expected = restorer(image, grown)
    assert_array_equal(restorer(image, hole, grow=2), expected)
    assert_array_equal(restorer.fill(image, hole, grow=2).picture, expected)
    assert_array_equal(restorer.batch(image[None], hole[None], grow=2)[0], expected)
    with pytest.raises(BadImageError, match="grow is 1.5; give a number of pixels, 0 or more"):
        restorer(image, hole, grow=1.5)  # type: ignore[call-overload]


def test_soft_edges_give_a_warning_where_the_call_is(make_model: MakeModel) -> None:
    restorer = restauro.load(make_model())
    image, mask = np.full((37, 50, 3), 9, np.uint8), np.zeros((37, 50), np.uint8)
    mask[10:20, 30:40], mask[9, 30:40] = 255, 100
    with pytest.warns(UserWarning, match=r"soft edges: 10 of its pixels .* \(grow=1\)") as caught:
        restorer(image, mask)
    assert caught[0].filename == __file__
    restorer(image, mask, grow=1)
