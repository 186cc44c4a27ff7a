"""Banks of a few small pictures, configs that train on them in seconds, and what runs leave."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from restauro.picture.types import Size
from restauro.training.config import Config, load_config
from restauro.training.loop import Run
from restauro.training.run import train
from restauro.training.run_folder import RunFolder
from tinyfolders import write_bank

CONFIG = """
name = "tiny"

[model]
name = "unet_tiny"

[data]
bank = "{bank}"

[curriculum]
epochs = 3
[curriculum.start.box]
height = [0.2, 0.3]
width = [0.2, 0.3]
spread = 0.5
[curriculum.end]
stroke_share = 0.5
[curriculum.end.box]
height = [0.3, 0.5]
width = [0.3, 0.5]
spread = 1.0
[curriculum.end.strokes]
count = [1, 3]
width = [0.1, 0.2]
length = [0.1, 0.3]
num_pieces = 3

[training]
epochs = 4
global_batch_size = 8
learning_rate = 1e-3
precision = "32-true"
"""

SMALL_AUTOENCODER = (
    "model.name=conv_autoencoder_32",
    "model.arguments.first_width=8",
    "training.epochs=2",
    "training.global_batch_size=2",
)
"""The reference network with narrow linear layers: 5 million weights instead of 71."""


def make_bank(
    path: Path,
    num_training: int,
    num_validation: int,
    size: Size = (32, 32),
    num_different: int | None = None,
) -> Path:
    """A bank of smooth colour fields, each with a disc of another colour.

    With `num_different` the same few pictures come again and again.
    """
    rng = np.random.default_rng(0)
    num_images = num_training + num_validation
    pictures = [_picture(size, rng) for _ in range(num_different or num_images)]
    images = [pictures[i % len(pictures)] for i in range(num_images)]
    splits = ["train"] * num_training + ["val"] * num_validation
    return write_bank(path, np.stack(images), split=splits)


def _picture(size: Size, rng: np.random.Generator) -> np.ndarray[Any, np.dtype[np.uint8]]:
    y, x = np.mgrid[: size[0], : size[1]] / max(size)
    slopes, disc_colour = rng.uniform(-1, 1, (2, 3)), rng.uniform(0, 255, 3)
    field = 127 + 120 * np.sin(3 * (y[..., None] * slopes[0] + x[..., None] * slopes[1]))
    centre, radius = rng.uniform(0.2, 0.8, 2), rng.uniform(0.1, 0.3)
    is_disc = (y - centre[0]) ** 2 + (x - centre[1]) ** 2 < radius**2
    return np.where(is_disc[..., None], disc_colour, field).round().astype(np.uint8)


def write_config(folder: Path, bank: Path) -> Path:
    """Writes `CONFIG` for `bank` into `folder`."""
    path = folder / "tiny.toml"
    path.write_text(CONFIG.format(bank=bank.as_posix()))
    return path


def tiny_config(folder: Path, bank: Path, *overrides: str) -> Config:
    """`CONFIG` for `bank`, loaded, with overrides as for `--set`."""
    return load_config(write_config(folder, bank), overrides)


def training_arguments(config_path: Path, run_path: Path, *overrides: str) -> list[str]:
    """Those of `restauro` that train on the processor."""
    arguments = ["train", str(config_path), "--run", str(run_path), "--accelerator", "cpu"]
    return [*arguments, *(word for override in overrides for word in ("--set", override))]


def train_here(config: Config, run_path: Path, *, resume: bool = False) -> Run:
    """Trains in this process, with one thread as in the others: sums then have the same order."""
    num_threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        return train(config, run_path, resume=resume, accelerator="cpu")
    finally:
        torch.set_num_threads(num_threads)


@contextmanager
def largest_file(num_bytes: int) -> Iterator[None]:
    """No file can grow beyond `num_bytes`: what a full disk does, but at a place that is known."""
    import resource  # not on Windows

    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (num_bytes, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def last_state(run_path: Path) -> dict[str, Any]:
    """The last checkpoint of a run."""
    state: dict[str, Any] = torch.load(run_path / "last.pt", weights_only=True)
    return state


def history(run_path: Path) -> list[dict[str, Any]]:
    """The records of a run without their times, which no two runs share."""
    records = RunFolder(run_path).records()
    return [{k: v for k, v in record.items() if k != "seconds"} for record in records]


def assert_same_run(one: Path, other: Path) -> None:
    """Checks that two runs ended with the same weights, moments and records, bit for bit."""
    ours, theirs = last_state(one), last_state(other)
    for state in (ours, theirs):
        del state["seconds"], state["config"]  # the time, and how often checkpoints are written
    assert_identical(ours, theirs)
    assert history(one) == history(other)
    best = [(path / "best.safetensors").read_bytes() for path in (one, other)]
    assert best[0] == best[1], "best.safetensors differ"


def changes(run: Path, make: Callable[[], nn.Module]) -> Tensor:
    """What training made of every weight of a run: after minus before, as one vector."""
    torch.manual_seed(0)  # that of the config
    before, after = make(), last_state(run)["model"]
    return torch.cat([(after[n] - p).detach().flatten() for n, p in before.named_parameters()])


def assert_trained_alike(one: Path, other: Path, make: Callable[[], nn.Module]) -> None:
    """Checks that two runs learned the same within rounding, where `make` builds their network.

    Sums over the batch come in another order, 1e-7 relative. AdamW divides each gradient by its
    own size, so single weights whose gradient is nearly 0 may differ by much of a step, but the
    changes as a whole differ by far less: 1e-3 is asked, 3e-7 and 9e-5 were measured.
    """
    ours, theirs = changes(one, make), changes(other, make)
    assert (ours - theirs).norm() < 1e-3 * theirs.norm()
    states = [last_state(path)["model"] for path in (one, other)]
    for name in states[0]:
        if "running" in name:
            torch.testing.assert_close(states[0][name], states[1][name], rtol=1e-3, atol=1e-4)
    for our_record, their_record in zip(history(one), history(other), strict=True):
        # 1e-4: the weights' differences above, seen through the network
        assert our_record == pytest.approx(their_record, rel=1e-4)


def assert_identical(one: Any, other: Any, where: str = "state") -> None:
    """Checks that two trees of plain values and tensors are equal, bit for bit."""
    assert type(one) is type(other), where
    if isinstance(one, torch.Tensor):
        assert torch.equal(one, other), where
    elif isinstance(one, dict):
        assert one.keys() == other.keys(), where
        for key in one:
            assert_identical(one[key], other[key], f"{where}.{key}")
    elif isinstance(one, list):
        assert len(one) == len(other), where
        for i in range(len(one)):
            assert_identical(one[i], other[i], f"{where}[{i}]")
    else:
        assert one == other, where
