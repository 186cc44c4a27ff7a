"""Pictures and masks: the one place for files, orientation, profiles, metadata and limits.

image: uint8 (H, W, 3) RGB. mask: bool (H, W), True = hole. size: (height, width).
A *picture* is a Pillow image in its own mode, pixels as the file stores them; its orientation tag
stays with it, and `upright` gives what a viewer shows. What a network sees of each mode is the
subject of `inference/modes.py`.
"""

from __future__ import annotations

import struct
import warnings
from collections.abc import Callable, Sequence
from io import BytesIO
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import PIL.Image
from numpy.typing import NDArray

from restauro.encoding import save_options
from restauro.errors import BadImageError, OutputExistsError, RestauroError, first_line
from restauro.places import Place, resolved, whole

Image: TypeAlias = NDArray[np.uint8]
Mask: TypeAlias = NDArray[np.bool_]
Size: TypeAlias = tuple[int, int]
Inpaint: TypeAlias = Callable[[Image, Mask], Image]
"""Everything that fills a hole: image (H, W, 3), mask (H, W) -> image (H, W, 3)."""

MAX_PIXELS = 170_000_000  # just under Pillow's own guard, so that no global of Pillow is touched
WIDE_MODES = frozenset({"I;16", "I;16L", "I;16B", "I", "F"})  # grey, more than 8 bits

# EPS, PDF and the like are missing on purpose: they start other programs.
READABLE = frozenset({"BMP", "GIF", "JPEG", "JPEG2000", "MPO", "PNG", "PPM", "TGA", "TIFF", "WEBP"})
WRITABLE = (".png", ".jpg", ".jpeg", ".tif", ".tiff", ".webp", ".bmp", ".gif", ".ppm", ".pgm")

_ORIENTATION_TAG = 0x0112
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


def read_picture(path: Place | str) -> PIL.Image.Image:
    """The picture of a file, fully decoded, in its own mode and as stored.

    Raises:
        BadImageError: The file is missing, damaged, too large, animated, of an unknown format, or
            of 16 bits a colour channel, which Pillow would cut to 8.
    """
    return _decode(_source(path), str(path), whole_depth=True)


def read_image(path: Path | str) -> Image:
    """The picture of a file as a viewer shows it: upright, uint8 (H, W, 3) RGB.

    Transparency is dropped, and so is what lies beyond 8 bits.

    Raises:
        BadImageError: The file is missing, damaged, too large, animated or of an unknown format.
    """
    return _as_image(_decode(Path(path), str(path)))


def decode_image(data: bytes, name: str = "the picture") -> Image:
    """Like `read_image`, for bytes at hand; `name` is how error messages call them."""
    return _as_image(_decode(BytesIO(data), name))


def decode_picture(
    data: bytes, name: str = "the picture", *, whole_depth: bool = True
) -> PIL.Image.Image:
    """Like `read_picture`, for bytes at hand; without `whole_depth` 16 bits a channel become 8."""
    return _decode(BytesIO(data), name, whole_depth=whole_depth)


def read_mask(path: Place | str) -> Mask:
    """The mask of a file, upright, bool (H, W), True = hole: white, or transparent if it has alpha.

    Raises:
        BadImageError: The file cannot be read, or is white on transparent, which both mean hole.
    """
    return mask_of_picture(_decode(_source(path), str(path)))


def mask_of_picture(picture: PIL.Image.Image) -> Mask:
    """The mask that a picture of any mode stands for, upright, bool (H, W), True = hole.

    Transparent pixels are the hole if there are any, otherwise pixels with a luminance above 127
    of 255 (for more than 8 bits: above half of the brightest).

    Raises:
        BadImageError: The mask is white on transparent, which both mean hole.
    """
    picture = upright(picture)
    if picture.mode in WIDE_MODES:
        values = np.asarray(picture)
        return np.asarray(values > max(float(values.max(initial=0)), 0.0) / 2)
    luminance = np.asarray(without_alpha(picture).convert("L"))
    if not picture.has_transparency_data:
        return np.asarray(luminance > 127)
    transparent = np.asarray(picture.convert("RGBA").getchannel("A")) < 128
    if not transparent.any():
        return np.asarray(luminance > 127)
    if not transparent.all() and luminance[~transparent].min() == 255:
        raise BadImageError(
            "the mask is white on transparent, and both mean hole; put it on a black background"
        )
    return transparent


