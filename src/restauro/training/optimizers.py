"""Optimizers by name: AdamW from PyTorch, and Muon, which learns more from each picture."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn

MOMENTUM = 0.95
BETAS = (0.9, 0.99)
"""Decay of AdamW's mean and of its mean square, for what is no matrix."""


class Muon(torch.optim.Optimizer):
    """Momentum made orthogonal for matrices, AdamW for the rest; weights decay in both.

    A convolution's kernel is the matrix (out, in * height * width). Its update is as large as
    AdamW's usually is, so that both share one learning rate. Matrices with fewer than
    `SMALLEST_MATRIX` rows or columns, such as the last layer, belong to the rest.

    Source: Jordan 2024, kellerjordan.github.io/posts/muon; the size of the update is that of Liu
    et al. 2025, arXiv:2502.16982. PyTorch's own Muon takes no kernels.
    """

    SMALLEST_MATRIX = 17

    def __init__(self, model: nn.Module, learning_rate: float, weight_decay: float) -> None:
        matrices: list[Tensor] = []
        others: list[Tensor] = []
        for parameter in model.parameters():
            if not parameter.requires_grad:  # of a part that has learned before
                continue
            is_matrix = parameter.ndim >= 2 and min(_shape(parameter)) >= self.SMALLEST_MATRIX
            (matrices if is_matrix else others).append(parameter)
        groups: list[dict[str, Any]] = [
            {"params": matrices, "is_matrix": True},
            {"params": others, "is_matrix": False},
        ]
        super().__init__(groups, {"lr": learning_rate, "weight_decay": weight_decay})

    @torch.no_grad()
    def step(self, closure: Callable[[], float] | None = None) -> None:  # type: ignore[override]
        """Updates every weight from its gradient."""
        assert closure is None, "the gradients are there already"
        for group in self.param_groups:
            change = self._orthogonal_change if group["is_matrix"] else self._adaptive_change
            for parameter in group["params"]:
                parameter.mul_(1 - group["lr"] * group["weight_decay"])
                parameter.sub_(change(parameter), alpha=group["lr"])

    def _orthogonal_change(self, parameter: Tensor) -> Tensor:
        state: dict[str, Tensor] = self.state[parameter]
        gradient = parameter.grad
        assert gradient is not None
        if not state:
            state["momentum"] = torch.zeros_like(parameter)
        state["momentum"].lerp_(gradient, 1 - MOMENTUM)
        ahead = gradient.lerp(state["momentum"], MOMENTUM)  # Nesterov's
        size = 0.2 * max(_shape(parameter)) ** 0.5
        matrix = orthogonal(ahead.flatten(1)).to(parameter.dtype)
        return matrix.view(parameter.shape).mul_(size)

    def _adaptive_change(self, parameter: Tensor) -> Tensor:
        state, gradient = self.state[parameter], parameter.grad
        assert gradient is not None
        if not state:
            state["step"] = 0
            state["mean"] = torch.zeros_like(parameter)
            state["square"] = torch.zeros_like(parameter)
        state["step"] += 1
        state["mean"].lerp_(gradient, 1 - BETAS[0])
        state["square"].lerp_(gradient.square(), 1 - BETAS[1])
        mean: Tensor = state["mean"] / (1 - BETAS[0] ** state["step"])
        square: Tensor = state["square"] / (1 - BETAS[1] ** state["step"])
        return mean / (square.sqrt() + 1e-8)


def orthogonal(matrix: Tensor, num_steps: int = 5) -> Tensor:
    """About the nearest matrix with all singular values 1: (M, N) -> (M, N) float32.

    The values end between 0.7 and 1.2: a few steps of Newton and Schulz with Jordan's coefficients,
    which trade exactness for speed. All steps but the last product take place in the small square
    of the shorter side, where the matrices commute: as powers of one and the same they could be
    multiplied in any order. That is 3 times as fast as stepping the matrix itself, and so 32 bits
    cost no more than 16 do elsewhere, on processors without units for those far less
    (docs/log.md, 2026-11-27).
    """
    a, b, c = 3.4445, -4.7750, 2.0315
    x: Tensor = matrix.float()
    is_tall = x.shape[0] > x.shape[1]
    if is_tall:
        x = x.T
    x = x / (x.norm() + 1e-7)
    gram = x @ x.T
    product = torch.eye(len(gram), device=gram.device)
    for _ in range(num_steps):
        factor = torch.addmm(gram, gram, gram, beta=b, alpha=c)
        factor.diagonal().add_(a)  # the step itself would be x = factor @ x
        product = factor @ product
        gram = factor @ gram @ factor
    x = product @ x
    return x.T if is_tall else x


OPTIMIZERS: dict[str, Callable[[nn.Module, float, float], torch.optim.Optimizer]] = {
    "adamw": lambda model, learning_rate, weight_decay: torch.optim.AdamW(
        model.parameters(), lr=learning_rate, weight_decay=weight_decay, fused=True
    ),
    "muon": Muon,
}
"""By name; each takes a network, the learning rate and the weight decay."""


def _shape(parameter: Tensor) -> tuple[int, int]:
    """Rows and columns of a weight, seen as a matrix."""
    return parameter.shape[0], parameter[0].numel()
