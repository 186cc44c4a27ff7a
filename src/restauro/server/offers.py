"""What the service offers by name: models, and sample pictures."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

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
class Model:
    """What fills holes and can be asked for by name."""

    name: str
    kind: Literal["network", "classical", "choice"]
    """Learned from pictures; or it follows a rule; or it takes the best of the others."""
    domain: str
    """What it is for."""
    terms: str
    """Under which terms its results may be used."""
    version: str | None = None
    size: tuple[int, int] | None = None
    """(height, width) in pixels that a network was trained on."""
    parameters: int | None = None
    """Number of weights of a network."""
    default: bool = False
    """Whether it restores what names no model."""
