"""Training losses, one value per picture: their mean is the same on any number of processes."""

from restauro.losses import combined, damage, likelihood, perceptual
from restauro.losses.pixel import PixelLoss
from restauro.registry import LOSSES

__all__ = ["LOSSES", "PixelLoss", "combined", "damage", "likelihood", "perceptual"]
