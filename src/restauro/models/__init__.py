"""Architectures: one file each, found by name through `MODELS`.

Importing this package registers all of them; a new architecture adds one line here.
"""

from restauro.models import (
    conv_autoencoder,
    fc_autoencoder,
    finder,
    several_unet,
    unet,
    variational,
)
from restauro.models.base import CodeModel, InpaintingModel, TaskModel, WithLosses
from restauro.registry import MODELS

__all__ = [
    "MODELS",
    "CodeModel",
    "InpaintingModel",
    "TaskModel",
    "WithLosses",
    "conv_autoencoder",
    "fc_autoencoder",
    "finder",
    "several_unet",
    "unet",
    "variational",
]
