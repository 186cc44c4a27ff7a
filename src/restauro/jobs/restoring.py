"""One picture from file to file: read, find its hole, fill it, write it whole or not at all."""

from __future__ import annotations

import time
from dataclasses import dataclass, field

from restauro.errors import RestauroError, first_line
from restauro.fill.filler import Filler
from restauro.images import Mask, read_mask, read_picture, write_picture
from restauro.jobs.holes import HoleOptions, hole_of, opaque, remark
from restauro.jobs.outcomes import FAILED, NO_HOLE, RESTORED, Outcome
from restauro.jobs.planning import Task
from restauro.places import Place


@dataclass
class Restoration:
    """Restores files; keeps the last mask, as one mask often serves a whole folder."""

    filler: Filler
    holes: HoleOptions
    _last_mask: tuple[Place, Mask] | None = field(default=None, init=False)

    def __call__(self, task: Task, place: Place | None = None) -> Outcome:
        """Restores the task's picture and writes it to `place`, or else to its output.

        Raises:
            RestauroError: The picture or mask cannot be used, or the place not be written.
        """
        started = time.perf_counter()
        picture = read_picture(task.picture)
        mask = self._read_mask(task.mask) if task.mask is not None else None
        hole = hole_of(picture, mask, self.holes)
        filled = self.filler.fill(opaque(picture) if self.holes.alpha else picture, hole)
        place = place or task.output
        write_picture(place, filled.picture, source=picture)
        remarks = [remark(hole, self.holes, task.marked_by), filled.remark]
        return Outcome.of(
            task,
            RESTORED if hole.any() else NO_HOLE,
            seconds=round(time.perf_counter() - started, 3),
            model=filled.model if hole.any() else "",
            message="; ".join(filter(None, remarks)),
            output_bytes=place.stat().st_size,
        )

    def _read_mask(self, path: Place) -> Mask:
        if self._last_mask is None or self._last_mask[0] != path:
            self._last_mask = path, read_mask(path)
        return self._last_mask[1]


def staged(task: Task, folder: Place) -> Place:
    """Where a task's result waits in `folder` until it is recorded."""
    return folder / f"{task.fingerprint}{task.output.suffix}"


@dataclass(frozen=True)
class StagedRestoration:
    """Restores files into a folder beside their outputs; whatever goes wrong is an outcome."""

    restoration: Restoration
    folder: Place

    def __call__(self, task: Task) -> Outcome:
        """The outcome; if it is written, its file is `staged(task, folder)`."""
        place = staged(task, self.folder)
        try:
            return self.restoration(task, place)
        except RestauroError as error:
            message = str(error).replace(str(place), str(task.output))
        except MemoryError:
            message = f"{task.picture} needs more memory than there is; cut out the part to restore"
        except Exception as error:  # noqa: BLE001  a fault of ours must not stop the others
            message = f"{task.picture} failed with {type(error).__name__}: {first_line(error)}"
        return Outcome.of(task, FAILED, message=message)
