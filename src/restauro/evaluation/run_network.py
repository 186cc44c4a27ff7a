"""The network of a run's folder, in PyTorch: for runs that are too large to export, in batches.

`fill.entries` imports this for the folder of a run, and for nothing else.
"""

from __future__ import annotations

from pathlib import Path

import torch

from restauro.data.batches import to_tensor
from restauro.errors import BadModelError, UnknownNameError, first_line
from restauro.fill.array_filler import ArrayFiller, Images, Masks
from restauro.fill.sessions import Device
from restauro.training.run_folder import RunFolder
from restauro.training.validation import to_uint8
from restauro.training.weights import load_best


def run_filler(name: str, path: Path, device: Device) -> ArrayFiller:
    """The best weights of a run as a filler.

    Pictures go through as they are, at the network's own size, without windows. It answers the
    prediction, known pixels included; `ArrayFiller` takes the hole of it, and its call raises
    BadImageError for pictures of a size that the network does not take.

    Raises:
        BadModelError: The weights are missing or of another network than the config's, or the run
            fills no holes.
        UnknownNameError: PyTorch has no such device here.
    """
    config, model = load_best(path)
    if config.task != "fill":
        raise BadModelError(f"{path} is a run that finds damage and fills no holes; give another")
    try:
        place = torch.device(str(device))
        model = model.eval().to(place)
    except (RuntimeError, AssertionError) as error:  # of PyTorch, for a device that is not here
        raise UnknownNameError(
            f"no such device {device!r}: {first_line(error)}; install a PyTorch that has it or "
            "leave --device"
        ) from error

    @torch.inference_mode()
    def predict(images: Images, masks: Masks) -> Images:
        model.check_size(masks.shape[1:])
        tensors = to_tensor(torch.from_numpy(images).to(place))  # (B, 3, H, W) in [0, 1]
        holes = torch.from_numpy(masks).to(place)[:, None].float()  # (B, 1, H, W)
        return to_uint8(model(tensors * (1 - holes), holes))  # black: nothing was copied

    folder = RunFolder(path)
    return ArrayFiller(
        name,
        inpaint_batch=predict,
        files=(folder.weights, folder.config),
        parameters=sum(weight.numel() for weight in model.parameters()),
        sees_all=True,
        device=device,
    )
