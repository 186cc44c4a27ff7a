from __future__ import annotations

import re
from html import escape
from pathlib import Path

import numpy as np
import pytest

from restauro.errors import BadDataError
from restauro.evaluation.store import (
    Evaluation,
    MethodRecord,
    Rows,
    SetScore,
    TaskRecord,
    rows_path,
    write_evaluation,
    write_rows,
)
from restauro.metrics import METRICS, SET_METRICS
from restauro.report.evaluations import write_report
from restauro.report.scores import compared_pairs, ranks
from restauro.report.tables import BETTER, TIED, WORSE, Line, heading


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


@pytest.mark.parametrize("name", [*METRICS.names(), *SET_METRICS])
def test_any_metric_is_enough_for_a_report(name: str, tmp_path: Path) -> None:
    of_pictures, methods = name in METRICS, ("mine", "telea")
    for number, method in enumerate(methods):
        scores = np.random.default_rng(number).uniform(0.1, 0.9, 20)
        rows = Rows(
            np.arange(20), list(map(str, range(20))), {}, {name: scores} if of_pictures else {}
        )
        write_rows(rows_path(tmp_path, "box", method), rows)
    sets = (
        [] if of_pictures else [SetScore("box", method, 20, **{name: 0.25}) for method in methods]
    )
    evaluation = Evaluation(
        tmp_path, "a", "test", (8, 8), 0, "", {},
        [TaskRecord("box", "box", 0.0, "123", 20)],
        [MethodRecord(method, method, None, None, None) for method in methods],
        sets, {}, [], [],
    )  # fmt: skip
    write_evaluation(evaluation)
    if of_pictures and METRICS.create(name).better is None:
        with pytest.raises(BadDataError, match="no value by which .* such as --metrics hole_psnr"):
            write_report([tmp_path], tmp_path / "out")
        return
    page = write_report([tmp_path], tmp_path / "out").read_text()
    assert escape(heading(name)) in page
    assert re.search(r"<th scope=\"row\">\s*mine\s*</th>", page)
