"""Checkpoints: written aside and renamed, so that a kill at any moment leaves a whole one.

Loaded with `weights_only=True` or as safetensors: a checkpoint from elsewhere runs no code.
"""

from __future__ import annotations

import pickle
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import safetensors
import torch
from safetensors.torch import load_file, save_file
from torch import Tensor

from restauro.errors import BadModelError, first_line
from restauro.files import whole_file


def save_checkpoint(path: Path, state: Mapping[str, Any]) -> None:
    """Writes weights, optimizer state and position of a run to `path`, atomically."""
    with whole_file(path) as aside:
        torch.save(dict(state), aside)


def load_checkpoint(path: Path) -> dict[str, Any]:
    """Reads what `save_checkpoint` wrote, onto the processor.

    Raises:
        BadModelError: The file is missing, damaged or holds more than tensors and plain values.
    """
    try:
        state = torch.load(path, map_location="cpu", weights_only=True)
        if not isinstance(state, dict):
            raise ValueError(f"it holds a {type(state).__name__}")
    except (OSError, RuntimeError, EOFError, ValueError, pickle.UnpicklingError) as error:
        raise BadModelError(
            f"{path} cannot be read as a checkpoint ({first_line(error)}); delete it and train "
            "again"
        ) from error
    return state


def save_weights(path: Path, weights: Mapping[str, Tensor]) -> None:
    """Writes weights alone as safetensors, atomically."""
    tensors = {name: tensor.contiguous().cpu() for name, tensor in weights.items()}
    with whole_file(path) as aside:
        save_file(tensors, aside)


def load_weights(path: Path) -> dict[str, Tensor]:
    """Reads weights from a safetensors file.

    Raises:
        BadModelError: The file is missing or damaged.
    """
    try:
        weights: dict[str, Tensor] = load_file(path)
    except (OSError, safetensors.SafetensorError) as error:
        raise BadModelError(
            f"{path} cannot be read as safetensors ({first_line(error)}); check the path"
        ) from error
    return weights
