"""PyTorch -> ONNX: one file that holds the network, its card and, if asked, half-size weights.

The file is compared with PyTorch on several sizes before it gets its name, so a wrong export
never looks like a finished one.
"""

from __future__ import annotations

import contextlib
import io
import logging
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime
import torch
from onnx import TensorProto, helper, numpy_helper
from torch import Tensor, nn

from restauro.errors import BadModelError
from restauro.files import whole_file
from restauro.fill.model_file import METADATA_KEY, ModelCard
from restauro.models import CodeModel, InpaintingModel, TaskModel
from restauro.models.finder import Finder, Likelihood
from restauro.picture.types import Size

OPSET = 18
OUTPUT = "prediction"
SMALLEST_HALF_TENSOR = 256
"""Weights of fewer values stay float32: halving them saves nothing."""


@dataclass(frozen=True)
class Agreement:
    """How far the file's predictions are from PyTorch's, in [0, 1]."""

    size: tuple[int, int]
    """(height, width) of the compared pictures."""
    largest_difference: float
    mean_difference: float


def export_onnx(
    model: TaskModel, card: ModelCard, path: Path, *, half: bool = True
) -> list[Agreement]:
    """Writes `model` with its card to `path`; returns how it compares with PyTorch.

    With `half`, weights are stored as float16, which halves the file; the runtime widens them
    when it loads, so that it computes in float32 as before.

    Raises:
        BadModelError: The file's predictions differ from PyTorch's by more than half of an 8-bit
            level without `half`, or by more than two levels with it.
    """
    model = model.eval().cpu().float()
    network: nn.Module = model
    if isinstance(model, Finder):
        network = Likelihood(model)
    elif isinstance(model, CodeModel):
        network = WithCodes(model)
    examples = _examples(model, model.size)
    graph = trace(network, examples, model.multiple)
    if half:
        weights_as_half(graph)
    entry = graph.metadata_props.add()
    entry.key, entry.value = METADATA_KEY, card.to_json()
    onnx.checker.check_model(graph)
    content = graph.SerializeToString()
    comparisons = [
        _compare(model, network, content, _examples(model, size))
        for size in _sizes_to_compare(model)
    ]
    allowed = (2.0 if half else 0.5) / 255
    worst = max(comparisons, key=lambda comparison: comparison.largest_difference)
    if worst.largest_difference > allowed:
        raise BadModelError(
            f"the exported file differs from PyTorch by {worst.largest_difference:.4f} at "
            f"{worst.size[1]}x{worst.size[0]}, more than {allowed:.4f}; "
            "export again with --no-half, and report it if that fails too"
        )
    with whole_file(path) as aside:
        aside.write_bytes(content)
    return comparisons


class WithCodes(nn.Module):
    """A network with a code, so that one file encodes and decodes as well.

    Codes that are given are decoded behind the pictures' own; the file gives none by default.

    Shape: image (B, 3, H, W), mask (B, 1, H, W), code (C, latent_dim) -> prediction
    (B + C, 3, H, W) and codes (B + C, latent_dim).
    """

    def __init__(self, network: CodeModel) -> None:
        super().__init__()
        self.network = network

    def forward(self, image: Tensor, mask: Tensor, code: Tensor) -> tuple[Tensor, Tensor]:
        """Returns what both make."""
        codes = torch.cat([self.network.encode(image * (1 - mask)), code])
        return self.network.decode(codes), codes


def _examples(model: TaskModel, size: Size) -> dict[str, Tensor]:
    """What the exported file takes by name: pictures, their holes if it fills such, codes."""
    rng = torch.Generator().manual_seed(0)
    image = torch.rand(2, 3, *size, generator=rng)
    if isinstance(model, Finder):
        return {"image": image}
    mask = torch.zeros(2, 1, *size)
    mask[:, :, size[0] // 4 : size[0] // 2, size[1] // 3 : size[1] // 2] = 1
    examples = {"image": image, "mask": mask}
    if isinstance(model, InpaintingModel) and model.noise_dim:
        examples["noise"] = torch.randn(len(image), model.noise_dim, generator=rng)
    if isinstance(model, CodeModel):
        examples["code"] = torch.randn(3, model.latent_dim, generator=rng)
    return examples


def trace(network: nn.Module, examples: dict[str, Tensor], multiple: int | None) -> onnx.ModelProto:
    """The graph of `network` for any batch like `examples`, by name; sides are of `multiple`."""
    batch = torch.export.Dim("batch", min=1, max=1024)
    sides: dict[int, Any] = {0: batch}
    if multiple is not None:
        rows = torch.export.Dim("rows", min=2, max=256)
        columns = torch.export.Dim("columns", min=2, max=256)
        sides |= {2: multiple * rows, 3: multiple * columns}
    shapes = {name: sides for name in examples}
    outputs = [OUTPUT]
    if "noise" in examples:
        shapes["noise"] = {0: batch}
    if "code" in examples:
        shapes["code"] = {0: torch.export.Dim("given", min=1, max=1024)}
        outputs.append("codes")
    # The exporter talks about itself on stdout, through logging and through warnings.
    with warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()):
        warnings.simplefilter("ignore")
        logging.getLogger("torch.onnx").setLevel(logging.ERROR)
        program = torch.onnx.export(
            network,
            tuple(examples.values()),
            dynamo=True,
            opset_version=OPSET,
            input_names=list(examples),
            output_names=outputs,
            dynamic_shapes=tuple(shapes.values()),
            verbose=False,
        )
    assert program is not None
    graph: onnx.ModelProto = program.model_proto
    if "code" in examples:  # an input that need not be given: no codes
        nothing = np.zeros((0, examples["code"].shape[1]), dtype=np.float32)
        graph.graph.initializer.append(numpy_helper.from_array(nothing, "code"))
    return graph


def weights_as_half(model: onnx.ModelProto) -> None:
    """Replaces every large float32 weight by a float16 one and a Cast, in place."""
    graph = model.graph
    casts = []
    for weight in graph.initializer:
        values = numpy_helper.to_array(weight)
        if weight.data_type != TensorProto.FLOAT or values.size < SMALLEST_HALF_TENSOR:
            continue
        name = weight.name
        weight.CopyFrom(numpy_helper.from_array(values.astype(np.float16), f"{name}.half"))
        casts.append(helper.make_node("Cast", [f"{name}.half"], [name], to=TensorProto.FLOAT))
    nodes = [*casts, *graph.node]  # before their users: nodes stand in the order they run
    del graph.node[:]
    graph.node.extend(nodes)
    del graph.value_info[:]  # shapes of intermediate values, which the runtime infers anyway


def _sizes_to_compare(model: TaskModel) -> list[tuple[int, int]]:
    if model.multiple is None:
        return [model.size]
    step = model.multiple
    return [model.size, (2 * step, 5 * step), (11 * step, 6 * step)]


def _compare(
    model: TaskModel, network: nn.Module, content: bytes, examples: dict[str, Tensor]
) -> Agreement:
    with torch.no_grad():
        if isinstance(model, CodeModel):  # as the model itself restores, not by way of its codes
            restored = model(examples["image"], examples["mask"])
            expected = torch.cat([restored, model.decode(examples["code"])]).numpy()
        else:
            expected = network(*examples.values()).numpy()
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3  # errors alone; it warns of an input that need not be given
    session = onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"])
    inputs = {name: values.numpy() for name, values in examples.items()}
    difference = np.abs(session.run([OUTPUT], inputs)[0] - expected)
    size: Size = expected.shape[2:]
    return Agreement(size, float(difference.max()), float(difference.mean()))
