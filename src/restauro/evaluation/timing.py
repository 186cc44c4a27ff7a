"""Times methods, one picture at a time, in rounds that have every method once.

Machines are shared and noisy: a method that is timed alone is timed under the load of its minute.
Here every round has every method once, so that a slow minute slows all of them.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping

import numpy as np

from restauro.evaluation.store import Timing
from restauro.fill.array_filler import Images, Masks
from restauro.fill.filler import Filler


def time_methods(
    methods: Mapping[str, Filler],
    pictures: Images,
    holes: Masks,
    tick: Callable[[], float] = time.perf_counter,
) -> dict[str, Timing]:
    """Milliseconds by method; round i restores picture i, (H, W, 3), with every method.

    One call each goes before, for what a method does only once. A method that gives up on a
    picture has no time for that round, and none at all if it always does.
    """
    rounds: dict[str, list[float]] = {name: [] for name in methods}
    for number in range(-1, len(pictures)):
        for name, method in methods.items():
            start = tick()
            try:
                method(pictures[number], holes[number])
            except Exception:  # noqa: BLE001, S112 - the scores tell why
                continue
            if number >= 0:
                rounds[name].append(1000 * (tick() - start))
    return {
        name: Timing(float(np.median(times)), min(times), max(times), len(times))
        for name, times in rounds.items()
        if times
    }
