"""Weights out of a file that `restauro export` made, to train a released model further."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import torch
from google.protobuf.message import DecodeError
from onnx import numpy_helper
from torch import Tensor

from restauro.errors import BadModelError
from restauro.fill.model_file import read_card


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
