"""A U-Net with a code for what the hole hides: which fills it makes, and what it must not see."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor
from torch.testing import assert_close

from restauro.models.divergences import kl
from restauro.models.several_unet import SeveralUNet


@pytest.fixture
def network() -> SeveralUNet:
    torch.manual_seed(0)
    return SeveralUNet(
        (8, 8, 8, 16), (1,), 1, latent_dim=4, capacity=100.0, beta=0.5, drawn_share=0.5
    )


def damaged() -> tuple[Tensor, Tensor]:
    """Four pictures and their masks, whose holes grow."""
    images = torch.rand(4, 3, 32, 48, generator=torch.Generator().manual_seed(0))
    masks = torch.zeros(4, 1, 32, 48)
    for number in range(4):
        masks[number, :, : 8 * (number + 1), 8:24] = 1
    return images, masks


def test_the_noise_tells_the_fill(network: SeveralUNet) -> None:
    images, masks = damaged()
    network.eval()
    noise = torch.randn(4, 4, generator=torch.Generator().manual_seed(1))
    assert_close(network(images, masks), network(images, masks, torch.zeros(4, 4)))
    other = network(images, masks, noise)
    assert other.shape == images.shape
    assert (other - network(images, masks)).abs().amax(dim=(1, 2, 3)).min() > 1e-3
    assert_close(other, network(images, masks, noise))


def test_hidden_pixels_have_no_influence(network: SeveralUNet) -> None:
    images, masks = damaged()
    network.eval()
    noise = torch.ones(4, 4)
    assert_close(network(images, masks, noise), network(images * (1 - masks), masks, noise))


def test_training_draws_pairs_of_the_first_pictures(network: SeveralUNet) -> None:
    images, masks = damaged()
    images.requires_grad_()
    prediction, _ = network.train().forward_with_losses(images, masks, torch.tensor(0.0))
    assert prediction.shape == (4 + 2 * 2, 3, 32, 48)
    for row, picture in enumerate([0, 1, 2, 3, 0, 0, 1, 1]):
        (gradient,) = torch.autograd.grad(prediction[row].sum(), images, retain_graph=True)
        assert gradient.abs().sum(dim=(1, 2, 3)).nonzero().flatten().tolist() == [picture]
    assert not torch.equal(prediction[4], prediction[5])


def test_evaluation_predicts_as_ever(network: SeveralUNet) -> None:
    images, masks = damaged()
    network.eval()
    prediction, terms = network.forward_with_losses(images, masks, torch.tensor(1.0))
    assert_close(prediction, network(images, masks))
    free = 100 * masks.mean(dim=(1, 2, 3))
    divergence = kl(*network.hidden_encoder(images, masks))
    assert_close(terms["kl"], 0.5 * (divergence - free).clamp(min=0))
    network.capacity = 0.0
    _, terms = network.forward_with_losses(images, masks, torch.tensor(1.0))
    assert_close(terms["kl"], 0.5 * divergence)


def test_the_encoder_of_what_is_hidden_is_not_released(network: SeveralUNet) -> None:
    hidden = sum(weight.numel() for weight in network.hidden_encoder.parameters())
    every = sum(weight.numel() for weight in network.parameters())
    assert network.count_parameters() == every - hidden