def mask_of_array(mask: NDArray[Any]) -> Mask:
    """The mask that an array stands for: bool, or uint8 with 0 and 1 or 0 and 255; 0 = known.

    Raises:
        BadImageError: Another shape or type.
    """
    if mask.ndim == 3 and mask.shape[2] == 1:
        mask = mask[:, :, 0]
    if mask.ndim != 2 or mask.dtype not in (np.bool_, np.uint8):
        raise BadImageError(
            f"the mask has the shape {mask.shape} and type {mask.dtype}; "
            "give bool or uint8 of the shape (height, width)"
        )
    return np.asarray(mask > (127 if mask.max(initial=0) > 1 else 0))


def without_alpha(picture: PIL.Image.Image) -> PIL.Image.Image:
    """The colours alone: the picture itself, or RGB where it has any transparency."""
    # By way of RGBA: Pillow warns when palettes with alpha become RGB directly.
    return picture.convert("RGBA").convert("RGB") if picture.has_transparency_data else picture


def upright(picture: PIL.Image.Image) -> PIL.Image.Image:
    """The picture as a viewer shows it; the picture itself if nothing needs turning."""
    turn = _turn_of(picture)
    return picture.transpose(turn) if turn is not None else picture


def as_stored(turned: PIL.Image.Image, picture: PIL.Image.Image) -> PIL.Image.Image:
    """Undoes `upright(picture)` on a picture of the same size."""
    turn = _turn_of(picture)
    return turned.transpose(_BACK.get(turn, turn)) if turn is not None else turned


def check_output(path: Place, inputs: Sequence[Place], *, force: bool) -> None:
    """Refuses a place that cannot or must not be written, before any work is done.

    Raises:
        OutputExistsError: The output is one of the inputs, or exists and `force` is not given.
        BadImageError: No format is known for its name, or its folder does not exist.
    """
    if path.suffix.lower() not in WRITABLE:
        raise BadImageError(f"{path} ends in no known format; end it in {', '.join(WRITABLE)}")
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


def write_picture(
    path: Place, picture: PIL.Image.Image, *, source: PIL.Image.Image | None = None
) -> None:
    """Writes a picture whole or not at all, in the format that the name ends in.

    Metadata comes from `picture.info`. From `source`, the picture as it was read, come what only
    its file knows: the quantisation and subsampling of a JPEG, text of a PNG, tags of a TIFF.
    Lossless where the format can be: only JPEG changes pixels.

    Raises:
        RestauroError: The mode does not fit the format, or the disk refuses.
    """
    suffix = path.suffix.lower()
    options = save_options(suffix, picture, source or picture)
    try:
        with whole(path) as file:
            picture.save(file, format=PIL.Image.registered_extensions()[suffix], **options)
    except (OSError, ValueError, KeyError) as error:
        if isinstance(error, OSError) and error.errno is not None:
            raise RestauroError(
                f"{path} cannot be written: {error.strerror}; free the place or choose another"
            ) from error
        raise BadImageError(
            f"{path} cannot hold a picture of mode {picture.mode} ({error}); "
            "choose another format, such as .png or .tif"
        ) from error


def write_image(path: Path | str, image: Image) -> None:
    """Writes uint8 (H, W, 3) RGB, whole or not at all, in the format that the name ends in."""
    write_picture(Path(path), PIL.Image.fromarray(image))


