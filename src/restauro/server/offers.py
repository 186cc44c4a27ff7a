"""What the service offers by name: models, and sample pictures."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from restauro.fill.entries import Description

SAMPLES_DIR = Path(__file__).parents[1] / "samples"

_KODAK = "Kodak Lossless True Color Image Suite, released for unrestricted use"
SAMPLES = {
    "child": _KODAK,
    "astronaut": "Eileen Collins, photographed by NASA; public domain",
    "hat": _KODAK,
    "pearls": _KODAK,
}
"""Name of a sample picture -> where it comes from, and its terms."""


@dataclass(frozen=True)
class Model(Description):
    """What fills holes and can be asked for by name."""

    default: bool = False
    """Whether it restores what names no model."""
