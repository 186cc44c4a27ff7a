from __future__ import annotations

import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import save_file

from restauro.errors import BadModelError
from restauro.training.checkpoint import (
    load_checkpoint,
    load_weights,
    save_checkpoint,
    save_weights,
)

STATE = {"model": {"weight": torch.arange(6.0).reshape(2, 3)}, "step": 3, "best": float("inf")}


class Bomb:
    """Writes a file when it is unpickled."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[Any, ...]:
        return Path.touch, (self.path,)


def test_checkpoint_comes_back(tmp_path: Path) -> None:
    save_checkpoint(tmp_path / "last.pt", STATE)
    state = load_checkpoint(tmp_path / "last.pt")
    assert torch.equal(state["model"]["weight"], STATE["model"]["weight"])  # type: ignore[index]
    assert (state["step"], state["best"]) == (3, float("inf"))


def test_weights_come_back_whatever_their_layout_in_memory(tmp_path: Path) -> None:
    weight = torch.arange(300.0).reshape(4, 3, 5, 5).to(memory_format=torch.channels_last)
    save_weights(tmp_path / "best.safetensors", {"weight": weight, "count": torch.tensor(3)})
    weights = load_weights(tmp_path / "best.safetensors")
    assert torch.equal(weights["weight"], weight)
    assert weights["count"] == 3


SAVES: dict[str, Callable[[Path, float], None]] = {
    "checkpoint": lambda path, value: save_checkpoint(path, {"value": value}),
    "weights": lambda path, value: save_weights(path, {"weight": torch.full((3,), value)}),
}


@pytest.mark.parametrize("save", SAVES.values(), ids=SAVES)
def test_failing_write_leaves_the_old_file(
    save: Callable[[Path, float], None], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "file"
    save(path, 0.0)
    before = path.read_bytes()

    def full_disk(content: Any, target: Path) -> None:
        Path(target).write_bytes(b"half")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("torch.save", full_disk)
    monkeypatch.setattr("restauro.training.checkpoint.save_file", full_disk)
    with pytest.raises(OSError, match="No space left"):
        save(path, 1.0)
    assert path.read_bytes() == before


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