def _decode(source: Path | BytesIO, name: str, *, whole_depth: bool = False) -> PIL.Image.Image:
    """The picture, loaded; every way in which decoding can fail becomes one sentence."""
    if isinstance(source, Path):
        _check_file(source)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of large pictures and odd metadata: checked here
            with PIL.Image.open(source) as picture:
                _check_header(picture, name, whole_depth=whole_depth)
                picture.load()
                return picture
    except BadImageError:
        raise
    except PIL.Image.DecompressionBombError as error:
        raise BadImageError(_too_large(name)) from error
    except PIL.UnidentifiedImageError as error:
        raise BadImageError(
            f"{name} is no picture that restauro reads; use PNG, JPEG, TIFF or WebP"
        ) from error
    except Exception as error:  # decoders fail on damaged data in every possible way
        raise BadImageError(
            f"{name} is damaged or cut short ({error}); use an intact copy"
        ) from error


def _source(path: Place | str) -> Path | BytesIO:
    """What to decode: a file of this machine, or what a URL holds.

    Raises:
        BadImageError: The URL cannot be read, or is empty.
    """
    if isinstance(path, Path | str):
        return Path(path)
    try:
        data = path.read_bytes()
    except FileNotFoundError as error:
        raise BadImageError(f"there is no file {path}; check the name") from error
    except Exception as error:  # every file system has errors of its own
        raise BadImageError(
            f"{path} cannot be read: {first_line(error)}; check the access to it"
        ) from error
    if not data:
        raise BadImageError(f"{path} is empty; use an intact copy")
    return BytesIO(data)


def _is_same_file(path: Place, source: Place) -> bool:
    if isinstance(path, Path) and isinstance(source, Path):
        return source.exists() and path.samefile(source)
    return resolved(path) == resolved(source)


def _check_file(path: Path) -> None:
    try:
        with path.open("rb") as file:
            is_empty = not file.read(1)
    except IsADirectoryError as error:
        raise BadImageError(f"{path} is a folder; give one picture") from error
    except FileNotFoundError as error:
        raise BadImageError(f"there is no file {path}; check the name") from error
    except OSError as error:
        raise BadImageError(
            f"{path} cannot be read: {error.strerror}; check its permissions"
        ) from error
    if is_empty:
        raise BadImageError(f"{path} is empty; use an intact copy")


def _check_header(picture: PIL.Image.Image, name: str, *, whole_depth: bool) -> None:
    """Refuses what must not be decoded, while only the header has been read."""
    if picture.format not in READABLE:
        raise BadImageError(
            f"{name} has the format {picture.format}; convert it to PNG, JPEG, TIFF or WebP first"
        )
    if picture.width * picture.height > MAX_PIXELS:
        raise BadImageError(_too_large(name))
    # MPO: a phone's JPEG with a second view behind the picture
    if getattr(picture, "is_animated", False) and picture.format != "MPO":
        raise BadImageError(f"{name} has several frames; save the one to use as its own file")
    if (
        whole_depth
        and picture.mode not in WIDE_MODES
        and ";16" in str(getattr(picture, "tile", ""))
    ):
        raise BadImageError(
            f"{name} has 16 bits a colour channel, which would be cut; save it with 8 bits first"
        )


def _too_large(name: str) -> str:
    return f"{name} has more than {MAX_PIXELS // 10**6} million pixels; cut out the part to restore"


def _as_image(picture: PIL.Image.Image) -> Image:
    picture = upright(picture)
    if picture.mode in WIDE_MODES:
        values = np.asarray(picture, dtype=np.float32)
        full = 65535.0 if picture.mode != "F" else float(values.max(initial=1.0))
        grey = np.nan_to_num(values / full).clip(0, 1) * 255
        return np.repeat(np.rint(grey).astype(np.uint8)[:, :, None], 3, axis=2)
    return np.array(without_alpha(picture).convert("RGB"))


def _turn_of(picture: PIL.Image.Image) -> PIL.Image.Transpose | None:
    try:
        return _TO_UPRIGHT.get(picture.getexif().get(_ORIENTATION_TAG, 1))
    except (SyntaxError, ValueError, TypeError, KeyError, OSError, struct.error):
        return None  # damaged EXIF: viewers show the picture as stored
