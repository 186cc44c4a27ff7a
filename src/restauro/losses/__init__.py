"""Training losses, one value per picture: their mean is the same on any number of processes."""

from restauro.losses import combined, perceptual
from restauro.losses.pixel import LOSSES, PixelLoss

__all__ = ["LOSSES", "PixelLoss", "combined", "perceptual"]
