"""The task "find": damage is drawn on clean pictures, and a network learns where it is."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import PIL.Image
import torch
import torch.nn.functional as F
from torch import Tensor

from restauro.data.batches import to_tensor
from restauro.data.damage import Scan, scanned, seen_closer
from restauro.files import whole_file
from restauro.models import TaskModel
from restauro.picture.types import Image
from restauro.seeds import seed_of
from restauro.sheets import sheet
from restauro.training.feed import Feed
from restauro.training.validation import BATCH_SIZE, Validation, to_uint8

SIDE = 128
"""Of the pictures that are trained on, in pixels: parts of the bank's."""
TOLERANCE = 3
"""Pixels by which what is found may lie beside what is there."""
TINTS = np.array([(0, 0, 0), (255, 90, 90), (255, 255, 90), (90, 255, 90), (90, 170, 255)])
"""Of each kind on sheets, 0 = sound."""


class DamageFeed(Feed):
    """Damaged pictures of any step, as (seed, step) alone decides."""

    def _make(self, step: int) -> tuple[Tensor, Tensor]:
        """This process's pictures (B, 3, H, W) in [0, 1] and kinds of damage (B, 1, H, W)."""
        batches = self.batches
        clean = to_uint8(batches.at(step))
        numbers = range(batches.global_batch_size)[batches.slice_of_this_process]
        scans = [
            _damaged(picture, seed_of(self.seed, step, "damage", number))
            for number, picture in zip(numbers, clean, strict=True)
        ]
        return _to_tensors(scans, batches.device)


class DamageValidation(Validation):
    """A split of a bank with damage that never changes, as it depends on (seed, position) alone."""

    def _summary(self, means: dict[str, float]) -> dict[str, float]:
        """The loss, and shares over the pixels of all pictures together.

        `recall`: of what is damaged, was found; `precision`: of what was found, is damaged; both
        by `TOLERANCE`. `marked_clean`: of the pictures without damage, was marked.
        """
        return {
            "validation_loss": means["validation_loss"],
            "recall": means["found"] / max(means["damaged"], 1e-9),
            "precision": means["right"] / max(means["marked"], 1e-9),
            "marked_clean": means["marked_in_clean"] / max(means["clean"], 1e-9),
        }

    @torch.no_grad()
    def per_picture(
        self, network: TaskModel, batch: int, progress: float = 1.0
    ) -> dict[str, Tensor]:
        """The loss and shares of pixels for each picture of batch number `batch`, (B,) float64."""
        images, kinds = self._batch(batch)
        prediction = self.predict(network, images, kinds)
        damaged, marked = kinds > 0, prediction[:, :1] > 0  # (B, 1, H, W)
        is_clean = ~damaged.any(dim=3).any(dim=2)[:, 0]
        share = marked.float().mean(dim=(1, 2, 3))
        values = {
            "validation_loss": self.criterion(prediction, images, kinds),
            "damaged": damaged.float().mean(dim=(1, 2, 3)),
            "found": (damaged & _wider(marked)).float().mean(dim=(1, 2, 3)),
            "marked": share,
            "right": (marked & _wider(damaged)).float().mean(dim=(1, 2, 3)),
            "clean": is_clean.float(),
            "marked_in_clean": share * is_clean,
        }
        return {name: value.double().cpu() for name, value in values.items()}

    @torch.no_grad()
    def write_sheet(
        self, network: TaskModel, path: Path, num_pictures: int = 12
    ) -> PIL.Image.Image:
        """Writes a PNG of the first pictures, and returns it.

        A row each: damaged, what is damaged, what was found, how likely it is.
        """
        images, kinds = (values[:num_pictures] for values in self._batch(0))
        prediction = self.predict(network, images, kinds)
        likely = prediction[:, :1].sigmoid()
        kind = (1 + prediction[:, 1:].argmax(dim=1)) * (likely[:, 0] > 0.5)
        rows = [
            [image, tinted(truth), tinted(found), grey.repeat(3, axis=2)]
            for image, truth, found, grey in zip(
                to_uint8(images), kinds[:, 0].int(), kind, to_uint8(likely), strict=True
            )
        ]
        picture = sheet(rows, ["damaged", "truth", "found", "likely"])
        path.parent.mkdir(exist_ok=True)
        with whole_file(path) as aside:
            picture.save(aside, format="PNG")
        return picture

    def _batch(self, number: int) -> tuple[Tensor, Tensor]:
        """Pictures (B, 3, H, W) in [0, 1] and kinds of damage (B, 1, H, W), on the device."""
        first = number * BATCH_SIZE
        rows = self.rows[first:][:BATCH_SIZE]
        scans = [
            _damaged(self.bank.images[row], seed_of(self.seed, position, "validation"))
            for position, row in enumerate(rows, start=first)
        ]
        return _to_tensors(scans, self.fabric.device)


def tinted(kinds: Tensor) -> Image:
    """A picture (H, W, 3) of kinds of damage (H, W)."""
    return np.asarray(TINTS[kinds.cpu().numpy()], dtype=np.uint8)


def _damaged(picture: Image, seed: int) -> Scan:
    rng = np.random.default_rng(seed)
    return scanned(seen_closer(picture, SIDE, rng), rng)


def _to_tensors(scans: list[Scan], device: torch.device) -> tuple[Tensor, Tensor]:
    images = torch.from_numpy(np.stack([scan.image for scan in scans])).to(device)
    kinds = torch.from_numpy(np.stack([scan.kinds for scan in scans])).to(device)
    return to_tensor(images), kinds[:, None].float()


def _wider(mask: Tensor) -> Tensor:
    """With all pixels (B, 1, H, W) that are no farther than `TOLERANCE` rows and columns away."""
    side = 2 * TOLERANCE + 1
    return F.max_pool2d(mask.float(), side, stride=1, padding=TOLERANCE) > 0
