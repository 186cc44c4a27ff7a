"""The folder of a run: what lies where, who may write, and what is on record."""

from __future__ import annotations

import json
from collections.abc import Iterable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

from restauro.errors import BadDataError
from restauro.files import whole_file
from restauro.lock import locked
from restauro.training.config import Config, config_to_dict, dump_toml


class RunFolder:
    """The files of the run in the folder `path`; each is replaced as a whole.

    `history` has a JSON line for every epoch, and one where settings changed on resume:
    `{"changed": {"training.epochs": [10, 20]}, "step": 470}`. What came after the checkpoint that a
    run goes on from is forgotten, since the run will write it again.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.config = path / "config.toml"
        self.environment = path / "environment.json"
        self.history = path / "history.jsonl"
        self.checkpoint = path / "last.pt"
        self.weights = path / "best.safetensors"
        self.samples = path / "samples"
        self.copies = path / "copies"

    def locked(self) -> AbstractContextManager[None]:
        """Makes the folder if need be, and keeps other runs out of it.

        Raises:
            OutputExistsError: Another run is in it.
        """
        self.path.mkdir(parents=True, exist_ok=True)
        return locked(
            self.path / ".lock",
            f"another run is training in {self.path}; wait until it has finished, or choose "
            "another --run",
        )

    def describe(self, config: Config) -> None:
        """Writes `config.toml`."""
        with whole_file(self.config) as aside:
            aside.write_text(dump_toml(config_to_dict(config)), encoding="utf-8")

    def add_session(self, session: dict[str, Any]) -> None:
        """Writes what trains the run from `session["step"]` on to `environment.json`.

        The sessions before are kept there under `earlier_sessions`, the oldest first, but for
        those of which no step is left.
        """
        try:
            before = json.loads(self.environment.read_text(encoding="utf-8"))
        except (OSError, ValueError):  # a new run, or one whose file was cut short or removed
            before = {}
        sessions = [*before.pop("earlier_sessions", []), before] if before else []
        earlier = [one for one in sessions if one.get("step", 0) < session["step"]]
        content = session | ({"earlier_sessions": earlier} if earlier else {})
        with whole_file(self.environment) as aside:
            aside.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")

    def checkpoint_of(self, epoch: int) -> Path:
        """Where the checkpoint at the end of an epoch is kept, if it is."""
        return self.path / f"epoch_{epoch:03d}.pt"

    def drop_checkpoints_to(self, epoch: int) -> None:
        """Removes those kept of epochs up to this one."""
        for path in self.path.glob("epoch_*.pt"):
            if int(path.stem.removeprefix("epoch_")) <= epoch:
                path.unlink()

    def records(self) -> list[dict[str, Any]]:
        """The records of the epochs, oldest first."""
        return [line for line in self._lines() if "changed" not in line]

    def best_record(self) -> dict[str, Any]:
        """The record of the epoch whose weights are the best.

        Raises:
            BadDataError: The run has finished no epoch yet.
        """
        records = self.records()
        if not records:
            raise BadDataError(f"{self.path} has finished no epoch yet; train it first")
        if "discriminator_loss" in records[-1]:  # against an adversary the newest weights are kept
            return records[-1]
        return min(records, key=lambda record: float(record["validation_loss"]))

    def append(self, record: dict[str, Any]) -> None:
        """Adds a line to the history."""
        self._write([*self._lines(), record])

    def forget_after(self, step: int) -> None:
        """Drops what a run that goes on from `step` will write again.

        That includes changes of settings at `step` itself: no checkpoint has them yet.
        """
        lines = self._lines()
        kept = [line for line in lines if line["step"] < step + ("changed" not in line)]
        if kept != lines:
            self._write(kept)

    def _lines(self) -> list[dict[str, Any]]:
        """The whole history, without a line that was cut short: older versions appended."""
        lines = []
        text = self.history.read_text(encoding="utf-8") if self.history.exists() else ""
        for line in text.splitlines():
            try:
                lines.append(json.loads(line))
            except json.JSONDecodeError:
                break
        return lines

    def _write(self, lines: Iterable[dict[str, Any]]) -> None:
        with whole_file(self.history) as aside:
            aside.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
