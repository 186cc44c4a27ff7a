"""Named parts: methods, models, losses, metrics, protocols and sources are found in the same way.

The registries are here, and not beside what they hold, so that a plug-in can register its parts
without loading PyTorch. Who looks a name up loads restauro's own parts of that kind first.
"""

from __future__ import annotations

import difflib
import importlib
import inspect
import sys
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from restauro.errors import ConfigError, PlugInError, RestauroError, UnknownNameError
from restauro.imports import absent, code_files, import_installed, is_asked_for, warn

if TYPE_CHECKING:
    from torch import nn

    from restauro.data.sources import Source
    from restauro.evaluation.protocols import Protocol
    from restauro.fill.filler import Filler
    from restauro.models import TaskModel
    from restauro.picture.types import Inpaint
    from restauro.plugins import Metric

T = TypeVar("T")
Factory = TypeVar("Factory", bound=Callable[..., Any])


class Registry(Generic[T]):
    """Maps a name to the function that builds the entry; an unknown one suggests the closest."""

    def __init__(self, kind: str, described: str = "", home: str = "") -> None:
        """`kind` is what messages call an entry, `described` what they say where another is wanted.

        `home` is the module whose import registers restauro's own; empty if they are there already.
        """
        self.kind, self.described, self._home = kind, described, home
        self._factories: dict[str, Callable[..., T]] = {}
        self._authors: dict[str, tuple[str, str]] = {}
        self._homes: dict[str, str] = {}
        self._clash: PlugInError | None = None
        self.others: Callable[[], Iterable[str]] = tuple
        """Names that are known without being registered, such as those of files."""

    def register(self, name: str, author: object = None) -> Callable[[Factory], Factory]:
        """Decorates the factory of the entry called `name`.

        `author` is the function that a plug-in's author wrote, where it is not the factory itself.

        Raises:
            PlugInError: Somebody else has the name.
        """

        def add(factory: Factory) -> Factory:
            written = _written(author or factory)
            before = self._authors.get(name) if name in self._factories else None
            if before and before != written:  # a cell of a notebook may run again
                self._refuse_one(name, before[0], written[0])
            elif not _is_ours(written[0]) and name in self.others():
                self._refuse_one(name, "restauro", written[0])
            self._factories[name], self._authors[name] = factory, written
            self._homes[name] = _running()
            return factory

        return add

    def names(self) -> list[str]:
        """The names of all entries, sorted."""
        self._load_own()
        import_installed()
        return sorted(self._factories)

    def has(self, name: str) -> bool:
        """Whether there is such an entry already, before installed plug-ins are looked at."""
        self._load_own()
        return name in self._factories

    def __contains__(self, name: str) -> bool:
        """Whether there is such an entry; installed plug-ins are looked at if need be."""
        if not self.has(name):
            import_installed()
        return name in self._factories

    def create(self, name: str, **arguments: Any) -> T:
        """Builds the entry called `name`.

        Raises:
            UnknownNameError: No such entry; the message suggests the closest name of any kind.
            ConfigError: The entry does not take these arguments.
            PlugInError: A plug-in has an entry that is called as one of restauro's.
        """
        factory = self._factory(name)
        signature = inspect.signature(factory)
        try:
            signature.bind(**arguments)
        except TypeError as error:
            known = ", ".join(signature.parameters) or "no arguments"
            raise ConfigError(f"the {self.kind} {name!r} {error}; it takes {known}") from error
        return factory(**arguments)

    def default(self, name: str, argument: str) -> Any:
        """What the entry called `name` takes for `argument` if not told; None: it takes no such.

        Raises:
            UnknownNameError: As for `create`.
        """
        parameter = inspect.signature(self._factory(name)).parameters.get(argument)
        return None if parameter is None else parameter.default

    def code_files(self, name: str) -> tuple[Path, ...]:
        """The files of the plug-in that the entry comes from; none if it is restauro's own."""
        modules = {self._authors[name][0], self._homes[name]} if name in self else set()
        return tuple(sorted({path for module in modules for path in code_files(module)}))

    def names_of(self, module: str) -> list[str]:
        """The names of the entries that a module has registered, sorted.

        What is registered may have been written in another.
        """
        return [
            name for name in self.names() if module in (self._authors[name][0], self._homes[name])
        ]

    def unknown(
        self, name: str, known: Mapping[str, str] | None = None, ways: str = ""
    ) -> UnknownNameError:
        """The error for a name that is not there, with the nearest one, whatever kind it is.

        `known` are names and how they are to be written, by default those of all entries; `ways`
        say what else may be given.
        """
        if known is None:
            known = {own: own for own in (*self.names(), *self.others())}
        kinds = {other: kind for kind in KINDS if kind is not self for other in kind._all_names()}
        sought = name.partition(":")[0]
        (own, *_) = difflib.get_close_matches(sought, known, n=1) or [""]
        (other, *_) = difflib.get_close_matches(sought, kinds, n=1) or [""]
        everything = f"known: {', '.join(known) or 'none'}{ways}"
        if other and other == sought:
            hint = f"that is {kinds[other].described}; {everything}"
        elif own:
            hint = f"did you mean {known[own]!r}?"
        elif other:
            hint = f"did you mean {other!r}, {kinds[other].described}? {everything}"
        else:
            hint = everything
        return UnknownNameError(f"no {self.kind} named {name!r}; {hint}{absent()}")

    def _factory(self, name: str) -> Callable[..., T]:
        if name not in self:
            raise self.unknown(name)
        return self._factories[name]

    def _load_own(self) -> None:
        if self._home:
            importlib.import_module(self._home)
        if self._clash:
            raise self._clash

    def _all_names(self) -> list[str]:
        """All names, for hints; none if the libraries are missing that entries need."""
        try:
            return [*self.names(), *self.others()]
        except (ImportError, RestauroError):
            return []

    def _refuse_one(self, name: str, first: str, second: str) -> None:
        """Of two modules that have an entry of one name, refuses the second, or the plug-in."""
        came_first = _is_ours(second) and not _is_ours(first)
        plug_in, holder = (first, second) if came_first else (second, first)
        error = PlugInError(
            f"the {self.kind} {name!r} of {_place(plug_in)} cannot be called so, as "
            f"{_place(holder)} has one of this name; give it another"
        )
        if not came_first:
            raise error
        if is_asked_for(plug_in):
            self._clash = error
        else:
            warn(str(error))


