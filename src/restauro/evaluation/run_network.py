"""The network of a run folder, in PyTorch: for runs that are too large to export, in batches."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from restauro.data.batches import to_tensor
from restauro.training.best import load_best
from restauro.training.validation import to_uint8


class RunNetwork:
    """The best weights of a run: images (B, H, W, 3) and masks (B, H, W) -> (B, H, W, 3).

    Pictures go through as they are, at the network's own size, without windows. It answers the
    prediction, known pixels included; `Method` pastes them back.
    """

    def __init__(self, path: Path, device: str | None = None) -> None:
        self.device = torch.device(device or ("cuda" if torch.cuda.is_available() else "cpu"))
        _, model = load_best(path)
        self.model = model.eval().to(self.device)

    @torch.inference_mode()
    def __call__(self, images: NDArray[np.uint8], masks: NDArray[np.bool_]) -> NDArray[np.uint8]:
        """The predictions, uint8 (B, H, W, 3).

        Raises:
            BadImageError: The network takes no pictures of this size.
        """
        self.model.check_size(masks.shape[1:])
        tensors = to_tensor(torch.from_numpy(images).to(self.device))  # (B, 3, H, W) in [0, 1]
        holes = torch.from_numpy(masks).to(self.device)[:, None].float()  # (B, 1, H, W)
        return to_uint8(self.model(tensors, holes))
