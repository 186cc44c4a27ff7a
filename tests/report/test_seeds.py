from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from restauro.evaluation.store import (
    Evaluation,
    MethodRecord,
    Rows,
    SetScore,
    TaskRecord,
    rows_path,
    write_rows,
)
from restauro.report.scores import tables_of
from restauro.report.tables import shown

NUM_PICTURES = 30


def test_seeds_of_a_method_are_one_row_with_their_spread(tmp_path: Path) -> None:
    pictures = np.random.default_rng(0).normal(20, 3, NUM_PICTURES)
    offsets = {"unet.seed0": 0.0, "telea": -5.0, "unet.seed1": 0.6}
    for name, offset in offsets.items():
        names = [f"{i}.png" for i in range(NUM_PICTURES)]
        values = {"hole_psnr": pictures + offset}
        write_rows(
            rows_path(tmp_path, "box", name), Rows(np.arange(NUM_PICTURES), names, {}, values)
        )
    sets = [SetScore("box", name, NUM_PICTURES, 9 + offset) for name, offset in offsets.items()]
    task = TaskRecord("box", "box", 0.0, "123", NUM_PICTURES)
    methods = [MethodRecord(name, name, None, None, None) for name in offsets]
    tables = tables_of(
        "a",
        Evaluation(tmp_path, "a", "test", (8, 8), 0, "", {}, [task], methods, sets, {}, [], []),
    )
    (unet,) = tables.scores(metric="hole_psnr", method="unet", hole_ratio="all")
    assert float(unet["mean"]) == pytest.approx(pictures.mean() + 0.3, rel=1e-5)
    assert float(unet["spread"]) == pytest.approx(0.6 / 2**0.5, rel=1e-4)
    assert "2 seeds ± 0.42" in shown(unet).small
    (telea,) = tables.scores(metric="hole_psnr", method="telea", hole_ratio="all")
    assert "spread" not in telea
    (distance,) = tables.scores(metric="frechet_feature_distance", method="unet")
    assert (distance["mean"], distance["num_seeds"]) == ("9.3", "2")
    (pair,) = tables.lines["pairs"]
    assert (pair["method"], pair["other"], pair["verdict"]) == ("unet", "telea", "better than")
