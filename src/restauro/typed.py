"""Plain values, as TOML, JSON and CSV files give them, into dataclasses: keys and types checked."""

from __future__ import annotations

import collections.abc
import dataclasses
import difflib
import types
import typing
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, TypeAlias

from restauro.errors import ConfigError

Rule: TypeAlias = tuple[Callable[[Any], bool], str]
"""Whether a value keeps it, and in words what the value must be."""
POSITIVE: Rule = (lambda value: value > 0, "positive")
NOT_NEGATIVE: Rule = (lambda value: value >= 0, "at least 0")
AT_LEAST_ONE: Rule = (lambda value: value >= 1, "at least 1")
SHARE: Rule = (lambda value: 0 <= value <= 1, "in [0, 1]")

NAMES = {
    str: "text",
    int: "a whole number",
    float: "a number",
    bool: "true or false",
    dict: "a table",
}


class MisfitError(ValueError):
    """Values do not fit a dataclass; the message says which key, and what it must be.

    It is a clause without an end: the caller adds which file it is of and what to do.
    """


def build(kind: Any, values: Any, where: str = "", *, ignores_unknown: bool = False) -> Any:
    """The dataclass `kind` of a mapping; its fields may be dataclasses, lists and tables as well.

    Whole numbers are taken for numbers, and lists for tuples. `where`, such as `training`, stands
    before the names of keys in messages.

    Raises:
        MisfitError: A key is unknown or missing, or a value of another type.
    """
    if not isinstance(values, Mapping):
        raise MisfitError(f"{where or 'the whole'} is {values!r}, but must be a table")
    known = {field.name: field for field in dataclasses.fields(kind)}
    if ignores_unknown:
        values = {key: value for key, value in values.items() if key in known}
    for key in values:
        if key not in known:
            raise MisfitError(f"there is no key {_join(where, key)!r} ({nearest(key, known)})")
    missing = [
        repr(_join(where, name))
        for name, field in known.items()
        if name not in values and field.default is field.default_factory  # it has neither
    ]
    if missing:
        many = len(missing) > 1
        raise MisfitError(
            f"the key{'s' * many} {', '.join(missing)} {'are' if many else 'is'} missing"
        )
    hints = typing.get_type_hints(kind)
    return kind(**{key: _fitted(hints[key], values[key], _join(where, key)) for key in values})


def one_of(known: Iterable[str]) -> Rule:
    """The rule for a name that must be a known one."""
    names = tuple(known)
    return names.__contains__, f"one of {', '.join(names)}"


def check(table: str, values: Any, rule: Rule, *names: str) -> None:
    """Checks fields of the dataclass `values`, which messages call `table`.

    Raises:
        ConfigError: One of the fields breaks the rule.
    """
    keeps, words = rule
    for name in names:
        value = getattr(values, name)
        if not keeps(value):
            shown = list(value) if isinstance(value, tuple) else value  # as TOML writes it
            raise ConfigError(f"{_join(table, name)} is {shown!r}, but must be {words}; correct it")


def nearest(name: str, known: Iterable[str]) -> str:
    """Half a sentence on an unknown name: the known one that it may have meant, or all."""
    close = difflib.get_close_matches(name, list(known), n=1)
    return f"did you mean {close[0]!r}?" if close else f"known: {', '.join(known)}"


def _fitted(hint: Any, value: Any, where: str) -> Any:
    """The value as the type `hint` has it."""
    origin, kinds = typing.get_origin(hint) or hint, typing.get_args(hint)
    if hint is Any:
        return value
    if origin in (typing.Union, types.UnionType):
        if value is None:
            return None
        return _fitted(next(kind for kind in kinds if kind is not type(None)), value, where)
    if dataclasses.is_dataclass(hint):
        return build(hint, value, where)
    if origin in (tuple, list):
        return origin(_items(kinds, value, where))
    if origin in (dict, collections.abc.Mapping):
        if not isinstance(value, Mapping):
            raise _misfit(value, where, NAMES[dict])
        return {key: _fitted(kinds[1], each, _join(where, key)) for key, each in value.items()}
    if hint is float and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    if not isinstance(value, hint) or (hint is not bool and isinstance(value, bool)):
        raise _misfit(value, where, NAMES.get(hint, hint.__name__))
    return value


def _items(kinds: tuple[Any, ...], value: Any, where: str) -> list[Any]:
    is_list = isinstance(value, Sequence) and not isinstance(value, str)
    if len(kinds) == 1 or kinds[-1] is Ellipsis:
        if not is_list:
            raise _misfit(value, where, "a list")
        kinds = kinds[:1] * len(value)
    elif not is_list or len(value) != len(kinds):
        raise _misfit(value, where, f"a list of {len(kinds)} numbers")
    return [_fitted(kind, each, where) for kind, each in zip(kinds, value, strict=True)]


def _misfit(value: Any, where: str, wanted: str) -> MisfitError:
    return MisfitError(f"{where} is {value!r}, but must be {wanted}")


def _join(where: str, key: str) -> str:
    return f"{where}.{key}" if where else key
