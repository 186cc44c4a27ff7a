"""The network of a run, as what makes codes of pictures and pictures of codes."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image as Pillow
from PIL import ImageOps

from restauro.data.bank import Bank
from restauro.data.batches import to_tensor
from restauro.data.pictures import UnusablePictureError, decode
from restauro.data.sources._source import is_picture
from restauro.errors import BadImageError, BadModelError
from restauro.files import file_sha256
from restauro.latents.population import Population
from restauro.models import CodeModel
from restauro.models.variational import Variational
from restauro.picture.types import Image
from restauro.training.run_folder import RunFolder
from restauro.training.validation import to_uint8
from restauro.training.weights import load_best

BATCH_SIZE = 64


class Coder:
    """The best weights of a run whose network has codes, on the processor.

    Raises:
        BadModelError: The weights are missing or damaged, or the network has no code.
        ConfigError: The folder holds no config that can be read.
    """

    def __init__(self, run: Path) -> None:
        config, model = load_best(run)
        if not isinstance(model, CodeModel):
            raise BadModelError(
                f"the network {config.model.name!r} of {run} has no code; give a run of an "
                "autoencoder, such as vae or conv_autoencoder"
            )
        self.name, self.model = config.model.name, model.eval()
        self.checksum = file_sha256(RunFolder(run).weights)[:16]
        """Of the weights: other weights make other codes."""

    def prior(self) -> Population:
        """Where the codes of all pictures together lie, by the network's training.

        Raises:
            BadModelError: That was no part of it.
        """
        if not isinstance(self.model, Variational):
            raise BadModelError(
                f"the network {self.name!r} is not variational, so its codes may lie anywhere; "
                "encode many pictures, and give their codes with --codes"
            )
        return Population.standard(self.model.latent_dim)

    @torch.inference_mode()
    def encode(self, images: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Codes (N, latent_dim) of whole pictures (N, H, W, 3); means, where codes can be drawn.

        Raises:
            BadImageError: The network takes no pictures of this size.
        """
        self.model.check_size(images.shape[1:3])
        codes = [
            self.model.encode(to_tensor(torch.from_numpy(np.ascontiguousarray(batch)))).numpy()
            for batch in _batches(images)
        ]
        return np.concatenate(codes)

    @torch.inference_mode()
    def decode(self, codes: NDArray[np.float32]) -> NDArray[np.uint8]:
        """Pictures (N, H, W, 3) of codes (N, latent_dim)."""
        pictures = [
            to_uint8(self.model.decode(torch.from_numpy(batch).float()))
            for batch in _batches(codes)
        ]
        return np.concatenate(pictures)

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
                self.model.check_size(bank.size)
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
        height, width = self.model.size
        return np.asarray(ImageOps.fit(picture, (width, height), Pillow.Resampling.LANCZOS))


def _batches(rows: NDArray[np.generic]) -> list[NDArray[np.generic]]:
    return [rows[start : start + BATCH_SIZE] for start in range(0, len(rows), BATCH_SIZE)]
