"""The formats of picture files: which are read and written, and what each keeps of its file.

Importing this loads nothing, so that command lines can name the formats at once.
"""

from __future__ import annotations

import re
import struct
from io import BytesIO
from typing import TYPE_CHECKING, Any, NamedTuple

from restauro.errors import BadImageError

if TYPE_CHECKING:
    import PIL.Image
    from PIL.PngImagePlugin import PngInfo


class Format(NamedTuple):
    """One format of picture files."""

    name: str
    """As Pillow calls it."""
    suffixes: tuple[str, ...]
    """Endings of file names; a result gets the first."""
    media_type: str
    is_written: bool = True


# EPS, PDF and the like are missing on purpose: they start other programs. The first five are
# those that Pillow knows before it loads all of its plug-ins.
FORMATS = (
    Format("PNG", (".png", ".apng"), "image/png"),
    Format("JPEG", (".jpg", ".jpeg", ".jpe", ".jfif"), "image/jpeg"),
    Format("BMP", (".bmp",), "image/bmp"),
    Format("GIF", (".gif",), "image/gif"),
    Format("PPM", (".ppm", ".pgm", ".pbm", ".pnm", ".pfm"), "image/x-portable-anymap"),
    Format("TIFF", (".tif", ".tiff"), "image/tiff"),
    Format("WEBP", (".webp",), "image/webp"),
    Format("MPO", (".mpo",), "image/jpeg", False),  # a phone's JPEG with a second view behind
    Format("JPEG2000", (".jp2", ".j2k", ".jpx", ".jpf", ".jpc", ".j2c"), "image/jp2", False),
    Format("TGA", (".tga", ".icb", ".vda", ".vst"), "image/x-tga", False),
)
PNG = FORMATS[0]
READABLE = [chosen.name for chosen in FORMATS if chosen.name != "MPO"]
"""What Pillow may try; it finds an MPO by way of JPEG."""
READ_SUFFIXES = frozenset(suffix for chosen in FORMATS for suffix in chosen.suffixes)
WRITTEN = {suffix: chosen for chosen in FORMATS if chosen.is_written for suffix in chosen.suffixes}
"""Ending of a file name, in lower case -> how the file is written."""

_BY_NAME = {chosen.name: chosen for chosen in FORMATS if chosen.is_written}
_LOSSLESS_TIFF = frozenset({"raw", "packbits", "tiff_lzw", "tiff_adobe_deflate", "zstd", "lzma"})
# ImageDescription, Make, Model, Software, DateTime, Artist, Copyright: what describes the picture,
# unlike tags that describe how this file is laid out.
_DESCRIPTIVE_TIFF_TAGS = (270, 271, 272, 305, 306, 315, 33432)
_X_RESOLUTION = 282
_THUMBNAIL_TAGS = ((0x201, 0x202), (0x111, 0x117))  # place and bytes, of a JPEG and of strips
_EXIF_TABLE, _PLACE_TABLE, _MAKER_NOTE, _SHORT = 0x8769, 0x8825, 0x927C, 3
_JPEG_START = b"\xff\xd8\xff"
_XMP_THUMBNAILS = re.compile(rb"<(xmp:Thumbnails|xap:Thumbnails)\b.*?</\1>", re.DOTALL)
_RAW_PROFILE = "Raw profile type "  # EXIF, Photoshop's resources and others as text
_PHOTOGRAPHS = ("JPEG", "MPO")


def own_format(picture: PIL.Image.Image) -> Format:
    """How a picture that was read is written again: in its own format, or as PNG."""
    name = "JPEG" if picture.format in _PHOTOGRAPHS else str(picture.format)
    return _BY_NAME.get(name, PNG)


def encode(
    picture: PIL.Image.Image, chosen: Format, source: PIL.Image.Image | None = None
) -> bytes:
    """The picture as a file. Lossless where the format can be: only JPEG changes pixels.

    Metadata comes from `picture.info`. From `source`, the picture as it was read, come what only
    its file knows: the quantisation and subsampling of a JPEG, text of a PNG, tags of a TIFF.

    Raises:
        BadImageError: The mode does not fit the format.
    """
    file = BytesIO()
    try:
        picture.save(file, chosen.name, **_options(chosen.name, picture, source or picture))
    except (OSError, ValueError, KeyError, RuntimeError) as error:
        raise BadImageError(
            f"{chosen.name} cannot hold a picture of mode {picture.mode} ({error}); "
            "choose another format, such as PNG or TIFF"
        ) from error
    return file.getvalue()


