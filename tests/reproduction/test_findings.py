"""What agrees with the paper, on runs whose scores are made up."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import Tensor

from restauro.reproduction.findings import extremes, findings, gap, interval
from restauro.reproduction.record import RunRecord, Shown
from restauro.reproduction.runs import RUNS
from restauro.training.config import config_from_dict

LIMITS = {"box": {"height": [0.2, 0.4], "width": [0.2, 0.4], "spread": 1.0}}
CONFIG = config_from_dict(
    {
        "name": "made up",
        "model": {"name": "conv_autoencoder"},
        "data": {"bank": "none"},
        "training": {"epochs": 4, "cycles": 2},
        "curriculum": {"end": LIMITS},
    }
)
NAMES = ("reference_32", "reference_128", "reference_512", "reference_512_huber", "reference_fc")
NOISE = torch.tensor([-1.0, 1.0]).double().repeat(10)


def record(
    name: str, error: float, training: float = 100.0, last: float = 0.5, in_the_dark: float = 0.5
) -> RunRecord:
    """A run with an SSE of `error` on 20 pictures, whose darkest five it lightens."""
    (reference,) = [run for run in RUNS if run.name == name]
    validation = {"sse": error + NOISE, "hole_mse": 0.1 + NOISE / 100, "log2_sharpness": NOISE - 3}
    validation["relative_error"] = torch.tensor([in_the_dark] * 5 + [0.5] * 15) + NOISE / 100
    validation["lightness_error"] = NOISE + torch.tensor([5.0] * 5 + [-2.0] * 15)
    history: Any = [{"validation_loss": loss} for loss in (2.0, 1.0, 1.0, last)]
    bank: Any = None
    seen = {"sse": training + NOISE}
    return RunRecord(reference, bank, CONFIG, history, {}, "", seen, validation, [])


def found(*errors: float, **more: float) -> dict[str, bool]:
    """By the beginning of every claim, whether runs with these errors agree."""
    runs = {name: record(name, error, **more) for name, error in zip(NAMES, errors, strict=False)}
    light = torch.arange(20.0)
    nothing: Tensor = torch.empty(0)
    return {
        finding.claim.split(" (")[0]: finding.agrees
        for finding in findings(runs, Shown({}, light, light, nothing, nothing))
    }


ORDER = "the loss falls as the latent grows"
HUBER = "Huber is poor, comparable to the fully connected network"


def test_order_of_the_latents() -> None:
    assert found(120, 110, 100)[ORDER]
    assert not found(120, 95, 100)[ORDER]
    assert not found(120, 100, 100)[ORDER]
    assert ORDER not in found(120, 110)


def test_huber_is_poor_if_it_is_nearer_to_the_floor() -> None:
    assert found(120, 110, 100, 170, 200)[HUBER]
    assert not found(120, 110, 100, 130, 200)[HUBER]


def test_training_and_validation_come_closer() -> None:
    claim = "training and validation loss come closer"
    assert found(120, 110, 100)[claim]
    assert not found(100, 100, 100)[claim]


def test_a_run_that_still_falls_has_no_plateau() -> None:
    claim = "no run reached its plateau"
    assert found(100, last=0.9)[claim]
    assert not found(100, last=0.999)[claim]


def test_pictures_that_are_done_badly() -> None:
    dark, claims = "dark tones are done badly", found(120, 110, 100, in_the_dark=0.9)
    assert claims[dark]
    assert not found(120, 110, 100)[dark]  # lightened, but no further off for the light there
    assert claims["results are blurry"]
    assert not claims["backlit pictures are done badly"]


def test_intervals() -> None:
    mean, half = interval(torch.tensor([1.0, 3.0, torch.inf, 5.0, 7.0]))
    assert (mean, half) == pytest.approx((4, 1.96 * (20 / 3) ** 0.5 / 2))
    ratio, around = gap(record("reference_32", 200, training=100))
    error = 1.96 * (20 / 19) ** 0.5 / 20**0.5  # of both means
    assert (ratio, around) == pytest.approx(
        (2, 2 * ((error / 200) ** 2 + (error / 100) ** 2) ** 0.5)
    )


def test_extremes_are_fifths() -> None:
    low, high = extremes(torch.tensor([5.0, 1, 9, 3, 4, 8, 2, 6, 7, 0]))
    assert (low.tolist(), high.tolist()) == ([9, 1], [5, 2])
