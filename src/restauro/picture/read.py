"""Reading pictures: from files, URLs and bytes, with limits; and how they are turned.

Whatever is wrong with a file is one sentence.
"""

from __future__ import annotations

import struct
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import PIL.Image
import PIL.PngImagePlugin

from restauro.errors import BadImageError, first_line
from restauro.picture.formats import LOSSY_BYTES, READABLE, lossy_bytes
from restauro.picture.modes import WIDE_MODES, without_alpha
from restauro.picture.types import Image
from restauro.places import Place

Source: TypeAlias = "Place | str | bytes"
"""A picture's file: its path or URL, or its bytes."""

MAX_PIXELS = 170_000_000  # just under Pillow's own guard, so that no global of Pillow is touched

_ORIENTATION_TAG = 0x0112
_SUBFILE_TYPE, _PAGES, _OLD_SUBFILE_TYPE, _REDUCED = 254, (0, 2), 255, 2
_LONG_TEXT = "MAX_TEXT"
"""What Pillow's errors name."""
_MAX_TEXT_BYTES = 64_000_000
_LONG_TEXTS_LOCK = threading.Lock()
_Turn = PIL.Image.Transpose
_TO_UPRIGHT = {
    2: _Turn.FLIP_LEFT_RIGHT,
    3: _Turn.ROTATE_180,
    4: _Turn.FLIP_TOP_BOTTOM,
    5: _Turn.TRANSPOSE,
    6: _Turn.ROTATE_270,
    7: _Turn.TRANSVERSE,
    8: _Turn.ROTATE_90,
}
_BACK = {_Turn.ROTATE_270: _Turn.ROTATE_90, _Turn.ROTATE_90: _Turn.ROTATE_270}


def read_picture(
    source: Source,
    name: str = "",
    *,
    whole_depth: bool = True,
    max_pixels: int = MAX_PIXELS,
    page: int | None = None,
) -> PIL.Image.Image:
    """The picture of a file, fully decoded, in its own mode and as stored.

    Args:
        source: The file.
        name: How messages call it; its path by default.
        whole_depth: Refuses 16 bits a colour channel, which Pillow cuts to 8.
        max_pixels: Beyond this it is not decoded.
        page: Which of several pages or frames, from 1; by default there may be but one, and
            thumbnails do not count.

    Raises:
        BadImageError: The file is missing, damaged, too large, of several pages, of an unknown
            format, or of 16 bits a colour channel.
    """
    name = name or ("the picture" if isinstance(source, bytes) else str(source))
    file = opened(source, name)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of large pictures and odd metadata: checked here
            try:
                return _decoded(file, name, page, max_pixels, whole_depth=whole_depth)
            except ValueError as error:
                if _LONG_TEXT not in str(error):
                    raise
            with _long_texts():
                return _decoded(file, name, page, max_pixels, whole_depth=whole_depth)
    except ValueError as error:
        if _LONG_TEXT not in str(error):
            raise _damaged(name, error) from error
        raise BadImageError(
            f"{name} has more than {_MAX_TEXT_BYTES // 10**6} MB of texts or colour profile; "
            "remove them first"
        ) from error
    except BadImageError:
        raise
    except PIL.Image.DecompressionBombError as error:
        raise _too_large(name, max_pixels) from error
    except PIL.UnidentifiedImageError as error:
        raise BadImageError(
            f"{name} is no picture that restauro reads; use PNG, JPEG, TIFF or WebP",
            code="picture_format",
        ) from error
    except MemoryError:
        raise
    except Exception as error:  # decoders fail on damaged data in every possible way
        raise _damaged(name, error) from error


def read_image(source: Source, name: str = "") -> Image:
    """The picture of a file as a viewer shows it: upright, uint8 (H, W, 3) RGB.

    Transparency is dropped, and so is what lies beyond 8 bits.

    Raises:
        BadImageError: The file is missing, damaged, too large, animated or of an unknown format.
    """
    picture = upright(read_picture(source, name, whole_depth=False))
    if picture.mode in WIDE_MODES:
        values = np.asarray(picture, dtype=np.float32)
        full = 65535.0 if picture.mode != "F" else float(values.max(initial=1.0))
        grey = np.nan_to_num(values / full).clip(0, 1) * 255
        return np.repeat(np.rint(grey).astype(np.uint8)[:, :, None], 3, axis=2)
    return np.array(without_alpha(picture).convert("RGB"))


def upright(picture: PIL.Image.Image) -> PIL.Image.Image:
    """The picture as a viewer shows it; the picture itself if nothing needs turning."""
    turn = _turn_of(picture)
    return picture.transpose(turn) if turn is not None else picture


def shown(image: Image | PIL.Image.Image) -> PIL.Image.Image:
    """A picture as a viewer shows it; an array (H, W), (H, W, 1) or (H, W, 3) as a picture."""
    if not isinstance(image, np.ndarray):
        return upright(image)
    return PIL.Image.fromarray(image[:, :, 0] if image.shape[2:] == (1,) else image)


def as_stored(turned: PIL.Image.Image, picture: PIL.Image.Image) -> PIL.Image.Image:
    """Undoes `upright(picture)` on a picture of the same size."""
    turn = _turn_of(picture)
    return turned.transpose(_BACK.get(turn, turn)) if turn is not None else turned


