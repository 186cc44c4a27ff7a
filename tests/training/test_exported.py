from __future__ import annotations

from pathlib import Path

import pytest
import torch

from restauro.errors import BadModelError, UnknownNameError
from restauro.export import export_onnx
from restauro.fill.catalogue import model_path
from restauro.fill.model_file import ModelCard
from restauro.models import MODELS, TaskModel
from restauro.training.weights import exported_weights, load_weights_into


@pytest.fixture(scope="module")
def tiny() -> TaskModel:
    torch.manual_seed(0)
    model = MODELS.create("unet_tiny")
    for parameter in model.parameters():  # none at zero, so that none is taken for another
        torch.nn.init.normal_(parameter, std=0.05)
    return model


@pytest.fixture(scope="module")
def exported(tiny: TaskModel, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("exported") / "tiny.onnx"
    card = ModelCard("tiny", "1", "unet_tiny", tiny.size, tiny.multiple, "", "", "", 1, {}, "")
    export_onnx(tiny, card, path, half=False)
    return path


def test_all_weights_come_back_from_an_export(tiny: TaskModel, exported: Path) -> None:
    weights, expected = exported_weights(exported), tiny.state_dict()
    assert weights.keys() == expected.keys()
    assert all(torch.equal(weights[name], expected[name]) for name in expected)


def test_weights_of_a_network_with_a_code_come_back_too(tmp_path: Path) -> None:
    torch.manual_seed(0)
    model = MODELS.create("fc_autoencoder", size=16)
    card = ModelCard("fc", "1", "fc_autoencoder", model.size, None, "", "", "", 1, {}, "")
    export_onnx(model, card, tmp_path / "fc.onnx", half=False)
    weights, expected = exported_weights(tmp_path / "fc.onnx"), model.state_dict()
    assert weights.keys() == expected.keys()
    assert all(torch.equal(weights[name], expected[name]) for name in expected)


@pytest.mark.parametrize("name", ["faces", "aircraft"])
def test_shipped_model_can_be_trained_further(name: str) -> None:
    model = MODELS.create("unet")
    load_weights_into(model, name, name="UNet", remedy="")
    assert all(parameter.isfinite().all() for parameter in model.parameters())
    assert torch.equal(
        model.state_dict()["stem.bias"], exported_weights(model_path(name))["stem.bias"]
    )


def test_export_of_another_network_is_refused(exported: Path) -> None:
    with pytest.raises(BadModelError, match="weights of another network than UNet; correct it"):
        load_weights_into(MODELS.create("unet"), str(exported), name="UNet", remedy="correct it")


def test_unknown_model_is_refused() -> None:
    with pytest.raises(UnknownNameError, match="did you mean 'faces'"):
        load_weights_into(MODELS.create("unet"), "facets", name="UNet", remedy="")


def test_damaged_export_is_refused(exported: Path, tmp_path: Path) -> None:
    path = tmp_path / "cut.onnx"
    path.write_bytes(exported.read_bytes()[:5000])
    with pytest.raises(BadModelError, match="no intact ONNX file"):
        exported_weights(path)
