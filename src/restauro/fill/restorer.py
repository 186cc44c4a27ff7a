"""Models as fillers: windows around the holes of any picture -> network -> pasted holes."""

from __future__ import annotations

import copy
import dataclasses
import functools
import math
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from restauro.errors import BadImageError, BadModelError, first_line
from restauro.fill.canvas import Canvas
from restauro.fill.compose import Damaged
from restauro.fill.detail import BANDS_PX, MOST_PX, Copy, add_detail, copied
from restauro.fill.filler import Filler, Painter, Painting, check_seed
from restauro.fill.filling import MAX_BATCH_PX, Filling, fill, fill_smaller, run_together, scale_for
from restauro.fill.gamut import one_coloured, within_gamut
from restauro.fill.line_art import MAX_SIDE, fill_line_art, line_art_on
from restauro.fill.model_file import ModelCard, read_card
from restauro.fill.sessions import CPU, Device, on_device, open_session
from restauro.fill.windows import Box, WindowRule, hole_boxes
from restauro.picture.modes import Colours
from restauro.picture.types import Image, Inpaint, Mask, Size

_INPUTS = {"image": 3, "mask": 1}  # name -> channels
_NOISE = "noise"
_OUTPUT = "prediction"


class Network:
    """A checked model, ready to run; safe to call from several threads at once."""

    def __init__(
        self,
        path: Path,
        threads: int | None = None,
        device: Device = CPU,
        *,
        opens_late: bool = False,
    ) -> None:
        """With `opens_late` but the card is read now, and the rest when it first runs."""
        self.path, self.device, self._threads = path, device, threads
        self.card: ModelCard = read_card(path)
        self._noise = self._noise_of(0)
        if not opens_late:
            _ = self._session

    @functools.cached_property
    def _session(self) -> Any:
        session = open_session(self.path, self._threads, self.device)
        _check_interface(self.path, self.card, session)
        return session

    def seeded(self, seed: int) -> Network:
        """The same network, which draws fill number `seed`, whatever it is shown; 0: as without."""
        network = copy.copy(self)
        network._noise = self._noise_of(seed)
        return network

    def _noise_of(self, seed: int) -> Any:
        """The noise (noise_dim,) of fill number `seed`; of number 0, in the middle, zeros."""
        rng, count = np.random.default_rng(seed), self.card.noise_dim
        noise = rng.standard_normal(count) if seed else np.zeros(count)
        return noise.astype(np.float32)

    def __call__(self, images: Colours, masks: Mask) -> Colours:
        """Predictions (B, H, W, 3) in [0, 1] for images (B, H, W, 3) of a size the card allows.

        The masks are (B, H, W), True = hole. In holes the images show what was copied there, or
        black; unless the card says that the network is shown copies, it sees black.

        Raises:
            BadModelError: The network fails, or gives another shape or values that are no numbers.
        """
        predictions = np.empty(images.shape, dtype=np.float32)
        at_once = max(1, MAX_BATCH_PX // masks[0].size) if len(masks) else 1
        for start in range(0, len(images), at_once):
            chunk = slice(start, start + at_once)
            predictions[chunk] = self._run(images[chunk], masks[chunk])
        return predictions

    def on_whole_pictures(self, images: Image, masks: Mask) -> Image:
        """The predictions, uint8 (B, H, W, 3), for uint8 (B, H, W, 3) and bool (B, H, W).

        Raises:
            BadImageError: The card does not allow pictures of this size.
        """
        height, width = masks.shape[1:]
        if not self.card.takes((height, width)):
            raise BadImageError(
                f"the network of {self.card.name!r} takes no pictures of {width}x{height}; give "
                "the file without `network:`, which takes any size"
            )
        colours = images.astype(np.float32) / np.float32(255)
        predictions = self(colours * ~masks[..., None], masks)  # black: nothing was copied
        return np.asarray(np.rint(predictions * 255), dtype=np.uint8)

    def _run(self, images: Colours, masks: Mask) -> Colours:
        holes = masks.astype(np.float32)
        shown = images if self.card.sees_copies else images * (1 - holes)[..., None]
        inputs = {"image": shown.transpose(0, 3, 1, 2), "mask": holes[:, None]}
        if self.card.noise_dim:
            inputs[_NOISE] = np.tile(self._noise, (len(images), 1))
        try:
            (predictions,) = self._session.run([_OUTPUT], inputs)  # (B, 3, H, W)
        except Exception as error:  # ONNX Runtime's errors share no other base
            raise BadModelError(f"model {self.card.name!r} failed ({first_line(error)})") from error
        if predictions.shape != inputs["image"].shape or not np.isfinite(predictions).all():
            raise BadModelError(
                f"model {self.card.name!r} gave a prediction of the shape {predictions.shape} "
                "or values that are no numbers; export it again"
            )
        return np.asarray(predictions.transpose(0, 2, 3, 1).clip(0, 1))


class Restorer(Filler):
    """Fills holes with the network of a model file, in pictures of any size."""

    seed: int | None = None
    """Which of several fills it draws; None for the one in the middle, or the only one."""

    def __init__(
        self, network: Network, patches: Inpaint | None = None, *, has_detail: bool = False
    ) -> None:
        """`patches` copies what is known: into large holes of line art, and for detail."""
        self.network, self._patches, self._has_detail = network, patches, has_detail
        self.card: ModelCard = network.card
        self._rule = WindowRule(self.card.size, self.card.multiple)
        self.name, self.parameters = self.card.name, self.card.parameters
        self.files = (network.path,)

    @property
    def identity(self) -> str:
        """Name, version and weights of the model, and where it computes."""
        card = self.card
        device = on_device(self.network.device)
        detail = f" with detail below {BANDS_PX[-1]} pixels" if self._has_detail else ""
        seed = "" if self.seed is None else f" number {self.seed}"
        return f"{card.name} {card.version} {card.checkpoint_sha256}{detail}{seed}{device}"

    def seeded(self, seed: int) -> Filler:
        """As `Filler.seeded`."""
        if not self.card.noise_dim:
            return super().seeded(seed)  # which says why not
        check_seed(seed)
        restorer = copy.copy(self)
        restorer.seed, restorer.network = seed, self.network.seeded(seed)
        if self.recipe:
            restorer.recipe = functools.partial(_seeded_by, self.recipe, seed)
        return restorer

    def paint(self, pictures: Sequence[Damaged]) -> Painting:
        """Shows the network windows of all pictures together."""
        yield from run_together([self._painting(picture) for picture in pictures], self.network)
        return [Painter(self.name)] * len(pictures)

    def filling(self, canvas: Canvas, box: Box) -> Filling:
        """Paints what is hidden in a box of a canvas, from coarse to fine."""
        yield from fill(within_gamut(canvas), box, self._rule)

    def _filling_with(self, copy: Copy, canvas: Canvas, box: Box) -> Filling:
        """The same where patches were copied: at the copy's size, as these bring what is finer."""
        canvas = within_gamut(canvas)
        if copy.scale > 1:
            yield from fill_smaller(canvas, box, self._rule, copy.scale, copy.look)
        else:
            yield from fill(dataclasses.replace(canvas, copied=copy.look), box, self._rule)

    def _painting(self, picture: Damaged) -> Filling:
        """Fills each group of holes; what follows from the surroundings alone needs no network."""
        hole = picture.hole
        plain = list(one_coloured(picture))
        unclear = hole.copy()
        for part in plain:
            unclear[part.box.slices] = False
        for box in hole_boxes(unclear, self._rule.core(hole.shape)):
            scale = scale_for(hole, box, self._rule)
            window = self._rule.surroundings(box, hole.shape, scale)
            canvas = picture.canvas(box, window)
            inner = box.within(window)
            art = line_art_on(canvas) if max(box.size) <= MAX_SIDE else None
            # a smaller copy has no lines to give
            is_copied = math.prod(window.size) <= MOST_PX if art else self._has_detail
            copy = None
            if self._patches and is_copied:
                copy = copied(picture, box, window, self._patches)
            if art:
                fill_line_art(canvas, inner, art, copy.colours if copy else None)
            elif copy:
                yield from self._filling_with(copy, canvas, inner)
                add_detail(picture, copy)
            else:
                yield from self.filling(canvas, inner)
        for part in plain:
            part.paint(picture)


def _seeded_by(recipe: Callable[[], Filler], seed: int) -> Filler:
    return recipe().seeded(seed)


def _check_interface(path: Path, card: ModelCard, session: Any) -> None:
    given = {entry.name: entry for entry in session.get_inputs()}
    outputs = [entry.name for entry in session.get_outputs()]
    names = [*_INPUTS, *([_NOISE] if card.noise_dim else [])]
    if set(given) != set(names) or _OUTPUT not in outputs:
        raise BadModelError(
            f"{path} takes {', '.join(given)} and gives {', '.join(outputs)}, but must take "
            f"{' and '.join(names)} and give {_OUTPUT}; export it with `restauro export`"
        )
    if card.noise_dim and given[_NOISE].shape[1:] != [card.noise_dim]:
        raise BadModelError(
            f"input {_NOISE} of {path} has the shape {given[_NOISE].shape}, but its card says "
            f"(B, {card.noise_dim}); export it with `restauro export`"
        )
    for name, channels in _INPUTS.items():
        shape = given[name].shape
        if given[name].type != "tensor(float)" or not _takes_any_batch(shape, channels, card.size):
            raise BadModelError(
                f"input {name} of {path} is {given[name].type} of the shape {shape}, but must be "
                f"float32 (B, {channels}, H, W) with any B and the size {card.size} of its card; "
                "export it with `restauro export`"
            )


def _takes_any_batch(shape: list[Any], channels: int, size: Size) -> bool:
    """Whether an input of this shape takes (B, channels, *size) for every B; text is any number."""
    if len(shape) != 4 or shape[1] != channels or isinstance(shape[0], int):
        return False
    return all(
        not isinstance(side, int) or side == wanted
        for side, wanted in zip(shape[2:], size, strict=True)
    )
