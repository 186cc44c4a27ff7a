"""Methods: everything that fills a hole, found by name or path, with the same guarantees.

Whatever the method, it never sees a hidden pixel, known pixels come back bit for bit, and the
result has the size of the picture. So a new method may return what it likes in the known area.
"""

from __future__ import annotations

import dataclasses
import difflib
import functools
import importlib.util
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from restauro.errors import (
    BadImageError,
    BadModelError,
    MissingExtraError,
    UnknownNameError,
    first_line,
)
from restauro.fill.biharmonic import biharmonic
from restauro.fill.catalogue import list_models, model_path
from restauro.fill.mean import mean_colour
from restauro.fill.network import Network
from restauro.fill.onnx_peer import OnnxPeer
from restauro.fill.opencv import navier_stokes, telea
from restauro.fill.patch_match import patch_match
from restauro.fill.peers import PEERS, PeerDescription, read_peer
from restauro.fill.restorer import load
from restauro.images import Image, Inpaint, Mask
from restauro.registry import Registry

Images: TypeAlias = NDArray[np.uint8]
"""(B, H, W, 3) RGB."""
Masks: TypeAlias = NDArray[np.bool_]
"""(B, H, W), True = hole."""
InpaintBatch: TypeAlias = Callable[[Images, Masks], Images]
"""The batch form of `Inpaint`, for methods that are faster with many pictures at once."""


@dataclass(frozen=True)
class Method:
    """Something that fills holes: `method(image, mask)`, or `method.batch(images, masks)`."""

    name: str
    """How tables call it."""
    inpaint: Inpaint
    inpaint_batch: InpaintBatch | None = None
    """Answers as `inpaint` does for each picture alone, within one 8-bit level."""
    files: tuple[Path, ...] = ()
    """What decides its answers beside this code, weights first; their size is the method's."""
    parameters: int | None = None
    """Number of weights, if it has any and tells."""

    def __call__(self, image: Image, mask: Mask) -> Image:
        """The restored picture (H, W, 3); a mask (H, W) without a hole gives the picture back.

        Raises:
            BadImageError: Image and mask do not fit, or nothing is known.
            BadModelError: The method answers something else than a picture of the same size.
        """
        _check_input(image, mask)
        if not mask.any():
            return image.copy()
        return self._composite(self.inpaint(mean_colour(image, mask), mask), image, mask)

    def batch(self, images: Images, masks: Masks) -> Images:
        """The restored pictures (B, H, W, 3), all at once if the method can.

        Raises:
            BadImageError: Images and masks do not fit, or nothing is known of one of them.
            BadModelError: The method answers something else than pictures of the same size.
        """
        pairs = list(zip(images, masks, strict=True))
        if self.inpaint_batch is None or not pairs:
            restored = [self(image, mask) for image, mask in pairs]
            return np.stack(restored) if restored else images.copy()
        for image, mask in pairs:
            _check_input(image, mask)
        hidden = np.stack([mean_colour(image, mask) for image, mask in pairs])
        return self._composite(self.inpaint_batch(hidden, masks), images, masks)

    def _composite(self, filled: Images, images: Images, masks: Masks) -> Images:
        if filled.shape != images.shape or filled.dtype != np.uint8:
            raise BadModelError(
                f"the method {self.name!r} gave {filled.dtype} of the shape {filled.shape} for "
                f"pictures of {images.shape}; it must give uint8 of the same shape"
            )
        return np.where(masks[..., None], filled, images)


METHODS: Registry[Method] = Registry("method")
NETWORK = "network"
"""Before a model's file, and a colon: its network alone, as a paper scores it."""


def register_method(name: str) -> Callable[[Inpaint], Inpaint]:
    """Decorates a function of type `Inpaint`, which becomes the method called `name`."""

    def add(inpaint: Inpaint) -> Inpaint:
        METHODS.register(name)(lambda: Method(name, inpaint))
        return inpaint

    return add


for _name, _inpaint in {
    "biharmonic": biharmonic,
    "mean": mean_colour,
    "navier_stokes": navier_stokes,
    "patch_match": patch_match,
    "telea": telea,
}.items():
    register_method(_name)(_inpaint)


