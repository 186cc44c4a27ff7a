"""The machine and the versions that an evaluation was made with, to be printed beside it."""

from __future__ import annotations

import platform
import subprocess
from pathlib import Path

from restauro import __version__
from restauro.cores import num_cores
from restauro.evaluation.program import library_versions


def environment() -> dict[str, str]:
    """The machine and what ran on it."""
    return {
        "restauro": __version__,
        "commit": _commit(),
        "python": platform.python_version(),
        "processor": _processor(),
        "cores": str(num_cores()),
        **library_versions(),
    }


def _processor() -> str:
    try:
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    except OSError:
        pass
    return platform.processor() or platform.machine()


def _commit() -> str:
    """The commit that is checked out where the package lies, `+` if it was changed since."""
    git = ["git", "-C", str(Path(__file__).parent)]
    try:
        commit, changes = (
            subprocess.run([*git, *words], capture_output=True, text=True, check=True).stdout
            for words in (["rev-parse", "--short", "HEAD"], ["status", "--porcelain", "-uno", "."])
        )
    except (OSError, subprocess.CalledProcessError):
        return "unknown"
    return commit.strip() + ("+" if changes.strip() else "")
