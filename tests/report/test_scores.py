from __future__ import annotations

import numpy as np
import pytest

from restauro.report.scores import compared_pairs, ranks
from restauro.report.tables import BETTER, TIED, WORSE, Line


def pairs(**verdicts: str) -> list[Line]:
    """Pairs by names such as `a_b`, with what the first is beside the second."""
    found = []
    for names, verdict in verdicts.items():
        method, other = names.split("_")
        found.append({"method": method, "other": other, "verdict": verdict, "low": "1"})
    return found


def test_methods_that_are_not_told_apart_may_share_a_rank() -> None:
    # b is told apart neither from a nor from c, but a is better than c; d is worse than all
    found = pairs(a_b=TIED, a_c=BETTER, b_c=TIED, d_a=WORSE, d_b=WORSE, c_d=BETTER)
    assert ranks("abcd", found) == {"a": 1, "b": 1, "c": 2, "d": 4}


@pytest.mark.parametrize("found", [pairs(a_b=TIED), []], ids=["not apart", "alone"])
def test_nobody_has_a_rank_where_none_is_better(found: list[Line]) -> None:
    assert ranks("ab", found) == {}


def test_method_that_cannot_be_compared_has_no_rank() -> None:
    alone = [pair | {"low": "nan"} for pair in pairs(a_c=TIED, b_c=TIED)]
    assert ranks("abc", [*pairs(a_b=WORSE), *alone]) == {"b": 1, "a": 2}


def test_where_near_is_better_the_distance_counts() -> None:
    noise = np.random.default_rng(0).normal(0, 0.1, 30)
    (pair,) = compared_pairs("lightness_error", {"lightens": noise + 1, "darkens": noise - 3})
    assert pair["verdict"] == BETTER
    assert float(pair["mean"]) == pytest.approx(-2, abs=0.1)
