"""The formats of picture files: which are read and written, and how.

Importing this loads nothing, so that command lines can name the formats at once.
"""

from __future__ import annotations

import struct
from io import BytesIO
from typing import TYPE_CHECKING, Any, NamedTuple

from restauro.errors import BadImageError
from restauro.picture.metadata import PHOTOGRAPHS, Metadata, has_inner_tables

if TYPE_CHECKING:
    import PIL.Image


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
    Format("AVIF", (".avif", ".avifs"), "image/avif"),
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
_GOOD_QUALITY = 95
"""Of a JPEG or AVIF that was none before."""
_SUBSAMPLINGS = {(1, 1): 0, (2, 1): 1, (2, 2): 2}
"""Samples of a JPEG's first component for one of the others -> how Pillow calls it."""
_BMP_V4_BYTES = 108
_WEBP_QUALITIES = (75, 80, 85, 90, 95, 100)
LOSSY_BYTES = "lossy_bytes"
"""Key in `info` of a picture from a lossy WebP file: the bytes of its pixels there."""
# fmt: off
OTHER_PICTURES = frozenset({
    ".heic", ".heif", ".hif", ".jxl", ".psd", ".psb", ".xcf", ".kra", ".svg", ".eps", ".pdf", ".ai",
    ".exr", ".hdr", ".dds", ".ico", ".icns", ".djvu", ".dng", ".cr2", ".cr3", ".nef", ".arw",
    ".orf", ".rw2", ".raf", ".pef", ".srw",
})
# fmt: on
"""Endings of pictures that restauro does not read: left out of folders, but not silently."""


class Encoded(NamedTuple):
    """A picture as a file."""

    data: bytes
    remark: str = ""
    """What the file could not take along of what the picture's own file said."""


def own_format(picture: PIL.Image.Image) -> Format:
    """How a picture that was read is written again: in its own format, or as PNG."""
    name = "JPEG" if picture.format in PHOTOGRAPHS else str(picture.format)
    return _BY_NAME.get(name, PNG)


def encode(
    picture: PIL.Image.Image, chosen: Format, source: PIL.Image.Image | None = None
) -> Encoded:
    """The picture as a file, without loss where the format can: not as JPEG and AVIF.

    A lossy WebP becomes one again. Metadata comes from `picture.info`. From `source`, the picture
    as it was read, come what only its file knows: the quantisation and subsampling of a JPEG,
    texts of a PNG, tags of a TIFF.

    Raises:
        BadImageError: The mode does not fit the format.
    """
    source = source or picture
    metadata = Metadata.of(picture, source)
    options, lost = metadata.options(chosen.name)
    try:
        data = _encoded(picture, chosen.name, source, options, metadata)
    except (OSError, ValueError, KeyError, RuntimeError) as error:
        raise BadImageError(
            f"{chosen.name} cannot hold a picture of mode {picture.mode} ({error}); "
            "choose another format, such as PNG or TIFF"
        ) from error
    remarks = [f"{chosen.name} files do not hold the picture's {', '.join(lost)}"] if lost else []
    if metadata.has_companion:
        remarks.append(
            "what lies behind the picture in its file is not kept: a gain map or a video"
        )
    return Encoded(data, "; ".join(remarks))


def _encoded(
    picture: PIL.Image.Image,
    name: str,
    source: PIL.Image.Image,
    options: dict[str, Any],
    metadata: Metadata,
) -> bytes:
    from restauro.picture.modes import WIDE_MODES

    if name in ("WEBP", "AVIF") and picture.mode in WIDE_MODES:
        raise ValueError("it has 8 bits, to which Pillow would cut it")
    if name == "BMP" and picture.mode == "RGBA":
        return _bmp_with_alpha(picture)
    if name == "JPEG":
        options |= _jpeg_options(picture, source)
    elif name == "TIFF":
        options |= _tiff_options(picture, source, metadata)
    elif name == "WEBP":
        return _webp(picture, options)
    elif name == "AVIF":
        options |= {"quality": _GOOD_QUALITY, "subsampling": "4:4:4"}
    elif name == "GIF":
        options["optimize"] = False  # it would renumber the palette
    return _saved(picture, name, options)


def _saved(picture: PIL.Image.Image, name: str, options: dict[str, Any]) -> bytes:
    file = BytesIO()
    picture.save(file, name, **options)
    return file.getvalue()


def _jpeg_options(picture: PIL.Image.Image, source: PIL.Image.Image) -> dict[str, Any]:
    """The tables of a JPEG that is written again, so that its known blocks change little."""
    if source.format not in PHOTOGRAPHS or source.mode != picture.mode:
        return {"quality": _GOOD_QUALITY, "subsampling": 0}
    layers = getattr(source, "layer", [])
    is_rgb = source.info.get("adobe_transform") == 0 or [one[0] for one in layers] == list(b"RGB")
    return {
        "qtables": getattr(source, "quantization", None),
        "subsampling": _SUBSAMPLINGS.get(layers[0][1:3], -1) if len(layers) > 1 else -1,
        "progressive": bool(picture.info.get("progressive")),
        "keep_rgb": picture.mode == "RGB" and is_rgb,
    }


def _tiff_options(
    picture: PIL.Image.Image, source: PIL.Image.Image, metadata: Metadata
) -> dict[str, Any]:
    # libtiff, which compresses, cannot write the tables inside EXIF: where and how it was taken
    if has_inner_tables(metadata.exif):
        return {"compression": None}
    compression = picture.info.get("compression") if source.format == "TIFF" else None
    return {"compression": compression if compression in _LOSSLESS_TIFF else "tiff_adobe_deflate"}


def _webp(picture: PIL.Image.Image, options: dict[str, Any]) -> bytes:
    """Without loss, or, of a lossy file, in the quality that takes about as many bytes."""
    if LOSSY_BYTES not in picture.info:
        return _saved(picture, "WEBP", options | {"lossless": True, "exact": True})
    data = b""
    for quality in _WEBP_QUALITIES:
        data = _saved(picture, "WEBP", options | {"quality": quality, "exact": True})
        if lossy_bytes(data) >= picture.info[LOSSY_BYTES]:
            break
    return data


def lossy_bytes(webp: bytes) -> int:
    """Of the pixels in a lossy WebP file; 0 if it has none such."""
    place = 12
    while place + 8 <= len(webp):
        kind, length = struct.unpack_from("<4sI", webp, place)
        if kind == b"VP8 ":
            return int(length)
        place += 8 + length + length % 2
    return 0


def _bmp_with_alpha(picture: PIL.Image.Image) -> bytes:
    """A bitmap of version 4, whose header says that there is alpha; Pillow's would hide it."""
    import PIL.Image

    rows = picture.transpose(PIL.Image.Transpose.FLIP_TOP_BOTTOM).tobytes("raw", "BGRA")
    per_metre = [round(value / 0.0254) for value in picture.info.get("dpi", (96, 96))]
    masks = (0xFF0000, 0xFF00, 0xFF, 0xFF000000)  # of red, green, blue and alpha
    header = struct.pack(
        "<IiiHHIIiiII4I4s48x",
        _BMP_V4_BYTES,
        *picture.size,
        1,
        32,
        3,
        len(rows),
        *per_metre,
        0,
        0,
        *masks,
        b"BGRs",
    )
    start = 14 + _BMP_V4_BYTES
    return struct.pack("<2sIHHI", b"BM", start + len(rows), 0, 0, start) + header + rows
