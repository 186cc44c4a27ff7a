"""A U-Net that is shown sketches: which fills it makes, and what it must not see."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor
from torch.testing import assert_close

from restauro.models.divergences import kl
from restauro.models.several_unet import SeveralUNet


def network(*, learns_sketches: bool = False) -> SeveralUNet:
    """Whose sketches matter, as in one that has learned."""
    torch.manual_seed(0)
    network = SeveralUNet(
        (8, 8, 8, 16),
        (1,),
        1,
        learns_sketches=learns_sketches,
        latent_dim=4,
        spread=0.5,
        weight=0.1,
        drawn_share=0.5,
    )
    torch.nn.init.normal_(network.sketch_stem.weight, std=0.5)
    return network


def damaged() -> tuple[Tensor, Tensor]:
    """Four pictures and their masks, whose holes grow; the first hides no whole square of 4."""
    images = torch.rand(4, 3, 32, 48, generator=torch.Generator().manual_seed(0))
    masks = torch.zeros(4, 1, 32, 48)
    for number in range(4):
        masks[number, :, : 8 * number + 3, 8:24] = 1
    return images, masks


def test_the_noise_tells_the_fill() -> None:
    several = network().eval()
    images, masks = damaged()
    noise = torch.randn(4, 4, generator=torch.Generator().manual_seed(1))
    assert_close(several(images, masks), several(images, masks, torch.zeros(4, 4)))
    other = several(images, masks, noise)
    assert other.shape == images.shape
    assert (other - several(images, masks)).abs().amax(dim=(1, 2, 3)).min() > 1e-4
    assert_close(other, several(images, masks, noise))


def test_hidden_pixels_have_no_influence() -> None:
    several = network().eval()
    images, masks = damaged()
    noise = torch.ones(4, 4)
    assert_close(several(images, masks, noise), several(images * (1 - masks), masks, noise))


def test_training_draws_pairs_of_the_first_pictures() -> None:
    several = network().train()
    images, masks = damaged()
    images.requires_grad_()
    torch.manual_seed(0)
    prediction, terms = several.forward_with_losses(images, masks, torch.tensor(0.0))
    assert terms == {}
    assert prediction.shape == (4 + 2 * 2, 3, 32, 48)
    for row, picture in enumerate([0, 1, 2, 3, 0, 0, 1, 1]):
        (gradient,) = torch.autograd.grad(prediction[row].sum(), images, retain_graph=True)
        assert gradient.abs().sum(dim=(1, 2, 3)).nonzero().flatten().tolist() == [picture]
    assert not torch.equal(prediction[4], prediction[5])


def test_training_fills_some_pictures_without_a_sketch(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("restauro.models.several_unet.UNSHOWN", 1.0)
    several = network().train()
    images, masks = damaged()
    prediction, _ = several.forward_with_losses(images, masks, torch.tensor(0.0))
    first = several.drawn(several.features(several.seen(images * (1 - masks), masks)))
    assert_close(prediction[:4], first)
    assert (prediction[4:6] - first[0]).abs().amax(dim=(1, 2, 3)).min() > 1e-4


@pytest.mark.parametrize(
    ("learns_sketches", "still"),
    [(True, lambda name: not name.startswith(("sketcher", "hidden_encoder"))),
     (False, lambda name: name.startswith("hidden_encoder"))],
)  # fmt: skip
def test_what_does_not_learn(learns_sketches: bool, still: Callable[[str], bool]) -> None:
    several = network(learns_sketches=learns_sketches).train()
    images, masks = damaged()
    prediction, terms = several.forward_with_losses(images, masks, torch.tensor(0.0))
    loss = sum((term.sum() for term in terms.values()), prediction.sum())
    loss.backward()  # type: ignore[no-untyped-call]
    without = {name for name, weight in several.named_parameters() if weight.grad is None}
    assert without == {name for name, _ in several.named_parameters() if still(name)}


def test_evaluation_predicts_as_ever() -> None:
    several = network().eval()
    images, masks = damaged()
    prediction, terms = several.forward_with_losses(images, masks, torch.tensor(1.0))
    assert_close(prediction, several(images, masks))
    assert terms == {}


def test_the_losses_of_a_sketch() -> None:
    several = network(learns_sketches=True).eval()
    images, masks = damaged()
    prediction, terms = several.forward_with_losses(images, masks, torch.tensor(1.0))
    target, share = F.avg_pool2d(images, 4), F.avg_pool2d(masks, 4)
    filled = F.avg_pool2d(torch.where(masks > 0, prediction, images), 4)
    mean, log_variance = several.hidden_encoder(target, filled, share)
    assert_close(terms["kl"], 0.1 * kl(mean, log_variance))
    off = (filled + several.sketcher(filled, share, mean) - target).abs() * share
    assert_close(terms["sketch"], 0.1 * off.sum(dim=(1, 2, 3)) / 0.5)


def test_what_sees_the_hidden_part_is_not_released() -> None:
    several = network()
    hidden = sum(weight.numel() for weight in several.hidden_encoder.parameters())
    every = sum(weight.numel() for weight in several.parameters())
    assert several.count_parameters() == every - hidden
