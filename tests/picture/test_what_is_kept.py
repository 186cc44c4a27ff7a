"""What a file keeps of its picture beside the pixels, and what it says that it loses."""

from __future__ import annotations

import struct
from io import BytesIO
from pathlib import Path

import numpy as np
import PIL.Image
import pytest
from numpy.testing import assert_array_equal
from PIL.PngImagePlugin import PngInfo
from PIL.TiffImagePlugin import ImageFileDirectory_v2

from restauro.errors import BadImageError
from restauro.picture.formats import FORMATS, Format, encode, lossy_bytes
from restauro.picture.read import read_picture
from restauro.picture.types import Image

XMP = b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><a>hello</a></x:xmpmeta>'
IPTC = b"\x1c\x02\x78\x00\x04cap1"
HDR_XMP = (
    b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF><rdf:Description '
    b'xmlns:hdrgm="http://ns.adobe.com/hdr-gain-map/1.0/" hdrgm:Version="1.0" a:kept="yes">'
    b"<hdrgm:GainMapMax><rdf:Seq><rdf:li>1</rdf:li></rdf:Seq></hdrgm:GainMapMax>"
    b"<Container:Directory><rdf:Seq/></Container:Directory>"
    b"</rdf:Description></rdf:RDF></x:xmpmeta>"
)


def format_of(name: str) -> Format:
    return next(one for one in FORMATS if one.name == name)


def picture() -> PIL.Image.Image:
    image = np.random.default_rng(0).integers(0, 256, (8, 12, 3), dtype=np.uint8)
    return PIL.Image.fromarray(image).resize((50, 37), PIL.Image.Resampling.BICUBIC)


def jpeg_with_everything(folder: Path) -> PIL.Image.Image:
    exif = PIL.Image.Exif()
    exif[271] = "us"
    body = b"Photoshop 3.0\0" + struct.pack(">4sHHI", b"8BIM", 0x0404, 0, len(IPTC)) + IPTC
    body += b"\0" + struct.pack(">4sHHI", b"8BIM", 0x040C, 0, 6) + b"SECRET"  # its thumbnail
    segment = b"\xff\xed" + struct.pack(">H", len(body) + 2) + body
    picture().save(
        folder / "in.jpg",
        exif=exif,
        xmp=XMP,
        icc_profile=b"a profile",
        dpi=(300, 300),
        comment=b"a comment",
        extra=segment,
    )
    return read_picture(folder / "in.jpg")


def tiff_with_everything(folder: Path) -> PIL.Image.Image:
    tags = ImageFileDirectory_v2()
    tags[700], tags[33723] = XMP, IPTC
    tags[269], tags[285], tags[315] = "Doc", "Page", "Artist"
    picture().save(folder / "in.tif", tiffinfo=tags, dpi=(300, 300), icc_profile=b"a profile")
    return read_picture(folder / "in.tif")


def again(source: PIL.Image.Image, name: str) -> tuple[PIL.Image.Image, bytes, str]:
    """The picture once more as a file of the format, its bytes, and what was said to be lost."""
    data, remark = encode(source.copy(), format_of(name), source)
    return read_picture(data), data, remark


@pytest.mark.parametrize(
    ("name", "lost"),
    [
        ("JPEG", ""),
        ("TIFF", "TIFF files do not hold the picture's comment"),
        ("PNG", "PNG files do not hold the picture's IPTC, comment"),
        ("WEBP", "WEBP files do not hold the picture's IPTC, resolution, comment"),
        ("AVIF", "AVIF files do not hold the picture's IPTC, resolution, comment"),
        ("BMP", "BMP files do not hold the picture's colour profile, EXIF, XMP, IPTC, comment"),
    ],
)
def test_what_a_jpeg_says_is_kept_or_its_loss_is_said(tmp_path: Path, name: str, lost: str) -> None:
    now, data, remark = again(jpeg_with_everything(tmp_path), name)
    assert remark == lost
    assert b"SECRET" not in data
    assert (b"hello" in data) == ("XMP" not in lost)
    assert (IPTC in data) == ("IPTC" not in lost)
    assert (b"a comment" in data) == ("comment" not in lost)
    assert (now.info.get("icc_profile") == b"a profile") == ("profile" not in lost)
    assert ("dpi" in now.info) == ("resolution" not in lost)
    assert (now.getexif().get(271) == "us") == ("EXIF" not in lost)


@pytest.mark.parametrize(
    ("name", "lost"),
    [("TIFF", ""), ("JPEG", ""), ("PNG", "PNG files do not hold the picture's IPTC")],
)
def test_what_a_tiff_says_is_kept_or_its_loss_is_said(tmp_path: Path, name: str, lost: str) -> None:
    now, data, remark = again(tiff_with_everything(tmp_path), name)
    assert remark == lost
    assert b"hello" in data
    assert (IPTC in data) == (not lost)
    exif = now.getexif()
    assert [exif[tag] for tag in (269, 285, 315)] == ["Doc", "Page", "Artist"]
    assert round(now.info["dpi"][0]) == 300


