"""What became of each picture of a job: the same words in CSV, in JSON, and for people."""

from __future__ import annotations

import dataclasses
import json
from dataclasses import dataclass
from typing import Any

from restauro.jobs.planning import Task

RESTORED, NO_HOLE, SKIPPED, FAILED = STATUSES = ("restored", "no hole", "skipped", "failed")


@dataclass(frozen=True)
class Outcome:
    """What became of one picture."""

    picture: str
    mask: str
    """Its file, or `transparency` or `colour #rrggbb` of the picture itself."""
    output: str
    status: str
    """restored; no hole: written unchanged; skipped: whole since an earlier call; failed."""
    seconds: float = 0.0
    """Wall time of reading, restoring and writing."""
    model: str = ""
    """What restored it; empty if nothing did."""
    message: str = ""
    """Why it failed, or what else a user should know."""
    fingerprint: str = ""
    """That of the task."""
    output_bytes: int = 0

    @classmethod
    def of(cls, task: Task, status: str, **what: Any) -> Outcome:
        """The outcome of a task, with more fields in `what`."""
        return cls(
            picture=str(task.picture),
            mask=task.marked_by,
            output=str(task.output),
            status=status,
            fingerprint=task.fingerprint,
            **what,
        )

    @property
    def is_written(self) -> bool:
        """Whether this call made an output."""
        return self.status in (RESTORED, NO_HOLE)

    def to_json(self) -> str:
        """One line for programs."""
        return json.dumps(dataclasses.asdict(self))


COLUMNS = tuple(field.name for field in dataclasses.fields(Outcome))
