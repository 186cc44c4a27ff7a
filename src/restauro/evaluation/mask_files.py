"""Holes of a folder or archive of mask files, such as the irregular ones of many papers."""

from __future__ import annotations

import functools
import hashlib
from pathlib import Path

import numpy as np

from restauro.data.containers import open_container
from restauro.data.pictures import UnusablePictureError
from restauro.errors import BadDataError, BadImageError
from restauro.evaluation.hole_shapes import MAX_TRIES, WholeNumbers
from restauro.picture.formats import READ_SUFFIXES
from restauro.picture.masks import read_mask
from restauro.picture.types import Mask, Size


class MaskFiles:
    """Draws one of the masks for every picture, at the picture's size; keeps the files in memory.

    Raises:
        BadDataError: There is nothing at the path, or no picture in it, or one cannot be read.
    """

    def __init__(self, path: Path) -> None:
        self.path, container = path, open_container(path)
        suffixes = tuple(READ_SUFFIXES)
        names = [name for name in container.listing().names if name.lower().endswith(suffixes)]
        if not names:
            raise BadDataError(f"{path} holds no mask; give a folder or archive of mask files")
        try:
            found = {member.name: member.read() for member in container.stream(names)}
        except UnusablePictureError as error:
            raise BadDataError(f"{path} has a mask that cannot be read: {error}") from error
        self.files = [(name, found[name]) for name in names]

    def __call__(self, size: Size, random: WholeNumbers) -> Mask:
        """A mask (H, W), True = hole, that has a hole and something known at this size.

        Raises:
            BadImageError: A mask cannot be read, or too many have none at this size.
        """
        for _ in range(MAX_TRIES):
            name, content = self.files[random.between(0, len(self.files) - 1)]
            mask = resized(read_mask(content, f"{name} of {self.path}"), size)
            if mask.any() and not mask.all():
                return mask
        raise BadImageError(
            f"{MAX_TRIES} masks of {self.path} are nothing but hole, or without one, at "
            f"{size[1]}x{size[0]}; give masks in which white is the hole"
        )

    @functools.cached_property
    def sha256(self) -> str:
        """Of the files' content in the order of their names, wherever they lie."""
        digests = [hashlib.sha256(content).digest() for _, content in self.files]
        return hashlib.sha256(b"".join(digests)).hexdigest()


mask_files = functools.cache(MaskFiles)
"""The masks at a path, read once."""


def resized(mask: Mask, size: Size) -> Mask:
    """The mask at another size, every pixel that of the nearest place: none in between."""
    rows, columns = (
        (2 * np.arange(new) + 1) * old // (2 * new)
        for new, old in zip(size, mask.shape, strict=True)
    )
    return np.asarray(mask[np.ix_(rows, columns)])