def _options(name: str, picture: PIL.Image.Image, source: PIL.Image.Image) -> dict[str, Any]:
    """Arguments of `picture.save`: Pillow writes metadata only when asked."""
    info = picture.info
    kept = {key: info.get(key) for key in ("icc_profile", "exif", "dpi")}
    if kept["exif"]:
        kept["exif"] = _without_thumbnail(kept["exif"])
    if source.format == "TIFF" and _X_RESOLUTION not in getattr(source, "tag_v2", {}):
        del kept["dpi"]  # Pillow makes up 1 dpi
    if name == "JPEG":
        kept |= _jpeg_options(picture, source)
    elif name == "PNG":
        kept["pnginfo"] = _png_text(source)
    elif name == "TIFF":
        kept |= _tiff_options(picture, source)
    elif name == "WEBP":
        kept |= {"lossless": True, "exact": True, "xmp": info.get("xmp")}
    elif name == "GIF":
        kept["optimize"] = False  # it would renumber the palette
    if xmp := kept.get("xmp"):
        kept["xmp"] = _XMP_THUMBNAILS.sub(b"", xmp)
    return {key: value for key, value in kept.items() if value is not None}


def _without_thumbnail(exif: bytes) -> bytes | None:
    """EXIF without any small picture of the picture: it may show what was taken out.

    The thumbnail is blanked in its place, so that all else stays where makers' notes expect it. A
    preview among those notes takes them along; None if there is still one somewhere.
    """
    import PIL.Image

    try:
        content = _blanked(exif)
    except (KeyError, ValueError, struct.error):  # damaged, or laid out in another way
        content = exif
    if content is exif or _JPEG_START in content:
        rewritten = PIL.Image.Exif()
        try:
            rewritten.load(content)
            rewritten.get_ifd(_EXIF_TABLE).pop(_MAKER_NOTE, None)
            content = rewritten.tobytes()
        except Exception:  # noqa: BLE001  Pillow fails on damaged EXIF in every possible way
            content = exif
    return None if _JPEG_START in content else content


def _blanked(exif: bytes) -> bytes:
    """EXIF whose second table, that of the thumbnail, is cut off, and what it points to zero.

    Raises:
        KeyError: It is no EXIF.
        ValueError: The thumbnail is in several pieces.
        struct.error: A place lies outside.
    """
    data, start = bytearray(exif), 6 if exif.startswith(b"Exif\0\0") else 0
    order = {b"II": "<", b"MM": ">"}[exif[start : start + 2]]

    def number(kind: str, place: int) -> int:
        return int(struct.unpack_from(order + kind, data, start + place)[0])

    first = number("I", 4)
    link = first + 2 + 12 * number("H", first)
    second = number("I", link)
    if not second:
        return bytes(data)
    fields = [second + 2 + 12 * row for row in range(number("H", second))]
    values = {number("H", place): place for place in fields}
    for begins, length in _THUMBNAIL_TAGS:
        if begins in values and length in values:
            if number("I", values[begins] + 4) != 1:
                raise ValueError
            kind = "H" if number("H", values[length] + 2) == _SHORT else "I"
            place = start + number("I", values[begins] + 8)
            num_bytes = number(kind, values[length] + 8)
            data[place : place + num_bytes] = bytes(len(data[place : place + num_bytes]))
    struct.pack_into(order + "I", data, start + link, 0)
    return bytes(data)


def _jpeg_options(picture: PIL.Image.Image, source: PIL.Image.Image) -> dict[str, Any]:
    """The tables of a JPEG that is written again, so that its known blocks change little."""
    if source.format not in _PHOTOGRAPHS or source.mode != picture.mode:
        return {"quality": 95, "subsampling": 0, "xmp": picture.info.get("xmp")}
    from PIL.JpegImagePlugin import get_sampling

    return {
        "qtables": getattr(source, "quantization", None),
        "subsampling": get_sampling(source),
        "progressive": bool(picture.info.get("progressive")),
        "xmp": picture.info.get("xmp"),
    }


def _png_text(source: PIL.Image.Image) -> PngInfo | None:
    text = getattr(source, "text", None)
    if not text:
        return None
    from PIL.PngImagePlugin import PngInfo

    chunks = PngInfo()
    for key, value in text.items():
        if key == "XML:com.adobe.xmp":
            chunks.add_itxt(key, _XMP_THUMBNAILS.sub(b"", value.encode()).decode())
        elif not key.startswith(_RAW_PROFILE):
            chunks.add_text(key, value)
    return chunks


def _tiff_options(picture: PIL.Image.Image, source: PIL.Image.Image) -> dict[str, Any]:
    if source.format != "TIFF":
        # libtiff, which compresses, cannot write the tables inside EXIF: where and how it was taken
        has_tables = {_EXIF_TABLE, _PLACE_TABLE} & picture.getexif().keys()
        return {} if has_tables else {"compression": "tiff_adobe_deflate"}
    compression = picture.info.get("compression")
    tags: Any = getattr(source, "tag_v2", {})
    options: dict[str, Any] = {
        "compression": compression if compression in _LOSSLESS_TIFF else "tiff_adobe_deflate"
    }
    described = {tag: tags[tag] for tag in _DESCRIPTIVE_TIFF_TAGS if tag in tags}
    if described:
        options["tiffinfo"] = described
    return options
