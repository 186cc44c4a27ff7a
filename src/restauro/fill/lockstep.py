"""Fills several pictures side by side, so that their windows share runs of the network.

Whoever fills one is a generator that asks for predictions by `yield`; which network answers is
known to the caller of this module alone.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Generator, Sequence
from typing import TypeAlias, TypeVar

import numpy as np

from restauro.picture.modes import Colours
from restauro.picture.types import Mask

Window: TypeAlias = tuple[Colours, Mask]
"""Colours (h, w, 3) and mask (h, w) that the network is shown."""
Predict: TypeAlias = Callable[[Colours, Mask], Colours]
"""Colours (B, h, w, 3) and masks (B, h, w) -> predictions (B, h, w, 3)."""
Result = TypeVar("Result")
Asking: TypeAlias = Generator[list[Window], list[Colours], Result]
"""Asks for the predictions (h, w, 3) of windows, again and again; ends in a result."""


def run_together(askings: Sequence[Asking[Result]], predict: Predict) -> list[Result]:
    """The results, in order; windows of one size that are asked for at once go in one run."""
    results: dict[int, Result] = {}
    running = dict(enumerate(askings))
    answers: dict[int, list[Colours]] = {}
    while running:
        questions: dict[int, list[Window]] = {}
        for number, asking in list(running.items()):
            try:
                answer = answers.get(number)
                asked = next(asking) if answer is None else asking.send(answer)
                questions[number] = asked
            except StopIteration as end:
                results[number] = end.value
                del running[number]
        predictions = iter(_predictions(list(itertools.chain(*questions.values())), predict))
        answers = {
            number: list(itertools.islice(predictions, len(windows)))
            for number, windows in questions.items()
        }
    return [results[number] for number in range(len(askings))]


def _predictions(windows: list[Window], predict: Predict) -> list[Colours]:
    """Predictions for windows of any sizes, in order."""
    found: dict[int, Colours] = {}
    for size in {mask.shape for _, mask in windows}:
        alike = [number for number, (_, mask) in enumerate(windows) if mask.shape == size]
        images, masks = zip(*(windows[number] for number in alike), strict=True)
        found.update(zip(alike, predict(np.stack(images), np.stack(masks)), strict=True))
    return [found[number] for number in range(len(windows))]
