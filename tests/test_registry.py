from __future__ import annotations

import pytest

from restauro.errors import ConfigError, PlugInError, UnknownNameError
from restauro.registry import Registry


@pytest.fixture
def fruits() -> Registry[str]:
    fruits: Registry[str] = Registry("fruit")

    @fruits.register("pear")
    def pear(colour: str = "green") -> str:
        return f"{colour} pear"

    @fruits.register("apple")
    def apple() -> str:
        return "apple"

    return fruits


def test_entry_is_built_from_its_arguments(fruits: Registry[str]) -> None:
    assert fruits.create("pear") == "green pear"
    assert fruits.create("pear", colour="yellow") == "yellow pear"


def test_names_are_sorted(fruits: Registry[str]) -> None:
    assert fruits.names() == ["apple", "pear"]


def test_unknown_name_suggests_the_closest(fruits: Registry[str]) -> None:
    with pytest.raises(UnknownNameError, match="no fruit named 'paer'; did you mean 'pear'?"):
        fruits.create("paer")


def test_name_unlike_any_lists_all(fruits: Registry[str]) -> None:
    with pytest.raises(UnknownNameError, match="no fruit named 'xyz'; known: apple, pear"):
        fruits.create("xyz")


def test_unknown_argument_is_refused_with_the_known_ones(fruits: Registry[str]) -> None:
    with pytest.raises(ConfigError, match="the fruit 'pear' got .*'size'; it takes colour"):
        fruits.create("pear", size=3)
    with pytest.raises(ConfigError, match="the fruit 'apple' got .*'size'; it takes no arguments"):
        fruits.create("apple", size=3)


def test_name_cannot_be_taken_twice(fruits: Registry[str]) -> None:
    sentence = f"the fruit 'pear' of {__file__} cannot be called so, as .* give it another"
    with pytest.raises(PlugInError, match=sentence):
        fruits.register("pear")(lambda: "another")
