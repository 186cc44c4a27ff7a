"""What is to be evaluated: methods, holes and metrics by their names, and pictures of a bank."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from restauro.data.bank import Bank
from restauro.errors import ConfigError, MissingExtraError
from restauro.evaluation.protocols import Protocol
from restauro.files import file_sha256
from restauro.fill.catalogue import load
from restauro.fill.filler import Filler
from restauro.fill.sessions import CPU, Device, on_device
from restauro.metrics import METRICS, SET_METRICS, all_metrics, feature_network
from restauro.metrics.perceptual import PACKAGES
from restauro.metrics.sets import SCIKIT_LEARN, plane_of_sets
from restauro.metrics.st_lpips import PACKAGE, weights_path

_LOAD: dict[str, Callable[[], object]] = {
    PACKAGES: feature_network,
    PACKAGE: weights_path,
    SCIKIT_LEARN: plane_of_sets,
}
"""Packages that metrics need -> what raises where they are not installed."""
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
_UNFIT = re.compile(r"^[^A-Za-z0-9]+|[^A-Za-z0-9._-]+")


@dataclass(frozen=True)
class Method:
    """A filler by the name or path it is asked for, to be loaded anew in every process."""

    name: str
    """How tables call it."""
    origin: str
    """Name or path, as `load` takes it."""
    identity: tuple[str, ...] = ()
    """How its files are used, and the SHA-256 of them, the weights' first, and of a plug-in's code;
    empty without files."""
    device: Device = CPU
    """Where it computes."""


@dataclass(frozen=True)
class EvaluationPlan:
    """What is to be evaluated."""

    bank: Path
    split: str
    methods: Mapping[Method, Filler]
    """With what each is in this process."""
    protocols: tuple[Protocol, ...]
    metrics: tuple[str, ...]
    limit: int | None = None
    """How many pictures at most, the first of the split; None = all."""
    probe_limit: int = 300
    """How many pictures at most at another exposure."""
    timing_rounds: int = 7
    """Pictures that every method is timed on; 0 = no timing."""
    seed: int = 0
    """Seed of the holes."""
    command: str = ""
    """The command that makes the evaluation again, to be printed with it."""
    imports: tuple[str, ...] = ()
    """Plug-ins that its names come from, as `import_plugins` gives them."""

    def rows(self, protocol: Protocol, bank: Bank) -> NDArray[np.int64]:
        """Positions in the bank of a protocol's pictures.

        Raises:
            BadDataError: The bank has no such split.
        """
        rows = bank.split(self.split)[: self.limit]
        return rows[: self.probe_limit] if protocol.exposure else rows


def find_methods(origins: Sequence[str], device: Device = CPU) -> dict[Method, Filler]:
    """Methods with their fillers; an origin is a name or path, or NAME=ORIGIN.

    Networks compute on the device. Those that would have one name are called by their origins:
    `network:faces` beside `faces` is `network_faces`.

    Raises:
        ConfigError: Two have the same name all the same, or a name is not fit for a file.
        UnknownNameError: There is no such method; the message suggests the closest name.
        BadModelError: A file is missing, damaged or of another kind.
        MissingExtraError: Its libraries are not installed.
    """
    methods: dict[Method, Filler] = {}
    loaded = []
    for given in dict.fromkeys(origins):
        wanted, is_renamed, origin = given.rpartition("=")
        found = load(origin, device)
        loaded.append((wanted if is_renamed else found.name, is_renamed, origin, found))
    names = Counter(name for name, *_ in loaded)
    for name, is_renamed, origin, found in loaded:
        if names[name] > 1 and not is_renamed:
            name = _UNFIT.sub("_", origin).strip("_")
        if not _NAME.fullmatch(name):
            raise ConfigError(
                f"the method's name {name!r} is not fit for a file; give another before it, such "
                f"as mine={origin}, of letters, digits, '.', '_' and '-'"
            )
        if name in (method.name for method in methods):
            raise ConfigError(
                f"two methods are called {name!r}; give one another name, such as {name}_2={origin}"
            )
        methods[Method(name, origin, _identity(origin, found, device), device)] = found
    return methods


def choose_metrics(names: Sequence[str]) -> tuple[str, ...]:
    """The metrics called `names`, of pictures or of sets, or those taken unasked.

    Unasked is what is taken by default and whose packages are installed.

    Raises:
        UnknownNameError: No such metric; the message suggests the closest name.
        MissingExtraError: A named metric's package is not installed.
    """
    unasked = [metric.name for metric in all_metrics() if metric.by_default] + list(SET_METRICS)
    chosen = []
    for name in dict.fromkeys(names or unasked):
        needs = SET_METRICS[name].needs if name in SET_METRICS else (METRICS.create(name).needs,)
        try:
            for package in _LOAD.keys() & set(needs):
                _LOAD[package]()
        except MissingExtraError:
            if names:
                raise
        else:
            chosen.append(name)
    return tuple(chosen)


def _identity(origin: str, found: Filler, device: Device) -> tuple[str, ...]:
    digests = [file_sha256(path) for path in (*found.files, *found.code)]
    way, _, _ = origin.rpartition(":")  # the same file may be used in several ways
    way = (found.name if found.code else way) + on_device(device)
    return (way, *digests) if digests else ()
