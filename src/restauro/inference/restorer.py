"""Restores pictures of any size and mode: windows around the holes -> network -> pasted holes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, TypeAlias, TypeVar, overload

import numpy as np
import PIL.Image
from numpy.typing import NDArray

from restauro.errors import BadImageError
from restauro.images import (
    Image,
    Mask,
    Size,
    as_stored,
    mask_of_array,
    mask_of_picture,
    upright,
)
from restauro.inference.catalog import model_path
from restauro.inference.filling import fill, scale_for
from restauro.inference.lockstep import Restoration, run_together
from restauro.inference.model_file import ModelCard
from restauro.inference.modes import check_mode, from_rgb, to_rgb, value_range, visible
from restauro.inference.network import MAX_BATCH, Network
from restauro.inference.windows import Box, WindowRule, hole_boxes

Masks: TypeAlias = NDArray[Any] | Sequence[NDArray[Any] | PIL.Image.Image]
Picture = TypeVar("Picture", Image, PIL.Image.Image, Image | PIL.Image.Image)
"""What is restored and what comes back: an array or a Pillow picture."""


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
        for start in range(0, len(tasks), MAX_BATCH):
            some = tasks[start : start + MAX_BATCH]
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
        for box, window in self._places(hole):
            crop = PIL.Image.fromarray(image[window.slices])
            patch = yield from self._patch(crop, hole, box, window)
            box_hole = hole[box.slices]
            filled[box.slices][box_hole] = np.asarray(patch)[box_hole]
        return filled

    def _picture(self, picture: PIL.Image.Image, hole: Mask) -> Restoration[PIL.Image.Image]:
        check_mode(picture)
        shown = upright(picture)
        _check_mask(hole, (shown.height, shown.width), is_turned=shown is not picture)
        filled = shown.copy() if shown is picture else shown
        for box, window in self._places(hole):
            patch = yield from self._patch(filled.crop(window.corners), hole, box, window)
            filled.paste(patch, (box.left, box.top), PIL.Image.fromarray(hole[box.slices]))
        return as_stored(filled, picture)

    def _places(self, hole: Mask) -> Iterator[tuple[Box, Box]]:
        """Each group of holes (H, W) with what must be seen to fill it."""
        for box in hole_boxes(hole, self._rule.core(hole.shape)):
            scale = scale_for(hole, box, self._rule)
            yield box, self._rule.surroundings(box, hole.shape, scale)

    def _patch(
        self, crop: PIL.Image.Image, hole: Mask, box: Box, window: Box
    ) -> Restoration[PIL.Image.Image]:
        """What to paint in `box`, in the mode of the crop, which shows `window` of the picture.

        The hole (H, W) is that of the whole picture: holes of other groups are hidden too.
        """
        known = ~hole[window.slices] & visible(crop)
        limits = value_range(crop, known)
        scale = known.astype(np.float32)[..., None] / 255
        image = np.multiply(to_rgb(crop, limits), scale, dtype=np.float32)  # (h, w, 3) in [0, 1]
        inside = box.moved(-window.top, -window.left)
        colours = yield from fill(image, known, inside, self._rule)
        return from_rgb(colours[inside.slices], crop.crop(inside.corners), hole[box.slices], limits)


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
