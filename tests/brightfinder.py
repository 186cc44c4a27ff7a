"""A finder of damage that is known: white is a scratch, black is dust."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from restauro.fill import finder

CARD: dict[str, Any] = {
    "format": 1,
    "name": "bright",
    "version": "1",
    "architecture": "finder",
    "size": [32, 32],
    "multiple": 16,
    "domain": "test pictures",
    "training_data": "none",
    "terms": "MIT",
    "parameters": 0,
    "scores": {},
    "checkpoint_sha256": "1" * 64,
    "kinds": ["scratch", "dust"],
}


def write_finder(path: Path, card: dict[str, Any] | None = None) -> Path:
    """The likelihood of a scratch grows from 0 to 1 between 80 and 100 % of white in all channels.

    That of dust does the same towards black.
    """
    values = {"fifth": 0.2, "five": 5.0, "bound": 0.8, "zero": 0.0, "one": 1.0}
    constants = {name: np.array(value, np.float32) for name, value in values.items()}
    constants["axis"] = np.array([1])
    steps = [
        ("ReduceMin", ["image", "axis"], "least"),
        ("Sub", ["least", "bound"], "above"),
        ("Mul", ["above", "five"], "bright"),
        ("Clip", ["bright", "zero", "one"], "scratch"),
        ("ReduceMax", ["image", "axis"], "most"),
        ("Sub", ["fifth", "most"], "below"),
        ("Mul", ["below", "five"], "dark"),
        ("Clip", ["dark", "zero", "one"], "dust"),
    ]
    nodes = [helper.make_node(op, inputs, [output]) for op, inputs, output in steps]
    nodes.append(helper.make_node("Concat", ["scratch", "dust"], ["prediction"], axis=1))

    def tensor(name: str, channels: int) -> Any:
        return helper.make_tensor_value_info(name, TensorProto.FLOAT, ["B", channels, "H", "W"])

    graph = helper.make_graph(
        nodes,
        "bright",
        inputs=[tensor("image", 3)],
        outputs=[tensor("prediction", 2)],
        initializer=[numpy_helper.from_array(v, n) for n, v in constants.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=8)
    helper.set_model_props(model, {"restauro": json.dumps(CARD | (card or {}))})
    onnx.save(model, path)
    return path


def use_as_shipped(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Lets all that finds damage in this process do so by such a file."""
    write_finder(path)
    monkeypatch.setattr(finder, "load_finder", lambda threads=None: finder.DamageFinder(path))
    monkeypatch.setattr("restauro.repairing.load_finder", finder.load_finder)
