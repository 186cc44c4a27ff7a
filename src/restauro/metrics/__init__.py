"""How good a restored picture is: one value per picture, never averaged inside."""

from restauro.metrics.fidelity import fidelity_scores, mse, psnr, ssim, ssim_map
from restauro.metrics.tone import backlight_index, lightness, subject_lightness

__all__ = [
    "backlight_index",
    "fidelity_scores",
    "lightness",
    "mse",
    "psnr",
    "ssim",
    "ssim_map",
    "subject_lightness",
]
