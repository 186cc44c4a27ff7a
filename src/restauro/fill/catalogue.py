"""Which fillers there are, and `load`: the one way from a name or path to a filler.

Importing this loads neither NumPy nor ONNX Runtime, as help texts and the shell ask for names.
"""

from __future__ import annotations

import functools
import os
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from restauro.errors import RestauroError, UnknownNameError
from restauro.fill import entries
from restauro.fill.entries import ALIGNED, AUTO, DETAIL, NETWORK, SOFT, Entry, missing
from restauro.fill.peers import PEERS, read_peer
from restauro.fill.sessions import CPU, Device, check_threads
from restauro.plugins import filler
from restauro.registry import FILLERS

if TYPE_CHECKING:
    from restauro.fill.filler import Filler

FACES = "faces"
"""The shipped model that faces are turned upright for."""
WEIGHTS_DIR = Path(__file__).parents[1] / "weights"


def load(
    name_or_path: str | Path,
    device: Device = CPU,
    threads: int | None = None,
    *,
    providers: object = None,
) -> Filler:
    """What fills holes under this name: a `Filler`, whatever kind it is.

    Args:
        name_or_path: A name from `list_models()`; the path of an `.onnx` file that restauro
            exported; one of these two behind `network:`, for its network alone, or behind
            `detail:`, for texture from the picture itself; a peer's file behind its name, such as
            `lama:lama_fp32.onnx`; a `.toml` description of a peer; a `.py` file that registers a
            method; or the folder of a run.
        device: Where networks compute: `cpu`, `cuda` or another name of `sessions.DEVICES`, or
            names of ONNX Runtime's execution providers, the preferred one first. Methods
            without training compute on the processor.
        threads: How many processor threads one call of an ONNX file may use; None = as many as
            there are cores. Other libraries follow their own setting.
        providers: What `device` was called before; refused.

    Raises:
        UnknownNameError: None of these, or there is no such device here.
        BadModelError: A file is missing, damaged or of another kind.
        PlugInError: A Python file cannot be imported, or registers no method, or several.
        MissingExtraError: Its libraries are not installed.
        RestauroError: `threads` is below 1, or `providers` is given.
    """
    if providers is not None:
        raise RestauroError(f"providers is called device now; write device={providers!r}")
    check_threads(threads)
    entry = find(name_or_path)
    filler = entry.make(device, threads)
    filler.recipe = functools.partial(load, entry.origin, device, threads)
    return filler


def list_models() -> dict[str, str]:
    """Names that `load` takes, sorted -> what is missing here, and how to get it; often nothing.

    Those of methods, of plug-ins, of peers, of the shipped models and of those in `cache_dir()`.
    """
    names = {*FILLERS.names(), *FILLERS.others()}
    return {name: missing(name) for name in sorted(names)}


def cache_dir() -> Path:
    """Where users keep model files to load by name: `$XDG_CACHE_HOME/restauro/models`.

    Without that variable, or if it is no absolute path, `~/.cache` takes its place.
    """
    given = Path(os.environ.get("XDG_CACHE_HOME", ""))
    return (given if given.is_absolute() else Path.home() / ".cache") / "restauro" / "models"


def model_path(name_or_path: str | Path) -> Path:
    """The file of a shipped model or one in `cache_dir()`, or the given path (or text in .onnx).

    Raises:
        UnknownNameError: No model has this name.
    """
    if isinstance(name_or_path, Path) or name_or_path.endswith(".onnx"):
        return Path(name_or_path)
    files = _files()
    if name_or_path not in files:
        raise _unknown(name_or_path, list(files))
    return files[name_or_path]


def find(name_or_path: str | Path) -> Entry:
    """What a name or path stands for, as `load` takes it; reads little, and loads nothing.

    Raises:
        UnknownNameError: Nothing is called so; the message suggests the closest name.
        BadModelError: A file is missing, damaged or of another kind.
        ConfigError: A peer's description is not valid.
    """
    if not isinstance(name_or_path, str | Path):
        raise UnknownNameError(f"{name_or_path!r} is no name; give one, or a path")
    text, path = str(name_or_path), Path(name_or_path)
    named = _named(text) if isinstance(name_or_path, str) else None
    if named:
        return named
    if path.suffix == ".toml":
        description = read_peer(path)
        return entries.peer(description, str(path.absolute()), Path(description.file), path)
    if path.suffix == ".py":
        return entries.registered_by(path.resolve())
    if isinstance(name_or_path, Path) or path.suffix == ".onnx":
        return entries.run(path) if (path / "config.toml").is_file() else entries.model(path)
    if text in FILLERS:  # of an installed plug-in
        return entries.registered(text)
    if (path / "config.toml").is_file():
        return entries.run(path)
    raise _unknown(text, list(list_models()))


def _named(text: str) -> Entry | None:
    if FILLERS.has(text):
        return entries.registered(text)
    if text in (files := _files()):
        return entries.model(files[text], text)
    prefix, _, rest = text.partition(":")
    if prefix == NETWORK and rest:
        return entries.network_alone(model_path(rest))
    if prefix in (DETAIL, SOFT) and rest:
        if FILLERS.has(rest):
            raise UnknownNameError(
                f"{rest} is no model, so its texture cannot be chosen; name a model, or leave "
                "--detail and the prefix out"
            )
        return entries.with_detail(model_path(rest), prefix)
    if prefix == ALIGNED and rest:
        return entries.aligned(model_path(rest))
    if prefix in PEERS:
        file = Path(rest)
        return entries.peer(PEERS[prefix], f"{prefix}:{file.absolute()}", file if rest else None)
    return None


def _files() -> dict[str, Path]:
    """Name -> file; a shipped model goes before a file of the same name in the cache."""
    paths = [*cache_dir().glob("*.onnx"), *WEIGHTS_DIR.glob("*.onnx")]
    return {path.stem: path for path in paths}


def _unknown(name: str, known: Iterable[str]) -> UnknownNameError:
    written = {one: f"{one}:FILE" if one in PEERS else one for one in known}
    ways = " (or give an .onnx file, PEER:FILE, a peer's .toml, a .py file or the folder of a run)"
    return FILLERS.unknown(name, written, ways)


FILLERS.others = lambda: (*PEERS, *_files())


@filler(AUTO)
def _auto(device: Device, threads: int | None) -> Filler:
    from restauro.fill.auto import SUBJECTS, AutoFiller

    files = _files()
    fillers = {
        name: entries.model(files[name], name, opens_late=True).make(device, threads)
        for name in SUBJECTS
        if name in files
    }
    if not fillers:
        raise UnknownNameError(f"{AUTO} has no model to choose; install restauro again")
    chosen, model = AutoFiller(fillers), fillers.get(FACES)
    if model is None or entries.missing_for_faces():
        return chosen
    return entries.with_faces_aligned(AUTO, model, chosen, threads)
