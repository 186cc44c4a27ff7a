"""Variational networks: their terms by hand, what is drawn when, and who learns from what."""

from __future__ import annotations

import math
from typing import Any

import pytest
import torch
from torch import Tensor

from restauro.models import MODELS
from restauro.models.variational import Codes, Variational

NAMES = ["vae", "beta_vae", "beta_tcvae", "factor_vae"]
SMALL: dict[str, Any] = {"latent_dim": 2, "size": 32, "channels": 4, "first_width": 8}


def network_of(name: str, **arguments: Any) -> Variational:
    torch.manual_seed(0)
    if name == "factor_vae":
        arguments = {"width": 8, "num_hidden": 2} | arguments
    network = MODELS.create(name, **SMALL, **arguments)
    assert isinstance(network, Variational)
    return network


def pictures() -> tuple[Tensor, Tensor]:
    """Noise (4, 3, 32, 32) and masks with a square hole."""
    masks = torch.zeros(4, 1, 32, 32)
    masks[:, :, 8:24, 8:24] = 1
    return torch.rand(4, 3, 32, 32, generator=torch.Generator().manual_seed(1)), masks


def terms_of(network: Variational, *codes: Tensor, progress: float = 1.0) -> dict[str, list[float]]:
    terms = network.terms(Codes(*codes), torch.tensor(progress), None)
    return {name: term.tolist() for name, term in terms.items()}


TWO_NATS = torch.tensor([[2.0, 0.0]]), torch.tensor([[2.0, 0.0]]), torch.zeros(1, 2)
"""A drawn code, its mean and the logarithm of its variance, 1: a divergence of 2."""


def test_terms_of_the_divergence_by_hand() -> None:
    assert terms_of(network_of("vae"), *TWO_NATS) == {"kl": [2.0]}
    assert terms_of(network_of("beta_vae", beta=3.0), *TWO_NATS) == {"kl": [6.0]}
    with_capacity = network_of("beta_vae", beta=3.0, capacity=5.0)
    # half of the training is done, so 2.5 nats are allowed: 3 * |2 - 2.5|
    assert terms_of(with_capacity, *TWO_NATS, progress=0.5) == {"kl": [1.5]}


def test_weights_of_the_parts_by_hand() -> None:
    mean = torch.tensor([[1.0, 1.0], [-1.0, -1.0]])
    terms = terms_of(
        network_of("beta_tcvae", alpha=2.0, beta=3.0, gamma=5.0), mean, mean, torch.zeros(2, 2)
    )
    of_one, of_two = (math.log((1 + math.exp(-2 * n)) / 2) for n in (1, 2))  # test_divergences.py
    assert terms["mutual_information"] == pytest.approx([-2 * of_two] * 2)
    assert terms["total_correlation"] == pytest.approx([3 * (of_two - 2 * of_one)] * 2)
    assert terms["dimension_kl"] == pytest.approx([5 * 2 * (of_one + 0.5)] * 2)


def test_terms_of_the_discriminator_by_hand() -> None:
    network = network_of("factor_vae", gamma=10.0, width=2, num_hidden=1)
    for weight in network.get_submodule("discriminator").parameters():
        weight.data.copy_(torch.eye(2) if weight.ndim == 2 else torch.zeros(2))
    drawn = torch.tensor([[3.0, 1.0]])  # its own logits, as nothing is below 0; alone in its batch
    terms = terms_of(network, drawn, *TWO_NATS[1:])
    assert terms["kl"] == [2.0]
    assert terms["total_correlation"] == [10.0 * (3 - 1)]
    # taken for drawn, where it is drawn: ln(1 + e^-2); where it is shuffled: ln(1 + e^2)
    told = (math.log(1 + math.exp(-2)) + math.log(1 + math.exp(2))) / 2
    assert terms["discriminator"] == pytest.approx([told])


def test_discriminator_and_network_do_not_learn_from_each_others_term() -> None:
    network = network_of("factor_vae").train()
    for term, learns in (("discriminator", True), ("total_correlation", False)):
        network.zero_grad()
        _, terms = network.forward_with_losses(*pictures(), torch.tensor(0.0))
        torch.autograd.backward(terms[term].sum())
        for name, weight in network.named_parameters():
            has_gradient = weight.grad is not None and bool(weight.grad.any())
            if name.startswith("discriminator"):
                assert has_gradient == learns, name
            elif not name.startswith("decoder"):
                assert has_gradient != learns, name


@torch.no_grad()
@pytest.mark.parametrize("name", NAMES)
def test_training_decodes_drawn_codes_of_torchs_generator(name: str) -> None:
    network = network_of(name).train()

    def made(seed: int) -> list[Tensor]:
        torch.manual_seed(seed)
        prediction, terms = network.forward_with_losses(*pictures(), torch.tensor(0.5))
        return [prediction, *terms.values()]

    first, again, other = made(1), made(1), made(2)
    assert all(map(torch.equal, first, again))
    assert not torch.equal(first[0], other[0])


@torch.no_grad()
@pytest.mark.parametrize("name", NAMES)
def test_evaluation_depends_on_no_generator(name: str) -> None:
    network = network_of(name).eval()
    passes = []
    for seed in (1, 2):
        torch.manual_seed(seed)
        prediction, terms = network.forward_with_losses(*pictures(), torch.tensor(0.5))
        passes.append([prediction, *terms.values()])
    assert all(map(torch.equal, *passes))
    images, masks = pictures()
    assert torch.equal(passes[0][0], network.decode(network.encode(images * (1 - masks))))


@torch.no_grad()
@pytest.mark.parametrize(("whole_share", "sees_hole"), [(0.0, False), (1.0, True)])
def test_share_of_whole_pictures(whole_share: float, sees_hole: bool) -> None:
    network = network_of("vae", whole_share=whole_share)
    images, masks = pictures()
    repainted = torch.where(masks.bool(), 1 - images, images)

    def prediction(shown: Tensor) -> Tensor:
        torch.manual_seed(0)
        return network.forward_with_losses(shown, masks, torch.tensor(0.0))[0]

    network.train()
    assert torch.equal(prediction(images), prediction(repainted)) != sees_hole
    network.eval()  # restoring never sees it
    assert torch.equal(prediction(images), prediction(repainted))


def test_any_latent_size() -> None:
    network = MODELS.create("vae", **SMALL | {"latent_dim": 7})
    assert isinstance(network, Variational)
    codes = network.encode(pictures()[0])
    assert codes.shape == (4, 7)
    assert network.decode(codes).shape == (4, 3, 32, 32)
