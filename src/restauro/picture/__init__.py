"""Pictures and masks: files, formats, modes, orientation, metadata, limits and holes.

A *picture* is a Pillow image in its own mode, pixels as its file stores them; its orientation tag
stays with it. What a viewer shows is *upright*. An *image* and a *mask* are arrays, upright.

Importing this loads nothing heavy: each name below brings its module when it is first used.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from restauro.picture.masks import read_mask
    from restauro.picture.read import read_image, read_picture
    from restauro.picture.write import write_image, write_picture

__all__ = ["read_image", "read_mask", "read_picture", "write_image", "write_picture"]

_MODULES = {
    "read_image": "restauro.picture.read",
    "read_mask": "restauro.picture.masks",
    "read_picture": "restauro.picture.read",
    "write_image": "restauro.picture.write",
    "write_picture": "restauro.picture.write",
}


def __getattr__(name: str) -> object:
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(_MODULES[name]), name)
