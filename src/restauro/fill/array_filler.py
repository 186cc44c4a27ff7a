"""Functions on arrays as fillers: classical methods, peers, networks alone, plug-ins."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from restauro.errors import BadImageError, BadModelError
from restauro.files import file_sha256
from restauro.fill.canvas import Canvas
from restauro.fill.compose import Damaged, DamagedArray
from restauro.fill.filler import Filler, Painter, Painting
from restauro.fill.sessions import CPU, Device, on_device
from restauro.fill.windows import Box, surroundings_of
from restauro.picture.types import Image, Inpaint

Images: TypeAlias = NDArray[np.uint8]
"""(B, H, W, 3) RGB."""
Masks: TypeAlias = NDArray[np.bool_]
"""(B, H, W), True = hole."""
InpaintBatch: TypeAlias = Callable[[Images, Masks], Images]
"""The batch form of `Inpaint`, for functions that are faster with many pictures at once."""


class ArrayFiller(Filler):
    """A function from an image and its mask to the whole image, whose hole is taken.

    It may return what it likes in the known area. Hidden pixels hold the mean colour of the known
    ones, and not black, as some peers scale the picture before they look at the mask: black
    would leave a dark rim. An array is shown whole, as papers score methods; of a Pillow picture
    the surroundings of its hole are, unless the function must see whole pictures.
    """

    def __init__(
        self,
        name: str,
        inpaint: Inpaint | None = None,
        inpaint_batch: InpaintBatch | None = None,
        *,
        files: tuple[Path, ...] = (),
        parameters: int | None = None,
        sees_all: bool = False,
        device: Device = CPU,
    ) -> None:
        """`inpaint` or `inpaint_batch` is needed; `device` is where it computes."""
        assert inpaint or inpaint_batch, f"{name} has nothing that fills"
        self.name, self.files, self.parameters = name, files, parameters
        self._inpaint, self._inpaint_batch = inpaint, inpaint_batch
        self._sees_all, self._device = sees_all, device

    @property
    def identity(self) -> str:
        """Its name, the SHA-256 of its files and its plug-in's, and where it computes."""
        digests = map(file_sha256, (*self.files, *self.code))
        return " ".join([self.name, *digests]) + on_device(self._device)

    def paint(self, pictures: Sequence[Damaged]) -> Painting:
        """Calls the function with pictures of one size together, or with one after the other."""
        for canvases in self._groups([one for one in pictures if one.hole.any()]):
            images = np.stack([shown(canvas) for canvas in canvases])
            masks = np.stack([~canvas.known for canvas in canvases])
            for canvas, filled in zip(canvases, self._answers(images, masks), strict=True):
                canvas.paint(Box(0, 0, *canvas.size), filled.astype(np.float32) / np.float32(255))
            yield
        return [Painter(self.name)] * len(pictures)

    def _groups(self, pictures: Sequence[Damaged]) -> Iterator[list[Canvas]]:
        """What is shown of the pictures, together where sizes and the function allow it."""
        if self._inpaint_batch is None:
            yield from ([self._canvas(picture)] for picture in pictures)
            return
        canvases = [self._canvas(picture) for picture in pictures]
        for size in dict.fromkeys(canvas.size for canvas in canvases):
            yield [canvas for canvas in canvases if canvas.size == size]

    def _canvas(self, picture: Damaged) -> Canvas:
        is_whole = self._sees_all or isinstance(picture, DamagedArray)
        box = Box(0, 0, *picture.hole.shape) if is_whole else surroundings_of(picture.hole)
        return picture.canvas(box, box)

    def _answers(self, images: Images, masks: Masks) -> Images:
        if self._inpaint_batch is not None:
            filled = self._inpaint_batch(images, masks)
        else:
            assert self._inpaint is not None
            filled = np.asarray(self._inpaint(images[0], masks[0]))[None]
        if filled.shape != images.shape or filled.dtype != np.uint8:
            raise BadModelError(
                f"the method {self.name!r} gave {filled.dtype} of the shape {filled.shape} for "
                f"pictures of {images.shape}; it must give uint8 of the same shape"
            )
        return filled


def shown(canvas: Canvas) -> Image:
    """All of a canvas, uint8 (H, W, 3) RGB, hidden pixels in the mean colour of the known ones.

    Raises:
        BadImageError: Nothing is known.
    """
    if not canvas.known.any():
        raise BadImageError(
            "all that surrounds the hole is transparent, so nothing is known to fill it from; "
            "make some of it visible or take a model"
        )
    image = np.rint(canvas.look(Box(0, 0, *canvas.size)) * 255).astype(np.uint8)
    colour = np.rint(image[canvas.known].mean(axis=0)).astype(np.uint8)
    return np.where(canvas.known[:, :, None], image, colour)
