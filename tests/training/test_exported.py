from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

import restauro
from restauro.errors import BadModelError, UnknownNameError
from restauro.export import export_onnx
from restauro.fill.catalogue import model_path
from restauro.fill.model_file import ModelCard
from restauro.models import MODELS, TaskModel
from restauro.models.several_unet import SeveralUNet
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


def test_a_network_goes_on_from_a_smaller_one(exported: Path, tiny: TaskModel) -> None:
    larger = SeveralUNet((16, 32, 64, 64), (1, 2), 1, learns_sketches=True)
    before = {name: values.clone() for name, values in larger.state_dict().items()}
    load_weights_into(larger, str(exported), name="SeveralUNet", remedy="", is_smaller=True)
    own, weights = tiny.state_dict(), larger.state_dict()
    assert all(torch.equal(weights[name], own.get(name, before[name])) for name in weights)
    with pytest.raises(BadModelError, match="weights of another network than SeveralUNet"):
        load_weights_into(larger, str(exported), name="SeveralUNet", remedy="")
    with pytest.raises(BadModelError, match="weights of another network than UNet"):
        load_weights_into(
            MODELS.create("unet"), str(exported), name="UNet", remedy="", is_smaller=True
        )


def test_a_network_with_noise_is_exported_with_it(tmp_path: Path) -> None:
    torch.manual_seed(0)
    model = SeveralUNet((8, 8, 8, 16), (1,), 1, learns_sketches=False, latent_dim=4)
    path = tmp_path / "several.onnx"
    torch.nn.init.normal_(model.sketch_stem.weight, std=0.5)
    count = model.count_parameters()
    card = ModelCard(
        "several", "1", "unet_several", model.size, 16, "", "", "", count, {}, "0" * 64, noise_dim=4
    )
    export_onnx(model, card, path, half=False)
    assert not any("encoder" in name for name in exported_weights(path))
    image = np.random.default_rng(0).integers(0, 256, (64, 64, 3), dtype=np.uint8)
    mask = np.zeros((64, 64), dtype=bool)
    mask[16:40, 16:40] = True
    one, other = restauro.load(path).several(image, mask, n=2)
    assert (one[~mask] == image[~mask]).all()
    assert (one[mask] != other[mask]).any()


def test_unknown_model_is_refused() -> None:
    with pytest.raises(UnknownNameError, match="did you mean 'faces'"):
        load_weights_into(MODELS.create("unet"), "facets", name="UNet", remedy="")


def test_damaged_export_is_refused(exported: Path, tmp_path: Path) -> None:
    path = tmp_path / "cut.onnx"
    path.write_bytes(exported.read_bytes()[:5000])
    with pytest.raises(BadModelError, match="no intact ONNX file"):
        exported_weights(path)
