"""What steps leave on the device, read now and then, and what the processes agree on with it.

A GPU works on while nobody asks it for a number, and processes run on while nobody asks the others.
So both are asked together, about once a second, at steps that are the same in every process.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean

import torch
from lightning_fabric import Fabric
from torch import Tensor

SECONDS = 1.0
"""About how much training lies between two readings, unless a single step takes longer."""
MOST_STEPS = 64
"""Between two readings, however fast they are: a busy machine may slow down suddenly."""


@dataclass(frozen=True)
class Reading:
    """What is known after some steps, the same in every process."""

    losses: list[dict[str, float]]
    """By name, of each step: means over the processes."""
    should_stop: bool
    """Whether any process was asked to stop."""
    should_save: bool
    """Whether the first process, which saves, finds that it is time to."""
    seconds_per_step: float
    """As the first process reports it."""

    def steps_to_the_next(self, most_seconds: float) -> int:
        """How many steps to take before the next reading: 1 to `MOST_STEPS`."""
        seconds = min(SECONDS, most_seconds)
        return max(1, math.floor(seconds / max(self.seconds_per_step, seconds / MOST_STEPS)))


NOTHING_READ = Reading([], should_stop=False, should_save=False, seconds_per_step=math.inf)


def read(
    fabric: Fabric,
    losses: Sequence[dict[str, Tensor]],
    *,
    wants_stop: bool,
    wants_save: bool,
    seconds_per_step: float,
) -> Reading:
    """Gathers what every process has to say; all call this after the same steps.

    `losses` are those of each step since the last reading, scalars by name, the names always the
    same. A mean over processes does not depend on which steps are read together, to the last bit.
    """
    names = list(losses[0])
    of_steps = torch.stack([step[name].float() for step in losses for name in names])
    wishes = of_steps.new_tensor([wants_stop, wants_save, seconds_per_step])
    gathered = fabric.all_gather(torch.cat([wishes, of_steps]))
    assert isinstance(gathered, Tensor)
    rows = gathered.view(fabric.world_size, -1).tolist()  # on a GPU this waits for all steps
    stops, saves, paces, *columns = zip(*rows, strict=True)
    means = [fmean(column) for column in columns]
    starts = range(0, len(means), len(names))
    return Reading(
        losses=[dict(zip(names, means[start:], strict=False)) for start in starts],
        should_stop=any(stops),
        should_save=bool(saves[0]),
        seconds_per_step=paces[0],
    )
