"""How each file format keeps what the picture's file held: quality, metadata, exact pixels.

Only `images.py` needs this. Pillow writes metadata only when asked, and each format asks
differently.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import PIL.Image

if TYPE_CHECKING:
    from PIL.PngImagePlugin import PngInfo

_LOSSLESS_TIFF = frozenset({"raw", "packbits", "tiff_lzw", "tiff_adobe_deflate", "zstd", "lzma"})
# ImageDescription, Make, Model, Software, DateTime, Artist, Copyright: what describes the picture,
# unlike tags that describe how this file is laid out.
_DESCRIPTIVE_TIFF_TAGS = (270, 271, 272, 305, 306, 315, 33432)
_JPEG_FORMATS = ("JPEG", "MPO")


def save_options(suffix: str, picture: PIL.Image.Image, source: PIL.Image.Image) -> dict[str, Any]:
    """Arguments of `picture.save` for a file name with this suffix (lower case, with its dot).

    `source` is the picture as it was read, for what only its file knew.
    """
    info = picture.info
    kept = {key: info.get(key) for key in ("icc_profile", "exif", "dpi")}
    if suffix in (".jpg", ".jpeg"):
        kept |= _jpeg_options(picture, source)
    elif suffix == ".png":
        kept["pnginfo"] = _png_text(source)
    elif suffix in (".tif", ".tiff"):
        kept |= _tiff_options(picture, source)
    elif suffix == ".webp":
        kept |= {"lossless": True, "exact": True, "xmp": info.get("xmp")}
    elif suffix == ".gif":
        kept["optimize"] = False  # it would renumber the palette
    return {key: value for key, value in kept.items() if value is not None}


def _jpeg_options(picture: PIL.Image.Image, source: PIL.Image.Image) -> dict[str, Any]:
    """The tables of a JPEG that is written again, so that its known blocks change little."""
    if source.format not in _JPEG_FORMATS or source.mode != picture.mode:
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
            chunks.add_itxt(key, value)
        else:
            chunks.add_text(key, value)
    return chunks


def _tiff_options(picture: PIL.Image.Image, source: PIL.Image.Image) -> dict[str, Any]:
    if source.format != "TIFF":
        return {"compression": "tiff_adobe_deflate"}
    compression = picture.info.get("compression")
    tags: Any = getattr(source, "tag_v2", {})
    options: dict[str, Any] = {
        "compression": compression if compression in _LOSSLESS_TIFF else "tiff_adobe_deflate"
    }
    described = {tag: tags[tag] for tag in _DESCRIPTIVE_TIFF_TAGS if tag in tags}
    if described:
        options["tiffinfo"] = described
    return options
