from __future__ import annotations

import copy

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from restauro.training.optimizers import OPTIMIZERS, Muon, orthogonal


def test_orthogonal_matrices_have_singular_values_of_about_one() -> None:
    rng = torch.Generator().manual_seed(0)
    for shape in ((20, 50), (50, 20)):
        matrix = torch.randn(shape, generator=rng) * 7
        values = torch.linalg.svdvals(orthogonal(matrix).float())
        assert values.min() > 0.5
        assert values.max() < 1.4


def test_orthogonal_keeps_the_directions() -> None:
    matrix = torch.randn(20, 30, generator=torch.Generator().manual_seed(0))
    u, _, v = torch.linalg.svd(matrix, full_matrices=False)
    cosine = F.cosine_similarity(orthogonal(matrix).float().flatten(), (u @ v).flatten(), dim=0)
    assert cosine > 0.95


@pytest.mark.parametrize("shape", [(20, 50), (50, 20), (30, 30)])
def test_orthogonal_is_what_newton_and_schulz_step_by_step_give(shape: tuple[int, int]) -> None:
    matrix = torch.randn(shape, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    x = matrix / matrix.norm()
    for _ in range(5):
        x = 3.4445 * x - 4.7750 * (x @ x.T) @ x + 2.0315 * (x @ x.T) @ (x @ x.T) @ x
    # 1e-4: 32 bits, through five steps that enlarge the smallest values 500 times
    torch.testing.assert_close(orthogonal(matrix).double(), x, atol=1e-4, rtol=0)


def test_kernels_are_matrices_and_the_rest_is_not() -> None:
    model = nn.Sequential(nn.Conv2d(20, 20, 3), nn.Conv2d(20, 3, 3), nn.LayerNorm(3))
    optimizer = Muon(model, 1e-3, 0.0)
    matrices, others = (group["params"] for group in optimizer.param_groups)
    assert [tuple(weight.shape) for weight in matrices] == [(20, 20, 3, 3)]
    assert len(others) == 5


def test_both_learn_and_go_on_from_their_state() -> None:
    rng = torch.Generator().manual_seed(0)
    x = torch.randn(64, 32, generator=rng)
    y = x @ torch.randn(32, 32, generator=rng)
    for name in ("adamw", "muon"):
        torch.manual_seed(0)
        model = nn.Linear(32, 32)
        optimizer = OPTIMIZERS[name](model, 1e-1, 0.0)

        def step(model: nn.Linear, optimizer: torch.optim.Optimizer) -> float:
            optimizer.zero_grad()
            loss = F.mse_loss(model(x), y)
            loss.backward()  # type: ignore[no-untyped-call]
            optimizer.step()
            return loss.item()

        first = step(model, optimizer)
        for _ in range(60):
            last = step(model, optimizer)
        assert last < 0.3 * first, name
        twin = copy.deepcopy(model)
        other = OPTIMIZERS[name](twin, 1e-1, 0.0)
        other.load_state_dict(copy.deepcopy(optimizer.state_dict()))
        step(model, optimizer)
        step(twin, other)
        assert torch.equal(model.weight, twin.weight), name


def test_weights_decay_in_both_groups() -> None:
    model = nn.Conv2d(20, 20, 3)
    optimizer = Muon(model, learning_rate=0.5, weight_decay=0.5)
    before = copy.deepcopy(model)
    for parameter in model.parameters():
        parameter.grad = torch.zeros_like(parameter)
    optimizer.step()
    for old, new in zip(before.parameters(), model.parameters(), strict=True):
        assert torch.allclose(new, 0.75 * old)
