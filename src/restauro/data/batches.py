"""Batches for training: a gather from a bank, in an order that depends on (seed, step) alone."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from restauro.data.bank import Bank
from restauro.errors import BadDataError
from restauro.seeds import seed_of


class Batches:
    """The training pictures of a bank, shuffled anew in every epoch and flipped at random.

    Which pictures step number n holds depends on (seed, n) alone, so a resumed run goes on with
    the very batch it would have had. An epoch is one pass over the split, or `epoch_share` of
    one, in which case the next epoch goes on where it ended. Of several processes, each takes its
    slice of the global batch. A last, incomplete batch of a pass is left out; the next shuffle
    brings those pictures back.
    """

    def __init__(
        self,
        bank: Bank,
        split: str,
        global_batch_size: int,
        *,
        seed: int,
        flip_probability: float = 0.5,
        epoch_share: float = 1.0,
        rank: int = 0,
        num_processes: int = 1,
        device: torch.device | str = "cpu",
    ) -> None:
        if global_batch_size % num_processes:
            raise BadDataError(
                f"a global batch of {global_batch_size} pictures cannot be shared by "
                f"{num_processes} processes; choose a multiple of {num_processes}"
            )
        self.rows = bank.split(split)
        if len(self.rows) < global_batch_size:
            raise BadDataError(
                f"{bank.path} has {len(self.rows)} pictures in the split {split!r}, fewer than one "
                f"batch of {global_batch_size}; lower training.global_batch_size"
            )
        self.images, self.size = bank.images, bank.size
        self.global_batch_size, self.seed = global_batch_size, seed
        self.flip_probability, self.device = flip_probability, torch.device(device)
        share = global_batch_size // num_processes
        self.slice_of_this_process = slice(rank * share, (rank + 1) * share)
        self.steps_per_pass = len(self.rows) // global_batch_size
        self.steps_per_epoch = max(1, round(epoch_share * self.steps_per_pass))
        self._on_device = self._move_to_device() if self.device.type == "cuda" else None
        self._pass, self._order = -1, self.rows

    def at(self, step: int) -> Tensor:
        """This process's pictures of step number `step`: (B, 3, H, W) in [0, 1] on the device."""
        rows = self._rows_at(step)
        rng = torch.Generator().manual_seed(seed_of(self.seed, step, "flip"))
        flips = torch.rand(self.global_batch_size, generator=rng) < self.flip_probability
        flips = flips[self.slice_of_this_process].to(self.device)[:, None, None, None]
        if self._on_device is not None:
            images = self._on_device[torch.from_numpy(rows).to(self.device)]
        else:
            images = torch.from_numpy(self.images[rows]).to(self.device)
        return to_tensor(torch.where(flips, images.flip(2), images))  # flipped as bytes: cheaper

    def _rows_at(self, step: int) -> NDArray[np.int64]:
        number, position = divmod(step, self.steps_per_pass)
        if number != self._pass:
            rng = np.random.default_rng(seed_of(self.seed, number, "shuffle"))
            self._pass, self._order = number, rng.permutation(self.rows)
        batch = self._order[position * self.global_batch_size :][: self.global_batch_size]
        return batch[self.slice_of_this_process]

    def _move_to_device(self) -> Tensor | None:
        """The whole bank on the GPU, where it takes at most half of the free memory."""
        free_bytes = torch.cuda.mem_get_info(self.device)[0]
        if self.images.nbytes > free_bytes / 2:
            return None
        images = torch.empty(self.images.shape, dtype=torch.uint8, device=self.device)
        for start in range(0, len(images), 4096):  # in pieces: the bank may exceed the memory
            part = slice(start, start + 4096)
            images[part] = torch.from_numpy(self.images[part].copy())
        return images


def to_tensor(images: Tensor) -> Tensor:
    """uint8 (B, H, W, 3) -> float32 (B, 3, H, W) in [0, 1], channels last in memory."""
    return images.permute(0, 3, 1, 2).float().div_(255)
