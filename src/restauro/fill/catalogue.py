"""Which fillers there are, and `load`: the one way from a name or path to a filler.

Importing this loads neither NumPy nor ONNX Runtime, as help texts and the shell ask for names.
"""

from __future__ import annotations

import contextlib
import dataclasses
import difflib
import functools
import importlib.util
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from restauro.errors import BadModelError, MissingExtraError, UnknownNameError, first_line
from restauro.fill.model_file import read_card
from restauro.fill.peers import PEERS, PeerDescription, read_peer
from restauro.fill.sessions import CPU, Device, providers_on
from restauro.registry import Registry

if TYPE_CHECKING:
    from restauro.fill.filler import Filler
    from restauro.images import Inpaint

DEFAULT_MODEL = "faces"
WEIGHTS_DIR = Path(__file__).parents[1] / "weights"
AUTO = "auto"
AUTO_CLASSICAL = "telea"
"""The method without training that `auto` compares with the models, where it is installed."""
CLASSICAL_HANDICAP = 1.25
"""Its errors count for so much more: beside a hole the picture is often smoother than within, which
flatters a method that only continues what it sees. Measured in docs/command_line.md."""
CLASSICAL = {
    "biharmonic": "skimage",
    "mean": "",
    "navier_stokes": "cv2",
    "patch_match": "patchmatch",
    "telea": "cv2",
}
"""Name of a method without training -> the module that it needs."""
NETWORK = "network"
"""Before a model and a colon: its network alone, as a paper scores it."""

FILLERS: Registry[Filler] = Registry("model or method")
"""Fillers that have a name and no file; a factory takes `device` and `threads`."""


@dataclass(frozen=True)
class Description:
    """What can be said of a filler before it is loaded."""

    name: str
    kind: Literal["network", "classical", "choice", "other"]
    """Learned from pictures; follows a rule; takes the best of several; somebody else's."""
    domain: str
    """What it is for."""
    terms: str
    """Under which terms its results may be used."""
    version: str | None = None
    size: tuple[int, int] | None = None
    """(height, width) in pixels that a network was trained on."""
    parameters: int | None = None
    """Number of weights of a network."""


@dataclass(frozen=True)
class Entry:
    """What a name or path stands for, not yet loaded."""

    description: Description
    origin: str
    """What finds it again from any folder: a name, or an absolute path."""
    make: Callable[[Device, int | None], Filler]
    file: Path | None = None
    """The model file, for those that have a card."""
    needs: str = ""
    """What is missing here before it can be loaded, and how to get it; empty if nothing is."""


def load(name_or_path: str | Path, device: Device = CPU, threads: int | None = None) -> Filler:
    """What fills holes under this name: a `Filler`, whatever kind it is.

    Args:
        name_or_path: A name from `list_models()`; the path of an `.onnx` file that restauro
            exported; one of these two behind `network:`, for its network alone; a peer's file
            behind its name, such as `lama:lama_fp32.onnx`; a `.toml` description of a peer; a
            `.py` file that registers a filler; or the folder of a run.
        device: Where networks compute: `cpu`, `cuda` or another name of `sessions.DEVICES`, or
            names of ONNX Runtime's execution providers, the preferred one first. Methods
            without training compute on the processor.
        threads: How many processor threads one call of an ONNX file may use; None = as many as
            there are cores. Other libraries follow their own setting.

    Raises:
        UnknownNameError: None of these, or there is no such device here.
        BadModelError: A file is missing, damaged or of another kind.
        MissingExtraError: Its libraries are not installed.
        RestauroError: `threads` is below 1.
    """
    entry = find(name_or_path)
    filler = entry.make(device, threads)
    filler.recipe = functools.partial(load, entry.origin, device, threads)
    return filler


def list_models() -> dict[str, str]:
    """Names that `load` takes, sorted -> what is missing here, and how to get it; often nothing.

    Those of methods, of peers, of the shipped models and of those in `cache_dir()`.
    """
    names = {*FILLERS.names(), *PEERS, *_files()}
    return {name: _missing(name) for name in sorted(names)}


