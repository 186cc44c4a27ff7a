"""The real LPIPS and FID, through torchmetrics, where the user has their weights.

Nothing is downloaded: a missing file is an error that says which one and where it belongs.
"""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import Any, Literal

import torch
from torch import Tensor

from restauro.errors import BadModelError, MissingExtraError

Backbone = Literal["alex", "vgg", "squeeze"]
BACKBONE_FILES: dict[Backbone, str] = {
    "alex": "alexnet-owt-7be5be79.pth",
    "vgg": "vgg16-397923af.pth",
    "squeeze": "squeezenet1_1-b8a52dc0.pth",
}
"""Of torchvision; the file's name ends with the first digits of its SHA-256."""


def lpips(network: Backbone = "alex") -> Any:
    """LPIPS as torchmetrics has it, a function of composites and targets: (B,), 0 is equal.

    Both are (B, 3, H, W) in [0, 1]. The linear weights come with torchmetrics; torchvision's
    backbone must lie in PyTorch's own folder, `torch.hub.get_dir()`/checkpoints.

    Raises:
        MissingExtraError: torchmetrics or torchvision is not installed.
        BadModelError: The backbone's weights are not there.
    """
    _require("torchvision", "LPIPS")
    image = _require("torchmetrics.image.lpip", "LPIPS")
    path = Path(torch.hub.get_dir()) / "checkpoints" / BACKBONE_FILES[network]
    _check(path, "LPIPS", f"download.pytorch.org/models/{path.name}")
    measure = image.LearnedPerceptualImagePatchSimilarity(net_type=network, normalize=True)

    @torch.no_grad()
    def per_picture(composite: Tensor, target: Tensor) -> Tensor:
        values: Tensor = measure.net(composite.clamp(0, 1), target.clamp(0, 1), normalize=True)
        return values.flatten()

    return per_picture


def fid(weights: Path) -> Any:
    """FID as torchmetrics has it: `FrechetInceptionDistance` of 2,048 features.

    To `update` with pictures (B, 3, H, W) in [0, 1], and to `compute`. `weights` is
    torch-fidelity's file `pt_inception-2015-12-05-6726825d.pth`.

    Raises:
        MissingExtraError: torchmetrics or torch-fidelity is not installed.
        BadModelError: The weights are not there.
    """
    _require("torch_fidelity", "FID")
    image = _require("torchmetrics.image.fid", "FID")
    _check(weights, "FID", "github.com/toshas/torch-fidelity/releases")
    return image.FrechetInceptionDistance(
        feature=2048, normalize=True, feature_extractor_weights_path=str(weights)
    )


def _require(module: str, measure: str) -> Any:
    try:
        return importlib.import_module(module)
    except ImportError as error:
        package = module.split(".")[0].replace("_", "-")
        raise MissingExtraError(
            f"{measure} needs {package}; install it with `pip install {package}`"
        ) from error


def _check(path: Path, measure: str, source: str) -> None:
    if not path.is_file():
        raise BadModelError(
            f"{measure} needs its published weights, but {path} does not exist; "
            f"get the file from {source}"
        )
