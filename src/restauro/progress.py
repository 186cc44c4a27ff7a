"""How long work tells how far it has come: a bar in a terminal, now and then a line elsewhere."""

from __future__ import annotations

import sys
from typing import Any

from tqdm import tqdm

SECONDS_BETWEEN_LINES = 30.0


def progress_bar(total: int | None, unit: str, *, is_shown: bool = True, **details: Any) -> Any:
    """A bar of tqdm on standard error; `details` are tqdm's own, such as `desc` and `initial`.

    Without a terminal it writes whole lines: at the start, then at most one every
    `SECONDS_BETWEEN_LINES`, and the last.
    """
    details |= {"total": total, "unit": unit, "disable": not is_shown}
    if sys.stderr.isatty():
        return tqdm(dynamic_ncols=True, **details)
    # miniters: else tqdm guesses how many steps fill the time, and looks at no clock before
    return tqdm(file=_Lines(), mininterval=SECONDS_BETWEEN_LINES, miniters=1, **details)


class _Lines:
    """Standard error for tqdm, whose every redrawing becomes a line of its own."""

    def write(self, text: str) -> None:
        """Writes what is more than the moving of a cursor."""
        if line := text.strip():
            print(line, file=sys.stderr, flush=True)
