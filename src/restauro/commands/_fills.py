"""What `--model` stands for; kept apart from the tool's parts, as classical methods are peers."""

from __future__ import annotations

import contextlib
from dataclasses import replace
from typing import TYPE_CHECKING

from restauro.errors import MissingExtraError

if TYPE_CHECKING:
    from restauro.fill.auto import BestModel, Fill, OneModel

AUTO = "auto"
CLASSICAL = ("biharmonic", "mean", "navier_stokes", "patch_match", "telea")
"""Methods without training, from `restauro.fill`."""
AUTO_CLASSICAL = "telea"
"""The one that `auto` compares with the models, where it is installed."""
CLASSICAL_HANDICAP = 1.25
"""Its errors count for so much more: beside a hole the picture is often smoother than within, which
flatters a method that only continues what it sees. Measured in docs/command_line.md."""


def load_fill(model: str, threads: int | None = None) -> Fill:
    """What fills holes for this value of `--model`.

    Raises:
        UnknownNameError: No shipped model and no method has this name.
        BadModelError: The model's file is missing, damaged or no restauro model.
        MissingExtraError: The libraries of a classical method are not installed.
    """
    if model in CLASSICAL:
        return _classical(model)
    if model == AUTO:
        return _best(threads)
    return _learned(model, threads)


def _best(threads: int | None) -> BestModel:
    from restauro.fill.auto import BestModel
    from restauro.fill.catalogue import list_models

    models = [_learned(name, threads) for name in list_models()]
    with contextlib.suppress(MissingExtraError):
        models.append(replace(_classical(AUTO_CLASSICAL), handicap=CLASSICAL_HANDICAP))
    return BestModel(models)


def _learned(model: str, threads: int | None) -> OneModel:
    from restauro.fill.auto import OneModel
    from restauro.fill.restorer import load

    restorer = load(model, threads=threads)
    card = restorer.card
    return OneModel(card.name, restorer, f"{card.name} {card.version} {card.checkpoint_sha256}")


def _classical(name: str) -> OneModel:
    import numpy as np

    from restauro.fill.auto import OneModel, on_pictures
    from restauro.fill.methods import METHODS

    method = METHODS.create(name)
    # A missing library shows at the first call: now, not once for every picture.
    method(np.zeros((16, 16, 3), np.uint8), np.eye(16, dtype=bool))
    return OneModel(name, on_pictures(method), name)
