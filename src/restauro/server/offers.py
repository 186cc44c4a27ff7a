"""What the service offers by name: models, and sample pictures."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from restauro.fill.entries import Description

SAMPLES_DIR = Path(__file__).parents[1] / "samples"

_KODAK = "Kodak Lossless True Color Image Suite, released for unrestricted use"
_UNSPLASH = "CLIC 2025 (Challenge on Learned Image Compression), from Unsplash; Unsplash License"
SAMPLES = {
    "pier.jpg": _UNSPLASH,
    "van.jpg": _UNSPLASH,
    "valley.jpg": _UNSPLASH,
    "bear.jpg": _UNSPLASH,
    "child.png": _KODAK,
    "astronaut.png": "Eileen Collins, photographed by NASA; public domain",
    "hat.png": _KODAK,
    "pearls.png": _KODAK,
}
"""File of a sample picture -> where it comes from, and its terms."""


def mask_of(sample: str) -> str:
    """The file of a hole to try with a sample."""
    return f"{Path(sample).stem}_mask.png"


@dataclass(frozen=True)
class Model(Description):
    """What fills holes and can be asked for by name."""

    default: bool = False
    """Whether it restores what names no model."""
