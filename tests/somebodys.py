"""A package that somebody else wrote, with a part of every kind, outside the tree."""

from __future__ import annotations

from pathlib import Path

METHOD = """
import numpy as np
from restauro.plugins import method


@method("grey")
def grey(image, mask):
    return np.full_like(image, 128)
"""
PARTS = (
    METHOD
    + '''

import torch
from torch import nn

from restauro.data.sources import Entry, Plan
from restauro.evaluation.protocols import Protocol
from restauro.models import InpaintingModel
from restauro.plugins import loss, metric, model, protocol, source


@model("two_layers")
class TwoLayers(InpaintingModel):
    multiple = 16

    def __init__(self, width=4):
        super().__init__(size=(32, 32))
        self.layers = nn.Sequential(
            nn.Conv2d(4, width, 3, padding=1), nn.ReLU(), nn.Conv2d(width, 3, 3, padding=1)
        )

    def restore(self, masked_image, mask):
        return self.layers(torch.cat([masked_image, mask], dim=1)).sigmoid()


@loss("charbonnier")
class Charbonnier(nn.Module):
    def __init__(self, floor=1e-3):
        super().__init__()
        self.floor = floor

    def forward(self, prediction, target, mask):
        return ((prediction - target) ** 2 + self.floor**2).sqrt().mean(dim=(1, 2, 3))


@metric("hole_worst", range=(0.0, 1.0))
def hole_worst(restored):
    """Largest error of a channel in the hole."""
    error = (restored.composite - restored.target).abs() * restored.mask
    return error.amax(dim=(1, 2, 3))


@protocol("corner")
def corner():
    def draw(size, random):  # a function that cannot be pickled
        hole = np.zeros(size, dtype=bool)
        hole[: size[0] // 4, : size[1] // 4] = True
        return hole

    return Protocol("corner", draw)


class Stripes:
    crop = "none: drawn"

    def identity(self):
        return ["stripes 1"]

    def plan(self):
        return Plan(num_pictures=30, offers=self.offers())

    def offers(self):
        for number in range(30):
            split = ("train", "val", "test")[number % 3]
            yield Entry(f"{number:02}", split), lambda side, number=number: stripes(side, number)


def stripes(side, number):
    rows, columns = np.mgrid[:side, :side]
    light = 127 + 100 * np.sin((rows + number * columns) / (3 + number))
    return np.repeat(light[..., None], 3, axis=2).astype(np.uint8)


@source("stripes")
def all_stripes(options):
    options.check("stripes")
    return Stripes()
'''
)


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
