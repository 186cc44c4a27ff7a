"""Restores pictures of any size and mode: windows around the holes -> network -> pasted holes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TypeAlias, TypeVar, overload

import numpy as np
import PIL.Image
from numpy.typing import NDArray

from restauro.errors import BadImageError
from restauro.fill.canvas import Canvas
from restauro.fill.catalogue import model_path
from restauro.fill.filling import Filling, fill, scale_for
from restauro.fill.lockstep import Restoration, run_together
from restauro.fill.model_file import ModelCard
from restauro.fill.modes import (
    Colours,
    check_mode,
    part_from_rgb,
    to_rgb,
    value_range,
    visible,
)
from restauro.fill.network import Network
from restauro.fill.windows import Box, WindowRule, hole_boxes, parts
from restauro.images import (
    Image,
    Mask,
    Size,
    as_stored,
    mask_of_array,
    mask_of_picture,
    upright,
)

Masks: TypeAlias = NDArray[Any] | Sequence[NDArray[Any] | PIL.Image.Image]
PICTURES_AT_ONCE = 32
"""Of a batch; bounds the memory of their windows."""
Picture = TypeVar("Picture", Image, PIL.Image.Image, Image | PIL.Image.Image)
"""What is restored and what comes back: an array or a Pillow picture."""
Cut: TypeAlias = Callable[[Box], PIL.Image.Image]
"""Gives a part of the picture in its own mode."""
Paste: TypeAlias = Callable[[Box, PIL.Image.Image], None]
"""Takes a part of the picture in its own mode; only its holes change."""


def load(
    name_or_path: str | Path, threads: int | None = None, providers: Sequence[str] | None = None
) -> Restorer:
    """A model, ready to restore pictures.

    Args:
        name_or_path: A name from `list_models()`, or the path of an `.onnx` file.
        threads: How many processor threads one call may use; None = as many as there are cores.
        providers: Names of ONNX Runtime's execution providers, the preferred one first, such as
            `CUDAExecutionProvider`; None = the processor.

    Raises:
        UnknownNameError: No model has this name, or ONNX Runtime has no such provider.
        BadModelError: The file is missing, damaged or no restauro model.
        RestauroError: `threads` is below 1.
    """
    return Restorer(Network(model_path(name_or_path), threads, providers))


class Restorer:
    """Fills the holes of a picture: `restorer(image, mask)`.

    May be called from several threads at once; the same call gives the same result every time.
    """

    def __init__(self, network: Network) -> None:
        self._network = network
        self._rule = WindowRule(network.card.size, network.card.multiple)

    @property
    def card(self) -> ModelCard:
        """What the model says about itself."""
        return self._network.card

    def __repr__(self) -> str:
        return f"Restorer({self.card.name!r}, version {self.card.version!r})"

    @overload
    def __call__(self, image: Image, mask: NDArray[Any] | PIL.Image.Image) -> Image: ...

    @overload
    def __call__(
        self, image: PIL.Image.Image, mask: NDArray[Any] | PIL.Image.Image
    ) -> PIL.Image.Image: ...

    def __call__(
        self, image: Image | PIL.Image.Image, mask: NDArray[Any] | PIL.Image.Image
    ) -> Image | PIL.Image.Image:
        """The image with its holes filled: same type, size and mode, known pixels bit for bit.

        The colours do not depend on what the hole hides. A mask without a hole gives the image
        back.

        Args:
            image: uint8 (H, W, 3) RGB, or a Pillow picture of any mode, whose metadata is kept.
            mask: Hole = True, 1 or 255 of an array (H, W) of bool or uint8, or white or
                transparent of a Pillow picture. A Pillow picture with an orientation tag takes a
                mask that is upright, as a viewer shows it.

        Raises:
            BadImageError: The mask has another size or covers everything, or the type, shape or
                mode of image or mask is unknown.
        """
        restored: Image | PIL.Image.Image = self._run([(image, mask)])[0]
        return restored

    @overload
    def batch(self, images: Image, masks: NDArray[Any]) -> Image: ...

    @overload
    def batch(self, images: Sequence[Picture], masks: Masks) -> list[Picture]: ...

    def batch(self, images: Image | Sequence[Picture], masks: Masks) -> Image | list[Picture]:
        """Several images with their holes filled, each as a call of its own would fill it.

        The network sees windows of several images in one run. Processors give exactly the result
        of single calls; an accelerator may choose another algorithm for another number of
        windows, and differ by one level of 255.

        Args:
            images: uint8 (B, H, W, 3) RGB, or a sequence of what a call takes, of any sizes.
            masks: One mask for each image: an array (B, H, W), or a sequence of what a call takes.

        Returns:
            uint8 (B, H, W, 3) for an array, otherwise a list of arrays and pictures like `images`.

        Raises:
            BadImageError: As for one call, or the numbers of images and masks differ.
        """
        if len(images) != len(masks):
            raise BadImageError(
                f"there are {len(images)} images, but {len(masks)} masks; give one for each"
            )
        restored = self._run(list(zip(images, masks, strict=True)))
        if isinstance(images, np.ndarray):
            return np.stack(restored) if restored else images.copy()
        return restored

    def _run(self, tasks: list[tuple[Any, Any]]) -> list[Any]:
        """Restores (image, mask) pairs, a limited number at a time."""
        restored: list[Any] = []
        for start in range(0, len(tasks), PICTURES_AT_ONCE):
            some = tasks[start : start + PICTURES_AT_ONCE]
            restored += run_together([self._restoration(*task) for task in some], self._network)
        return restored

    def _restoration(self, image: Any, mask: Any) -> Restoration[Any]:
        hole = mask_of_array(mask) if isinstance(mask, np.ndarray) else mask_of_picture(mask)
        is_picture = isinstance(image, PIL.Image.Image)
        return (yield from (self._picture if is_picture else self._array)(image, hole))

    def _array(self, image: Image, hole: Mask) -> Restoration[Image]:
        _check_array(image)
        _check_mask(hole, image.shape[:2])
        filled = image.copy()

        def cut(box: Box) -> PIL.Image.Image:
            return PIL.Image.fromarray(image[box.slices])

        def paste(box: Box, patch: PIL.Image.Image) -> None:
            own_hole = hole[box.slices]
            filled[box.slices][own_hole] = np.asarray(patch)[own_hole]

        yield from self._fill_all(hole, cut, paste)
        return filled

    def _picture(self, picture: PIL.Image.Image, hole: Mask) -> Restoration[PIL.Image.Image]:
        check_mode(picture)
        shown = upright(picture)
        _check_mask(hole, (shown.height, shown.width), is_turned=shown is not picture)
        filled = shown.copy() if shown is picture else shown

        def cut(box: Box) -> PIL.Image.Image:
            return filled.crop(box.corners)

        def paste(box: Box, patch: PIL.Image.Image) -> None:
            filled.paste(patch, (box.left, box.top), PIL.Image.fromarray(hole[box.slices]))

        yield from self._fill_all(hole, cut, paste)
        return as_stored(filled, picture)

    def _fill_all(self, hole: Mask, cut: Cut, paste: Paste) -> Filling:
        """Fills each group of holes (H, W)."""
        for box in hole_boxes(hole, self._rule.core(hole.shape)):
            scale = scale_for(hole, box, self._rule)
            window = self._rule.surroundings(box, hole.shape, scale)
            yield from fill(_canvas(hole, box, window, cut, paste), box.within(window), self._rule)


def _canvas(hole: Mask, box: Box, window: Box, cut: Cut, paste: Paste) -> Canvas:
    """The `window` of a picture; what is painted lands in the holes (H, W) in `box`.

    Holes of other groups are hidden, too, and so is what is fully transparent.
    """
    known, ranges = ~hole[window.slices], []
    for part in parts(window):
        crop, own_known = cut(part), known[part.within(window).slices]
        own_known &= visible(crop)
        if own_known.any():
            ranges.append(value_range(crop, own_known))
    limits = (min(low for low, _ in ranges), max(high for _, high in ranges)) if ranges else (0, 0)
    is_erased = not any(visible(cut(part))[hole[part.slices]].any() for part in parts(box))

    def look(part: Box) -> Colours:
        scale = known[part.slices].astype(np.float32)[..., None] / 255
        image = to_rgb(cut(part.moved(window.top, window.left)), limits)
        return np.multiply(image, scale, dtype=np.float32)

    def paint(part: Box, colours: Colours) -> None:
        place = part.moved(window.top, window.left)
        paste(place, part_from_rgb(colours, cut(place), limits, is_erased=is_erased))

    return Canvas(known, look, paint)


def _check_array(image: NDArray[Any]) -> None:
    is_colour = image.ndim == 3 and image.shape[2] == 3
    if image.dtype != np.uint8 or not (is_colour or image.ndim == 2):
        raise BadImageError(
            f"the image has the shape {image.shape} and type {image.dtype}; give uint8 of the "
            "shape (height, width, 3), or a Pillow picture for other modes"
        )


def _check_mask(hole: Mask, size: Size, *, is_turned: bool = False) -> None:
    """Refuses a mask (H, W) that does not fit the picture's size or leaves nothing known."""
    if hole.shape != size:
        upright_note = " as its orientation tag shows it" if is_turned else ""
        raise BadImageError(
            f"the mask is {hole.shape[1]}x{hole.shape[0]} pixels, but the image is "
            f"{size[1]}x{size[0]}{upright_note}; resize the mask first"
        )
    if hole.size and hole.all():
        raise BadImageError(
            "the mask covers the whole picture, so nothing is known to restore it from; "
            "leave some of it black"
        )
