from __future__ import annotations

import torch
from torch import Tensor

from restauro.losses import LOSSES
from restauro.metrics import Comparison, scores


def pictures() -> tuple[Tensor, Tensor, Tensor]:
    rng = torch.Generator().manual_seed(0)
    prediction, target = torch.rand(2, 2, 3, 32, 32, generator=rng).unbind()
    mask = torch.zeros(2, 1, 32, 32)
    mask[:, :, 8:20, 8:20] = 1
    return prediction, target, mask


def test_it_is_the_metric_of_the_composite() -> None:
    prediction, target, mask = pictures()
    loss = LOSSES.create("features")(prediction, target, mask)
    found = scores(Comparison(prediction, target, mask), ["hole_feature_distance"])
    assert torch.allclose(loss, found["hole_feature_distance"], atol=1e-6)
    assert (loss > 0).all()


def test_its_gradient_reaches_the_hole_alone_and_no_feature() -> None:
    prediction, target, mask = pictures()
    prediction.requires_grad_()
    loss = LOSSES.create("features", num_stages=2)
    loss(prediction, target, mask).sum().backward()
    assert prediction.grad is not None
    moved = prediction.grad.abs().sum(dim=1, keepdim=True) > 0
    assert torch.equal(moved & (mask == 0), torch.zeros_like(moved))
    assert (moved & (mask == 1)).any()
    assert not list(filter(lambda weight: weight.requires_grad, loss.parameters()))
