"""A package that somebody else wrote, outside the tree."""

from __future__ import annotations

import re
from pathlib import Path

METHOD = """
import numpy as np
from restauro.plugins import method


@method("grey")
def grey(image, mask):
    return np.full_like(image, 128)
"""
CONTRIBUTING = Path(__file__).parents[1] / "CONTRIBUTING.md"
(PARTS,) = re.findall(r"```python\n(.*?)```", CONTRIBUTING.read_text(), re.DOTALL)
"""The recipes, which so hold: a method, a model, a loss, a metric, a protocol and a source."""


def write_package(path: Path, parts: str, *, announces: bool = False) -> Path:
    """Writes `somebody.parts` into a folder as pip installs it; returns its file."""
    package, facts = path / "somebody", path / "somebody-1.0.dist-info"
    package.mkdir(parents=True)
    facts.mkdir()
    (package / "__init__.py").write_text("")
    (package / "parts.py").write_text(parts)
    (facts / "METADATA").write_text("Metadata-Version: 2.1\nName: somebody\nVersion: 1.0\n")
    if announces:
        (facts / "entry_points.txt").write_text("[restauro.plugins]\nparts = somebody.parts\n")
    return package / "parts.py"
