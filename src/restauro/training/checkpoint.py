"""Checkpoints: written aside and renamed, so that a kill at any moment leaves a whole one.

Loaded with `weights_only=True` or as safetensors: a checkpoint from elsewhere runs no code.
"""

from __future__ import annotations

import hashlib
import os
import pickle
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import safetensors
import torch
from safetensors.torch import load_file, save_file
from torch import Tensor

from restauro.errors import BadModelError


def save_checkpoint(path: Path, state: Mapping[str, Any]) -> None:
    """Writes weights, optimizer state and position of a run to `path`, atomically."""
    _write_atomically(path, lambda aside: torch.save(dict(state), aside))


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
            f"{path} cannot be read as a checkpoint ({_first_line(error)}); delete it and train "
            "again"
        ) from error
    return state


def save_weights(path: Path, weights: Mapping[str, Tensor]) -> None:
    """Writes weights alone as safetensors, atomically."""
    tensors = {name: tensor.contiguous().cpu() for name, tensor in weights.items()}
    _write_atomically(path, lambda aside: save_file(tensors, aside))


def load_weights(path: Path) -> dict[str, Tensor]:
    """Reads weights from a safetensors file.

    Raises:
        BadModelError: The file is missing or damaged.
    """
    try:
        weights: dict[str, Tensor] = load_file(path)
    except (OSError, safetensors.SafetensorError) as error:
        raise BadModelError(
            f"{path} cannot be read as safetensors ({_first_line(error)}); check the path"
        ) from error
    return weights


def file_sha256(path: Path) -> str:
    """The SHA-256 of a file, as 64 hexadecimal digits."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _write_atomically(path: Path, write: Callable[[Path], None]) -> None:
    aside = path.with_name(f".{path.name}.partial")
    write(aside)
    with aside.open("rb") as file:
        os.fsync(file.fileno())  # a power cut after the rename must not leave an empty file
    aside.replace(path)


def _first_line(error: BaseException) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0]
