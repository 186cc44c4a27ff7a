"""Banks of given pictures, for tests of what reads them."""

from __future__ import annotations

import csv
import hashlib
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray


def write_bank(
    path: Path,
    images: NDArray[np.uint8],
    labels: Mapping[str, Sequence[str]] | None = None,
    split: str = "test",
) -> Path:
    """A bank of images (N, H, W, 3), all in one split."""
    path.mkdir(parents=True)
    np.save(path / "images.npy", images)
    columns = {
        "name": [f"{i:03d}.png" for i in range(len(images))],
        "split": [split] * len(images),
        **(labels or {}),
    }
    with (path / "index.csv").open("w", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(columns)
        rows.writerows(zip(*columns.values(), strict=True))
    description: dict[str, Any] = {
        "format": 1,
        "sha256": hashlib.sha256(images.tobytes()).hexdigest(),
    }
    (path / "bank.json").write_text(json.dumps(description))
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
