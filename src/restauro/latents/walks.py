"""Sheets of walks through codes: one number at a time, or from picture to picture."""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
import PIL.Image
from numpy.typing import NDArray

from restauro.latents.coder import Coder
from restauro.latents.population import Population, Vector
from restauro.sheets import sheet

Images: TypeAlias = NDArray[np.uint8]
"""(N, H, W, 3)"""

REACH = 2.0
"""Standard deviations to both sides of the mean: 95 of 100 codes have a number within them."""


def traversal(
    coder: Coder, start: Vector, population: Population, *, num_steps: int = 7
) -> PIL.Image.Image:
    """A row for each number of the code: it is moved, and the others stay as in `start`.

    `start` is (latent_dim,). All walks go through the same values, those of the population, so that
    sheets of different pictures can be compared.
    """
    deviations = np.linspace(-REACH, REACH, num_steps, dtype=np.float32)
    rows = []
    for number in range(len(start)):
        codes = np.repeat(start[None], num_steps, axis=0)
        codes[:, number] = population.at(number, deviations)
        rows.append(list(coder.decode(codes)))
    labels = [f"{deviation:+.1f}" for deviation in deviations]
    return sheet(rows, labels, [str(number) for number in range(len(start))])


def interpolation(coder: Coder, images: Images, *, num_steps: int = 7) -> PIL.Image.Image:
    """A row for each picture and the next one: both, and what lies between their codes evenly."""
    codes = coder.encode(images)
    shares = np.linspace(0, 1, num_steps, dtype=np.float32)
    rows = [
        [
            images[i],
            *coder.decode(codes[i] + shares[:, None] * (codes[i + 1] - codes[i])),
            images[i + 1],
        ]
        for i in range(len(images) - 1)
    ]
    return sheet(rows, ["from", *(f"{share:.2f}" for share in shares), "to"])


def gallery(pictures: Images, *, num_columns: int = 8) -> PIL.Image.Image:
    """Pictures one after the other, `num_columns` in a row."""
    rows = [
        list(pictures[start : start + num_columns])
        for start in range(0, len(pictures), num_columns)
    ]
    return sheet(rows, [""] * min(num_columns, len(pictures)))
