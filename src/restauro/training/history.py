"""The history of a run: one JSON line an epoch, and nothing that a resumed run would repeat."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from restauro.errors import BadDataError
from restauro.files import whole_file


def append_record(path: Path, record: dict[str, Any]) -> None:
    """Adds one line."""
    with path.open("a") as file:
        file.write(json.dumps(record) + "\n")


def read_history(path: Path) -> list[dict[str, Any]]:
    """All records, oldest first; a last line that a kill cut short is left out."""
    records = []
    for line in path.read_text().splitlines() if path.exists() else []:
        try:
            records.append(json.loads(line))
        except json.JSONDecodeError:
            break
    return records


def forget_after(path: Path, step: int) -> None:
    """Drops the records of steps after `step`, which a resumed run will write again."""
    records = [record for record in read_history(path) if record["step"] <= step]
    with whole_file(path) as aside:
        aside.write_text("".join(json.dumps(record) + "\n" for record in records))


def best_record(path: Path) -> dict[str, Any]:
    """The record of the epoch whose weights are in `best.safetensors`.

    Raises:
        BadDataError: The run has finished no epoch yet.
    """
    records = read_history(path)
    if not records:
        raise BadDataError(f"{path.parent} has finished no epoch yet; train it first")
    if "discriminator_loss" in records[-1]:  # against an adversary the newest weights are kept
        return records[-1]
    return min(records, key=lambda record: float(record["validation_loss"]))
