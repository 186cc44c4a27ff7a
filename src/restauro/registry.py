"""Named factories: models, masks, sources and methods are all found by name in the same way."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any, Generic, TypeVar

from restauro.errors import ConfigError, UnknownNameError
from restauro.typed import nearest

T = TypeVar("T")


class Registry(Generic[T]):
    """Maps a name to the function that builds the entry; an unknown one suggests the closest."""

    def __init__(self, kind: str) -> None:
        self.kind = kind
        self._factories: dict[str, Callable[..., T]] = {}

    def register(self, name: str) -> Callable[[Callable[..., T]], Callable[..., T]]:
        """Decorates the factory of the entry called `name`."""

        def add(factory: Callable[..., T]) -> Callable[..., T]:
            assert name not in self._factories, f"{self.kind} {name!r} is registered twice"
            self._factories[name] = factory
            return factory

        return add

    def names(self) -> list[str]:
        """All names, sorted."""
        return sorted(self._factories)

    def create(self, name: str, **arguments: Any) -> T:
        """Builds the entry called `name`.

        Raises:
            UnknownNameError: No such entry; the message suggests the closest name.
            ConfigError: The entry does not take these arguments.
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
            UnknownNameError: No such entry; the message suggests the closest name.
        """
        parameter = inspect.signature(self._factory(name)).parameters.get(argument)
        return None if parameter is None else parameter.default

    def _factory(self, name: str) -> Callable[..., T]:
        if name not in self._factories:
            raise UnknownNameError(f"no {self.kind} named {name!r}; {nearest(name, self.names())}")
        return self._factories[name]
