"""Divergences against cases worked out by hand."""

from __future__ import annotations

import math
from collections.abc import Callable

import pytest
import torch
from torch import Tensor
from torch.distributions import Normal

from restauro.models.divergences import decomposed_kl, kl, shuffled


def test_divergence_by_hand() -> None:
    # a mean 2 away: 2^2 / 2; a variance of 4: (4 - 1 - ln 4) / 2; the standard normal one: 0
    mean = torch.tensor([[2.0, 0.0], [0.0, 0.0]])
    log_variance = torch.tensor([[0.0, math.log(4)], [0.0, 0.0]])
    assert kl(mean, log_variance).tolist() == pytest.approx([2 + (3 - math.log(4)) / 2, 0.0])


def at_plus_and_minus_one(num_numbers: int) -> tuple[Tensor, Tensor, Tensor]:
    """Two pictures with codes of variance 1 around 1 and -1, each drawn at its mean."""
    mean = torch.tensor([[1.0], [-1.0]]).expand(2, num_numbers)
    return mean, mean, torch.zeros_like(mean)


def test_parts_of_the_divergence_by_hand() -> None:
    """In units of the density at a mean, the other picture's is exp(-2^2 / 2) for each number."""
    of_one, of_two = (math.log((1 + math.exp(-2 * n)) / 2) for n in (1, 2))
    for num_numbers, log_q in ((1, of_one), (2, of_two)):
        information, correlation, of_each = decomposed_kl(*at_plus_and_minus_one(num_numbers))
        assert information.tolist() == pytest.approx([-log_q] * 2)
        # two numbers that say the same have a total correlation, one number has none
        assert correlation.tolist() == pytest.approx([log_q - num_numbers * of_one] * 2, abs=1e-6)
        # against p the density at 1 is exp(-1 / 2)
        assert of_each.tolist() == pytest.approx([num_numbers * (of_one + 0.5)] * 2)


def test_parts_are_those_of_the_distributions() -> None:
    """Of a batch without symmetry, picture by picture, by PyTorch's own densities."""
    torch.manual_seed(0)
    code, mean, log_variance = torch.randn(3, 5, 4).double()
    log_density: Callable[..., Tensor] = Normal.log_prob
    of_pictures = Normal(mean, (log_variance / 2).exp())
    parts = decomposed_kl(code, mean, log_variance)
    for i in range(5):
        of_all = log_density(of_pictures, code[i]).exp()  # (5, 4): how likely of each picture
        log_q, log_q_each = of_all.prod(dim=1).mean().log(), of_all.mean(dim=0).log().sum()
        log_p = log_density(Normal(0.0, 1.0), code[i]).sum()
        expected = [of_all[i].prod().log() - log_q, log_q - log_q_each, log_q_each - log_p]
        assert [part[i].item() for part in parts] == pytest.approx([e.item() for e in expected])


def test_shuffled_codes_keep_each_number_but_no_code() -> None:
    code = torch.arange(64.0)[:, None] + torch.tensor([0.0, 100.0, 200.0])
    generator = torch.Generator().manual_seed(0)
    mixed = shuffled(code, generator)
    assert torch.equal(mixed.sort(dim=0).values, code)
    pictures = mixed % 100
    assert (pictures[:, 0] == pictures[:, 1]).float().mean() < 0.1
    assert (pictures[:, 1] == pictures[:, 2]).float().mean() < 0.1
    assert torch.equal(shuffled(code, generator.manual_seed(0)), mixed)
