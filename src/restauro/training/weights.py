"""Weights of runs, of files and of exported models, put into networks."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import torch
from google.protobuf.message import DecodeError
from onnx import numpy_helper
from torch import Tensor

from restauro.errors import BadModelError
from restauro.fill.catalogue import model_path
from restauro.fill.model_file import read_card
from restauro.models import MODELS, InpaintingModel
from restauro.training.checkpoint import load_weights
from restauro.training.config import Config, load_config
from restauro.training.run_folder import RunFolder


def load_best(run: Path) -> tuple[Config, InpaintingModel]:
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


def load_weights_into(model: InpaintingModel, source: str, *, name: str, remedy: str) -> None:
    """Fills `model` with the weights in `source`; errors call it `name` and end with `remedy`.

    `source` is the path of a `.safetensors` file or of an exported `.onnx` file, or the name of
    an installed model such as `faces`.

    Raises:
        BadModelError: The weights are missing, damaged or those of another network.
        UnknownNameError: No such model is installed.
    """
    is_plain = source.endswith(".safetensors")
    weights = load_weights(Path(source)) if is_plain else exported_weights(model_path(source))
    try:
        model.load_state_dict(weights)
    except RuntimeError as error:
        raise BadModelError(
            f"{source} holds weights of another network than {name}; {remedy}"
        ) from error


def exported_weights(path: Path) -> dict[str, Tensor]:
    """Name in the network -> float32 values, of the exported model in `path`.

    The exporter keeps the names of all weights but those of linear layers, which it transposes
    and numbers; they are known by the bias that is added to what they multiply. Batch
    normalisation it folds into the convolution before: a network with it finds no weights here.

    Raises:
        BadModelError: The file is missing, damaged or was not made by `restauro export`.
    """
    read_card(path)
    try:
        graph = onnx.load(path).graph
    except (OSError, DecodeError) as error:
        raise BadModelError(f"{path} is no intact ONNX file; use an exported model") from error
    weights = {
        weight.name.removesuffix(".half"): numpy_helper.to_array(weight)
        for weight in graph.initializer
    }
    factors = {node.output[0]: node.input[1] for node in graph.node if node.op_type == "MatMul"}
    for node in graph.node:
        if node.op_type != "Add":
            continue
        for product, bias in (node.input, reversed(node.input)):
            factor = factors.get(product)
            if factor in weights and bias.endswith(".bias"):
                weights[bias.removesuffix("bias") + "weight"] = weights.pop(factor).T
    return {
        name: torch.from_numpy(values.astype(np.float32))
        for name, values in weights.items()
        if "." in name  # not the constants of the graph
    }
