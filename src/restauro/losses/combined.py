"""A weighted sum of losses."""

from __future__ import annotations

from typing import Any

from torch import Tensor, nn

from restauro.plugins import loss
from restauro.registry import LOSSES


@loss("sum")
class WeightedSum(nn.Module):
    """Losses by name, each times its weight: `{ l1 = {}, features = { weight = 0.5 } }`.

    Shape: prediction and target (B, 3, H, W) in [0, 1], mask (B, 1, H, W), 1 = hole -> (B,).
    """

    def __init__(self, **terms: dict[str, Any]) -> None:
        super().__init__()
        self.weights = {name: float(term.get("weight", 1.0)) for name, term in terms.items()}
        self.terms = nn.ModuleDict(
            {
                name: LOSSES.create(name, **{k: v for k, v in term.items() if k != "weight"})
                for name, term in terms.items()
            }
        )

    def forward(self, prediction: Tensor, target: Tensor, mask: Tensor) -> Tensor:
        """Returns one value per picture."""
        values = [
            self.weights[name] * term(prediction, target, mask) for name, term in self.terms.items()
        ]
        total: Tensor = sum(values[1:], start=values[0])
        return total
