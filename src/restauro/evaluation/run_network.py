"""The network of a run's folder, in PyTorch: for runs that are too large to export, in batches.

`fill.entries` imports this for the folder of a run, and for nothing else.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from restauro.data.batches import to_tensor
from restauro.errors import UnknownNameError, first_line
from restauro.fill.array_filler import ArrayFiller
from restauro.fill.sessions import CPU, Device
from restauro.training.run_folder import RunFolder
from restauro.training.validation import to_uint8
from restauro.training.weights import load_best


class RunNetwork:
    """The best weights of a run: images (B, H, W, 3) and masks (B, H, W) -> (B, H, W, 3).

    Pictures go through as they are, at the network's own size, without windows. It answers the
    prediction, known pixels included; `ArrayFiller` takes the hole of it.
    """

    def __init__(self, path: Path, device: Device = CPU) -> None:
        _, model = load_best(path)
        try:
            self.device = torch.device(str(device))
            self.model = model.eval().to(self.device)
        except (RuntimeError, AssertionError) as error:  # of PyTorch, for a device that is not here
            raise UnknownNameError(
                f"no such device {device!r}: {first_line(error)}; install a PyTorch that has it or "
                "leave --device"
            ) from error

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


def run_filler(name: str, path: Path, device: Device) -> ArrayFiller:
    """The best weights of a run as a filler.

    Raises:
        BadModelError: The weights are missing, or of another network than the config's.
        UnknownNameError: PyTorch has no such device here.
    """
    network, folder = RunNetwork(path, device), RunFolder(path)
    return ArrayFiller(
        name,
        inpaint_batch=network,
        files=(folder.weights, folder.config),
        parameters=sum(weight.numel() for weight in network.model.parameters()),
        sees_all=True,
        device=device,
    )
