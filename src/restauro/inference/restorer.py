"""Restores pictures of any size and mode: windows around the holes -> network -> pasted holes."""

from __future__ import annotations

from pathlib import Path
from typing import Any, overload

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
from restauro.inference.model_file import ModelCard
from restauro.inference.modes import (
    Colours,
    check_mode,
    from_rgb,
    to_rgb,
    value_range,
    visible,
)
from restauro.inference.network import Network
from restauro.inference.windows import CONTEXT, Box, context_window, hole_boxes

# Like bilinear without its blur, and never negative: beside a hole a pixel cannot overshoot.
_SHRINK = PIL.Image.Resampling.HAMMING
_ENLARGE = PIL.Image.Resampling.BICUBIC
_WHITE = 255


def load(name_or_path: str | Path, *, threads: int | None = None) -> Restorer:
    """A model, ready to restore pictures.

    Args:
        name_or_path: A name from `list_models()`, or the path of an `.onnx` file.
        threads: How many processor threads one call may use; None = as many as there are cores.

    Raises:
        UnknownNameError: No shipped model has this name.
        BadModelError: The file is missing, damaged or no restauro model.
    """
    return Restorer(Network(model_path(name_or_path), threads))


class Restorer:
    """Fills the holes of a picture: `restorer(image, mask)`.

    May be called from several threads at once; the same call gives the same result every time.
    """

    def __init__(self, network: Network) -> None:
        self._network = network

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
        hole = mask_of_array(mask) if isinstance(mask, np.ndarray) else mask_of_picture(mask)
        if isinstance(image, PIL.Image.Image):
            return self._restored(image, hole)
        return np.array(self._restored(_picture_of(image), hole))

    def _restored(self, picture: PIL.Image.Image, hole: Mask) -> PIL.Image.Image:
        check_mode(picture)
        shown = upright(picture)
        _check_mask(hole, (shown.height, shown.width), is_turned=shown is not picture)
        if not hole.any():
            return picture.copy()
        filled = shown.copy()
        together = (self.card.size[0] // CONTEXT, self.card.size[1] // CONTEXT)
        for box in hole_boxes(hole, together):
            self._fill(filled, hole, box)
        return as_stored(filled, picture)

    def _fill(self, picture: PIL.Image.Image, hole: Mask, box: Box) -> None:
        """Paints the holes in `box`; `hole` (H, W) has all holes, as all of them are hidden."""
        window = context_window(box, hole.shape, self.card.size)
        crop = picture.crop(window.corners)  # black outside the picture, where nothing is known
        inside = PIL.Image.fromarray(~hole).crop(window.corners)
        known = np.asarray(inside) & visible(crop)
        limits = value_range(crop, known)
        image, small_known = _shrunk(to_rgb(crop, limits), known, self.card.size)
        prediction = self._network(image, ~small_known)
        colours = _enlarged(prediction, window, box)
        box_hole = hole[box.slices]
        patch = from_rgb(colours, picture.crop(box.corners), box_hole, limits)
        picture.paste(patch, (box.left, box.top), PIL.Image.fromarray(box_hole))


def _shrunk(image: Image, known: Mask, size: Size) -> tuple[Image, Mask]:
    """Image (H, W, 3) and known (H, W) at another size, of known pixels alone.

    A pixel is known if no hidden one contributes to it, and colours are averages of known pixels:
    "known" goes through Pillow as alpha, which weights every colour.
    """
    weighted = np.dstack([image, np.where(known, np.uint8(_WHITE), np.uint8(0))])  # (H, W, 4)
    height, width = size
    small = np.asarray(PIL.Image.fromarray(weighted).resize((width, height), _SHRINK))
    return small[:, :, :3], small[:, :, 3] == _WHITE


def _enlarged(prediction: Colours, window: Box, box: Box) -> Colours:
    """The part of a window's prediction (h, w, 3) that lies in `box`, at the picture's scale."""
    rows, columns = prediction.shape[:2]
    down, across = rows / window.size[0], columns / window.size[1]
    part = (
        (box.left - window.left) * across,
        (box.top - window.top) * down,
        min((box.right - window.left) * across, columns),  # rounding must not leave the prediction
        min((box.bottom - window.top) * down, rows),
    )
    height, width = box.size
    bands = [
        PIL.Image.fromarray(np.ascontiguousarray(band)).resize((width, height), _ENLARGE, part)
        for band in prediction.transpose(2, 0, 1)
    ]
    return np.stack([np.asarray(band) for band in bands], axis=2).clip(0, 1)


def _picture_of(image: NDArray[Any]) -> PIL.Image.Image:
    is_colour = image.ndim == 3 and image.shape[2] == 3
    if image.dtype != np.uint8 or not (is_colour or image.ndim == 2):
        raise BadImageError(
            f"the image has the shape {image.shape} and type {image.dtype}; give uint8 of the "
            "shape (height, width, 3), or a Pillow picture for other modes"
        )
    return PIL.Image.fromarray(image)


def _check_mask(hole: Mask, size: Size, *, is_turned: bool) -> None:
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
