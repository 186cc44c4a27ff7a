from __future__ import annotations

import pickle
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import save_file
from tinyruns import largest_file

from restauro.errors import BadModelError
from restauro.training.weights import (
    load_checkpoint,
    load_weights,
    save_checkpoint,
    save_weights,
)

STATE: dict[str, Any] = {
    "model": {"weight": torch.arange(6.0).reshape(2, 3)},
    "step": 3,
    "best": float("inf"),
}


class Bomb:
    """Writes a file when it is unpickled."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[Any, ...]:
        return Path.touch, (self.path,)


def test_checkpoint_comes_back(tmp_path: Path) -> None:
    save_checkpoint(tmp_path / "last.pt", STATE)
    state = load_checkpoint(tmp_path / "last.pt")
    assert torch.equal(state["model"]["weight"], STATE["model"]["weight"])
    assert (state["step"], state["best"]) == (3, float("inf"))


def test_weights_come_back_whatever_their_layout_in_memory(tmp_path: Path) -> None:
    weight = torch.arange(300.0).reshape(4, 3, 5, 5).to(memory_format=torch.channels_last)
    save_weights(tmp_path / "best.safetensors", {"weight": weight, "count": torch.tensor(3)})
    weights = load_weights(tmp_path / "best.safetensors")
    assert torch.equal(weights["weight"], weight)
    assert weights["count"] == 3


def flipped(content: bytes, first: int, start: int = 0) -> bytes:
    """`content` with two bytes changed: number `first` and a far one, both from `start` on."""
    damaged = bytearray(content)
    second = start + (first - start + 7919) % (len(content) - start)
    for position in {first, second}:
        damaged[position] ^= 0x10
    return bytes(damaged)


def test_two_flipped_bytes_anywhere_in_a_checkpoint_are_noticed(tmp_path: Path) -> None:
    path = tmp_path / "last.pt"
    save_checkpoint(path, STATE)
    content = path.read_bytes()
    for first in range(len(content)):
        path.write_bytes(flipped(content, first))
        with pytest.raises(BadModelError, match="checkpoint .its checksum is wrong.; delete"):
            load_checkpoint(path)


def test_two_flipped_bytes_of_weights_are_noticed(tmp_path: Path) -> None:
    path = tmp_path / "best.safetensors"
    save_weights(path, {"weight": torch.arange(300.0)})
    content = path.read_bytes()
    start = len(content) - 1200
    for first in range(start, len(content)):
        path.write_bytes(flipped(content, first, start))
        with pytest.raises(BadModelError, match="its checksum is wrong"):
            load_weights(path)


def test_files_from_before_checksums_are_read(tmp_path: Path) -> None:
    torch.save(STATE, tmp_path / "last.pt")
    save_file(STATE["model"], tmp_path / "best.safetensors")
    assert load_checkpoint(tmp_path / "last.pt")["step"] == 3
    assert load_weights(tmp_path / "best.safetensors")["weight"].shape == (2, 3)


SAVES: dict[str, Callable[[Path, float], None]] = {
    "checkpoint": lambda path, value: save_checkpoint(
        path, {str(i): torch.full((72_500,), value + i) for i in range(10)}
    ),
    "weights": lambda path, value: save_weights(path, {"weight": torch.full((3,), value)}),
}


@pytest.mark.skipif(sys.platform == "win32", reason="no limit on the size of files")
@pytest.mark.parametrize("share", [0.0, 0.1, 0.99])
@pytest.mark.parametrize("save", SAVES.values(), ids=SAVES)
def test_failing_write_leaves_the_old_file(
    save: Callable[[Path, float], None], share: float, tmp_path: Path
) -> None:
    path = tmp_path / "file"
    save(path, 0.0)
    before = path.read_bytes()
    with (
        largest_file(int(share * len(before))),
        pytest.raises(OSError, match="File too large") as caught,
    ):
        save(path, 1.0)
    assert caught.value.filename == str(path)
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


def test_nothing_is_left_beside_a_checkpoint(tmp_path: Path) -> None:
    save_checkpoint(tmp_path / "last.pt", STATE)
    save_weights(tmp_path / "best.safetensors", {"weight": torch.zeros(3)})
    assert {path.name for path in tmp_path.iterdir()} == {"last.pt", "best.safetensors"}


def test_checkpoint_with_code_is_refused_and_not_run(tmp_path: Path) -> None:
    path, touched = tmp_path / "last.pt", tmp_path / "touched"
    torch.save({"model": Bomb(touched)}, path)
    with pytest.raises(BadModelError, match="cannot be read as a checkpoint"):
        load_checkpoint(path)
    path.write_bytes(pickle.dumps(Bomb(touched), protocol=2))
    with pytest.raises(BadModelError, match="cannot be read as a checkpoint"):
        load_checkpoint(path)
    assert not touched.exists()


@pytest.mark.parametrize("damage", ["cut", "empty", "text", "missing", "tensor"])
def test_damaged_checkpoint_is_one_sentence(damage: str, tmp_path: Path) -> None:
    path = tmp_path / "last.pt"
    save_checkpoint(path, STATE)
    if damage == "cut":
        path.write_bytes(path.read_bytes()[:-200])
    elif damage == "empty":
        path.write_bytes(b"")
    elif damage == "text":
        path.write_text("no checkpoint")
    elif damage == "tensor":
        torch.save(torch.zeros(3), path)
    else:
        path.unlink()
    with pytest.raises(BadModelError, match=r"last.pt cannot be read as a checkpoint") as caught:
        load_checkpoint(path)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("damage", ["cut", "empty", "text", "missing"])
def test_damaged_weights_are_one_sentence(damage: str, tmp_path: Path) -> None:
    path = tmp_path / "best.safetensors"
    save_file({"weight": torch.zeros(30)}, path)
    if damage == "cut":
        path.write_bytes(path.read_bytes()[:-20])
    elif damage == "empty":
        path.write_bytes(b"")
    elif damage == "text":
        path.write_text("no weights at all")
    else:
        path.unlink()
    with pytest.raises(BadModelError, match=r"best.safetensors cannot be read") as caught:
        load_weights(path)
    assert "\n" not in str(caught.value)
