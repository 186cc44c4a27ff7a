"""Picture files with something wrong: each number is another case, the same in every run."""

from __future__ import annotations

import struct
import zlib
from io import BytesIO

import numpy as np
import PIL.Image

_FORMATS = ("PNG", "JPEG", "TIFF", "WEBP", "GIF", "BMP", "PPM", "JPEG2000", "TGA")
_MODES = ("RGB", "L", "RGBA", "P", "1", "CMYK", "I;16", "LA")


def damaged(number: int) -> bytes:
    """A file that is cut, changed, swapped, padded, a bomb, no picture at all, or intact."""
    rng = np.random.default_rng(number)
    data = bytearray(_picture(rng))
    kind = number % 8
    if kind == 0:
        del data[int(rng.integers(len(data))) :]
    elif kind == 1:
        for place in rng.integers(len(data), size=int(rng.integers(1, 20))):
            data[place] = int(rng.integers(256))
    elif kind == 2:
        for place in rng.integers(min(len(data), 64), size=3):  # the header says all
            data[place] = int(rng.integers(256))
    elif kind == 3:
        start, end = sorted(int(place) for place in rng.integers(len(data), size=2))
        data[start:end] = data[start:end][::-1]
    elif kind == 4:
        data[int(rng.integers(len(data))) :] = rng.bytes(int(rng.integers(2000)))
    elif kind == 5:
        return _bomb(int(rng.integers(1, 2**31)), int(rng.integers(1, 2**31)))
    elif kind == 6:
        return rng.bytes(int(rng.integers(3000)))
    return bytes(data)


def _picture(rng: np.random.Generator) -> bytes:
    """An intact picture of 24x16 pixels, of any format and any mode that it takes."""
    mode = str(rng.choice(_MODES))
    picture = PIL.Image.fromarray(rng.integers(0, 256, (16, 24, 3), dtype=np.uint8))
    buffer = BytesIO()
    try:
        picture.convert("I" if mode == "I;16" else mode).save(buffer, str(rng.choice(_FORMATS)))
    except (OSError, ValueError, KeyError):  # this format does not take this mode
        picture.save(buffer := BytesIO(), "PNG")
    return buffer.getvalue()


def _bomb(width: int, height: int) -> bytes:
    """A PNG of a kilobyte that says it has very many pixels."""
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    chunks = ((b"IHDR", header), (b"IDAT", zlib.compress(bytes(1_000_000))), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(content))
        + name
        + content
        + struct.pack(">I", zlib.crc32(name + content))
        for name, content in chunks
    )