def opened(source: Source, name: str) -> Path | bytes:
    """What to decode: a file of this machine that can be read again, or bytes.

    Raises:
        BadImageError: It cannot be read, or is empty.
    """
    if not isinstance(source, bytes | str | Path) and not hasattr(source, "read_bytes"):
        raise BadImageError(f"the picture's file is {source!r}; give a path, a URL or bytes")
    found: Path | None = None
    try:
        if isinstance(source, str | Path):
            path = Path(source)
            with path.open("rb") as file:
                if path.is_file():
                    data, found = file.read(1), path
                else:  # a pipe, which is read once: decoders go back and forth
                    data = file.read()
        else:
            data = source if isinstance(source, bytes) else source.read_bytes()
    except IsADirectoryError as error:
        raise BadImageError(f"{name} is a folder; give one picture") from error
    except FileNotFoundError as error:
        raise BadImageError(f"there is no file {name}; check the name") from error
    except Exception as error:  # every file system has errors of its own
        reason = getattr(error, "strerror", None) or first_line(error)
        raise BadImageError(f"{name} cannot be read: {reason}; check the access to it") from error
    if not data:
        raise BadImageError(f"{name} is empty; use an intact copy", code="picture_format")
    return found or data


def _decoded(
    file: Path | bytes, name: str, page: int | None, max_pixels: int, *, whole_depth: bool
) -> PIL.Image.Image:
    content = BytesIO(file) if isinstance(file, bytes) else file
    with PIL.Image.open(content, formats=READABLE) as picture:
        _check_size(picture, name, max_pixels)
        _turn_to_page(picture, name, page)
        _check_size(picture, name, max_pixels)
        _check_depth(picture, name, whole_depth=whole_depth)
        picture.load()
    if picture.format == "WEBP":
        num_bytes = lossy_bytes(file if isinstance(file, bytes) else file.read_bytes())
        if num_bytes:
            picture.info[LOSSY_BYTES] = num_bytes
    return picture


@contextmanager
def _long_texts() -> Iterator[None]:
    """Lets Pillow read a text or profile of a PNG of more than a megabyte."""
    with _LONG_TEXTS_LOCK:
        usual = PIL.PngImagePlugin.MAX_TEXT_CHUNK
        PIL.PngImagePlugin.MAX_TEXT_CHUNK = _MAX_TEXT_BYTES
        try:
            yield
        finally:
            PIL.PngImagePlugin.MAX_TEXT_CHUNK = usual


def _turn_to_page(picture: PIL.Image.Image, name: str, page: int | None) -> None:
    """Chooses the page to decode; of a TIFF, reduced copies of others are none."""
    pages = [0]
    # MPO: a phone's JPEG with a second view behind the picture
    if getattr(picture, "is_animated", False) and picture.format != "MPO":
        pages = list(range(getattr(picture, "n_frames", 1)))
    if picture.format == "TIFF":
        pages = [number for number in pages if _is_page(picture, number)] or [0]
    if page is None and len(pages) > 1:
        raise BadImageError(
            f"{name} has {len(pages)} pages or frames; choose one by its number (page), or save it "
            "as its own file"
        )
    if not 1 <= (page or 1) <= len(pages):
        raise BadImageError(f"{name} has no page {page}; give one from 1 to {len(pages)}")
    picture.seek(pages[(page or 1) - 1])


def _is_page(picture: PIL.Image.Image, number: int) -> bool:
    """Whether it is no reduced copy, mask or the like of another."""
    picture.seek(number)
    tags: Any = getattr(picture, "tag_v2", {})
    return tags.get(_SUBFILE_TYPE, 0) in _PAGES and tags.get(_OLD_SUBFILE_TYPE) != _REDUCED


def _check_size(picture: PIL.Image.Image, name: str, max_pixels: int) -> None:
    """Refuses what must not be decoded, while only the header has been read."""
    if picture.width * picture.height > max_pixels:
        raise _too_large(name, max_pixels)


def _check_depth(picture: PIL.Image.Image, name: str, *, whole_depth: bool) -> None:
    if (
        whole_depth
        and picture.mode not in WIDE_MODES
        and ";16" in str(getattr(picture, "tile", ""))
    ):
        raise BadImageError(
            f"{name} has 16 bits a colour channel, which would be cut; save it with 8 bits first"
        )


def _damaged(name: str, error: Exception) -> BadImageError:
    return BadImageError(
        f"{name} is damaged or cut short ({first_line(error)}); use an intact copy"
    )


def _too_large(name: str, max_pixels: int) -> BadImageError:
    return BadImageError(
        f"{name} has more than {max_pixels:,} pixels; cut out the part to restore", code="pixels"
    )


def _turn_of(picture: PIL.Image.Image) -> PIL.Image.Transpose | None:
    try:
        return _TO_UPRIGHT.get(picture.getexif().get(_ORIENTATION_TAG, 1))
    except (SyntaxError, ValueError, TypeError, KeyError, OSError, struct.error):
        return None  # damaged EXIF: viewers show the picture as stored
