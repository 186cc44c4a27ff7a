from __future__ import annotations

import pytest

from restauro.training.config import TrainingConfig


def rates(num_steps: int, **settings: object) -> list[float]:
    config = TrainingConfig(epochs=1, learning_rate=1.0, **settings)  # type: ignore[arg-type]
    return [config.rate_at(step, num_steps) for step in range(num_steps)]


def test_cosine_by_hand() -> None:
    # 0.01 + 0.99 * (1 + cos(angle)) / 2 at 0, 45, 90 and 135 degrees
    expected = [1.0, 0.8550178, 0.505, 0.1549822]
    assert rates(4, schedule="cosine") == pytest.approx(expected, abs=1e-6)


def test_warm_restarts_repeat_one_cycle() -> None:
    two = rates(8, schedule="warm_restarts", cycles=2)
    assert two[:4] == two[4:] == rates(4, schedule="cosine")


@pytest.mark.parametrize("cycles", [1, 4, 11, 49])  # 1 / 49 * 49 is below 1 in floats
@pytest.mark.parametrize("length", [7, 249, 1000])
def test_every_cycle_starts_exactly_at_the_peak(cycles: int, length: int) -> None:
    assert rates(cycles * length, cycles=cycles)[::length] == [1.0] * cycles


@pytest.mark.parametrize("cycles", [1, 4])
def test_run_ends_at_the_bottom_of_a_cycle(cycles: int) -> None:
    last_cycle = rates(1000 * cycles, cycles=cycles)[-1000:]
    assert last_cycle == sorted(last_cycle, reverse=True)
    assert last_cycle[-1] == pytest.approx(0.01, abs=1e-5)


def test_cosine_ignores_the_number_of_cycles() -> None:
    assert rates(10, schedule="cosine", cycles=3) == rates(10, schedule="cosine", cycles=1)


def test_constant_stays_at_the_peak() -> None:
    assert rates(5, schedule="constant") == [1.0] * 5


def test_warmup_rises_linearly() -> None:
    assert rates(6, schedule="constant", warmup_steps=4) == [0.25, 0.5, 0.75, 1.0, 1.0, 1.0]