def test_a_tiff_keeps_where_and_how_it_was_taken(tmp_path: Path) -> None:
    exif = PIL.Image.Exif()
    exif.get_ifd(0x8769)[0x9003] = "2001:02:03 04:05:06"
    picture().save(tmp_path / "in.tif", exif=exif.tobytes())
    now, _, remark = again(read_picture(tmp_path / "in.tif"), "TIFF")
    assert now.getexif().get_ifd(0x8769)[0x9003] == "2001:02:03 04:05:06"
    assert remark == ""


def test_small_copies_and_videos_are_nowhere_and_their_promises_neither() -> None:
    xmp = (
        b'<x:xmpmeta><r:D GCamera:MicroVideo="1" GImage:Data="/9j/4AAQ&#xA;SECRET" a:kept="yes">'
        b"<xmpGImg:image>/9j/SECRET</xmpGImg:image></r:D></x:xmpmeta>"
    )
    file = BytesIO()
    preview = b"\x1c\x02\xca\x00\x09\xff\xd8\xff\xe0SECRET"  # an IPTC entry
    body = b"Photoshop 3.0\0" + struct.pack(">4sHHI", b"8BIM", 0x0404, 0, len(preview)) + preview
    segment = b"\xff\xed" + struct.pack(">H", len(body) + 2) + body
    picture().save(file, "JPEG", xmp=xmp, extra=segment)
    _, data, remark = again(read_picture(file.getvalue() + b"ftypmp42SECRET"), "JPEG")
    assert b"SECRET" not in data
    assert b"MicroVideo" not in data
    assert b'a:kept="yes"' in data
    assert remark.startswith("what lies behind the picture in its file is not kept")
    text = PngInfo()
    text.add_text("thumbnail", "/9j/4AAQSECRET")
    text.add_text("Title", "kept")
    file = BytesIO()
    picture().save(file, "PNG", pnginfo=text)
    now, data, _ = again(read_picture(file.getvalue()), "PNG")
    assert b"SECRET" not in data
    assert now.info["Title"] == "kept"


def test_what_is_too_long_for_a_jpeg_is_lost_and_said(tmp_path: Path) -> None:
    text = PngInfo()
    text.add_itxt("XML:com.adobe.xmp", "x" * 70_000)
    text.add_text("Author", "somebody")
    picture().save(tmp_path / "in.png", pnginfo=text)
    _, _, remark = again(read_picture(tmp_path / "in.png"), "JPEG")
    assert remark == "JPEG files do not hold the picture's XMP, texts"


def test_how_a_png_means_its_numbers_is_kept(tmp_path: Path) -> None:
    chunks = PngInfo()
    chunks.add(b"gAMA", struct.pack(">I", 45_455))
    chunks.add(b"cHRM", struct.pack(">8I", *range(1000, 9000, 1000)))
    picture().save(tmp_path / "in.png", pnginfo=chunks)
    source = read_picture(tmp_path / "in.png")
    now, _, _ = again(source, "PNG")
    assert now.info == source.info
    assert {"gamma", "chromaticity"} <= now.info.keys()


@pytest.mark.parametrize("kind", ["text", "profile"])
def test_a_png_with_megabytes_of_text_or_profile_is_restored_with_them(
    tmp_path: Path, kind: str
) -> None:
    text = PngInfo()
    if kind == "text":
        text.add_itxt("XML:com.adobe.xmp", "x" * 1_200_000, zip=True)
    profile = b"\0" * 1_200_000 if kind == "profile" else None
    picture().save(tmp_path / "in.png", pnginfo=text, icc_profile=profile)
    source = read_picture(tmp_path / "in.png")
    now, _, remark = again(source, "PNG")
    assert now.info == source.info
    assert remark == ""
    assert len(str(now.info)) > 1_000_000


def test_a_gain_map_goes_with_all_that_promises_it(tmp_path: Path) -> None:
    small = picture().convert("L").resize((12, 9))
    path = tmp_path / "hdr.jpg"
    picture().save(path, "MPO", save_all=True, append_images=[small], xmp=HDR_XMP)
    source = read_picture(path)
    _, data, remark = again(source, "JPEG")
    assert remark.startswith("what lies behind the picture in its file is not kept")
    for gone in (b"hdrgm", b"Container", b"MPF\0"):
        assert gone not in data
    assert b'a:kept="yes"' in data


