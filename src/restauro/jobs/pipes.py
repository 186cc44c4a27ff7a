"""`-` for standard input and output: both become files for a while, as formats need to seek."""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import PIL.Image

from restauro.errors import RestauroError
from restauro.images import WRITABLE
from restauro.places import Place

PIPE = Path("-")

_ENDINGS = {
    "BMP": ".bmp",
    "GIF": ".gif",
    "JPEG": ".jpg",
    "MPO": ".jpg",
    "PPM": ".ppm",
    "TIFF": ".tif",
    "WEBP": ".webp",
}


@contextmanager
def as_files(picture: Place, output: Place, suffix: str | None) -> Iterator[tuple[Place, Place]]:
    """Gives picture and output as files: what comes in is read first, what goes out sent last.

    Args:
        picture: A file, or `-`.
        output: A file, or `-`.
        suffix: Ending of the format that is sent; None = the picture's own, or PNG.
    """
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        try:
            if picture == PIPE:
                picture = folder / "standard input"
                picture.write_bytes(sys.stdin.buffer.read())
            if output != PIPE:
                yield picture, output
                return
            place = folder / f"standard output{suffix or _ending(picture)}"
            yield picture, place
            sys.stdout.buffer.write(place.read_bytes())
            sys.stdout.buffer.flush()
        except RestauroError as error:
            raise type(error)(str(error).replace(f"{folder}{os.sep}", "")) from error


def _ending(picture: Place) -> str:
    if picture.suffix.lower() in WRITABLE:
        return picture.suffix
    try:
        with picture.open("rb") as file, PIL.Image.open(file) as opened:
            return _ENDINGS.get(str(opened.format), ".png")
    except (OSError, ValueError, SyntaxError):
        return ".png"  # restoring it will say what is wrong
