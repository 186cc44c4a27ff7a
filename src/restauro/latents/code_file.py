"""Codes in a file: one `.npy` that NumPy alone reads, with their names and their network."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from restauro.errors import BadDataError
from restauro.files import whole_file
from restauro.latents.coder import Coder
from restauro.latents.population import Vector

FIELDS = ("name", "model", "code")


@dataclass(frozen=True)
class NamedCodes:
    """Codes (N, latent_dim) of pictures, and the pictures' names."""

    names: Sequence[str]
    codes: Vector


def save_codes(path: Path, named: NamedCodes, coder: Coder) -> None:
    """Writes codes of `coder` to `path`, whole or not at all.

    `numpy.load` gives rows: `rows["name"]` (N,), `rows["code"]` (N, latent_dim) float32, and
    `rows["model"]` (N,), the checksum of the weights that made them.
    """
    columns = np.array(named.names), np.full(len(named.names), coder.checksum), named.codes
    types = columns[0].dtype, columns[1].dtype, ("<f4", named.codes.shape[1:])
    rows = np.empty(len(named.names), dtype=list(zip(FIELDS, types, strict=True)))
    for field, column in zip(FIELDS, columns, strict=True):
        rows[field] = column
    with whole_file(path) as aside, aside.open("wb") as file:
        np.save(file, rows)


def load_codes(path: Path, coder: Coder) -> NamedCodes:
    """The codes in `path`, which `coder` made.

    Raises:
        BadDataError: The file holds no codes, or those of other weights.
    """
    try:
        rows = np.load(path, allow_pickle=False)
    except (ValueError, EOFError):  # no array, or a damaged one
        rows = np.empty(0)
    if not isinstance(rows, np.ndarray) or rows.dtype.names != FIELDS or not len(rows):
        raise BadDataError(f"{path} holds no named codes; make such with `restauro latent encode`")
    if others := set(rows["model"].tolist()) - {coder.checksum}:
        raise BadDataError(
            f"{path} has codes of the weights {min(others)}, but these are {coder.checksum}; give "
            "the run or model that made them, or encode the pictures again"
        )
    return NamedCodes(rows["name"].tolist(), np.ascontiguousarray(rows["code"]))