def _written(part: Any) -> tuple[str, str]:
    """In which module a function or class was written, and under which name."""
    part = getattr(part, "func", part)  # of a partial
    named = part if hasattr(part, "__qualname__") else type(part)  # an object that is called
    return named.__module__ or "", named.__qualname__


def _running() -> str:
    """The module whose import registers what is being registered."""
    frame = inspect.currentframe()
    while frame and frame.f_code.co_name != "<module>":
        frame = frame.f_back
    return frame.f_globals.get("__name__", "") if frame else ""


def _is_ours(module: str) -> bool:
    return module.partition(".")[0] == "restauro"


def _place(module: str) -> str:
    """Where a module lies, as people find it."""
    file = getattr(sys.modules.get(module), "__file__", None)
    return "restauro" if _is_ours(module) else file or module


FILLERS: Registry[Filler | Inpaint] = Registry(
    "model", "a method, which fills holes, for --model and --methods", "restauro.fill.catalogue"
)
"""What fills holes and has a name, but no file; a factory takes `device` and `threads`."""
LOSSES: Registry[nn.Module] = Registry("loss", "a loss, for loss.name", "restauro.losses")
METRICS: Registry[Metric] = Registry("metric", "a metric, for --metrics", "restauro.metrics")
MODELS: Registry[TaskModel] = Registry(
    "model", "a network to train, for model.name", "restauro.models"
)
PROTOCOLS: Registry[Protocol] = Registry(
    "protocol", "a protocol, for --protocol", "restauro.evaluation.protocols"
)
SOURCES: Registry[Source] = Registry(
    "source", "a source of pictures, for `restauro prepare`", "restauro.data.sources"
)
KINDS: tuple[Registry[Any], ...] = (FILLERS, MODELS, LOSSES, METRICS, PROTOCOLS, SOURCES)
