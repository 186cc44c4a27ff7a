"""Image inpainting with autoencoders.

    restorer = restauro.load("faces")
    restored = restorer(image, mask)  # uint8 (H, W, 3) RGB and bool (H, W), True = hole
    repaired = restauro.repair(scan)  # finds scratches, dust and stains itself

Importing this loads nothing heavy: each name below brings its module when it is first used.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from restauro.fill.catalogue import list_models, load
    from restauro.fill.filler import Filler
    from restauro.fill.restorer import Restorer
    from restauro.repairing import find_damage, repair

__version__ = "0.1.0"

__all__ = [
    "Filler",
    "Restorer",
    "__version__",
    "find_damage",
    "list_models",
    "load",
    "repair",
]

_MODULES = {
    "Filler": "restauro.fill.filler",
    "Restorer": "restauro.fill.restorer",
    "find_damage": "restauro.repairing",
    "list_models": "restauro.fill.catalogue",
    "load": "restauro.fill.catalogue",
    "repair": "restauro.repairing",
}


def __getattr__(name: str) -> object:
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(_MODULES[name]), name)


def __dir__() -> list[str]:
    return __all__
