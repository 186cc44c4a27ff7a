"""What all tests share: settings against chance, small model files, and pictures with holes."""

from __future__ import annotations

import json
import signal
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, settings

from restauro import imports
from restauro.registry import KINDS

if TYPE_CHECKING:
    from torch import Tensor

MakeModel = Callable[..., Path]

CARD: dict[str, Any] = {
    "format": 1,
    "name": "toy",
    "version": "1",
    "architecture": "toy",
    "size": [32, 32],
    "multiple": 16,
    "domain": "test pictures",
    "training_data": "none",
    "terms": "MIT",
    "parameters": 0,
    "scores": {},
    "checkpoint_sha256": "0" * 64,
}


def pytest_configure() -> None:
    """Keeps the shell and the clock from deciding which tests pass."""
    # what a shell starts in its background ignores Ctrl-C, and hands that on to what it starts
    signal.signal(signal.SIGINT, signal.default_int_handler)
    settings.register_profile(
        "suite",
        deadline=None,
        derandomize=True,  # the same cases in every run
        suppress_health_check=[HealthCheck.too_slow],
    )
    settings.load_profile("suite")


@pytest.fixture
def alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """No name of a test's plug-ins is left after it."""
    for kind in KINDS:
        kind.names()
        for attribute in ("_factories", "_authors", "_homes"):
            monkeypatch.setattr(kind, attribute, dict(getattr(kind, attribute)))


@pytest.fixture(autouse=True)
def _no_plug_ins(monkeypatch: pytest.MonkeyPatch) -> None:
    """No test's runs and processes import what another test was asked to."""
    monkeypatch.setattr(imports, "_imported", {})
    monkeypatch.setattr(imports, "_absent", [])


@pytest.fixture(scope="session")
def make_model(tmp_path_factory: pytest.TempPathFactory) -> MakeModel:
    """Makes a model file: `make_model(kind, card={...}, image_input=..., name=...)`.

    mean: fills the hole with the mean of the known pixels. seen: returns its input, so that
    whatever leaks through the hole is in the picture. ramp: red grows from 0 to 1 downwards and
    green to the right, whatever the input is. broken: gives values that are no numbers. noisy:
    colours grow across the hole as three numbers of noise tell.
    """
    onnx = pytest.importorskip("onnx")

    def make(
        kind: str = "mean",
        *,
        card: dict[str, Any] | None = None,
        metadata: dict[str, str] | None = None,
        image_input: str = "image",
        name: str = "toy",
    ) -> Path:
        values = CARD | {"name": name} | (card or {})
        model = _onnx_model(kind, values["size"], image_input)
        if metadata is None:
            metadata = {"restauro": json.dumps(values)}
        onnx.helper.set_model_props(model, metadata)
        path = tmp_path_factory.mktemp("models") / f"{name}.onnx"
        onnx.save(model, path)
        return Path(path)

    return make


@pytest.fixture
def pictures() -> tuple[Tensor, Tensor, Tensor]:
    """Predictions and targets (3, 3, 37, 50) float64 in [0, 1], and masks (3, 1, 37, 50).

    The targets are smooth, the predictions noisier from picture to picture.
    """
    import torch

    rng = torch.Generator().manual_seed(0)
    coarse = torch.rand(3, 3, 5, 7, generator=rng, dtype=torch.float64)
    target = torch.nn.functional.interpolate(coarse, (37, 50), mode="bilinear")
    noise = torch.randn(3, 3, 37, 50, generator=rng, dtype=torch.float64)
    spread = torch.tensor([0.02, 0.1, 0.3], dtype=torch.float64)[:, None, None, None]
    masks = torch.zeros(3, 1, 37, 50, dtype=torch.float64)
    masks[:, :, 10:30, :20] = 1
    return (target + spread * noise).clamp(0, 1), target, masks


def _onnx_model(kind: str, size: Sequence[int], image_input: str) -> Any:
    import numpy as np
    from onnx import TensorProto, helper, numpy_helper

    height, width = size
    down, right = np.meshgrid(np.linspace(0, 1, height), np.linspace(0, 1, width), indexing="ij")
    ramp = np.stack([down, right, np.zeros_like(down)])[None].astype(np.float32)
    constants = {
        "one": np.array(1, dtype=np.float32),
        "zero": np.array(0, dtype=np.float32),
        "axes": np.array([2, 3]),
        "across": np.array(3),
        "fiftieth": np.array(1 / 50, dtype=np.float32),
        "ramp": ramp,
    }
    bodies = {
        "mean": [
            ("Sub", ["one", "mask"], "known"),
            ("Mul", [image_input, "known"], "seen"),
            ("ReduceSum", ["seen", "axes"], "total"),
            ("ReduceSum", ["known", "axes"], "count"),
            ("Max", ["count", "one"], "divisor"),
            ("Div", ["total", "divisor"], "mean"),
            ("Mul", ["mask", "mean"], "fill"),
            ("Add", ["seen", "fill"], "prediction"),
        ],
        "seen": [("Identity", [image_input], "prediction")],
        "ramp": [
            ("Mul", [image_input, "zero"], "nothing"),
            ("Add", ["nothing", "ramp"], "prediction"),
        ],
        "broken": [("Div", [image_input, "zero"], "prediction")],
        "noisy": [
            ("Mul", [image_input, "zero"], "nothing"),
            ("Sigmoid", ["noise"], "shares"),
            ("Unsqueeze", ["shares", "axes"], "colour"),
            ("CumSum", ["mask", "across"], "place"),
            ("Mul", ["place", "fiftieth"], "steps"),
            ("Mul", ["steps", "colour"], "coloured"),
            ("Add", ["nothing", "coloured"], "prediction"),
        ],
    }
    nodes = [helper.make_node(op, inputs, [output]) for op, inputs, output in bodies[kind]]

    def tensor(name: str, channels: int) -> Any:
        return helper.make_tensor_value_info(name, TensorProto.FLOAT, ["B", channels, "H", "W"])

    inputs = [tensor(image_input, 3), tensor("mask", 1)]
    if kind == "noisy":
        inputs.append(helper.make_tensor_value_info("noise", TensorProto.FLOAT, ["B", 3]))
    graph = helper.make_graph(
        nodes,
        kind,
        inputs=inputs,
        outputs=[tensor("prediction", 3)],
        initializer=[numpy_helper.from_array(v, n) for n, v in constants.items()],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
