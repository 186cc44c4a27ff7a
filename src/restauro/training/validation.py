"""Scores on pictures that training never sees, with holes that never change."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import PIL.Image
import torch
from lightning_fabric import Fabric
from torch import Tensor, nn

from restauro.data.bank import Bank
from restauro.data.batches import to_tensor
from restauro.files import whole_file
from restauro.masks import HoleLimits, draw_holes
from restauro.metrics import Comparison, fidelity_scores, scores
from restauro.metrics.comparison import composite
from restauro.metrics.structure import sharpness
from restauro.models import TaskModel
from restauro.seeds import seed_of
from restauro.sheets import sheet, show_hole

BATCH_SIZE = 64
"""Fixed, because the holes depend on (seed, number of the batch)."""


class Validation:
    """A split of a bank with one hole for each picture, drawn from the curriculum's last limits.

    The holes depend on (seed, position) alone: every epoch and every model sees the same ones.
    Of the registered metrics, those called `metrics` are measured beside the fidelity.
    """

    def __init__(
        self,
        fabric: Fabric,
        bank: Bank,
        limits: HoleLimits,
        criterion: nn.Module,
        *,
        seed: int = 0,
        split: str = "val",
        max_images: int = 0,
        metrics: Sequence[str] = (),
    ) -> None:
        self.fabric, self.bank, self.limits, self.criterion = fabric, bank, limits, criterion
        self.seed, self.metrics = seed, metrics
        rows = bank.split(split)
        self.rows = rows[:max_images] if max_images else rows

    @torch.no_grad()
    def scores(self, network: TaskModel, progress: float = 1.0) -> dict[str, float]:
        """Means over the pictures of `validation_loss` and of all `fidelity_scores`.

        A loss term of the network's own, as it is at `progress`, counts in `validation_loss` and
        comes as `validation_NAME` too. `sharpness` is the geometric mean: a few flat truths would
        rule any other.
        """
        sums: dict[str, Tensor] = {}
        first, step = self.fabric.global_rank, self.fabric.world_size
        for batch in range(first, self._num_batches, step):
            for name, values in self.per_picture(network, batch, progress).items():
                sums[name] = sums.get(name, torch.zeros((), dtype=torch.float64)) + values.sum()
        if self.fabric.world_size > 1:
            names = self.fabric.broadcast(sorted(sums))  # a late process may have had no batch
            zero = torch.zeros((), dtype=torch.float64)
            stacked = torch.stack([sums.get(name, zero) for name in names])
            reduced = self.fabric.all_reduce(stacked.to(self.fabric.device), reduce_op="sum")
            sums = dict(zip(names, reduced, strict=True))
        means = {name: float(value) / len(self.rows) for name, value in sums.items()}
        return self._summary(means)

    def _summary(self, means: dict[str, float]) -> dict[str, float]:
        """What the means over the pictures are published as."""
        return {**means, "sharpness": 2 ** means.pop("log2_sharpness")}

    @torch.no_grad()
    def per_picture(
        self, network: TaskModel, batch: int, progress: float = 1.0
    ) -> dict[str, Tensor]:
        """The same for each picture of batch number `batch`: (B,) float64 on the processor.

        In place of `sharpness` there is its logarithm to base 2.
        """
        images, masks = self._batch(batch)
        network.eval()
        with self.fabric.autocast():
            prediction, terms = network.forward_with_losses(
                self.shown(batch, images, masks), masks, images.new_full((), progress)
            )
        prediction = prediction.float()
        loss = sum(terms.values(), self.criterion(prediction, images, masks))
        values = {"validation_loss": loss}
        values |= {f"validation_{name}": term for name, term in terms.items()}
        values |= fidelity_scores(prediction, images, masks)
        compared = Comparison(prediction, images, masks)
        # no number where a hole has no two neighbours: nothing there is too soft or too sharp
        values["log2_sharpness"] = sharpness(compared).log2().nan_to_num(0.0)
        values |= scores(compared, self.metrics)
        return {name: value.double().cpu() for name, value in values.items()}

    def all_pictures(self, network: TaskModel) -> dict[str, Tensor]:
        """The same for all pictures: (N,) float64 each, in the order of `rows`."""
        batches = [self.per_picture(network, batch) for batch in range(self._num_batches)]
        return {name: torch.cat([values[name] for values in batches]) for name in batches[0]}

    def predict(self, network: TaskModel, images: Tensor, masks: Tensor) -> Tensor:
        """The prediction (B, 3, H, W) float32 of a network in evaluation mode."""
        network.eval()
        with self.fabric.autocast():
            prediction: Tensor = network(images, masks)
        return prediction.float()

    @torch.no_grad()
    def write_sheet(self, network: TaskModel, path: Path, num_pictures: int = 8) -> PIL.Image.Image:
        """Writes a PNG of the first pictures, and returns it.

        A row each: damaged, restored, predicted, original.
        """
        images, masks = self._batch(0)
        images, masks = images[:num_pictures], masks[:num_pictures]
        shown = self.shown(0, *self._batch(0))[:num_pictures]
        prediction = self.predict(network, shown, masks)
        restored = composite(prediction, images, masks)
        holes = masks[:, 0].bool().cpu().numpy()
        originals, composites, predictions = map(to_uint8, (images, restored, prediction))
        rows = [
            [show_hole(originals[i], holes[i]), composites[i], predictions[i], originals[i]]
            for i in range(len(originals))
        ]
        path.parent.mkdir(exist_ok=True)
        picture = sheet(rows, ["damaged", "restored", "prediction", "original"])
        with whole_file(path) as aside:
            picture.save(aside, format="PNG")
        return picture

    def shown(self, number: int, images: Tensor, masks: Tensor) -> Tensor:
        """What a network is shown of the pictures of batch `number`: (B, 3, H, W)."""
        return images

    @property
    def _num_batches(self) -> int:
        return -(-len(self.rows) // BATCH_SIZE)

    def _batch(self, number: int) -> tuple[Tensor, Tensor]:
        """Pictures (B, 3, H, W) in [0, 1] and masks (B, 1, H, W), 1 = hole, on the device."""
        rows = self.rows[number * BATCH_SIZE :][:BATCH_SIZE]
        device = self.fabric.device
        images = to_tensor(torch.from_numpy(self.bank.images[rows]).to(device))
        rng = torch.Generator().manual_seed(seed_of(self.seed, number, "validation"))
        masks = draw_holes(self.limits, BATCH_SIZE, self.bank.size, rng, device)
        return images, masks[: len(rows)].float()


def to_uint8(images: Tensor) -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
    """(B, 3, H, W) in [0, 1] -> uint8 (B, H, W, 3), rounded."""
    return images.mul(255).round().clamp(0, 255).byte().permute(0, 2, 3, 1).cpu().numpy()
