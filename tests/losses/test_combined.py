from __future__ import annotations

import pytest
import torch

from restauro.errors import UnknownNameError
from restauro.losses import LOSSES

PREDICTION = torch.full((2, 3, 4, 4), 0.5)
TARGET = torch.zeros(2, 3, 4, 4)
MASK = torch.ones(2, 1, 4, 4)


def test_terms_are_weighted_and_summed_for_each_picture() -> None:
    loss = LOSSES.create("sum", l1={"weight": 2.0, "hole_weight": 3.0}, mse={})
    assert loss(PREDICTION, TARGET, MASK).tolist() == [2 * 3 * 0.5 + 0.25] * 2


def test_an_unknown_term_is_refused() -> None:
    with pytest.raises(UnknownNameError, match="no loss named 'l2'"):
        LOSSES.create("sum", l2={})
