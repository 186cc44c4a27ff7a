"""What a file says about its picture beside the pixels: what goes on, and what must not.

Small copies of the picture, in which what was taken out could still be seen, never go on.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import PIL.Image
    from PIL.PngImagePlugin import PngInfo

PHOTOGRAPHS = ("JPEG", "MPO")
_XMP_TEXT = "XML:com.adobe.xmp"
_RAW_PROFILE = "Raw profile type "  # EXIF, Photoshop's resources and others as text of a PNG
_TIFF_XMP, _TIFF_IPTC, _X_RESOLUTION = 700, 33723, 282
# DocumentName, ImageDescription, Make, Model, PageName, Software, DateTime, Artist, HostComputer,
# Copyright: what describes the picture, unlike tags that describe how this file is laid out.
_DESCRIPTIVE_TAGS = (269, 270, 271, 272, 285, 305, 306, 315, 316, 33432)
_EXIF_TABLE, _PLACE_TABLE, _MAKER_NOTE, _SHORT = 0x8769, 0x8825, 0x927C, 3
_THUMBNAIL_TAGS = ((0x201, 0x202), (0x111, 0x117))  # place and bytes, of a JPEG and of strips
_JPEG_START = b"\xff\xd8\xff"
_IPTC_RESOURCE = 0x0404
_APP13 = b"\xff\xed"
_MADE_UP_DPI = (72, 72)
"""What Pillow says of a JPEG that says nothing."""
_MOST_BYTES = 65533 - 29
"""Of one entry in a JPEG, whatever its header is."""
_QUOTED = rb"=(?:\"[^\"]*\"|'[^']*')"
_COPIES = re.compile(
    rb"<((?:xmp|xap):Thumbnails)\b.*?</\1>"
    rb"|<([\w:]+)>\s*(?:/9j/|iVBORw0KGgo)[^<]*</\2>"  # how JPEG and PNG begin in base64
    rb"|\s[\w:]+=[\"'](?:/9j/|iVBORw0KGgo)[^\"']*[\"']",
    re.DOTALL,
)
"""Small pictures of the picture in its XMP."""
_PROMISES = re.compile(
    rb"<((?:hdrgm|HDRGainMap):\w+)\b[^<>]*(?:/>|>.*?</\1>)"
    rb"|<(Container:Directory)\b.*?</\2>"
    rb"|\s(?:xmlns:)?(?:hdrgm|HDRGainMap)(?::\w+)?"
    + _QUOTED
    + rb"|\sGCamera:(?:MotionPhoto|MicroVideo)\w*"
    + _QUOTED,
    re.DOTALL,
)
"""What a file's XMP says of a gain map or a video behind the picture, which are not kept."""
_HELD = {
    "PNG": "icc exif xmp dpi texts colours",
    "JPEG": "icc exif xmp iptc dpi comment",
    "TIFF": "icc exif xmp iptc dpi tags",
    "WEBP": "icc exif xmp",
    "AVIF": "icc exif xmp",
    "GIF": "comment",
    "BMP": "dpi",
    "PPM": "",
}
"""Format -> what its files can say, as fields of `Metadata`."""
_NAMES = {
    "icc": "colour profile",
    "exif": "EXIF",
    "xmp": "XMP",
    "iptc": "IPTC",
    "dpi": "resolution",
    "comment": "comment",
    "texts": "texts",
    "tags": "descriptions",
    "colours": "gamma",
}


@dataclass
class Metadata:
    """Each field is empty where the file says nothing."""

    icc: bytes | None = None
    exif: bytes | None = None
    """Without thumbnail."""
    xmp: bytes | None = None
    """Without thumbnails, and without what belongs to a gain map."""
    iptc: bytes | None = None
    dpi: tuple[float, float] | None = None
    comment: bytes | None = None
    texts: Mapping[str, str] = field(default_factory=dict)
    """Of a PNG."""
    tags: Mapping[int, Any] = field(default_factory=dict)
    """Those of a TIFF that describe the picture."""
    colours: list[tuple[bytes, bytes]] = field(default_factory=list)
    """Kind and content of a PNG's chunks that say how its numbers are meant."""
    has_companion: bool = False
    """Whether the file holds something beside the picture: a gain map, a view, a video."""

    @classmethod
    def of(cls, picture: PIL.Image.Image, source: PIL.Image.Image) -> Metadata:
        """Of a picture; `source` is the picture as it was read, which alone knows some of it."""
        info, is_tiff = picture.info, source.format == "TIFF"
        tags: Any = getattr(source, "tag_v2", {})
        texts = dict(getattr(source, "text", None) or {})
        xmp = info.get("xmp") or texts.pop(_XMP_TEXT, None) or tags.get(_TIFF_XMP)
        exif = info.get("exif") or (_exif_of_tiff(source) if is_tiff else None)
        xmp = xmp.encode() if isinstance(xmp, str) else bytes(xmp or b"")
        has_dpi = info.get("dpi") != _MADE_UP_DPI or info.get("jfif_unit")
        if is_tiff:
            has_dpi = _X_RESOLUTION in tags  # else Pillow makes up 1
        comment = info.get("comment")
        return cls(
            icc=info.get("icc_profile"),
            exif=_without_thumbnail(exif) if exif else None,
            xmp=_PROMISES.sub(b"", _COPIES.sub(b"", xmp)),
            iptc=_iptc_of(source),
            dpi=info.get("dpi") if has_dpi else None,
            comment=comment.encode() if isinstance(comment, str) else comment,
            texts={
                key: value
                for key, value in texts.items()
                if not (key == _XMP_TEXT or key.startswith(_RAW_PROFILE) or _is_picture(value))
            },
            tags={tag: tags[tag] for tag in _DESCRIPTIVE_TAGS if tag in tags} if is_tiff else {},
            colours=list(_colour_chunks(info)) if source.format == "PNG" else [],
            # Pillow reads a file with a gain map as JPEG, and others with a second view as MPO
            has_companion="mp" in source.info
            or source.format == "MPO"
            or bool(_PROMISES.search(xmp)),
        )

    def options(self, name: str) -> tuple[dict[str, Any], list[str]]:
        """Arguments of Pillow's `save` for a format, and the names of what it cannot hold."""
        held = _HELD[name].split()
        kept = {one: getattr(self, one) if one in held else None for one in _NAMES}
        if name == "JPEG":
            for one in ("exif", "xmp", "iptc", "comment"):
                kept[one] = kept[one] if len(kept[one] or b"") <= _MOST_BYTES else None
        options = {"icc_profile": kept["icc"], "dpi": kept["dpi"]}
        if name == "TIFF":
            options["exif"] = _tiff_tags(kept)
        elif name == "PNG":
            options |= {"exif": kept["exif"], "pnginfo": _png_chunks(kept)}
        else:
            options |= {one: kept[one] for one in ("exif", "xmp", "comment")}
        if name == "JPEG":
            options["comment"] = kept["comment"] or b""  # else Pillow takes its own
            options["extra"] = _photoshop_segment(kept["iptc"])
        # a TIFF's descriptions become EXIF elsewhere
        lost = [one for one in _NAMES if getattr(self, one) and not kept[one]]
        if self.exif and kept["exif"] and "tags" in lost:
            lost.remove("tags")
        return {key: value for key, value in options.items() if value}, [
            _NAMES[one] for one in lost
        ]


