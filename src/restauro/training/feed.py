"""What each training step sees: pictures and holes, made ready beside the step before."""

from __future__ import annotations

from concurrent.futures import Future, ThreadPoolExecutor
from typing import Self

import torch
from torch import Tensor

from restauro.data.batches import Batches
from restauro.masks import Curriculum, draw_holes
from restauro.seeds import seed_of


class Feed:
    """Pictures and holes of any step, as (seed, step) alone decides; within its `with` block.

    Whoever asks for a step will most likely ask for the next one, which a thread makes ready
    meanwhile: decoding, crops and copies to the device take place beside the step. The thread
    draws from generators of its own, so it has no influence on anything else that is random.

    On a processor nothing is made ahead unless `is_ahead` says so: the step needs all cores, and a
    second team of threads would let those of the first sleep at each of its meetings, which costs
    a tenth of the step where making it all in turn costs a hundredth (docs/log.md, 2026-11-27).
    """

    def __init__(
        self,
        batches: Batches,
        curriculum: Curriculum,
        seed: int,
        num_steps: int,
        *,
        is_ahead: bool | None = None,
    ) -> None:
        self.batches, self.curriculum = batches, curriculum
        self.seed, self.num_steps = seed, num_steps
        self.is_ahead = batches.device.type != "cpu" if is_ahead is None else is_ahead
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="feed")
        self._ahead: dict[int, Future[tuple[Tensor, ...]]] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self._thread.shutdown(cancel_futures=True)

    def at(self, step: int) -> tuple[Tensor, ...]:
        """This process's pictures and holes of step number `step`, on the device.

        Returns (B, 3, H, W) in [0, 1] and (B, 1, H, W), 1 = hole.
        """
        if not self.is_ahead:
            return self._make(step)
        ready = self._ahead.pop(step, None) or self._thread.submit(self._make, step)
        if step + 1 < self.num_steps:
            self._ahead = {step + 1: self._thread.submit(self._make, step + 1)}
        return ready.result()

    def _make(self, step: int) -> tuple[Tensor, ...]:
        batches = self.batches
        rng = torch.Generator().manual_seed(seed_of(self.seed, step, "holes"))
        masks = draw_holes(
            self.curriculum.limits(step // batches.steps_per_epoch),
            batches.global_batch_size,
            batches.size,
            rng,
            batches.device,
        )
        return batches.at(step), masks[batches.slice_of_this_process].float()