def test_a_png_with_too_much_text_is_refused_by_name(tmp_path: Path) -> None:
    text = PngInfo()
    text.add_itxt("key", "x" * 70_000_000, zip=True)
    picture().save(tmp_path / "in.png", pnginfo=text)
    with pytest.raises(
        BadImageError, match="in.png has more than 64 MB of texts or colour profile"
    ):
        read_picture(tmp_path / "in.png")


# Pages


def save_pages(path: Path, *levels: int, reduced: tuple[int, ...] = ()) -> None:
    """A TIFF of a page for each level, of which some are said to be reduced copies."""
    pages = []
    for number, level in enumerate(levels):
        page = PIL.Image.new("L", (16, 9), level)
        tags = ImageFileDirectory_v2()
        tags[254] = int(number in reduced)
        page.encoderinfo = {"tiffinfo": tags}
        pages.append(page)
    pages[0].save(path, save_all=True, append_images=pages[1:], **pages[0].encoderinfo)


@pytest.mark.parametrize("reduced", [(1,), (0,), (1, 2), (0, 2)])
def test_thumbnails_among_the_pages_of_a_tiff_are_passed_over(
    tmp_path: Path, reduced: tuple[int, ...]
) -> None:
    levels = (50, 150, 250)[: max(2, len(reduced) + 1)]
    save_pages(tmp_path / "in.tif", *levels, reduced=reduced)
    (own,) = [level for number, level in enumerate(levels) if number not in reduced]
    assert np.asarray(read_picture(tmp_path / "in.tif")).max() == own
    assert np.asarray(read_picture(tmp_path / "in.tif", page=1)).max() == own


def test_of_several_pages_one_is_chosen(tmp_path: Path) -> None:
    save_pages(tmp_path / "in.tif", 50, 150, 250)
    with pytest.raises(BadImageError, match=r"in.tif has 3 pages or frames; choose .*\(page\)"):
        read_picture(tmp_path / "in.tif")
    assert np.asarray(read_picture(tmp_path / "in.tif", page=2)).max() == 150
    with pytest.raises(BadImageError, match=r"in.tif has no page 4; give one from 1 to 3"):
        read_picture(tmp_path / "in.tif", page=4)


def test_a_frame_of_a_moving_picture_is_chosen(tmp_path: Path) -> None:
    frames = [PIL.Image.new("L", (16, 9), level) for level in (50, 150)]
    frames[0].save(tmp_path / "in.gif", save_all=True, append_images=frames[1:])
    chosen = read_picture(tmp_path / "in.gif", page=2).convert("L")
    assert np.asarray(chosen).max() == 150


# Formats


def test_a_bitmap_keeps_its_alpha(tmp_path: Path) -> None:
    clear = picture().convert("RGBA")
    clear.putalpha(PIL.Image.linear_gradient("L").resize(clear.size))
    now, _, _ = again(clear, "BMP")
    assert now.mode == "RGBA"
    assert_array_equal(np.asarray(now), np.asarray(clear))


def test_a_jpeg_of_red_green_and_blue_stays_one(tmp_path: Path) -> None:
    picture().save(tmp_path / "in.jpg", keep_rgb=True, quality=95)
    source = read_picture(tmp_path / "in.jpg")
    now, _, _ = again(source, "JPEG")
    layers = [[layer[0] for layer in getattr(one, "layer", [])] for one in (source, now)]
    assert layers == [list(b"RGB")] * 2


def test_a_lossy_webp_takes_about_as_many_bytes_again(tmp_path: Path) -> None:
    large = picture().resize((500, 370), PIL.Image.Resampling.BICUBIC)
    large.save(tmp_path / "in.webp", quality=80)
    source = read_picture(tmp_path / "in.webp")
    _, data, _ = again(source, "WEBP")
    before = (tmp_path / "in.webp").stat().st_size
    assert before <= len(data) < 1.6 * before


def test_a_lossless_webp_stays_so(tmp_path: Path) -> None:
    picture().save(tmp_path / "in.webp", lossless=True)
    now, data, _ = again(read_picture(tmp_path / "in.webp"), "WEBP")
    assert lossy_bytes(data) == 0
    assert_array_equal(np.asarray(now), np.asarray(picture()))


@pytest.mark.parametrize("name", ["WEBP", "AVIF", "JPEG"])
def test_formats_of_8_bits_refuse_more(name: str) -> None:
    wide = PIL.Image.fromarray(np.zeros((37, 50), dtype=np.uint16))
    with pytest.raises(
        BadImageError, match=f"{name} cannot hold a picture of mode I;16 .*; choose"
    ):
        encode(wide, format_of(name))


def test_an_avif_is_read_and_written(tmp_path: Path) -> None:
    image: Image = np.asarray(picture())
    now, _, _ = again(picture(), "AVIF")
    assert now.format == "AVIF"
    assert np.abs(np.asarray(now).astype(int) - image).mean() < 6
