"""`Filler`: what every filler is to those who call it, whatever it does inside."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Generator, Sequence
from functools import partial
from itertools import starmap
from pathlib import Path
from typing import Any, Generic, NamedTuple, SupportsIndex, TypeAlias, TypeVar, overload

import numpy as np
import PIL.Image
from numpy.typing import NDArray

from restauro.errors import BadImageError, BadModelError, RestauroError
from restauro.fill.compose import Damaged, damaged
from restauro.fill.steps import Step, coarse_first, ended, newly_painted
from restauro.fill.trust import calibration_of
from restauro.picture.types import Image, Mask

SomeMask: TypeAlias = NDArray[Any] | PIL.Image.Image | str | Path
"""Hole = True, 1 or 255 of an array (H, W), or white or transparent of a picture or its file."""
SEVERAL = "faces_several"
"""The shipped model that has several fills for a hole."""
PICTURES_AT_ONCE = 32
"""Of a batch; bounds the memory of what is seen of them."""
Picture = TypeVar("Picture", Image, PIL.Image.Image, Image | PIL.Image.Image)
"""What is restored and what comes back: an array or a Pillow picture."""


def check_seed(seed: int) -> None:
    """Refuses what is no number of a fill.

    Raises:
        RestauroError: It is below 0.
    """
    if seed < 0:
        raise RestauroError(f"the seed is {seed}; give 0 or more")


class Filled(NamedTuple, Generic[Picture]):
    """A restored picture, and how it was restored."""

    picture: Picture
    model: str
    remark: str = ""
    """As a `Painter` has them."""


class Painter(NamedTuple):
    """Who filled the hole of one picture."""

    model: str
    """Name of the filler: with `auto` of the one that was chosen."""
    remark: str = ""
    """What else a user should know."""


Painting: TypeAlias = Generator[None, None, Sequence[Painter]]
"""Paints in steps: between them the work can be looked at, and ended."""


class Filler(ABC):
    """Fills the holes of a picture: `filler(image, mask)`.

    Known pixels come back bit for bit, and what the hole hides has no influence. May be called
    from several threads at once; the same call gives the same result every time. One that came
    from `load` can be pickled: it is loaded once more where it arrives.
    """

    name: str
    """How tables and records call it."""
    files: tuple[Path, ...] = ()
    """What decides its results beside code, weights first; their size is the filler's."""
    code: tuple[Path, ...] = ()
    """Files of the plug-in that it comes from, which decide as well."""
    parameters: int | None = None
    """Number of weights, if it has any and tells."""
    recipe: Callable[[], Filler] | None = None
    """Makes the same filler again, in any process; `load` gives it."""

    @property
    def members(self) -> tuple[Filler, ...]:
        """What may fill a hole: the filler itself, or those that it chooses among."""
        return (self,)

    @property
    @abstractmethod
    def identity(self) -> str:
        """Changes when the results do."""

    @abstractmethod
    def paint(self, pictures: Sequence[Damaged]) -> Painting:
        """Fills the holes of at most `PICTURES_AT_ONCE` pictures, each by way of its canvas."""

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.name!r})"

    def __reduce_ex__(self, protocol: SupportsIndex) -> Any:
        if self.recipe is None:
            return super().__reduce_ex__(protocol)
        return self.recipe, ()

    @overload
    def __call__(self, image: Image, mask: SomeMask, *, grow: int = 0) -> Image: ...

    @overload
    def __call__(
        self, image: PIL.Image.Image | str | Path, mask: SomeMask, *, grow: int = 0
    ) -> PIL.Image.Image: ...

    def __call__(
        self, image: Image | PIL.Image.Image | str | Path, mask: SomeMask, *, grow: int = 0
    ) -> Image | PIL.Image.Image:
        """The image with its holes filled: same type, size and mode, known pixels bit for bit.

        A mask without a hole gives the image back. A mask with soft edges gives a warning.

        Args:
            image: uint8 (H, W, 3) RGB or (H, W) or (H, W, 1) grey, a Pillow picture of any mode,
                whose metadata is kept, or the path of a file, which gives a Pillow picture.
            mask: Hole = True, 1 or 255 of an array (H, W) of bool or uint8, or white or
                transparent of a Pillow picture or a file. A picture with an orientation tag takes
                a mask that is upright, as a viewer shows it.
            grow: By how many pixels the hole grows on all sides, as `--grow-mask` does.

        Raises:
            BadImageError: The mask has another size, covers everything or may mean two things; the
                type, shape or mode of image or mask is unknown; or a file cannot be read.
            BadModelError: A model or method gives no picture.
        """
        restored: Image | PIL.Image.Image = self._fill_all([(image, mask)], grow)[0].picture
        return restored

    def fill(self, image: Picture, mask: SomeMask, *, grow: int = 0) -> Filled[Picture]:
        """The same, and how it was done."""
        return self._fill_all([(image, mask)], grow)[0]

    def steps(
        self, image: Picture, mask: SomeMask, *, grow: int = 0, coarse: bool = False
    ) -> Generator[Step, None, Filled[Picture]]:
        """The same in steps: each part of a large picture as soon as it is there.

        The result is the same to the digit. With `coarse` a coarse answer for a large hole comes
        first, from a smaller copy.
        """
        picture = damaged(image, mask, grow)
        if coarse and picture.hole.any():
            yield from coarse_first(picture, self)
        painting, patches = self.paint([picture]), newly_painted(picture)
        while True:
            try:
                next(painting)
            except StopIteration as end:
                yield from patches()
                return Filled(picture.restored(), *end.value[0])
            yield from patches()
            yield None

    def trust(
        self, image: Image | PIL.Image.Image | str | Path, mask: SomeMask, *, grow: int = 0
    ) -> Mask:
        """The part of the hole that a fill gets right, as far as its calibration can tell.

        Right is a pixel whose error is at most `threshold` levels, which the trusted ones of a
        picture are with the probability `promise`, both of its calibration, in pictures like those
        it was measured on. Takes what a call takes.

        Returns:
            (H, W) of the upright picture, True = filled, and to be trusted.

        Raises:
            BadImageError: As of a call.
            BadModelError: As of a call, or the filler has no calibration.
        """
        return calibration_of(self).trust(*self._restored(image, mask, grow))

    def interval(
        self, image: Image | PIL.Image.Image | str | Path, mask: SomeMask, *, grow: int = 0
    ) -> tuple[Image, Image]:
        """Two pictures between which the truth lies, as far as the calibration can tell.

        Of the hole's values in a picture the share `promise` of the calibration lies between both;
        known pixels are those of the picture. Takes what a call takes.

        Returns:
            uint8 (H, W, 3) RGB of the upright picture each: the lower ends, and the upper ones.

        Raises:
            BadImageError: As of a call.
            BadModelError: As of a call, or the filler has no calibration.
        """
        return calibration_of(self).interval(*self._restored(image, mask, grow))

    def _restored(self, image: Any, mask: Any, grow: int) -> tuple[Image | PIL.Image.Image, Mask]:
        """The restored picture and its hole."""
        picture = damaged(image, mask, grow)
        ended(self.paint([picture]))
        return picture.restored(), picture.hole

    def seeded(self, seed: int) -> Filler:
        """The same filler, which draws another of its fills: number `seed`, always the same one.

        Number 0 is the one in the middle, which it draws without a seed, too.

        Raises:
            BadModelError: It has one fill for a hole; the message names a model that has several.
            RestauroError: The seed is below 0.
        """
        check_seed(seed)
        raise BadModelError(
            f"{self.name!r} has one fill for a hole, so no seed and no several; take {SEVERAL}, "
            "which has any number"
        )

    def several(
        self, image: Picture, mask: SomeMask, n: int = 6, seed: int = 0, *, grow: int = 0
    ) -> list[Picture]:
        """The image with its holes filled in `n` ways, those of `seed`, `seed + 1` and so on.

        Takes what a call takes, and every one is what `seeded` of its number gives.

        Raises:
            BadImageError: As of a call.
            BadModelError: As of a call, or the filler has one fill for a hole.
            RestauroError: `n` is below 1, or the seed below 0.
        """
        if n < 1:
            raise RestauroError(f"n is {n}; ask for 1 fill or more")
        return [self.seeded(seed + i).fill(image, mask, grow=grow).picture for i in range(n)]

    @overload
    def batch(self, images: Image, masks: NDArray[Any], *, grow: int = 0) -> Image: ...

    @overload
    def batch(
        self,
        images: Sequence[Picture],
        masks: NDArray[Any] | Sequence[SomeMask],
        *,
        grow: int = 0,
    ) -> list[Picture]: ...

    def batch(
        self,
        images: Image | Sequence[Picture],
        masks: NDArray[Any] | Sequence[SomeMask],
        *,
        grow: int = 0,
    ) -> Image | list[Picture]:
        """Several images with their holes filled, each as a call of its own would fill it.

        A network sees windows of several images in one run. Processors give exactly the result
        of single calls; an accelerator, or a network of PyTorch, may choose another algorithm
        for another number of windows, and differ by one level of 255.

        Args:
            images: uint8 (B, H, W, 3) RGB, or a sequence of what a call takes, of any sizes.
            masks: One mask for each image: an array (B, H, W), or a sequence of what a call takes.
            grow: As of one call, for all holes.

        Returns:
            uint8 (B, H, W, 3) for an array, otherwise a list of arrays and pictures like `images`.

        Raises:
            BadImageError: As for one call, or the numbers of images and masks differ.
            BadModelError: As for one call.
        """
        for name, value in (("images", images), ("masks", masks)):
            if isinstance(value, str) or not isinstance(value, np.ndarray | Sequence):
                raise BadImageError(
                    f"{name} is a {type(value).__name__}; give an array or a list with one of each"
                )
        if len(images) != len(masks):
            raise BadImageError(
                f"there are {len(images)} images, but {len(masks)} masks; give one for each"
            )
        restored = [
            filled.picture for filled in self._fill_all(list(zip(images, masks, strict=True)), grow)
        ]
        if isinstance(images, np.ndarray):
            return np.stack(restored) if restored else images.copy()
        return restored

    def _fill_all(self, tasks: Sequence[tuple[Any, Any]], grow: int) -> list[Filled[Any]]:
        """Restores (image, mask) pairs, a limited number at a time."""
        found: list[Filled[Any]] = []
        for start in range(0, len(tasks), PICTURES_AT_ONCE):
            some = tasks[start : start + PICTURES_AT_ONCE]
            pictures = list(starmap(partial(damaged, grow=grow), some))
            painters = ended(self.paint(pictures))
            found += [
                Filled(picture.restored(), *painter)
                for picture, painter in zip(pictures, painters, strict=True)
            ]
        return found
