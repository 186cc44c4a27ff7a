"""The learning rate as a function of progress alone, so that resuming needs no state."""

from __future__ import annotations

import math

from restauro.training.config import TrainingConfig


def learning_rate(step: int, num_steps: int, config: TrainingConfig) -> float:
    """The learning rate of step number `step` of `num_steps`.

    `warm_restarts` is the report's cosine annealing with warm restarts (Loshchilov & Hutter 2017,
    arXiv:1608.03983), from the peak to 1 % of it in each of `config.cycles` equal cycles. The
    report gives no period; equal cycles are chosen so that a run ends at the bottom of one.
    `cosine` is the same with one cycle, `constant` stays at the peak.
    """
    if config.schedule == "constant":
        share = 1.0
    else:
        cycles = config.cycles if config.schedule == "warm_restarts" else 1
        position = step * cycles % num_steps / num_steps  # whole numbers: a restart is exact
        share = 0.01 + 0.99 * (1 + math.cos(math.pi * position)) / 2
    if step < config.warmup_steps:
        share *= (step + 1) / config.warmup_steps
    return config.learning_rate * share
