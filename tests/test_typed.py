from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest

from restauro.typed import MisfitError, build, nearest


@dataclass(frozen=True)
class Side:
    length: float
    name: str = "side"


@dataclass(frozen=True)
class Shape:
    sides: list[Side]
    size: tuple[int, int]
    by_name: Mapping[str, Side] = field(default_factory=dict)
    ends: tuple[str, ...] = ()
    more: dict[str, Any] = field(default_factory=dict)
    middle: Side | None = None
    is_closed: bool = False


PLAIN = {"sides": [{"length": 1}], "size": [3, 4]}


def test_dataclasses_lists_and_tables_are_built_at_any_depth() -> None:
    found = build(
        Shape,
        PLAIN
        | {"by_name": {"left": {"length": 2.5, "name": "l"}}, "ends": ["a", "b"]}
        | {"more": {"any": [1, {}]}, "middle": {"length": 0}, "is_closed": True},
    )
    middle = Side(0.0)
    assert found == Shape(
        [Side(1.0)], (3, 4), {"left": Side(2.5, "l")}, ("a", "b"), {"any": [1, {}]}, middle, True
    )
    assert type(found.sides[0].length) is float
    assert build(Shape, PLAIN | {"middle": None}).middle is None


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ([], "the whole is [], but must be a table"),
        (PLAIN | {"site": 1}, "there is no key 'site' (did you mean 'size'?)"),
        ({}, "the keys 'sides', 'size' are missing"),
        ({"sides": []}, "the key 'size' is missing"),
        (PLAIN | {"sides": [{}]}, "the key 'sides.length' is missing"),
        (PLAIN | {"sides": "long"}, "sides is 'long', but must be a list"),
        (PLAIN | {"sides": [3]}, "sides is 3, but must be a table"),
        (PLAIN | {"sides": [{"length": True}]}, "sides.length is True, but must be a number"),
        (PLAIN | {"size": [3]}, "size is [3], but must be a list of 2 numbers"),
        (PLAIN | {"size": [3, 4.5]}, "size is 4.5, but must be a whole number"),
        (PLAIN | {"by_name": []}, "by_name is [], but must be a table"),
        (PLAIN | {"by_name": {"a": 1}}, "by_name.a is 1, but must be a table"),
        (PLAIN | {"ends": [1]}, "ends is 1, but must be text"),
        (PLAIN | {"is_closed": 1}, "is_closed is 1, but must be true or false"),
        (PLAIN | {"middle": "none"}, "middle is 'none', but must be a table"),
    ],
)
def test_what_does_not_fit_is_told(values: Any, message: str) -> None:
    with pytest.raises(MisfitError) as caught:
        build(Shape, values)
    assert str(caught.value) == message


def test_unknown_keys_may_be_left_out() -> None:
    assert build(Shape, PLAIN | {"zzz": 1}, ignores_unknown=True) == build(Shape, PLAIN)


def test_the_nearest_name_is_named_or_all() -> None:
    assert nearest("tella", ["mean", "telea"]) == "did you mean 'telea'?"
    assert nearest("xyz", ["mean", "telea"]) == "known: mean, telea"
