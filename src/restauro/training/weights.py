"""Weights of runs, files and exported models, and checkpoints with all that a run needs to go on.

Files are whole or not there, and have a checksum, so that no damage goes unnoticed. They are loaded
with `weights_only=True` or as safetensors: one from elsewhere runs no code.
"""

from __future__ import annotations

import errno
import hashlib
import io
import pickle
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import safetensors
import torch
from google.protobuf.message import DecodeError
from onnx import numpy_helper
from safetensors.torch import save_file
from torch import Tensor

from restauro.errors import BadModelError, first_line
from restauro.files import whole_file
from restauro.fill.catalogue import model_path
from restauro.fill.model_file import read_card
from restauro.models import MODELS, TaskModel
from restauro.training.config import Config, load_config
from restauro.training.run_folder import RunFolder

TRAILER = b"sha256:"
"""Comes after what `torch.save` wrote, and before the checksum of that; `torch.load` skips both."""
TRAILER_BYTES = len(TRAILER) + 64
END_OF_ZIP, END_OF_ZIP_BYTES = b"PK\x05\x06", 22


class _HashedFile(io.BufferedWriter):
    """A new file that hashes what is written to it."""

    def __init__(self, path: Path) -> None:
        super().__init__(io.FileIO(path, "w"))
        self.digest = hashlib.sha256()

    def write(self, data: Any) -> int:
        self.digest.update(data)
        return super().write(data)


def save_checkpoint(path: Path, state: Mapping[str, Any]) -> None:
    """Writes weights, optimizer state and position of a run to `path`, atomically.

    Raises:
        OSError: The disk is full, or `path` cannot be written for another reason.
    """
    with whole_file(path) as aside, _HashedFile(aside) as file:
        try:
            torch.save(dict(state), file)
        except RuntimeError as error:  # by which torch hides that of writing
            raise error.__context__ if isinstance(error.__context__, OSError) else error from None
        file.write(TRAILER + file.digest.hexdigest().encode())


def load_checkpoint(path: Path) -> dict[str, Any]:
    """Reads what `save_checkpoint` wrote, onto the processor.

    A checkpoint from before they had a checksum is taken as it is.

    Raises:
        BadModelError: The file is missing, damaged or holds more than tensors and plain values.
    """
    try:
        _check_checksum(path)
        state = torch.load(path, map_location="cpu", weights_only=True)
        if not isinstance(state, dict):
            raise ValueError(f"it holds a {type(state).__name__}")
    except (OSError, RuntimeError, EOFError, ValueError, pickle.UnpicklingError) as error:
        raise BadModelError(
            f"{path} cannot be read as a checkpoint ({first_line(error)}); delete it and train "
            "again"
        ) from error
    return state


def _check_checksum(path: Path) -> None:
    """Raises ValueError where the content is not what was written."""
    with path.open("rb") as file:
        size = file.seek(0, io.SEEK_END)
        file.seek(max(0, size - END_OF_ZIP_BYTES))
        if file.read().startswith(END_OF_ZIP):
            return  # nothing comes after the end of the archive: from before there were checksums
        file.seek(0)
        digest = hashlib.sha256()
        remaining = size - TRAILER_BYTES
        while remaining > 0 and (data := file.read(min(remaining, 1 << 20))):
            digest.update(data)
            remaining -= len(data)
        if file.read() != TRAILER + digest.hexdigest().encode():
            raise ValueError("its checksum is wrong")


def save_weights(path: Path, weights: Mapping[str, Tensor]) -> None:
    """Writes weights alone as safetensors with their checksum, atomically.

    Raises:
        OSError: The disk is full, or `path` cannot be written for another reason.
    """
    tensors = {name: tensor.contiguous().cpu() for name, tensor in weights.items()}
    with whole_file(path) as aside:
        try:
            save_file(tensors, aside, {"sha256": _checksum(tensors)})
        except safetensors.SafetensorError as error:
            raise OSError(errno.EIO, first_line(error)) from error


