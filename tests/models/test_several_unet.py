"""A U-Net that is shown sketches: which fills it makes, and what it must not see."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor
from torch.testing import assert_close

from restauro.models.divergences import kl
from restauro.models.several_unet import SeveralUNet, Sketcher


@pytest.fixture
def network() -> SeveralUNet:
    """Whose sketches matter, as in one that has learned."""
    torch.manual_seed(0)
    network = SeveralUNet((8, 8, 8, 16), (1,), 1, latent_dim=4, drawn_share=0.5)
    torch.nn.init.normal_(network.sketch_stem.weight, std=0.5)
    return network


@pytest.fixture
def sketcher() -> Sketcher:
    torch.manual_seed(0)
    return Sketcher(latent_dim=4, spread=0.5, weight=0.1)


def damaged() -> tuple[Tensor, Tensor]:
    """Four pictures and their masks, whose holes grow; the first hides no whole square of 4."""
    images = torch.rand(4, 3, 32, 48, generator=torch.Generator().manual_seed(0))
    masks = torch.zeros(4, 1, 32, 48)
    for number in range(4):
        masks[number, :, : 8 * number + 3, 8:24] = 1
    return images, masks


@pytest.mark.parametrize("name", ["network", "sketcher"])
def test_the_noise_tells_the_fill(name: str, request: pytest.FixtureRequest) -> None:
    network = request.getfixturevalue(name).eval()
    images, masks = damaged()
    noise = torch.randn(4, 4, generator=torch.Generator().manual_seed(1))
    assert_close(network(images, masks), network(images, masks, torch.zeros(4, 4)))
    other = network(images, masks, noise)
    assert other.shape == images.shape
    assert (other - network(images, masks)).abs().amax(dim=(1, 2, 3)).min() > 1e-4
    assert_close(other, network(images, masks, noise))


@pytest.mark.parametrize("name", ["network", "sketcher"])
def test_hidden_pixels_have_no_influence(name: str, request: pytest.FixtureRequest) -> None:
    network = request.getfixturevalue(name).eval()
    images, masks = damaged()
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


def test_what_the_sketcher_learned_stays(network: SeveralUNet) -> None:
    images, masks = damaged()
    prediction, _ = network.train().forward_with_losses(images, masks, torch.tensor(0.0))
    prediction.sum().backward()  # type: ignore[no-untyped-call]
    assert all(weight.grad is None for weight in network.sketcher.parameters())
    assert network.sketch_stem.weight.grad is not None


def test_evaluation_predicts_as_ever(network: SeveralUNet) -> None:
    images, masks = damaged()
    prediction, terms = network.eval().forward_with_losses(images, masks, torch.tensor(1.0))
    assert_close(prediction, network(images, masks))
    assert terms == {}


def test_the_losses_of_a_sketch(sketcher: Sketcher) -> None:
    images, masks = damaged()
    prediction, terms = sketcher.eval().forward_with_losses(images, masks, torch.tensor(1.0))
    assert_close(prediction, sketcher(images, masks))
    assert_close(terms["kl"], 0.1 * kl(*sketcher.code_of(images, masks)))
    known, seen = 1 - masks, images * (1 - masks)
    shares = F.avg_pool2d(known, 4)
    colours = (F.avg_pool2d(seen, 4) / shares.clamp(min=1e-3) - 0.5) * (shares > 0)
    small = sketcher.sketch(colours, shares, torch.zeros(4, 4))
    off = ((small - F.avg_pool2d(images, 4)).abs() * (1 - shares)).sum(dim=(1, 2, 3))
    assert_close(terms["sketch"], 0.1 * off / 0.5)


def test_what_sees_the_hidden_part_is_not_released(network: SeveralUNet) -> None:
    hidden = sum(weight.numel() for weight in network.sketcher.encoder.parameters())
    every = sum(weight.numel() for weight in network.parameters())
    assert network.count_parameters() == every - hidden
    own = sum(weight.numel() for weight in network.sketcher.parameters())
    assert network.sketcher.count_parameters() == own - hidden
