"""An autoencoder as what makes codes of pictures and pictures of codes."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray
from PIL import Image as Pillow
from PIL import ImageOps

from restauro.data.bank import Bank
from restauro.data.pictures import UnusablePictureError, decode
from restauro.data.sources._source import is_picture
from restauro.errors import BadImageError, BadModelError
from restauro.latents.networks import network_of
from restauro.latents.population import Population
from restauro.picture.types import Image, Size

Scalar = TypeVar("Scalar", np.uint8, np.float32)
BATCH_SIZE = 64


class Coder:
    """The codes of a run's best weights, or of an exported model, which needs no PyTorch.

    Raises:
        BadModelError: The weights are missing or damaged, or the network has no code.
        ConfigError: The folder holds no config that can be read.
        UnknownNameError: There is no such model.
    """

    def __init__(self, source: Path) -> None:
        self._network = network_of(source)
        self.name, self.checksum = self._network.name, self._network.checksum
        self.size, self.latent_dim = self._network.size, self._network.latent_dim

    def prior(self) -> Population:
        """Where the codes of all pictures together lie, by the network's training.

        Raises:
            BadModelError: That was no part of it.
        """
        if not self._network.has_prior:
            raise BadModelError(
                f"the network {self.name!r} is not variational, so its codes may lie anywhere; "
                "encode many pictures, and give their codes with --codes"
            )
        return Population.standard(self.latent_dim)

    def encode(self, images: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Codes (N, latent_dim) of whole pictures (N, H, W, 3); means, where codes can be drawn.

        Raises:
            BadImageError: The network takes no pictures of this size.
        """
        self._check_size(images.shape[1:3])
        return np.concatenate([self._network.encode(batch) for batch in _batches(images)])

    def decode(self, codes: NDArray[np.float32]) -> NDArray[np.uint8]:
        """Pictures (N, H, W, 3) of codes (N, latent_dim)."""
        return np.concatenate([self._network.decode(batch) for batch in _batches(codes)])

    def read(
        self, paths: Iterable[Path], split: str = "test"
    ) -> tuple[list[str], NDArray[np.uint8]]:
        """Names, and pictures (N, H, W, 3), of files, of folders of them, or of a bank's split.

        Of a file the middle is taken, at the network's size.

        Raises:
            BadImageError: A file cannot be used, or there is no picture.
            BadDataError: The bank is damaged, or has no such split.
        """
        names: list[str] = []
        images: list[Image] = []
        for path in paths:
            if (path / "bank.json").is_file():
                bank = Bank.open(path)
                self._check_size(bank.size)
                rows = bank.split(split)
                names += [bank.index[row]["name"] for row in rows]
                images += list(bank.images[rows])
                continue
            inside = sorted(path.iterdir()) if path.is_dir() else [path]
            files = [file for file in inside if file == path or is_picture(file.name)]
            names += [file.name for file in files]
            images += [self._read(file) for file in files]
        if not images:
            raise BadImageError(f"no picture in {', '.join(map(str, paths))}; give another folder")
        return names, np.stack(images)

    def _read(self, path: Path) -> Image:
        try:
            picture = decode(path.read_bytes())
        except UnusablePictureError as error:
            raise BadImageError(f"{path} cannot be used: {error}; give another picture") from error
        height, width = self.size
        return np.asarray(ImageOps.fit(picture, (width, height), Pillow.Resampling.LANCZOS))

    def _check_size(self, size: Size) -> None:
        if size != self.size:
            raise BadImageError(
                f"pictures of {size[1]}x{size[0]} do not fit {self.name!r}, which takes "
                f"{self.size[1]}x{self.size[0]}; make a bank of such a size with "
                "`restauro prepare --size`"
            )


def _batches(rows: NDArray[Scalar]) -> list[NDArray[Scalar]]:
    return [rows[start : start + BATCH_SIZE] for start in range(0, len(rows), BATCH_SIZE)]
