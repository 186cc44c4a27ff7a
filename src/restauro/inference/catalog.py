"""Where models are found: the shipped ones by name, any other by path."""

from __future__ import annotations

from pathlib import Path

from restauro.errors import UnknownNameError
from restauro.registry import Registry

DEFAULT_MODEL = "faces"
WEIGHTS_DIR = Path(__file__).parents[1] / "weights"


def list_models() -> list[str]:
    """Names of the models that ship with restauro, sorted; each goes into `restauro.load`."""
    return sorted(path.stem for path in WEIGHTS_DIR.glob("*.onnx"))


def model_path(name_or_path: str | Path) -> Path:
    """The file of a shipped model, or the given path if it is one (a Path, or text in .onnx).

    Raises:
        UnknownNameError: No shipped model has this name.
    """
    if isinstance(name_or_path, Path) or name_or_path.endswith(".onnx"):
        return Path(name_or_path)
    names = list_models()
    if not names:
        raise UnknownNameError(
            f"no model named {name_or_path!r}, as none is installed; give the path of a .onnx file"
        )
    shipped: Registry[Path] = Registry("model")
    for name in names:
        shipped.register(name)(lambda name=name: WEIGHTS_DIR / f"{name}.onnx")
    return shipped.create(name_or_path)
