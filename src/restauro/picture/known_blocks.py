"""A JPEG's known blocks, taken over from the file that was read: else each saving changes them."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import numpy as np

from restauro.picture.types import Mask, Size

_BLOCK_PX = 8
_COMPONENTS = ("Y", "Cb", "Cr", "K")


def with_known_blocks(written: bytes, original: bytes, hole: Mask) -> bytes:
    """A JPEG file with the original's coefficients wherever no pixel of the hole lies.

    Without the package jpeglib, or where both files are not laid out alike, it is `written` as it
    is. A progressive file becomes one of a single scan.

    Args:
        written: A JPEG file of the restored picture, with tables and sampling of the original.
        original: The JPEG file that was read.
        hole: (H, W), as the files store it, not turned upright.
    """
    try:
        import jpeglib
    except ImportError:
        return written
    with tempfile.TemporaryDirectory() as folder:
        paths = [Path(folder) / name for name in ("written.jpg", "original.jpg", "result.jpg")]
        for path, content in zip(paths, (written, original), strict=False):
            path.write_bytes(content)
        try:
            fresh, known = (jpeglib.read_dct(str(path)) for path in paths[:2])
            if not _are_alike(fresh, known):
                return written
            for number, name in enumerate(_components(fresh)):
                blocks = getattr(fresh, name)  # (rows, columns, 8, 8)
                kept = ~_touched(hole, blocks.shape[:2], _block_size(fresh, number))
                blocks[kept] = getattr(known, name)[kept]
            fresh.write_dct(str(paths[2]))
            return paths[2].read_bytes()
        except Exception:  # noqa: BLE001  it fails on odd files in every possible way
            return written


def _components(jpeg: Any) -> list[str]:
    return [name for name in _COMPONENTS if getattr(jpeg, name) is not None]


def _are_alike(one: Any, other: Any) -> bool:
    return (
        _components(one) == _components(other)
        and one.jpeg_color_space == other.jpeg_color_space
        and np.array_equal(one.samp_factor, other.samp_factor)
        and all(
            getattr(one, name).shape == getattr(other, name).shape
            and np.array_equal(one.get_component_qt(number), other.get_component_qt(number))
            for number, name in enumerate(_components(one))
        )
    )


def _block_size(jpeg: Any, component: int) -> Size:
    """Pixels of the picture that a block of a component covers."""
    factors = np.asarray(jpeg.samp_factor)
    height, width = _BLOCK_PX * factors.max(axis=0) // factors[component]
    return int(height), int(width)


def _touched(hole: Mask, blocks: Size, size: Size) -> Mask:
    """Which blocks hold a pixel of the hole."""
    padded = np.zeros((blocks[0] * size[0], blocks[1] * size[1]), dtype=bool)
    padded[: hole.shape[0], : hole.shape[1]] = hole
    return np.asarray(padded.reshape(blocks[0], size[0], blocks[1], size[1]).any(axis=(1, 3)))
