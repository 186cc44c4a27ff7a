from __future__ import annotations

import io
from contextlib import suppress

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from PIL import Image
from sourcemakers import encoded, jpeg, picture

from restauro.data.pictures import UnusablePictureError, centre_square, decode
from restauro.picture.formats import READABLE


def test_an_rgb_picture_is_decoded_as_it_is() -> None:
    assert_array_equal(np.asarray(decode(encoded(picture()))), np.asarray(picture()))


@pytest.mark.parametrize("file_format", ["PNG", "TIFF"])
def test_16_bit_gray_is_scaled_to_8_bits_and_not_clipped(file_format: str) -> None:
    values = np.array([[0, 257 * 10, 257 * 200], [65535, 128, 129]], np.uint16)
    image = decode(encoded(Image.fromarray(values), file_format))
    assert_array_equal(np.asarray(image)[..., 0], [[0, 10, 200], [255, 0, 1]])
    assert image.mode == "RGB"


def test_big_endian_16_bit_tiff_is_read_the_same() -> None:
    values = np.linspace(0, 65535, 30).astype(np.uint16).reshape(5, 6)
    swapped = Image.frombytes("I;16B", (6, 5), values.astype(">u2").tobytes())
    expected = np.asarray(decode(encoded(Image.fromarray(values), "TIFF")))
    assert_array_equal(np.asarray(decode(encoded(swapped, "TIFF"))), expected)


def test_16_bit_pgm_is_scaled_too() -> None:
    values = np.array([[0, 257 * 10], [257 * 200, 65535], [1, 2]], ">u2")
    image = decode(b"P5 2 3 65535\n" + values.tobytes())
    assert_array_equal(np.asarray(image)[..., 1], [[0, 10], [200, 255], [0, 0]])


def test_values_without_a_known_white_are_refused() -> None:
    floats = Image.fromarray(np.ones((5, 7), np.float32))
    with pytest.raises(UnusablePictureError, match="no known white"):
        decode(encoded(floats, "TIFF"))


def test_cmyk_comes_out_in_the_colors_it_went_in() -> None:
    image = decode(encoded(picture().convert("CMYK"), "JPEG", quality=100, subsampling=0))
    # JPEG at quality 100 errs by a few steps of 255
    assert_allclose(np.asarray(image, int), np.asarray(picture(), int), atol=6)


def test_a_palette_is_looked_up() -> None:
    quantised = picture().quantize(16)
    assert_array_equal(
        np.asarray(decode(encoded(quantised, "GIF"))), np.asarray(quantised.convert("RGB"))
    )


@pytest.mark.parametrize("mode", ["RGBA", "LA"])
def test_what_is_transparent_becomes_white(mode: str) -> None:
    image = Image.new("RGBA", (7, 5), (10, 20, 30, 0)).convert(mode)
    assert np.asarray(decode(encoded(image))).min() == 255


def test_half_transparent_black_becomes_gray() -> None:
    image = decode(encoded(Image.new("RGBA", (7, 5), (0, 0, 0, 128))))
    assert np.asarray(image)[2, 3].tolist() == [127, 127, 127]


def test_a_transparent_palette_entry_becomes_white() -> None:
    image = Image.new("P", (7, 5), 0)
    image.putpalette([255, 0, 0, 0, 255, 0])
    image.putpixel((3, 2), 1)
    decoded = decode(encoded(image, "PNG", transparency=0))
    assert decoded.getpixel((0, 0)) == (255, 255, 255)
    assert decoded.getpixel((3, 2)) == (0, 255, 0)


def test_the_first_frame_of_an_animation_counts() -> None:
    red, blue = Image.new("RGB", (7, 5), "red"), Image.new("RGB", (7, 5), "blue")
    data = encoded(red, "GIF", save_all=True, append_images=[blue])
    assert decode(data).getpixel((3, 2)) == (255, 0, 0)


def test_a_picture_taken_upright_comes_out_upright() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # turn by 90 degrees clockwise
    image = decode(encoded(picture(50, 37), "PNG", exif=exif))
    assert image.size == (37, 50)
    assert_array_equal(np.asarray(image), np.rot90(np.asarray(picture(50, 37)), -1))


def test_a_turned_16_bit_picture_is_still_scaled() -> None:
    exif = Image.Exif()
    exif[0x0112] = 3
    values = np.full((5, 7), 257 * 90, np.uint16)
    assert decode(encoded(Image.fromarray(values), "PNG", exif=exif)).getpixel((1, 1)) == (90,) * 3


@pytest.mark.parametrize("file_format", ["JPEG", "PNG", "GIF", "TIFF", "WEBP"])
def test_a_truncated_file_is_refused_and_not_half_decoded(file_format: str) -> None:
    rng = np.random.default_rng(0)
    noise = Image.fromarray(rng.integers(0, 256, (37, 50, 3), dtype=np.uint8))
    data = encoded(noise, file_format)
    with pytest.raises(UnusablePictureError, match="cannot be decoded|no picture"):
        decode(data[: len(data) * 2 // 3])


@pytest.mark.parametrize("data", [b"", b"just a text", b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n"])
def test_what_is_no_picture_is_refused(data: bytes) -> None:
    with pytest.raises(UnusablePictureError, match="no picture|cannot be decoded"):
        decode(data)


@pytest.mark.parametrize("file_format", ["JPEG", "PNG", "GIF", "TIFF", "WEBP", "BMP"])
def test_damage_anywhere_ends_in_a_picture_or_a_reason(file_format: str) -> None:
    data, rng = encoded(picture(), file_format), np.random.default_rng(0)
    for _ in range(60):
        damaged = bytearray(data)
        for position in rng.integers(0, len(data), 4):
            damaged[position] = rng.integers(256)
        with suppress(UnusablePictureError):
            assert decode(bytes(damaged)).mode == "RGB"


def test_a_picture_that_unpacks_to_too_many_pixels_is_refused_before_it_is_unpacked() -> None:
    bomb = encoded(Image.new("1", (10_000, 8_001)))
    with pytest.raises(UnusablePictureError, match="10000x8001 pixels are more than 80,000,000"):
        decode(bomb)


def test_formats_that_run_other_programs_are_not_opened() -> None:
    with pytest.raises(UnusablePictureError, match="no picture"):
        decode(b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 50 37\n%%EndComments\n")
    assert "EPS" not in READABLE


def test_the_square_is_cut_from_the_middle_of_the_longer_side() -> None:
    for image in (picture(50, 37), picture(37, 50)):
        square = np.asarray(centre_square(image))
        left, top = (image.width - 37) // 2, (image.height - 37) // 2
        assert_array_equal(square, np.asarray(image)[top : top + 37, left : left + 37])


def test_jpeg_is_decoded_as_pillow_does() -> None:
    expected = np.asarray(Image.open(io.BytesIO(jpeg())).convert("RGB"))
    assert_array_equal(np.asarray(decode(jpeg())), expected)
