"""Metrics of whole sets, with planes that can be seen without a computer."""

from __future__ import annotations

import math
import sys

import pytest
import torch
from torch import Tensor

from restauro.errors import MissingExtraError, UnknownNameError
from restauro.evaluation.plan import choose_metrics
from restauro.metrics import SET_METRICS, p_ids, u_ids

OF_PLANES = ["p_ids_st_lpips", "u_ids_st_lpips"]


def column(*values: float) -> Tensor:
    """Features, (N, 1)."""
    return torch.tensor(values)[:, None]


@pytest.mark.parametrize(
    ("fills", "truth", "paired", "unpaired"),
    [
        # sets apart: every picture is known, and none seems more real than its truth
        (column(-1, -2, -3), column(1, 2, 3), 0, 0),
        # equal sets: nothing to know
        (column(1, 2, 3), column(1, 2, 3), 0, 0.5),
        # one of four on the wrong side of each set, the plane in the middle by symmetry: of
        # the same pair, then of two
        (column(-1, -1, -1, 1), column(1, 1, 1, -1), 0.25, 0.25),
        (column(-1, -1, 1, -1), column(1, 1, 1, -1), 0, 0.25),
        # more fills than truths lie where most of the truth lies not
        (column(0, 0, 0, 0, 1), column(1, 1, 1, 0, 0), 0.2, 0.3),
    ],
)
def test_planes_part_the_sets_as_by_hand(
    fills: Tensor, truth: Tensor, paired: float, unpaired: float
) -> None:
    pytest.importorskip("sklearn")
    assert p_ids(fills, truth) == pytest.approx(paired)
    assert u_ids(fills, truth) == pytest.approx(unpaired)


def test_scale_and_place_of_the_features_change_nothing() -> None:
    pytest.importorskip("sklearn")
    rng = torch.Generator().manual_seed(3)
    truth = torch.randn(200, 8, generator=rng)
    fills = truth + 0.2 + 0.5 * torch.randn(200, 8, generator=rng)
    values = p_ids(fills, truth), u_ids(fills, truth)
    assert 0.1 < values[0] < 0.45
    assert 0.1 < values[1] < 0.45
    moved = fills / 1000 + 5, truth / 1000 + 5
    assert (p_ids(*moved), u_ids(*moved)) == pytest.approx(values, abs=0.006)  # rounding of 5


def test_no_more_pictures_than_features_say_nothing() -> None:
    features = torch.randn(8, 8, generator=torch.Generator().manual_seed(3))
    assert math.isnan(p_ids(features, -features))
    assert math.isnan(u_ids(features, -features))


def test_missing_library_is_told_where_a_metric_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "sklearn.svm", None)
    with pytest.raises(MissingExtraError, match="install it with `pip install scikit-learn`"):
        choose_metrics(["hole_psnr", *OF_PLANES])
    assert not set(OF_PLANES) & set(choose_metrics([]))


def test_metrics_of_sets_are_found_like_the_others() -> None:
    assert choose_metrics(["hole_psnr"]) == ("hole_psnr",)
    with pytest.raises(UnknownNameError, match="did you mean 'u_ids_st_lpips'"):
        choose_metrics(["uids_st_lpips"])
    assert {entry.better for entry in SET_METRICS.values()} == {"higher", "lower"}
