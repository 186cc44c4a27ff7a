"""Where models are found: the shipped ones and the user's own by name, any other by path."""

from __future__ import annotations

import os
from pathlib import Path

from restauro.errors import UnknownNameError
from restauro.registry import Registry

DEFAULT_MODEL = "faces"
WEIGHTS_DIR = Path(__file__).parents[1] / "weights"


def cache_dir() -> Path:
    """Where users keep model files to load by name: `$XDG_CACHE_HOME/restauro/models`.

    Without that variable, or if it is no absolute path, `~/.cache` takes its place.
    """
    given = Path(os.environ.get("XDG_CACHE_HOME", ""))
    return (given if given.is_absolute() else Path.home() / ".cache") / "restauro" / "models"


def list_models() -> list[str]:
    """Names of the shipped models and of those in `cache_dir()`, sorted, for `restauro.load`."""
    return sorted(_files())


def model_path(name_or_path: str | Path) -> Path:
    """The file of a model in `list_models()`, or the given path (a Path, or text in .onnx).

    Raises:
        UnknownNameError: No model has this name.
    """
    if isinstance(name_or_path, Path) or name_or_path.endswith(".onnx"):
        return Path(name_or_path)
    files = _files()
    if not files:
        raise UnknownNameError(
            f"no model named {name_or_path!r}, as none is installed; give the path of a .onnx file"
        )
    known: Registry[Path] = Registry("model")
    for name, path in files.items():
        known.register(name)(lambda path=path: path)
    return known.create(name_or_path)


def _files() -> dict[str, Path]:
    """Name -> file; a shipped model goes before a file of the same name in the cache."""
    paths = [*cache_dir().glob("*.onnx"), *WEIGHTS_DIR.glob("*.onnx")]
    return {path.stem: path for path in paths}