def register_filler(name: str) -> Callable[[Inpaint], Inpaint]:
    """Decorates a function from image and mask to image, which becomes the filler `name`."""

    def add(inpaint: Inpaint) -> Inpaint:
        FILLERS.register(name)(functools.partial(_of_function, name, inpaint))
        return inpaint

    return add


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
        peer = read_peer(path)
        return _peer(peer, str(path.absolute()), Path(peer.file), path)
    if path.suffix == ".py":
        return _registered_by(path.resolve())
    if (path / "config.toml").is_file():
        return _run(path)
    if isinstance(name_or_path, Path) or path.suffix == ".onnx":
        return _model(path)
    raise _unknown(text, list(list_models()))


def _named(text: str) -> Entry | None:
    if text in FILLERS.names():
        return _registered(text)
    if text in (files := _files()):
        return _model(files[text], text)
    prefix, _, rest = text.partition(":")
    if prefix == NETWORK and rest:
        return _network_alone(rest)
    if prefix in PEERS:
        file = Path(rest)
        return _peer(PEERS[prefix], f"{prefix}:{file.absolute()}", file if rest else None)
    return None


def _files() -> dict[str, Path]:
    """Name -> file; a shipped model goes before a file of the same name in the cache."""
    paths = [*cache_dir().glob("*.onnx"), *WEIGHTS_DIR.glob("*.onnx")]
    return {path.stem: path for path in paths}


def _missing(name: str) -> str:
    if name in PEERS:
        return f"its file, as {name}:FILE"
    module = CLASSICAL.get(name)
    if module and importlib.util.find_spec(module) is None:
        return "pip install 'restauro[classical]'"
    return ""


def _unknown(name: str, known: list[str]) -> UnknownNameError:
    (close, *_) = difflib.get_close_matches(name.partition(":")[0], known, n=1) or [""]
    if close:
        hint = f"did you mean {close + ':FILE' if close in PEERS else close!r}?"
    else:
        hint = (
            f"known: {', '.join(known) or 'none'} (or give an .onnx file, PEER:FILE, a peer's "
            ".toml, a .py file or the folder of a run)"
        )
    return UnknownNameError(f"no {FILLERS.kind} named {name!r}; {hint}")


def _registered(name: str) -> Entry:
    def make(device: Device, threads: int | None) -> Filler:
        providers_on(device)  # refuses one that is not there
        return FILLERS.create(name, device=device, threads=threads)

    if name == AUTO:
        description = Description(name, "choice", "any picture", "those of the model that it takes")
    elif name in CLASSICAL:
        domain = "any picture; scratches and small holes"
        description = Description(
            name, "classical", domain, "none: it has learned from no pictures"
        )
    else:
        description = _somebodys(name)
    return Entry(description, name, make, needs=_missing(name))


def _somebodys(name: str) -> Description:
    return Description(name, "other", "what its author says", "those of its author")


def _model(path: Path, name: str = "") -> Entry:
    """A model file with a card; with the name by which it is found, if it has one."""
    card = read_card(path)

    def make(device: Device, threads: int | None) -> Filler:
        from restauro.fill.network import Network
        from restauro.fill.restorer import Restorer

        return Restorer(Network(path, threads, device))

    facts = (card.domain, card.terms, card.version, card.size, card.parameters)
    description = Description(name or card.name, "network", *facts)
    return Entry(description, name or str(path.absolute()), make, path)


