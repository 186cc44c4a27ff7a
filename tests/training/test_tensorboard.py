"""What `--tensorboard` writes, read back."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import tinyvariational
from tinyruns import history, last_state, make_bank, tiny_config

from restauro.training.run import train

accumulator = pytest.importorskip("tensorboard.backend.event_processing.event_accumulator")

SETTINGS = ("model.name=tiny_variational", "training.epochs=2")


@pytest.fixture(scope="module")
def bank(tmp_path_factory: pytest.TempPathFactory) -> Path:
    tinyvariational.register()
    return make_bank(tmp_path_factory.mktemp("banks") / "bank", 24, 8)


def events_of(run: Path) -> Any:
    """All events of a run."""
    events = accumulator.EventAccumulator(str(run / "tensorboard"), {"images": 0, "scalars": 0})
    return events.Reload()


def values(events: Any, tag: str) -> list[float]:
    """The values of a scalar, one a step."""
    scalars = events.Scalars(tag)
    assert [scalar.step for scalar in scalars] == list(range(1, len(scalars) + 1))
    return [scalar.value for scalar in scalars]


def test_steps_and_sheets_are_logged(bank: Path, tmp_path: Path) -> None:
    config = tiny_config(tmp_path, bank, *SETTINGS)
    run = tmp_path / "run"
    train(config, run, accelerator="cpu", tensorboard=True)
    events, records = events_of(run), history(run)
    rates = [config.training.rate_at(step, 6) for step in range(6)]
    assert values(events, "step/learning_rate") == pytest.approx(rates)
    for name in ("training_loss", "training_kl", "training_progress"):
        logged = values(events, f"step/{name}")
        assert sum(logged[3:]) / 3 == pytest.approx(records[1][name])  # the second epoch's steps
        assert [scalar.step for scalar in events.Scalars(name)] == [3, 6]
    assert all(norm > 0 for norm in values(events, "step/gradient_norm"))
    sheets = events.Images("samples")
    assert [sheet.step for sheet in sheets] == [3, 6]
    assert sheets[0].width > 4 * 32
    assert sheets[0].height > 8 * 32


def test_logging_changes_nothing_that_is_learned(bank: Path, tmp_path: Path) -> None:
    config = tiny_config(tmp_path, bank, *SETTINGS)
    for name in ("logged", "plain"):
        train(config, tmp_path / name, accelerator="cpu", tensorboard=name == "logged")
    logged, plain = (last_state(tmp_path / name)["model"] for name in ("logged", "plain"))
    assert all((logged[name] == plain[name]).all() for name in plain)
    assert history(tmp_path / "logged") == history(tmp_path / "plain")


def test_logged_norm_is_the_one_before_clipping(bank: Path, tmp_path: Path) -> None:
    norms = []
    for limit in ("0.0", "1e-3"):
        config = tiny_config(tmp_path, bank, *SETTINGS, f"training.max_gradient_norm={limit}")
        train(config, tmp_path / limit, accelerator="cpu", tensorboard=True)
        norms.append(values(events_of(tmp_path / limit), "step/gradient_norm")[0])
    assert norms[0] == norms[1] > 1e-3
