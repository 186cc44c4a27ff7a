from __future__ import annotations

import errno
import os
import struct
import threading
import zlib
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import PIL.Image
import PIL.PngImagePlugin
import pytest
from numpy.testing import assert_array_equal
from PIL.JpegImagePlugin import get_sampling

from restauro.errors import BadImageError, OutputExistsError, RestauroError
from restauro.picture.formats import FORMATS
from restauro.picture.masks import marked_by_array, marked_by_picture, read_mask
from restauro.picture.read import as_stored, read_image, read_picture, upright
from restauro.picture.types import Image
from restauro.picture.write import check_output, write_image, write_picture

ORIENTATION = 0x0112


@pytest.fixture
def image() -> Image:
    return np.random.default_rng(0).integers(0, 256, (37, 50, 3), dtype=np.uint8)


def exif_of(orientation: int) -> bytes:
    exif = PIL.Image.Exif()
    exif[ORIENTATION] = orientation
    return exif.tobytes()


def png_chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png_bytes(width: int, height: int, depth: int, rows: bytes = b"") -> bytes:
    """An RGB PNG by hand, for what Pillow does not write."""
    header = struct.pack(">IIBBBBB", width, height, depth, 2, 0, 0, 0)
    chunks = [(b"IHDR", header), (b"IDAT", zlib.compress(rows)), (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(png_chunk(*chunk) for chunk in chunks)


# Reading


@pytest.mark.parametrize(
    ("mode", "suffix"),
    [(m, ".png") for m in ("1", "L", "LA", "P", "RGB", "RGBA", "I;16")]
    + [(m, ".tif") for m in ("CMYK", "LAB", "I", "F", "RGBA", "1")]
    + [("RGB", ".webp"), ("RGBA", ".webp"), ("RGB", ".bmp"), ("P", ".gif"), ("L", ".pgm")],
)
def test_every_lossless_format_gives_back_the_pixels_and_mode_that_were_written(
    tmp_path: Path, image: Image, mode: str, suffix: str
) -> None:
    picture = PIL.Image.fromarray(image).convert("L" if mode in ("I;16", "I", "F") else "RGB")
    picture = picture.convert(mode)
    if mode in ("LA", "RGBA"):
        picture.putalpha(PIL.Image.fromarray(image[:, :, 1]))
    path = tmp_path / f"picture{suffix}"
    write_picture(path, picture)
    again = read_picture(path)
    assert again.mode == mode
    assert_array_equal(np.asarray(again), np.asarray(picture))
    assert [entry.name for entry in tmp_path.iterdir()] == [path.name]
    assert read_image(path).shape == (37, 50, 3)


def test_a_big_endian_picture_keeps_its_values(tmp_path: Path) -> None:
    values = (np.arange(6).reshape(2, 3) * 9999).astype(">u2")
    write_picture(tmp_path / "a.tif", PIL.Image.frombytes("I;16B", (3, 2), values.tobytes()))
    assert_array_equal(np.asarray(read_picture(tmp_path / "a.tif")), values)


def test_an_image_comes_back_from_file_and_bytes(tmp_path: Path, image: Image) -> None:
    write_image(tmp_path / "image.png", image)
    assert_array_equal(read_image(tmp_path / "image.png"), image)
    assert_array_equal(read_image((tmp_path / "image.png").read_bytes()), image)


def test_a_16_bit_grey_picture_becomes_grey_of_8_bits(tmp_path: Path) -> None:
    values = np.array([[0, 257, 65535], [128, 129, 32768]], dtype=np.uint16)
    write_picture(tmp_path / "grey.png", PIL.Image.fromarray(values))
    expected = np.array([[0, 1, 255], [0, 1, 128]])  # 257 steps make one of 255
    assert_array_equal(read_image(tmp_path / "grey.png"), np.dstack([expected] * 3))


@pytest.mark.parametrize("orientation", range(1, 9))
def test_an_orientation_tag_is_followed_and_can_be_undone(
    tmp_path: Path, image: Image, orientation: int
) -> None:
    stored = PIL.Image.fromarray(image)
    stored.save(tmp_path / "turned.png", exif=exif_of(orientation))
    picture = read_picture(tmp_path / "turned.png")
    assert_array_equal(np.asarray(picture), image)
    shown = upright(picture)
    expected = {
        1: image,
        2: image[:, ::-1],
        3: image[::-1, ::-1],
        4: image[::-1],
        5: image.swapaxes(0, 1),
        6: np.rot90(image, -1),
        7: np.rot90(image, 2).swapaxes(0, 1),
        8: np.rot90(image),
    }[orientation]
    assert_array_equal(np.asarray(shown), expected)
    assert_array_equal(read_image(tmp_path / "turned.png"), expected)
    assert_array_equal(np.asarray(as_stored(shown, picture)), image)


def test_damaged_exif_leaves_the_picture_as_stored(tmp_path: Path, image: Image) -> None:
    PIL.Image.fromarray(image).save(tmp_path / "odd.png", exif=b"Exif\0\0no exif at all")
    assert_array_equal(read_image(tmp_path / "odd.png"), image)


def write_animation(path: Path) -> None:
    frames = [PIL.Image.new("L", (50, 37), grey) for grey in (0, 128, 255)]
    frames[0].save(path, save_all=True, append_images=frames[1:])


def write_half(path: Path) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (37, 50, 3), dtype=np.uint8)
    PIL.Image.fromarray(noise).save(path)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


@pytest.mark.parametrize(
    ("name", "make", "message"),
    [
        ("no.png", lambda path: None, "there is no file .*no.png; check the name"),
        ("folder.png", Path.mkdir, "folder.png is a folder; give one picture"),
        ("empty.png", Path.touch, "empty.png is empty; use an intact copy"),
        ("text.png", lambda p: p.write_text("hello"), "text.png is no picture that restauro reads"),
        (
            "page.ps",
            lambda p: PIL.Image.new("L", (9, 9)).save(p, "EPS"),
            "page.ps is no picture that restauro reads",
        ),
        ("half.png", write_half, r"half.png is damaged or cut short \(.+\); use an intact copy"),
        ("half.jpg", write_half, "half.jpg is damaged or cut short"),
        ("half.tif", write_half, "half.tif is damaged or cut short"),
        ("half.webp", write_half, "half.webp is damaged or cut short"),
        (
            "moving.gif",
            write_animation,
            "moving.gif has 3 pages or frames; choose one by its number",
        ),
        ("moving.png", write_animation, "moving.png has 3 pages or frames"),
        ("pages.tif", write_animation, "pages.tif has 3 pages or frames"),
        ("b.png", lambda p: p.write_bytes(png_bytes(13_100, 13_100, 8)), "more than 170,000,000 p"),
        ("c.png", lambda p: p.write_bytes(png_bytes(90_000, 90_000, 8)), "more than 170,000,000 p"),
    ],
)
def test_a_file_that_cannot_be_read_is_one_sentence(
    tmp_path: Path, name: str, make: Any, message: str
) -> None:
    make(tmp_path / name)
    for read in (read_picture, read_image, read_mask):
        with pytest.raises(BadImageError, match=message):
            read(tmp_path / name)


def test_a_large_picture_within_the_limit_is_read_without_a_warning(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, image: Image
) -> None:
    write_image(tmp_path / "large.png", image)
    monkeypatch.setattr(PIL.Image, "MAX_IMAGE_PIXELS", 1000)  # Pillow warns from here to twice that
    assert_array_equal(read_image(tmp_path / "large.png"), image)


def test_a_colour_picture_of_16_bits_is_refused_where_known_pixels_must_stay(
    tmp_path: Path,
) -> None:
    path = tmp_path / "deep.png"
    path.write_bytes(png_bytes(2, 1, 16, b"\0" + bytes(range(12))))
    with pytest.raises(BadImageError, match="16 bits a colour channel, which would be cut; save"):
        read_picture(path)
    assert read_image(path).shape == (1, 2, 3)


# Masks

HOLE = np.zeros((37, 50), dtype=bool)
HOLE[3:20, 5:9] = True


def grey(dark: int, light: int) -> PIL.Image.Image:
    return PIL.Image.fromarray(np.where(HOLE, light, dark).astype(np.uint8))


def with_alpha(colours: PIL.Image.Image, hole_alpha: int, known_alpha: int) -> PIL.Image.Image:
    picture = colours.convert("RGBA")
    alpha = np.where(HOLE, hole_alpha, known_alpha).astype(np.uint8)
    picture.putalpha(PIL.Image.fromarray(alpha))
    return picture


PHOTO = PIL.Image.fromarray(np.random.default_rng(1).integers(0, 256, (37, 50, 3), dtype=np.uint8))


@pytest.mark.parametrize(
    "mask",
    [
        grey(0, 255),
        grey(127, 128),
        grey(0, 255).convert("1"),
        grey(0, 255).convert("RGB"),
        grey(0, 255).convert("P"),
        grey(0, 255).convert("CMYK"),
        grey(0, 255).convert("YCbCr"),
        grey(0, 255).convert("LA"),
        PIL.Image.fromarray(np.where(HOLE, 60_000, 0).astype(np.uint16)),
        PIL.Image.fromarray(np.where(HOLE, 1, 0).astype(np.uint16)),
        PIL.Image.fromarray(np.where(HOLE, 1.0, 0.0).astype(np.float32)),
        with_alpha(PHOTO, 0, 255),
        with_alpha(PHOTO, 127, 128),
        with_alpha(PHOTO, 0, 255).quantize(),
        with_alpha(PHOTO, 0, 255).convert("LA"),
        with_alpha(grey(0, 255), 255, 255),
        with_alpha(grey(0, 255), 254, 255),
    ],
    ids=lambda mask: mask.mode,
)
def test_white_is_the_hole_or_transparent_where_there_is_transparency(
    tmp_path: Path, mask: PIL.Image.Image
) -> None:
    assert_array_equal(marked_by_picture(mask).hole, HOLE)
    mask.save(tmp_path / "mask.tif" if mask.mode in ("CMYK", "F", "YCbCr") else tmp_path / "m.png")
    (path,) = tmp_path.iterdir()
    assert_array_equal(read_mask(path), HOLE)


def test_a_mask_is_turned_upright(tmp_path: Path) -> None:
    grey(0, 255).save(tmp_path / "mask.jpg", exif=exif_of(6), quality=100)
    assert_array_equal(read_mask(tmp_path / "mask.jpg"), np.rot90(HOLE, -1))


def test_white_on_transparent_is_refused_as_both_mean_hole() -> None:
    with pytest.raises(BadImageError, match="white on transparent.*put it on a black background"):
        marked_by_picture(with_alpha(grey(255, 255), 255, 0))


@pytest.mark.parametrize("mode", ["1", "L", "RGB", "I;16", "F", "LA"])
def test_a_black_mask_has_no_hole(mode: str) -> None:
    picture = PIL.Image.new("L", (50, 37)).convert(mode)
    assert not marked_by_picture(picture).hole.any()


@pytest.mark.parametrize(
    "mask", [HOLE, HOLE.astype(np.uint8), HOLE * np.uint8(255), HOLE[:, :, None]]
)
def test_masks_of_several_array_types_mean_the_same(mask: Any) -> None:
    assert_array_equal(marked_by_array(mask).hole, HOLE)


# Writing


def test_a_jpeg_keeps_its_tables_sampling_and_metadata(tmp_path: Path, image: Image) -> None:
    smooth = PIL.Image.fromarray(image).resize((64, 48)).resize((640, 480))
    smooth.save(
        tmp_path / "in.jpg",
        quality=71,
        subsampling=1,
        progressive=True,
        exif=exif_of(6),
        icc_profile=b"a profile",
        dpi=(300, 300),
        comment=b"a comment",
    )
    source = read_picture(tmp_path / "in.jpg")
    write_picture(tmp_path / "out.jpg", source.copy(), source=source)
    with PIL.Image.open(tmp_path / "in.jpg") as before, PIL.Image.open(tmp_path / "out.jpg") as now:
        assert getattr(now, "quantization", 0) == getattr(before, "quantization", 1)
        assert get_sampling(now) == get_sampling(before) == 1
        assert now.info == before.info
        assert now.getexif()[ORIENTATION] == 6


def test_a_png_keeps_its_metadata(tmp_path: Path, image: Image) -> None:
    text = PIL.PngImagePlugin.PngInfo()
    text.add_text("Author", "somebody")
    PIL.Image.fromarray(image).quantize(9).save(
        tmp_path / "in.png",
        exif=exif_of(3),
        icc_profile=b"a profile",
        dpi=(300, 300),
        transparency=2,
        pnginfo=text,
    )
    source = read_picture(tmp_path / "in.png")
    write_picture(tmp_path / "out.png", source.copy(), source=source)
    again = read_picture(tmp_path / "out.png")
    assert again.info == source.info
    assert again.getpalette() == source.getpalette()


@pytest.mark.parametrize("suffix", [".tif", ".png", ".jpg", ".bmp"])
def test_a_tiff_without_resolution_gives_none(tmp_path: Path, image: Image, suffix: str) -> None:
    PIL.Image.fromarray(image).save(tmp_path / "in.tif")
    PIL.Image.fromarray(image).save(tmp_path / f"plain{suffix}")
    source = read_picture(tmp_path / "in.tif")
    write_picture(tmp_path / f"out{suffix}", source.copy(), source=source)
    with (
        PIL.Image.open(tmp_path / f"out{suffix}") as now,
        PIL.Image.open(tmp_path / f"plain{suffix}") as plain,
    ):
        assert now.info.get("dpi") == plain.info.get("dpi")
        assert 282 not in getattr(now, "tag_v2", {})


def test_a_tiff_keeps_its_metadata_and_compression(tmp_path: Path, image: Image) -> None:
    PIL.Image.fromarray(image).convert("CMYK").save(
        tmp_path / "in.tif",
        compression="tiff_lzw",
        icc_profile=b"a profile",
        dpi=(300, 300),
        tiffinfo={270: "a description"},
    )
    source = read_picture(tmp_path / "in.tif")
    write_picture(tmp_path / "out.tif", source.copy(), source=source)
    again = read_picture(tmp_path / "out.tif")
    assert again.info == source.info
    assert again.tag_v2[270] == "a description"  # type: ignore[attr-defined]


def test_a_mode_that_the_format_lacks_is_one_sentence(tmp_path: Path) -> None:
    message = r"JPEG cannot hold a picture of mode RGBA \(.*\); choose another format"
    with pytest.raises(BadImageError, match=message):
        write_picture(tmp_path / "out.jpg", PIL.Image.new("RGBA", (50, 37)))
    assert not list(tmp_path.iterdir())


def test_a_full_disk_leaves_the_old_file_and_nothing_else(
    tmp_path: Path, image: Image, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "out.png"
    path.write_bytes(b"old")

    def replace(*paths: Path) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "replace", replace)
    with pytest.raises(RestauroError, match=r"out.png cannot be written: No space left on device;"):
        write_image(path, image)
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_new_file_has_the_permissions_that_the_user_asks_for(
    tmp_path: Path, image: Image
) -> None:
    write_image(tmp_path / "image.png", image)
    (tmp_path / "plain").touch()
    assert (tmp_path / "image.png").stat().st_mode == (tmp_path / "plain").stat().st_mode


def test_an_output_is_refused_before_any_work(tmp_path: Path) -> None:
    picture, mask, taken = (tmp_path / name for name in ("a.png", "b.png", "c.png"))
    for path in (picture, mask, taken):
        path.touch()
    linked = tmp_path / "linked.png"
    linked.hardlink_to(picture)
    (tmp_path / "folder.png").mkdir()

    def check(path: Path, *, force: bool) -> None:
        check_output(path, [picture, mask], force=force)

    with pytest.raises(OutputExistsError, match="c.png exists; choose another output or add --fo"):
        check(taken, force=False)
    check(taken, force=True)
    check(tmp_path / "new.JPG", force=False)
    for path in (picture, mask, linked, tmp_path / "folder.png" / ".." / "a.png"):
        with pytest.raises(OutputExistsError, match="is an input and is kept"):
            check(path, force=True)
    with pytest.raises(OutputExistsError, match="folder.png is a folder"):
        check(tmp_path / "folder.png", force=True)
    with pytest.raises(BadImageError, match="no folder .*nowhere to write to; make it first"):
        check(tmp_path / "nowhere" / "c.png", force=False)
    with pytest.raises(BadImageError, match=r"c.xyz ends in no known format; end it in \.png"):
        check(tmp_path / "c.xyz", force=False)


def test_the_limit_is_what_the_message_says(tmp_path: Path, image: Image) -> None:
    path = tmp_path / "image.png"
    write_image(path, image)
    read_picture(path, max_pixels=37 * 50)
    with pytest.raises(BadImageError, match="more than 1,849 pixels; cut out the part to restore"):
        read_picture(path, max_pixels=37 * 50 - 1)


def test_the_formats_are_what_pillow_knows_by_these_names() -> None:
    endings = PIL.Image.registered_extensions()
    for chosen in FORMATS:
        assert {endings[suffix] for suffix in chosen.suffixes} == {chosen.name}
        assert set(chosen.suffixes) == {s for s, name in endings.items() if name == chosen.name}
        assert not chosen.is_written or chosen.name in PIL.Image.SAVE


def test_only_the_formats_of_the_table_are_tried(tmp_path: Path) -> None:
    PIL.Image.new("RGB", (9, 9)).save(tmp_path / "icon.png", "ICO")
    with pytest.raises(BadImageError, match="no picture that restauro reads") as caught:
        read_picture(tmp_path / "icon.png")
    assert caught.value.code == "picture_format"


# What was taken out


def exif_with_thumbnail(thumbnail: bytes, order: str, maker_note: bytes = b"") -> bytes:
    """A first table with the maker's name and notes, and a second one with a JPEG."""
    mark = b"MM\0*" if order == ">" else b"II*\0"

    def table(start: int, fields: list[tuple[int, int, int, bytes | int]], following: int) -> bytes:
        content = struct.pack(order + "H", len(fields))
        for tag, kind, count, value in fields:
            cell = value if isinstance(value, bytes) else struct.pack(order + "I", value)
            content += struct.pack(order + "HHI", tag, kind, count) + cell.ljust(4, b"\0")
        return content + struct.pack(order + "I", following)

    notes_at = 8 + 2 + 24 + 4
    inner_at = notes_at + 2 + 24 + 4
    data_at = inner_at + len(maker_note)
    first = table(8, [(271, 2, 3, b"us\0"), (0x8769, 4, 1, notes_at)], inner_at + len(maker_note))
    notes = table(
        notes_at,
        [(0x9000, 7, 4, b"0232"), (0x927C, 7, len(maker_note), inner_at)],
        0,
    )
    second_at = data_at
    jpeg_at = second_at + 2 + 24 + 4
    second = table(second_at, [(0x201, 4, 1, jpeg_at), (0x202, 4, 1, len(thumbnail))], 0)
    table_of_all = first + notes + maker_note + second + thumbnail
    return b"Exif\0\0" + mark + struct.pack(order + "I", 8) + table_of_all


def small_jpeg(colour: tuple[int, int, int] = (255, 0, 255)) -> bytes:
    file = BytesIO()
    PIL.Image.new("RGB", (16, 12), colour).save(file, "JPEG")
    return file.getvalue()


@pytest.mark.parametrize("order", [">", "<"])
@pytest.mark.parametrize("suffix", [".jpg", ".png", ".webp", ".tif"])
def test_no_small_copy_of_what_was_taken_out_is_kept(
    tmp_path: Path, image: Image, suffix: str, order: str
) -> None:
    thumbnail = small_jpeg()
    exif = exif_with_thumbnail(thumbnail, order, b"notes of the maker")
    PIL.Image.fromarray(image).save(tmp_path / "in.jpg", exif=exif)
    source = read_picture(tmp_path / "in.jpg")
    assert thumbnail in source.info["exif"]
    write_picture(tmp_path / f"out{suffix}", source.copy(), source=source)
    content = (tmp_path / f"out{suffix}").read_bytes()
    assert thumbnail[2:] not in content
    kept = read_picture(tmp_path / f"out{suffix}").getexif()
    assert kept[271] == "us"
    assert kept.get_ifd(0x8769)[0x927C] == b"notes of the maker"


def test_a_preview_in_the_notes_of_the_maker_goes_with_them(tmp_path: Path, image: Image) -> None:
    preview = small_jpeg((0, 255, 0))
    exif = exif_with_thumbnail(small_jpeg(), ">", b"Nikon" + preview)
    PIL.Image.fromarray(image).save(tmp_path / "in.jpg", exif=exif)
    source = read_picture(tmp_path / "in.jpg")
    write_picture(tmp_path / "out.png", source.copy(), source=source)
    assert preview[2:] not in (tmp_path / "out.png").read_bytes()
    assert read_picture(tmp_path / "out.png").getexif()[271] == "us"


def test_thumbnails_in_texts_are_not_kept(tmp_path: Path, image: Image) -> None:
    xmp = b"<x:xmpmeta><a>kept</a><xmp:Thumbnails>%s</xmp:Thumbnails></x:xmpmeta>" % b"SECRET"
    text = PIL.PngImagePlugin.PngInfo()
    text.add_itxt("XML:com.adobe.xmp", xmp.decode())
    text.add_text("Raw profile type exif", "SECRET")
    text.add_text("Title", "kept too")
    PIL.Image.fromarray(image).save(tmp_path / "in.png", pnginfo=text)
    PIL.Image.fromarray(image).save(tmp_path / "in.webp", xmp=xmp, lossless=True)
    for name in ("in.png", "in.webp"):
        source = read_picture(tmp_path / name)
        assert "SECRET" in str(source.info)
        write_picture(tmp_path / f"out_{name}", source.copy(), source=source)
        again = read_picture(tmp_path / f"out_{name}")
        assert "SECRET" not in str(again.info)
        assert "<a>kept</a>" in str(again.info)
    assert read_picture(tmp_path / "out_in.png").info["Title"] == "kept too"


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no named pipes here")
def test_a_pipe_is_read_once_and_whole(tmp_path: Path, image: Image) -> None:
    PIL.Image.fromarray(image).save(tmp_path / "image.png")
    content = (tmp_path / "image.png").read_bytes()
    os.mkfifo(tmp_path / "pipe")
    writer = threading.Thread(target=(tmp_path / "pipe").write_bytes, args=(content,))
    writer.start()
    assert_array_equal(read_image(tmp_path / "pipe"), image)
    writer.join()