def method(name_or_path: str | Path, threads: int | None = None) -> Method:
    """The method that a name or path stands for.

    Args:
        name_or_path: A name in `METHODS`; a shipped model; an exported `.onnx` file; one of these
            two behind `network:`, for its network alone; a peer's file behind its name, such as
            `lama:lama_fp32.onnx`; a `.toml` description of a peer; the folder of a run; or a `.py`
            file that registers a method.
        threads: How many processor threads an ONNX file may use; None = as many as there are
            cores. The other methods follow their library's own setting.

    Raises:
        UnknownNameError: None of these; the message suggests the closest name.
        BadModelError: A file is missing, damaged or of another kind.
        MissingExtraError: Its libraries are not installed.
    """
    text, path = str(name_or_path), Path(name_or_path)
    if text in METHODS.names():
        return METHODS.create(text)
    if text in list_models():
        return _exported(text, threads)
    peer, _, file = text.partition(":")
    if file and peer == NETWORK:
        return _bare_network(file, threads)
    if file and peer in PEERS:
        return _peer(PEERS[peer], Path(file), threads)
    if path.suffix == ".onnx":
        return _exported(path, threads)
    if path.suffix == ".toml":
        description = read_peer(path)
        return _peer(description, Path(description.file), threads, path)
    if path.suffix == ".py":
        return _registered_by(path.resolve())
    if (path / "config.toml").is_file():
        return _run(path)
    known = [*METHODS.names(), *list_models()]
    close = difflib.get_close_matches(text, known, n=1)
    hint = f"did you mean {close[0]!r}?" if close else f"known: {', '.join(known)}"
    raise UnknownNameError(
        f"no method named {text!r}; {hint} (or give an .onnx file, PEER:FILE of "
        f"{', '.join(PEERS)}, a peer's .toml, a .py file or the folder of a run)"
    )


def _exported(name_or_path: str | Path, threads: int | None) -> Method:
    """A shipped model or an exported file, named by its card."""
    file = model_path(name_or_path)
    try:
        restorer = load(file, threads=threads)
    except BadModelError as error:
        if "without a restauro card" not in str(error):
            raise
        raise BadModelError(
            f"{file} is no export of restauro; put the name of a known peer before it, such as "
            f"lama:{file}, or describe it in a .toml file"
        ) from error
    card = restorer.card
    return Method(card.name, restorer, restorer.batch, files=(file,), parameters=card.parameters)


def _bare_network(name_or_path: str, threads: int | None) -> Method:
    """The network of a file, without the tool's windows, matched colours and feathered edges."""
    file = model_path(name_or_path)
    network = Network(file, threads)
    card = network.card

    def inpaint_batch(images: Images, masks: Masks) -> Images:
        height, width = masks.shape[1:]
        if not card.takes((height, width)):
            raise BadImageError(
                f"the network of {card.name!r} takes no pictures of {width}x{height}; give the "
                f"file without `{NETWORK}:`, which takes any size"
            )
        predictions = network(images.astype(np.float32) / np.float32(255), masks)
        return np.asarray(np.rint(predictions * 255), dtype=np.uint8)

    def inpaint(image: Image, mask: Mask) -> Image:
        return np.asarray(inpaint_batch(image[None], mask[None])[0])

    return Method(card.name, inpaint, inpaint_batch, files=(file,), parameters=card.parameters)


def _peer(
    description: PeerDescription, file: Path, threads: int | None, source: Path | None = None
) -> Method:
    files = (file, source) if source else (file,)
    return Method(description.name, OnnxPeer(description, file, threads), files=files)


@functools.cache  # a module is run once, and a name registered once
def _registered_by(path: Path) -> Method:
    """The method that a Python file registers when it is run."""
    before = set(METHODS.names())
    spec = importlib.util.spec_from_file_location(f"restauro_method_{path.stem}", path)
    assert spec is not None
    assert spec.loader is not None
    try:
        spec.loader.exec_module(importlib.util.module_from_spec(spec))
    except Exception as error:
        raise BadModelError(
            f"{path} cannot be run ({type(error).__name__}: {first_line(error)}); correct it"
        ) from error
    new = sorted(set(METHODS.names()) - before)
    if len(new) != 1:
        raise BadModelError(
            f"{path} registers {len(new)} methods, but must register one; "
            "decorate its function with @register_method(NAME)"
        )
    found = METHODS.create(new[0])
    return dataclasses.replace(found, files=(*found.files, path))


def _run(path: Path) -> Method:
    try:
        from restauro.evaluation.run_network import RunNetwork
        from restauro.training.best import BEST_WEIGHTS
    except ImportError as error:
        raise MissingExtraError(
            f"the run {path} needs PyTorch; install it with `pip install 'restauro[train]'`, "
            "or give its exported .onnx file"
        ) from error
    network = RunNetwork(path)

    def inpaint(image: Image, mask: Mask) -> Image:
        return np.asarray(network(image[None], mask[None])[0])

    return Method(
        path.resolve().name,
        inpaint,
        network,
        files=(path / BEST_WEIGHTS, path / "config.toml"),
        parameters=sum(weight.numel() for weight in network.model.parameters()),
    )


def _check_input(image: Image, mask: Mask) -> None:
    if image.ndim != 3 or image.shape[2] != 3 or image.dtype != np.uint8:
        raise BadImageError(
            f"the image has the shape {image.shape} and type {image.dtype}; give uint8 of the "
            "shape (height, width, 3)"
        )
    if mask.shape != image.shape[:2] or mask.dtype != np.bool_:
        raise BadImageError(
            f"the mask has the shape {mask.shape} and type {mask.dtype}, but the image is "
            f"{image.shape[:2]}; give bool of the same height and width"
        )
    if mask.all():
        raise BadImageError(
            "the mask covers the whole picture, so nothing is known to restore it from; "
            "leave some of it known"
        )
