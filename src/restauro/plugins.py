"""What to write parts of restauro with, in its own tree, in your package or in a single file.

    from restauro.plugins import loss, method, metric, model, protocol, source

Each of these decorators takes the name by which the part is found then. CONTRIBUTING.md has a
recipe for each, and says how commands find your module. Importing this loads no PyTorch.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypeAlias

from restauro.registry import FILLERS, LOSSES, METRICS, MODELS, PROTOCOLS, SOURCES

if TYPE_CHECKING:
    from torch import Tensor

    from restauro.metrics.comparison import Comparison
    from restauro.picture.types import Inpaint

    Compute: TypeAlias = Callable[[Comparison], Tensor]

__all__ = ["Metric", "filler", "loss", "method", "metric", "model", "protocol", "source"]

Better: TypeAlias = Literal["higher", "lower", "near"]

model = MODELS.register
"""Decorates a class from `restauro.models.InpaintingModel`, or a function that builds one.

Its arguments are the table `model.arguments` of a config; one called `size` gets the bank's."""

loss = LOSSES.register
"""Decorates what builds a loss: a module of prediction, target (B, 3, H, W) in [0, 1] and mask
(B, 1, H, W), 1 = hole, that gives (B,) values. Its arguments are the table `loss.arguments`."""

protocol = PROTOCOLS.register
"""Decorates a function without arguments that gives a `restauro.evaluation.protocols.Protocol` of
the same name."""

source = SOURCES.register
"""Decorates a function of `options`, the `restauro.data.sources.SourceOptions` of the command line,
that gives a `restauro.data.sources.Source`."""

filler = FILLERS.register
"""Decorates a function of `device` and `threads` that gives a `restauro.Filler`: the longer way to
a method, for one with weights, or one that is faster with many pictures at once."""


def method(name: str) -> Callable[[Inpaint], Inpaint]:
    """Decorates a function that fills holes: image and mask -> image.

    The image is uint8 (H, W, 3) RGB and the mask bool (H, W), True = hole. Hidden pixels have the
    mean colour of the known ones; of the answer, which has the same shape, the hole is taken.
    """

    def add(inpaint: Inpaint) -> Inpaint:
        FILLERS.register(name, inpaint)(lambda device, threads: inpaint)
        return inpaint

    return add


@dataclass(frozen=True)
class Metric:
    """One value per picture, and how to read it."""

    name: str
    unit: str
    """Of the values; empty for a plain number."""
    better: Better | None
    """Which way is better, `near` meaning near to `best`; None for what describes the picture."""
    best: float | None
    """Value of a perfect fill; may be infinite."""
    range: tuple[float, float]
    meaning: str
    """One line for people."""
    compute: Compute
    """Compared pictures -> (B,), never averaged over pictures."""
    needs: str = ""
    """The packages besides restauro's own extras, for pip; empty for most."""
    by_default: bool = True
    """Whether an evaluation takes it unasked."""


def metric(
    name: str,
    *,
    better: Better | None = "lower",
    best: float | None = 0.0,
    unit: str = "",
    range: tuple[float, float] = (0.0, math.inf),
    needs: str = "",
    by_default: bool = True,
    meaning: str = "",
) -> Callable[[Compute], Compute]:
    """Decorates a function of `restauro.metrics.Comparison` that gives (B,) values, one a picture.

    The arguments are those of `Metric`; the meaning is the first line of the function's docstring
    unless it is given.
    """

    def add(compute: Compute) -> Compute:
        said = meaning or (compute.__doc__ or "").partition("\n")[0].rstrip(".")
        entry = Metric(name, unit, better, best, range, said, compute, needs, by_default)
        METRICS.register(name, compute)(lambda: entry)
        return compute

    return add