def _network_alone(name_or_path: str) -> Entry:
    """The network of a model, without the tool's windows, matched colours and feathered edges."""
    path = model_path(name_or_path)
    entry = _model(path)

    def make(device: Device, threads: int | None) -> Filler:
        from restauro.fill.array_filler import ArrayFiller
        from restauro.fill.network import Network, on_whole_pictures

        return ArrayFiller(
            entry.description.name,
            inpaint_batch=on_whole_pictures(Network(path, threads, device)),
            files=(path,),
            parameters=entry.description.parameters,
            sees_all=True,
            device=device,
        )

    return dataclasses.replace(entry, origin=f"{NETWORK}:{path.absolute()}", make=make)


def _peer(
    peer: PeerDescription, origin: str, file: Path | None, described_in: Path | None = None
) -> Entry:
    """A peer's file; None if it is not given yet."""

    def make(device: Device, threads: int | None) -> Filler:
        from restauro.fill.array_filler import ArrayFiller
        from restauro.fill.onnx_peer import OnnxPeer

        if file is None:
            raise UnknownNameError(f"the peer {peer.name!r} needs {_missing(peer.name)}; add it")
        files = (file, described_in) if described_in else (file,)
        inpaint = OnnxPeer(peer, file, threads, device)
        return ArrayFiller(peer.name, inpaint, files=files, device=device)

    needs = "" if file else _missing(peer.name)
    return Entry(_somebodys(peer.name), origin, make, needs=needs)


def _registered_by(path: Path) -> Entry:
    """The filler that a Python file registers when it is run."""
    entry = _registered(_name_registered_by(path))

    def make(device: Device, threads: int | None) -> Filler:
        filler = entry.make(device, threads)
        filler.files = (*filler.files, path)
        return filler

    return dataclasses.replace(entry, origin=str(path), make=make)


@functools.cache  # a module is run once, and a name registered once
def _name_registered_by(path: Path) -> str:
    before = set(FILLERS.names())
    spec = importlib.util.spec_from_file_location(f"restauro_filler_{path.stem}", path)
    assert spec is not None
    assert spec.loader is not None
    try:
        spec.loader.exec_module(importlib.util.module_from_spec(spec))
    except Exception as error:
        raise BadModelError(
            f"{path} cannot be run ({type(error).__name__}: {first_line(error)}); correct it"
        ) from error
    new = sorted(set(FILLERS.names()) - before)
    if len(new) != 1:
        raise BadModelError(
            f"{path} registers {len(new)} fillers, but must register one; "
            "decorate its function with @register_filler(NAME)"
        )
    return new[0]


def _run(path: Path) -> Entry:
    """The best weights of a run's folder, in PyTorch."""
    name = path.resolve().name

    def make(device: Device, threads: int | None) -> Filler:
        try:
            from restauro.evaluation.run_network import run_filler
        except ImportError as error:
            raise MissingExtraError(
                f"the run {path} needs PyTorch; install it with `pip install 'restauro[train]'`, "
                "or give its exported .onnx file"
            ) from error
        return run_filler(name, path, device)

    description = Description(name, "other", "pictures like those it was trained on", "yours")
    return Entry(description, str(path.absolute()), make)


def _of_function(name: str, inpaint: Inpaint, device: Device, threads: int | None) -> Filler:
    from restauro.fill.array_filler import ArrayFiller

    return ArrayFiller(name, inpaint)


def _classical(name: str, device: Device, threads: int | None) -> Filler:
    from restauro.fill import classical

    return _of_function(name, classical.METHODS[name](), device, threads)


@FILLERS.register(AUTO)
def _auto(device: Device, threads: int | None) -> Filler:
    from restauro.fill.auto import AutoFiller

    fillers = [load(name, device, threads) for name in sorted(_files())]
    with contextlib.suppress(MissingExtraError):
        fillers.append(load(AUTO_CLASSICAL, device, threads))
    if not fillers:
        raise UnknownNameError(
            f"{AUTO} has nothing to choose from; `restauro export` makes a model"
        )
    return AutoFiller(fillers, {AUTO_CLASSICAL: CLASSICAL_HANDICAP})


for _name in CLASSICAL:
    FILLERS.register(_name)(functools.partial(_classical, _name))
