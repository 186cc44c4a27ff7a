"""Batches for training: a gather from a bank, in an order that depends on (seed, step) alone.

Pictures may be changed: other light, so that dark ones are not rare, and closer crops.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

from restauro.data.bank import Bank
from restauro.errors import BadDataError
from restauro.metrics.tone import subject_lightness
from restauro.picture.types import Size
from restauro.seeds import seed_of
from restauro.typed import AT_LEAST_ONE, NOT_NEGATIVE, SHARE, check

TONE_WIDTH = 10.0
"""Width in L* of a group of tone."""
ENCODING = 2.2
"""Exponent between encoded values and light; sRGB's own curve differs by less than this matters."""


@dataclass(frozen=True)
class Augmentation:
    """How training pictures are changed; not at all by default."""

    share: float = 0.0
    """Share of the pictures whose light is changed, in [0, 1]."""
    exposure: tuple[float, float] = (0.0, 0.0)
    """Least and greatest change of the light in stops: -1 halves it."""
    slope: float = 0.0
    """Greatest difference in stops between opposite sides, as light from one side makes."""
    zoom_share: float = 0.0
    """Share of the pictures that are seen closer, in [0, 1]."""
    zoom: float = 1.0
    """Greatest magnification; any part of the picture may be what is seen."""

    def __post_init__(self) -> None:
        check("augmentation", self, SHARE, "share", "zoom_share")
        check("augmentation", self, AT_LEAST_ONE, "zoom")
        check("augmentation", self, NOT_NEGATIVE, "slope")
        smaller_first = (lambda ends: ends[0] <= ends[1], "two numbers, the smaller one first")
        check("augmentation", self, smaller_first, "exposure")

    def draw_light(self, batch_size: int, rng: torch.Generator) -> Tensor:
        """Exposure at the middle, and its slopes down and to the right, in stops: (B, 3)."""
        draw = torch.rand(batch_size, 4, generator=rng)
        low, high = self.exposure
        middle = low + (high - low) * draw[:, 1]
        angle, slope = draw[:, 2] * 2 * torch.pi, self.slope * draw[:, 3]
        stops = torch.stack([middle, slope * angle.sin(), slope * angle.cos()], dim=1)
        return stops * (draw[:, :1] < self.share)

    def draw_crops(self, batch_size: int, rng: torch.Generator) -> Tensor:
        """What is seen, as shares of the picture's sides: (B, 3) with length, top and left."""
        draw = torch.rand(batch_size, 4, generator=rng)
        length = 1 / (1 + (self.zoom - 1) * draw[:, 1:2])
        length = torch.where(draw[:, :1] < self.zoom_share, length, 1.0)
        return torch.cat([length, (1 - length) * draw[:, 2:]], dim=1)


