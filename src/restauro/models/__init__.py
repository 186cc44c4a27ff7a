"""Architectures: one file each, found by name through `MODELS`.

Importing this package registers all of them; a new architecture adds one line here.
"""

from restauro.models import conv_autoencoder, fc_autoencoder, unet, variational
from restauro.models.base import CodeModel, InpaintingModel, WithLosses
from restauro.registry import MODELS

__all__ = [
    "MODELS",
    "CodeModel",
    "InpaintingModel",
    "WithLosses",
    "conv_autoencoder",
    "fc_autoencoder",
    "unet",
    "variational",
]
