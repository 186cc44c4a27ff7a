"""Writing pictures: whole files or none, where no input and no stranger's file is lost."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import PIL.Image

from restauro.errors import BadImageError, OutputExistsError, RestauroError
from restauro.picture.formats import FORMATS, WRITTEN, Format, encode
from restauro.picture.types import Image
from restauro.places import Place, resolved, whole


def check_output(path: Place, inputs: Sequence[Place], *, force: bool) -> None:
    """Refuses a place that cannot or must not be written, before any work is done.

    Raises:
        OutputExistsError: The output is one of the inputs, or exists and `force` is not given.
        BadImageError: No format is known for its name, or its folder does not exist.
    """
    format_named(path)
    if isinstance(path, Path) and not path.parent.is_dir():  # object stores have no folders
        raise BadImageError(f"there is no folder {path.parent} to write to; make it first")
    if path.is_dir():
        raise OutputExistsError(f"{path} is a folder; give the output a file name")
    if not path.exists():
        return
    if any(_is_same_file(path, source) for source in inputs):
        raise OutputExistsError(f"{path} is an input and is kept; choose another output")
    if not force:
        raise OutputExistsError(f"{path} exists; choose another output or add --force")


def format_named(path: Place) -> Format:
    """The format that a file name asks for.

    Raises:
        BadImageError: It ends in none that restauro writes.
    """
    chosen = WRITTEN.get(path.suffix.lower())
    if chosen is None:
        usual = ", ".join(one.suffixes[0] for one in FORMATS if one.is_written)
        raise BadImageError(f"{path} ends in no known format; end it in {usual}")
    return chosen


def write_bytes(path: Place, data: bytes) -> None:
    """Writes a file whole or not at all.

    Raises:
        RestauroError: The disk refuses.
    """
    try:
        with whole(path) as file:
            file.write(data)
    except OSError as error:
        raise RestauroError(
            f"{path} cannot be written: {error.strerror}; free the place or choose another"
        ) from error


def write_picture(
    path: Place, picture: PIL.Image.Image, *, source: PIL.Image.Image | None = None
) -> None:
    """Writes a picture whole or not at all, in the format that the name ends in.

    `source` is the picture as it was read, of whose file everything is kept that can be.

    Raises:
        RestauroError: The mode does not fit the format, or the disk refuses.
    """
    write_bytes(path, encode(picture, format_named(path), source).data)


def write_image(path: Path | str, image: Image) -> None:
    """Writes uint8 (H, W, 3) RGB, whole or not at all, in the format that the name ends in.

    Raises:
        RestauroError: It is another array, or as of `write_picture`.
    """
    if image.dtype != np.uint8 or image.shape[2:] != (3,):
        raise BadImageError(
            f"the image has the shape {image.shape} and type {image.dtype}; give uint8 of the "
            "shape (height, width, 3)"
        )
    write_picture(Path(path), PIL.Image.fromarray(image))


def _is_same_file(path: Place, source: Place) -> bool:
    if isinstance(path, Path) and isinstance(source, Path):
        return source.exists() and path.samefile(source)
    return resolved(path) == resolved(source)
