"""Training with copies: what patches of the known part make of each hole, shown to the network.

A copy takes as long as several training steps of its picture. So a number of batches is copied
beforehand, kept in the run's folder, and shown again and again in ever new order.
"""

from __future__ import annotations

import multiprocessing
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from restauro.cores import num_cores
from restauro.data.batches import to_tensor
from restauro.files import whole_file
from restauro.fill.catalogue import load
from restauro.picture.types import Image, Mask
from restauro.progress import progress_bar
from restauro.seeds import seed_of
from restauro.training.feed import Feed
from restauro.training.validation import Validation, to_uint8

METHOD = "patch_match"
MIXED = 2
"""Copied batches that each step takes a part of its pictures from."""
WITHOUT = 0.15
"""Share of the pictures that the network is to restore without a copy."""


class CopyFeed(Feed):
    """Pictures, holes and what the network is shown, of any step, as (seed, step) alone decides.

    Pictures and holes are those of the first `num_batches` steps of a `Feed`, mirrored at random;
    with their copies they are kept in `folder`. For one process alone.
    """

    def __init__(self, *arguments: Any, folder: Path, num_batches: int) -> None:
        super().__init__(*arguments)
        self._folder, self._num_batches = folder, num_batches

    def prepare(self) -> None:
        """Copies what is not there yet, on all processors."""
        self._folder.mkdir(parents=True, exist_ok=True)
        missing = [n for n in range(self._num_batches) if not self._path(n).exists()]
        make = super()._make
        spawn = multiprocessing.get_context("spawn")  # a fork would copy locks of other threads
        with (
            ProcessPoolExecutor(num_cores(), spawn) as pool,
            progress_bar(len(missing), "batch", desc="copies", is_shown=bool(missing)) as bar,
        ):
            for start in range(0, len(missing), num_cores()):
                numbers = missing[start : start + num_cores()]
                pictures, holes = zip(*map(make, numbers), strict=True)
                paths = [self._path(n) for n in numbers]
                for _ in pool.map(_copy, map(to_uint8, pictures), map(_to_holes, holes), paths):
                    bar.update()

    def _path(self, number: int) -> Path:
        return self._folder / f"{number:05d}.npz"

    def _make(self, step: int) -> tuple[Tensor, ...]:
        """Adds to pictures and masks what is shown of them: (B, 3, H, W) in [0, 1]."""
        rng = np.random.default_rng(seed_of(self.seed, step, "copies"))
        size = self.batches.global_batch_size
        numbers = rng.permutation(self._num_batches)[:MIXED]
        rows = np.array_split(np.arange(size), len(numbers))
        drawn = [
            _read(self._path(n), rng.permutation(size)[r])
            for n, r in zip(numbers, rows, strict=True)
        ]
        images, masks, copies = (np.concatenate(parts) for parts in zip(*drawn, strict=True))
        is_mirrored = rng.random(size) < self.batches.flip_probability
        for values in (images, masks, copies):
            values[is_mirrored] = values[is_mirrored][:, :, ::-1]
        copies[rng.random(size) < WITHOUT] = 0
        device = self.batches.device
        truth, copy = (to_tensor(torch.from_numpy(x).to(device)) for x in (images, copies))
        mask = torch.from_numpy(masks).to(device)[:, None]
        return truth, mask.float(), torch.where(mask, copy, truth)


class CopyValidation(Validation):
    """Validation pictures, of which the network is shown copies in their holes."""

    def __init__(self, *arguments: Any, **settings: Any) -> None:
        super().__init__(*arguments, **settings)
        self._copies: dict[int, Tensor] = {}

    def shown(self, number: int, images: Tensor, masks: Tensor) -> Tensor:
        """The pictures of batch `number`, copies in their holes."""
        if number not in self._copies:
            copies = load(METHOD).batch(to_uint8(images), _to_holes(masks))
            self._copies[number] = to_tensor(torch.from_numpy(copies).to(images.device))
        return self._copies[number]


def _to_holes(masks: Tensor) -> Mask:
    """Of (B, 1, H, W): (B, H, W)."""
    return masks[:, 0].bool().cpu().numpy()


def _copy(images: Image, holes: Mask, path: Path) -> None:
    """Keeps pictures uint8 (B, H, W, 3) and holes (B, H, W) with what patches make of them."""
    copies = load(METHOD).batch(images, holes)
    with whole_file(path) as aside, aside.open("wb") as file:
        np.savez(file, images=images, masks=holes, copies=copies)


def _read(path: Path, rows: NDArray[np.intp]) -> list[NDArray[Any]]:
    """Pictures, holes and copies of some rows of a file."""
    with np.load(path) as file:
        return [file[name][rows] for name in ("images", "masks", "copies")]
