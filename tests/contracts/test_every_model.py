"""What every registered network that fills holes promises, whatever its architecture."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from torch import Tensor

from restauro.errors import BadImageError
from restauro.models import MODELS, InpaintingModel, TaskModel
from restauro.training.weights import load_weights, save_weights

Batch = tuple[Tensor, Tensor]


@pytest.fixture(scope="module", params=[name for name in MODELS.names() if name != "finder"])
def name(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def model(name: str) -> InpaintingModel:
    """In evaluation mode, with every weight moved off zero.

    A layer that starts at zero would hide from these tests whatever lies behind it.
    """
    torch.manual_seed(0)
    model = MODELS.create(name)
    assert isinstance(model, InpaintingModel)
    with torch.no_grad():
        for parameter in model.parameters():
            if not parameter.any():
                parameter.normal_(std=0.02)
    return model.eval()


def batch_of(model: TaskModel, size: tuple[int, int] | None = None) -> Batch:
    """Two pictures of noise (2, 3, H, W) in [0, 1] and masks with one hole each, one at an edge."""
    height, width = size or model.size
    images = torch.rand(2, 3, height, width, generator=torch.Generator().manual_seed(1))
    masks = torch.zeros(2, 1, height, width)
    masks[0, :, height // 4 : height // 2, width // 3 : width // 2] = 1
    masks[1, :, height // 2 :, : width // 3] = 1
    return images, masks


@torch.no_grad()
def test_prediction_is_a_whole_picture_in_the_range_of_colours(model: InpaintingModel) -> None:
    images, masks = batch_of(model)
    prediction = model(images, masks)
    assert prediction.shape == images.shape
    assert prediction.isfinite().all()
    assert prediction.min() >= 0
    assert prediction.max() <= 1
    assert prediction.std() > 0


@torch.no_grad()
def test_result_does_not_depend_on_what_the_hole_hides(model: InpaintingModel) -> None:
    images, masks = batch_of(model)
    repainted = torch.where(masks.bool(), 1 - images, images)
    is_the_same = torch.equal(model(repainted, masks), model(images, masks))
    assert is_the_same != model.sees_copies  # where the hole shows what was copied into it


@torch.no_grad()
def test_result_depends_on_what_is_known(model: InpaintingModel) -> None:
    images, masks = batch_of(model)
    other = torch.where(masks.bool(), images, 1 - images)
    assert not torch.equal(model(other, masks), model(images, masks))


@torch.no_grad()
def test_pass_with_losses_predicts_the_same(model: InpaintingModel) -> None:
    images, masks = batch_of(model)
    prediction, terms = model.forward_with_losses(images, masks, progress=torch.tensor(0.5))
    assert torch.equal(prediction, model(images, masks))
    assert all(term.shape == (2,) for term in terms.values())


@torch.no_grad()
def test_batch_of_one_equals_its_row_in_a_larger_batch(model: InpaintingModel) -> None:
    images, masks = batch_of(model)
    together = model(images, masks)
    alone = torch.cat([model(images[i : i + 1], masks[i : i + 1]) for i in range(2)])
    # 1e-5: another batch size adds up in another order, 1e-7 relative in each of some 20 layers
    torch.testing.assert_close(alone, together, atol=1e-5, rtol=0)


def test_gradient_reaches_every_parameter(model: InpaintingModel) -> None:
    images, masks = batch_of(model)
    model.train()
    prediction, terms = model.forward_with_losses(images, masks, torch.tensor(0.5))
    loss = sum((term.mean() for term in terms.values()), prediction.square().mean())
    torch.autograd.backward(loss)
    learning = {n: p for n, p in model.named_parameters() if p.requires_grad}
    without = [n for n, p in learning.items() if p.grad is None or not p.grad.any()]
    model.zero_grad()
    model.eval()
    assert not without


@torch.no_grad()
def test_weights_come_back_from_a_file(name: str, tmp_path: Path) -> None:
    # hundreds of megabytes for some at their own size
    small = {"size": (32, 32)} if MODELS.default(name, "size") else {}
    saved, loaded = (MODELS.create(name, **small).eval() for _ in range(2))
    batch = batch_of(saved)
    assert not torch.equal(loaded(*batch), saved(*batch))
    save_weights(tmp_path / "model.safetensors", saved.state_dict())
    loaded.load_state_dict(load_weights(tmp_path / "model.safetensors"))
    assert torch.equal(loaded(*batch), saved(*batch))


def test_size_that_does_not_fit_is_refused_with_the_rule(model: InpaintingModel) -> None:
    model.check_size(model.size)
    rule = f"multiples of {model.multiple}" if model.multiple else f"takes {model.size[1]}x"
    with pytest.raises(BadImageError, match=f"of 50x37 do not fit .*{rule}"):
        model.check_size((37, 50))


@torch.no_grad()
def test_flexible_model_restores_pictures_that_are_not_square(model: InpaintingModel) -> None:
    if model.multiple is None:
        with pytest.raises(BadImageError, match="of 96x64 do not fit"):
            model.check_size((64, 96))
        return
    model.check_size((64, 96))
    images, masks = batch_of(model, (64, 96))
    assert model(images, masks).shape == images.shape
