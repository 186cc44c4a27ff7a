"""Where codes come from: the network of a run, in PyTorch, or an exported model, without it.

Both take whole pictures, uint8 (B, H, W, 3) of their `size`, and give and take codes,
float32 (B, latent_dim).
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from numpy.typing import NDArray

from restauro.errors import BadModelError
from restauro.files import file_sha256
from restauro.fill.catalogue import model_path
from restauro.fill.model_file import read_card
from restauro.fill.sessions import open_session
from restauro.picture.types import Size

if TYPE_CHECKING:
    from restauro.models import CodeModel

HOW = "give a run of an autoencoder, such as vae or conv_autoencoder, or its exported file"
CHECKSUM_DIGITS = 16


class CodeNetwork(Protocol):
    """An encoder and a decoder."""

    name: str
    """Of the architecture."""
    checksum: str
    """Of the weights, the same for a run and its exported file: other weights make other codes."""
    size: Size
    latent_dim: int
    has_prior: bool
    """Whether its codes lie as the standard normal distribution, by its training."""

    def encode(self, images: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Codes of pictures; means, where codes can be drawn."""

    def decode(self, codes: NDArray[np.float32]) -> NDArray[np.uint8]:
        """Pictures of codes."""


def network_of(source: Path) -> CodeNetwork:
    """That of the folder of a run, or of an exported model by its path or name.

    Raises:
        BadModelError: The weights are missing or damaged, or the network has no code.
        ConfigError: The folder holds no config that can be read.
        UnknownNameError: There is no such model.
    """
    return _Trained(source) if source.is_dir() else _Exported(source)


class _Trained:
    """The best weights of a run, on the processor."""

    def __init__(self, run: Path) -> None:
        from restauro.models import CodeModel
        from restauro.models.variational import Variational
        from restauro.training.run_folder import RunFolder
        from restauro.training.weights import load_best

        config, model = load_best(run)
        if not isinstance(model, CodeModel):
            raise BadModelError(f"the network {config.model.name!r} of {run} has no code; {HOW}")
        self.name = config.model.name
        self.checksum = file_sha256(RunFolder(run).weights)[:CHECKSUM_DIGITS]
        self.size, self.latent_dim = model.size, model.latent_dim
        self.has_prior = isinstance(model, Variational)
        self._model: CodeModel = model.eval()

    def encode(self, images: NDArray[np.uint8]) -> NDArray[np.float32]:
        import torch

        from restauro.data.batches import to_tensor

        with torch.inference_mode():
            tensor = to_tensor(torch.from_numpy(np.array(images)))  # a bank's are read-only
            codes: NDArray[np.float32] = self._model.encode(tensor).numpy()
        return codes

    def decode(self, codes: NDArray[np.float32]) -> NDArray[np.uint8]:
        import torch

        from restauro.training.validation import to_uint8

        with torch.inference_mode():
            return to_uint8(self._model.decode(torch.from_numpy(codes).float()))


class _Exported:
    """The encoder and decoder in a model file, by ONNX Runtime (`export.WithCodes`)."""

    def __init__(self, name_or_path: Path) -> None:
        is_path = name_or_path.suffix == ".onnx"
        path = model_path(name_or_path if is_path else str(name_or_path))
        card = read_card(path)
        if not card.latent_dim:
            raise BadModelError(f"the model {card.name!r} of {path} has no code; {HOW}")
        self.name, self.checksum = card.architecture, card.checkpoint_sha256[:CHECKSUM_DIGITS]
        self.size, self.latent_dim, self.has_prior = card.size, card.latent_dim, card.has_prior
        self._session: Any = open_session(path)

    def encode(self, images: NDArray[np.uint8]) -> NDArray[np.float32]:
        shown = images.transpose(0, 3, 1, 2).astype(np.float32) / np.float32(255)
        (codes,) = self._session.run(
            ["codes"], {"image": shown, "mask": np.zeros_like(shown[:, :1])}
        )
        return np.asarray(codes)

    def decode(self, codes: NDArray[np.float32]) -> NDArray[np.uint8]:
        one = np.zeros((1, 4, *self.size), dtype=np.float32)  # whose prediction is not wanted
        inputs = {"image": one[:, :3], "mask": one[:, 3:], "code": codes}
        predictions = self._session.run(["prediction"], inputs)[0][1:]
        levels = np.rint(predictions * 255).clip(0, 255).astype(np.uint8)
        return np.asarray(levels.transpose(0, 2, 3, 1))