class Batches:
    """The training pictures of a bank, shuffled anew in every epoch and flipped at random.

    Which pictures step number n holds depends on (seed, n) alone, so a resumed run goes on with
    the very batch it would have had. An epoch is one pass over the split, or `epoch_share` of
    one, in which case the next epoch goes on where it ended. Of several processes, each takes its
    slice of the global batch. A last, incomplete batch of a pass is left out; the next shuffle
    brings those pictures back. With a `tone_exponent` other than 1 a pass is as long, but draws
    its pictures with replacement, rare tones more often: see `tone_probabilities`.
    What `augmentation.zoom` shows closer is cut from `closer_banks`, if there are any: for `bank`
    and each of `more_banks`, in this order, the same pictures with more pixels.
    """

    def __init__(
        self,
        bank: Bank,
        split: str,
        global_batch_size: int,
        *,
        seed: int,
        more_banks: Sequence[Bank] = (),
        closer_banks: Sequence[Bank] = (),
        flip_probability: float = 0.5,
        augmentation: Augmentation | None = None,
        tone_exponent: float = 1.0,
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
        banks = (bank, *more_banks)
        self.parts = [one.images for one in banks]
        for other in more_banks:
            if other.size != bank.size:
                raise BadDataError(
                    f"{other.path} has pictures of {other.size[1]}x{other.size[0]}, but "
                    f"{bank.path} of {bank.size[1]}x{bank.size[0]}; prepare both with one --size"
                )
        if closer_banks:
            _check_same_pictures(banks, closer_banks)
        self.closer_parts = [one.images for one in closer_banks or banks]
        starts = np.cumsum([0, *(len(images) for images in self.parts)])
        splits = [one.split(split) for one in banks]
        self.rows = np.concatenate(
            [rows + start for rows, start in zip(splits, starts[:-1], strict=True)]
        )
        self.starts = starts
        if len(self.rows) < global_batch_size:
            raise BadDataError(
                f"{bank.path} has {len(self.rows)} pictures in the split {split!r}, fewer than one "
                f"batch of {global_batch_size}; lower training.global_batch_size"
            )
        self.size, self.augmentation = bank.size, augmentation or Augmentation()
        self.global_batch_size, self.seed = global_batch_size, seed
        self.flip_probability, self.device = flip_probability, torch.device(device)
        share = global_batch_size // num_processes
        self.slice_of_this_process = slice(rank * share, (rank + 1) * share)
        self.steps_per_pass = len(self.rows) // global_batch_size
        self.steps_per_epoch = max(1, round(epoch_share * self.steps_per_pass))
        self._probabilities = (
            None if tone_exponent == 1 else tone_probabilities(self._lightness(), tone_exponent)
        )
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
            images = torch.from_numpy(self._gather(rows))
            if self.device.type == "cuda":  # from pinned memory the copy does not stop the device
                images = images.pin_memory()
            images = images.to(self.device, non_blocking=True)
        if self.augmentation.zoom_share:
            self._show_closer(images, rows, step)
        images = to_tensor(torch.where(flips, images.flip(2), images))  # flipped as bytes: cheaper
        if self.augmentation.share:
            rng = torch.Generator().manual_seed(seed_of(self.seed, step, "light"))
            light = self.augmentation.draw_light(self.global_batch_size, rng)
            images = expose(images, light[self.slice_of_this_process])
        return images

    def _show_closer(self, images: Tensor, rows: NDArray[np.int64], step: int) -> None:
        """Replaces some of the pictures (B, H, W, 3) of step number `step` by a crop."""
        rng = torch.Generator().manual_seed(seed_of(self.seed, step, "zoom"))
        crops = self.augmentation.draw_crops(self.global_batch_size, rng)
        for number, crop in enumerate(crops[self.slice_of_this_process]):
            if crop[0] < 1:
                part = int(np.searchsorted(self.starts, rows[number], side="right")) - 1
                picture = self.closer_parts[part][rows[number] - self.starts[part]]
                images[number] = cut(picture, crop, self.size).to(images.device)

    def _gather(self, rows: NDArray[np.int64]) -> NDArray[np.uint8]:
        """Pictures by their number in all banks together: (B, H, W, 3) uint8."""
        if len(self.parts) == 1:
            return self.parts[0][rows]
        images = np.empty((len(rows), *self.parts[0].shape[1:]), dtype=np.uint8)
        for part, start, end in zip(self.parts, self.starts[:-1], self.starts[1:], strict=True):
            is_here = (start <= rows) & (rows < end)
            images[is_here] = part[rows[is_here] - start]
        return images

    def _rows_at(self, step: int) -> NDArray[np.int64]:
        number, position = divmod(step, self.steps_per_pass)
        if number != self._pass:
            rng = np.random.default_rng(seed_of(self.seed, number, "shuffle"))
            self._pass, self._order = number, self._draw(rng)
        batch = self._order[position * self.global_batch_size :][: self.global_batch_size]
        return batch[self.slice_of_this_process]

    def _lightness(self) -> NDArray[np.float32]:
        """Mean L* of the subject of every training picture: (N,) in [0, 100]."""
        chunks = np.array_split(self.rows, max(1, len(self.rows) // 256))  # bounds the memory
        images = (to_tensor(torch.from_numpy(self._gather(chunk))) for chunk in chunks)
        return torch.cat([subject_lightness(image) for image in images]).numpy()

    def _draw(self, rng: np.random.Generator) -> NDArray[np.int64]:
        """The pictures of one pass, in their order."""
        if self._probabilities is None:
            return rng.permutation(self.rows)
        return rng.choice(self.rows, size=len(self.rows), p=self._probabilities)

    def _move_to_device(self) -> Tensor | None:
        """The whole bank on the GPU, where it takes at most half of the free memory."""
        free_bytes = torch.cuda.mem_get_info(self.device)[0]
        if sum(part.nbytes for part in self.parts) > free_bytes / 2:
            return None
        shape = (int(self.starts[-1]), *self.parts[0].shape[1:])
        images = torch.empty(shape, dtype=torch.uint8, device=self.device)
        for start in range(0, len(images), 4096):  # in pieces: the banks may exceed the memory
            rows = np.arange(start, min(start + 4096, len(images)))
            images[start : start + 4096] = torch.from_numpy(self._gather(rows))
        return images


def tone_probabilities(lightness: NDArray[np.float32], exponent: float) -> NDArray[np.float64]:
    """The chance of each picture to be drawn, from the mean L* of its subject: (N,), its sum is 1.

    Pictures are grouped by lightness, (N,) in [0, 100], ten units to a group. A group of n
    pictures is drawn in proportion to n ** exponent: 1 leaves the pictures as they are, 0.5 is
    square-root sampling, 0 makes every tone that occurs as frequent as any other. Source: Kang et
    al. 2020, arXiv:1910.09217 (1 there), where the groups are classes.
    """
    _, group, count = np.unique(lightness // TONE_WIDTH, return_inverse=True, return_counts=True)
    weight = (count.astype(np.float64) ** (exponent - 1))[group]
    return np.asarray(weight / weight.sum())


def _check_same_pictures(banks: Sequence[Bank], closer_banks: Sequence[Bank]) -> None:
    if len(closer_banks) != len(banks):
        raise BadDataError(
            f"there are {len(closer_banks)} closer banks for {len(banks)} banks; give one for each "
            "of data.bank and data.more_banks, in their order, or none"
        )
    for one, closer in zip(banks, closer_banks, strict=True):
        if closer.index != one.index:
            raise BadDataError(
                f"{closer.path} does not hold the pictures of {one.path} in their order; prepare "
                "both from the same source and change nothing but --size"
            )


def to_tensor(images: Tensor) -> Tensor:
    """uint8 (B, H, W, 3) -> float32 (B, 3, H, W) in [0, 1], channels last in memory."""
    return images.permute(0, 3, 1, 2).float().div_(255)


def cut(picture: NDArray[np.uint8], crop: Tensor, size: Size) -> Tensor:
    """The part of a picture (H, W, 3) that `Augmentation.draw_crops` chose, at `size`: uint8."""
    length, top, left = crop.tolist()
    sides = picture.shape[:2]
    height, width = (max(1, round(length * side)) for side in sides)
    # rounded edges must not leave the picture: a crop of one pixel would be empty there
    y = min(round(top * sides[0]), sides[0] - height)
    x = min(round(left * sides[1]), sides[1] - width)
    part = torch.from_numpy(np.array(picture[y : y + height, x : x + width]))
    pixels = part.permute(2, 0, 1)[None].contiguous(memory_format=torch.channels_last)
    resized = F.interpolate(pixels, size=size, mode="bilinear", antialias=True)
    return resized[0].permute(1, 2, 0)


def expose(images: Tensor, stops: Tensor) -> Tensor:
    """Images (B, 3, H, W) in [0, 1] in the light of `Augmentation.draw_light`; clipped at 1."""
    height, width = images.shape[2:]
    y = torch.linspace(-0.5, 0.5, height, device=images.device)[:, None]
    x = torch.linspace(-0.5, 0.5, width, device=images.device)[None, :]
    middle, down, right = stops.to(images.device)[:, :, None, None].unbind(dim=1)  # (B, 1, 1) each
    change = torch.exp2((middle + down * y + right * x) / ENCODING)  # (B, H, W)
    return (images * change[:, None]).clamp_(max=1)