def load_weights(path: Path) -> dict[str, Tensor]:
    """Reads weights from a safetensors file; its checksum is compared if it has one.

    Raises:
        BadModelError: The file is missing or damaged.
    """
    try:
        with safetensors.safe_open(path, "pt") as file:
            noted = (file.metadata() or {}).get("sha256")
            weights: dict[str, Tensor] = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
        if noted not in (None, _checksum(weights)):
            raise ValueError("its checksum is wrong")
    except (OSError, ValueError, safetensors.SafetensorError) as error:
        raise BadModelError(
            f"{path} cannot be read as safetensors ({first_line(error)}); check the path"
        ) from error
    return weights


def _checksum(weights: Mapping[str, Tensor]) -> str:
    """The SHA-256 of names, types, shapes and values."""
    digest = hashlib.sha256()
    for name, tensor in sorted(weights.items()):
        digest.update(f"{name} {tensor.dtype} {tuple(tensor.shape)}\n".encode())
        digest.update(tensor.flatten().view(torch.uint8).numpy().data)
    return digest.hexdigest()


def load_best(run: Path) -> tuple[Config, TaskModel]:
    """The config of the run folder `run` and its network with the best weights, on the processor.

    Raises:
        ConfigError: The folder holds no config that can be read.
        BadModelError: Its weights are missing, damaged or those of another network.
    """
    folder = RunFolder(run)
    config = load_config(folder.config)
    model = MODELS.create(config.model.name, **config.model.arguments)
    remedy = f"correct {folder.config}"
    load_weights_into(model, str(folder.weights), name=repr(config.model.name), remedy=remedy)
    return config, model


def load_weights_into(
    model: TaskModel, source: str, *, name: str, remedy: str, is_smaller: bool = False
) -> None:
    """Fills `model` with the weights in `source`; errors call it `name` and end with `remedy`.

    `source` is the path of a `.safetensors` file or of an exported `.onnx` file, or the name of
    an installed model such as `faces`. Where it may be of a smaller network (`is_smaller`), weights
    that only `model` has stay as they are.

    Raises:
        BadModelError: The weights are missing, damaged or those of another network.
        UnknownNameError: No such model is installed.
    """
    is_plain = source.endswith(".safetensors")
    weights = load_weights(Path(source)) if is_plain else exported_weights(model_path(source))
    try:
        model.load_state_dict(model.state_dict() | weights if is_smaller else weights)
    except RuntimeError as error:
        raise BadModelError(
            f"{source} holds weights of another network than {name}; {remedy}"
        ) from error


def exported_weights(path: Path) -> dict[str, Tensor]:
    """Name in the network -> float32 values, of the exported model in `path`.

    The exporter keeps the names of all weights but those of linear layers, which it transposes
    and numbers; they are known by the bias that is added to what they multiply. Batch
    normalisation it folds into the convolution before: a network with it finds no weights here.
    A network with a code is exported as the `network` of another (`export.WithCodes`).

    Raises:
        BadModelError: The file is missing, damaged or was not made by `restauro export`.
    """
    read_card(path)
    try:
        graph = onnx.load(path).graph
    except (OSError, DecodeError) as error:
        raise BadModelError(f"{path} is no intact ONNX file; use an exported model") from error
    weights = {
        weight.name.removesuffix(".half").removeprefix("network."): numpy_helper.to_array(weight)
        for weight in graph.initializer
    }
    factors = {node.output[0]: node.input[1] for node in graph.node if node.op_type == "MatMul"}
    for node in graph.node:
        if node.op_type != "Add":
            continue
        for product, bias in (node.input, reversed(node.input)):
            factor = factors.get(product)
            if factor in weights and bias.endswith(".bias"):
                weights[bias.removeprefix("network.").removesuffix("bias") + "weight"] = (
                    weights.pop(factor).T
                )
    return {
        name: torch.from_numpy(values.astype(np.float32))
        for name, values in weights.items()
        if "." in name  # not the constants of the graph
    }
