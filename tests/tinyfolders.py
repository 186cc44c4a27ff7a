"""Banks and folders of runs, as small as they can be, for tests of what reads them."""

from __future__ import annotations

import csv
import hashlib
import json
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

CONFIG = """
name = "tiny"
model = { name = "unet_tiny" }
data = { bank = "none" }
training = { epochs = 1 }
[curriculum]
epochs = 1
start.box = { height = [0.2, 0.3], width = [0.2, 0.3], spread = 1 }
end.box = { height = [0.2, 0.3], width = [0.2, 0.3], spread = 1 }
"""
"""A training that is never run."""


def write_run(path: Path) -> Path:
    """The folder of a run of `CONFIG`, with random weights that are always the same."""
    import torch

    from restauro.models import MODELS
    from restauro.training.weights import save_weights

    path.mkdir(parents=True, exist_ok=True)
    (path / "config.toml").write_text(CONFIG)
    torch.manual_seed(0)
    save_weights(path / "best.safetensors", MODELS.create("unet_tiny").state_dict())
    return path


def write_bank(
    path: Path,
    images: NDArray[np.uint8],
    labels: Mapping[str, Sequence[str]] | None = None,
    split: str | Sequence[str] = "test",
) -> Path:
    """A bank of images (N, H, W, 3), all in one split or each in its own."""
    path.mkdir(parents=True)
    np.save(path / "images.npy", images)
    columns = {
        "name": [f"{i:03d}.png" for i in range(len(images))],
        "split": [split] * len(images) if isinstance(split, str) else split,
        **(labels or {}),
    }
    with (path / "index.csv").open("w", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(columns)
        rows.writerows(zip(*columns.values(), strict=True))
    digest = hashlib.sha256(images.tobytes()).hexdigest()
    (path / "bank.json").write_text(json.dumps({"format": 1, "sha256": digest}))
    return path


def textured(count: int, size: tuple[int, int] = (40, 48)) -> NDArray[np.uint8]:
    """Pictures of smooth waves and some noise, all different: (count, *size, 3)."""
    rng = np.random.default_rng(0)
    y, x = np.mgrid[: size[0], : size[1]] / max(size)
    slopes = rng.uniform(-8, 8, (count, 2, 3))
    waves = np.sin(
        y[..., None] * slopes[:, 0][:, None, None] + x[..., None] * slopes[:, 1][:, None, None]
    )
    noise = rng.normal(0, 8, waves.shape)
    return np.asarray((127 + 100 * waves + noise).clip(0, 255).round(), dtype=np.uint8)