def has_inner_tables(exif: bytes | None) -> bool:
    """Whether EXIF tells where and how a picture was taken, in tables inside its own."""
    import PIL.Image

    content = PIL.Image.Exif()
    if exif:
        content.load(exif)
    return bool({_EXIF_TABLE, _PLACE_TABLE} & content.keys())


def _is_picture(text: str) -> bool:
    return text.lstrip().startswith(("/9j/", "iVBORw0KGgo", "data:image/"))


def _iptc_of(source: PIL.Image.Image) -> bytes | None:
    """Of a JPEG it is one of Photoshop's resources, of which another holds a thumbnail."""
    found = getattr(source, "tag_v2", {}).get(_TIFF_IPTC)
    if source.format in PHOTOGRAPHS:
        found = source.info.get("photoshop", {}).get(_IPTC_RESOURCE)
    elif isinstance(found, tuple):  # numbers of four bytes, as some programs write it
        found = struct.pack(f"<{len(found)}I", *found)
    is_kept = isinstance(found, bytes) and _JPEG_START not in found  # IPTC may hold a preview
    return found if is_kept else None


def _exif_of_tiff(source: PIL.Image.Image) -> bytes | None:
    """EXIF with what describes the picture; its other tags tell how the file is laid out."""
    import PIL.Image

    stored, described = source.getexif(), PIL.Image.Exif()
    for tag in _DESCRIPTIVE_TAGS:
        if tag in stored:
            described[tag] = stored[tag]
    for table in (_EXIF_TABLE, _PLACE_TABLE):
        if found := stored.get_ifd(table):
            described.get_ifd(table).update(found)
    content = described.tobytes()
    return content if len(content) > len(PIL.Image.Exif().tobytes()) else None


def _colour_chunks(info: Mapping[Any, Any]) -> list[tuple[bytes, bytes]]:
    chunks = []
    if "gamma" in info:
        chunks.append((b"gAMA", struct.pack(">I", round(info["gamma"] * 100_000))))
    if "chromaticity" in info:
        values = [round(value * 100_000) for value in info["chromaticity"]]
        chunks.append((b"cHRM", struct.pack(f">{len(values)}I", *values)))
    if "srgb" in info:
        chunks.append((b"sRGB", bytes([info["srgb"]])))
    return chunks


def _png_chunks(kept: Mapping[str, Any]) -> PngInfo | None:
    from PIL.PngImagePlugin import PngInfo

    chunks = PngInfo()
    for kind, content in kept["colours"]:
        chunks.add(kind, content)
    if kept["xmp"]:
        chunks.add_itxt(_XMP_TEXT, kept["xmp"].decode(errors="replace"))
    for key, value in kept["texts"].items():
        chunks.add_text(key, value)
    return chunks if chunks.chunks else None


def _tiff_tags(kept: Mapping[str, Any]) -> PIL.Image.Exif:
    import PIL.Image

    tags = PIL.Image.Exif()
    if kept["exif"]:
        tags.load(kept["exif"])
    for tag, value in {
        **kept["tags"],
        _TIFF_XMP: kept["xmp"],
        _TIFF_IPTC: kept["iptc"],
    }.items():
        if value:
            tags[tag] = value
    return tags


def _photoshop_segment(iptc: bytes | None) -> bytes:
    """The segment of a JPEG that holds IPTC."""
    if not iptc:
        return b""
    resource = struct.pack(">4sHHI", b"8BIM", _IPTC_RESOURCE, 0, len(iptc)) + iptc
    body = b"Photoshop 3.0\0" + resource + b"\0" * (len(iptc) % 2)
    return _APP13 + struct.pack(">H", len(body) + 2) + body


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
