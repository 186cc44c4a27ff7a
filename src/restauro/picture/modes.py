"""What a network sees of a picture of any mode, and how its colours return to that mode.

Works on crops, so that a large picture is never converted as a whole. Known pixels never pass
through here on their way back: only the hole is pasted.
"""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
import PIL.Image
from numpy.typing import NDArray

from restauro.errors import BadImageError
from restauro.picture.types import Image, Mask

Colours: TypeAlias = NDArray[np.float32]
"""(H, W, 3) RGB in [0, 1]."""
Range: TypeAlias = tuple[float, float]
"""Darkest and brightest value."""

WIDE_MODES = frozenset({"I;16", "I;16L", "I;16B", "I", "F"})
"""Grey, more than 8 bits."""
MODES = WIDE_MODES | {"1", "L", "LA", "P", "RGB", "RGBA", "RGBX", "CMYK", "YCbCr", "HSV", "LAB"}
LUMINANCE = np.array([0.299, 0.587, 0.114], dtype=np.float32)  # ITU-R BT.601, as Pillow has it


def check_mode(picture: PIL.Image.Image) -> None:
    """Refuses a mode that cannot be restored.

    Raises:
        BadImageError: The mode is none of `MODES`.
    """
    if picture.mode not in MODES:
        raise BadImageError(f"the picture has the mode {picture.mode}; convert it to RGBA first")


def without_alpha(picture: PIL.Image.Image) -> PIL.Image.Image:
    """The colours alone: the picture itself, or RGB where it has any transparency."""
    # By way of RGBA: Pillow warns when palettes with alpha become RGB directly.
    return picture.convert("RGBA").convert("RGB") if picture.has_transparency_data else picture


def visible(crop: PIL.Image.Image) -> Mask:
    """Where a colour can be seen, (H, W): all but full transparency, whose colour means nothing."""
    if not crop.has_transparency_data:
        return np.ones((crop.height, crop.width), dtype=bool)
    return np.asarray(_alpha(crop)) > 0


def value_range(crop: PIL.Image.Image, known: Mask) -> Range:
    """Darkest and brightest known value of a crop of more than 8 bits; (0, 255) for other modes.

    A 16-bit picture often uses a small part of its range, of which 8 bits would leave few steps.
    """
    if crop.mode not in WIDE_MODES:
        return 0.0, 255.0
    values = np.asarray(crop)[known].astype(np.float64)
    values = values[np.isfinite(values)]
    return (float(values.min()), float(values.max())) if values.size else (0.0, 0.0)


def to_rgb(crop: PIL.Image.Image, limits: Range) -> Image:
    """The crop as uint8 (H, W, 3) RGB, without its alpha; wide modes stretched to `limits`."""
    if crop.mode not in WIDE_MODES:
        return np.array(without_alpha(crop).convert("RGB"))
    low, high = limits
    values = np.nan_to_num(np.asarray(crop, dtype=np.float64))
    grey = ((values - low) / max(high - low, 1e-30)).clip(0, 1) * 255
    return np.repeat(np.rint(grey).astype(np.uint8)[:, :, None], 3, axis=2)


def from_rgb(
    colours: Colours, crop: PIL.Image.Image, limits: Range, *, is_erased: bool
) -> PIL.Image.Image:
    """The colours as a picture of the crop's mode; only its pixels in the hole count.

    Alpha stays as it is, unless all of the hole is fully transparent: then it was erased, and
    becomes opaque.
    """
    if crop.mode in WIDE_MODES:
        return _wide(colours, crop, limits)
    if crop.mode == "P":
        return _palette_indices(colours, crop, is_erased=is_erased)
    image = PIL.Image.fromarray(np.rint(colours * 255).astype(np.uint8))
    if crop.mode in ("LA", "RGBA"):
        opaque = PIL.Image.new("L", crop.size, 255)
        image = image.convert(crop.mode)
        image.putalpha(opaque if is_erased else crop.getchannel("A"))
        return image
    return image.convert(crop.mode, dither=PIL.Image.Dither.NONE)


def _alpha(crop: PIL.Image.Image) -> PIL.Image.Image:
    return crop.convert("RGBA").getchannel("A")


def _wide(colours: Colours, crop: PIL.Image.Image, limits: Range) -> PIL.Image.Image:
    low, high = limits
    values = low + (colours @ LUMINANCE).astype(np.float64) * (high - low)  # (H, W)
    dtype = np.asarray(crop).dtype  # carries the byte order
    values = values if dtype.kind == "f" else np.rint(values)
    return PIL.Image.frombytes(crop.mode, crop.size, values.astype(dtype).tobytes())


def _palette_indices(
    colours: Colours, crop: PIL.Image.Image, *, is_erased: bool
) -> PIL.Image.Image:
    """The nearest opaque colour of the palette for each pixel; transparent pixels stay."""
    palette, is_opaque = _palette(crop)
    candidates = np.flatnonzero(is_opaque) if is_opaque.any() else np.arange(len(palette))
    choices = palette[candidates]  # (K, 3)
    half_norms = (choices**2).sum(axis=1) / 2
    # Row by row: all distances at once would take 256 floats a pixel.
    nearest = [(half_norms - row @ choices.T).argmin(axis=1) for row in colours]
    indices = candidates[np.array(nearest)].astype(np.uint8)  # (H, W)
    if not is_erased:
        indices = np.where(visible(crop), indices, np.asarray(crop))
    patch = PIL.Image.fromarray(indices)
    patch = PIL.Image.frombytes("P", patch.size, patch.tobytes())
    patch.palette = crop.palette
    return patch


def _palette(crop: PIL.Image.Image) -> tuple[Colours, NDArray[np.bool_]]:
    """(K, 3) colours in [0, 1] and (K,) whether each is opaque."""
    colours = np.array(crop.getpalette("RGB"), dtype=np.float32).reshape(-1, 3) / np.float32(255)
    count = len(colours)
    alpha = np.full(count, 255)
    transparency = crop.info.get("transparency")
    if isinstance(transparency, int) and transparency < count:
        alpha[transparency] = 0
    elif isinstance(transparency, bytes):
        alpha[: len(transparency)] = list(transparency)[:count]
    elif crop.palette is not None and crop.palette.mode == "RGBA":
        alpha = np.asarray(crop.getpalette("RGBA")).reshape(-1, 4)[:, 3]
    return colours, np.asarray(alpha == 255)
