"""The network of a run folder, in PyTorch: for runs that are too large to export, in batches."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from restauro.data.batches import to_tensor
from restauro.errors import BadModelError
from restauro.models import MODELS
from restauro.training.checkpoint import load_weights
from restauro.training.config import load_config


class RunNetwork:
    """The best weights of a run: images (B, H, W, 3) and masks (B, H, W) -> (B, H, W, 3).

    Pictures go through as they are, at the network's own size, without windows. It answers the
    prediction, known pixels included; `Method` pastes them back.
    """

    def __init__(self, path: Path, device: str | None = None) -> None:
        config = load_config(path / "config.toml")
        self.device = torch.device(device or ("cuda" if torch.cuda.is_available() else "cpu"))
        self.model = MODELS.create(config.model.name, **config.model.arguments)
        try:
            self.model.load_state_dict(load_weights(path / "best.safetensors"))
        except RuntimeError as error:
            raise BadModelError(
                f"{path / 'best.safetensors'} holds weights of another network than "
                f"{config.model.name!r}; correct {path / 'config.toml'}"
            ) from error
        self.model = self.model.eval().to(self.device)

    @torch.inference_mode()
    def __call__(self, images: NDArray[np.uint8], masks: NDArray[np.bool_]) -> NDArray[np.uint8]:
        """The predictions, uint8 (B, H, W, 3).

        Raises:
            BadImageError: The network takes no pictures of this size.
        """
        self.model.check_size(masks.shape[1:])
        tensors = to_tensor(torch.from_numpy(images).to(self.device))  # (B, 3, H, W) in [0, 1]
        holes = torch.from_numpy(masks).to(self.device)[:, None].float()  # (B, 1, H, W)
        prediction = self.model(tensors, holes)
        levels = prediction.mul(255).round().clamp(0, 255).byte()
        return np.asarray(levels.permute(0, 2, 3, 1).cpu().numpy())
