"""Distortion of pixels, for the whole picture or for the hole alone."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from restauro.metrics.areas import mean_over
from restauro.metrics.catalogue import DECIBEL, DESCRIPTIVE, metric_of_areas
from restauro.metrics.comparison import Comparison, once
from restauro.metrics.similarity import ssim
from restauro.plugins import metric

ROUNDING_VARIANCE = (1 / 255) ** 2 / 12
"""What rounding to 8 bits adds to any content."""


@metric_of_areas("l1", range=(0.0, 1.0))
def l1(compared: Comparison, area: Tensor | None) -> Tensor:
    """Mean absolute error."""
    difference = compared.composite - compared.target
    return mean_over(difference.abs().mean(dim=1, keepdim=True), area)


@once
def squared_error(compared: Comparison) -> Tensor:
    """Mean of the channels: (B, 1, H, W)."""
    return (compared.composite - compared.target).square().mean(dim=1, keepdim=True)


@metric_of_areas("mse", range=(0.0, 1.0))
def mse(compared: Comparison, area: Tensor | None) -> Tensor:
    """Mean squared error."""
    return mean_over(squared_error(compared), area)


@metric_of_areas("psnr", **DECIBEL | {"range": (0.0, math.inf)})
def psnr(compared: Comparison, area: Tensor | None) -> Tensor:
    """Peak signal-to-noise ratio.

    A perfect fill gives inf, and an empty area nan.
    """
    return -10 * torch.log10(mse(compared, area))  # the peak is 1, its square drops out


@metric("hole_variance", range=(0.0, 0.25), **DESCRIPTIVE)
def hole_variance(compared: Comparison) -> Tensor:
    """Variance of the colours that the hole hides: how hard it is.

    The mean of the channels' variances: the squared error of the best fill of one colour.
    """
    truth, mask = compared.target, compared.mask
    channels = [mean_over(channel, mask) for channel in truth[:, :, None].unbind(dim=1)]
    centre = torch.stack(channels, dim=1)[:, :, None, None]  # (B, 3, 1, 1)
    return mean_over((truth - centre).square().mean(dim=1, keepdim=True), mask)


@metric("hole_snr", **DECIBEL)
def hole_snr(compared: Comparison) -> Tensor:
    """Variance of the hole's content over the squared error.

    0 is the best fill of one colour. Other than PSNR, it does not rise where the content is flat
    or dark. A perfect fill gives inf; a mask without a hole, or a content flatter than 8-bit
    rounding, gives nan.
    """
    variance = hole_variance(compared)
    is_flat = variance < ROUNDING_VARIANCE
    known = torch.where(is_flat, torch.nan, variance)
    return 10 * torch.log10(known / mse(compared, compared.mask))


@metric("hole_ratio", range=(0.0, 1.0), **DESCRIPTIVE)
def hole_ratio(compared: Comparison) -> Tensor:
    """Share of the picture that is hole."""
    return compared.mask.mean(dim=(1, 2, 3))


def fidelity_scores(prediction: Tensor, target: Tensor, mask: Tensor) -> dict[str, Tensor]:
    """What training watches, (B,) each, for one batch.

    Images are (B, 3, H, W) in [0, 1]; mask is (B, 1, H, W), 1 = hole. Plain names count the
    prediction as the network gives it, `hole_` its hole alone, and `composite_` the restored
    picture, whose known pixels are the target's. `sse` is the sum of squared errors of a
    picture's 3 * H * W values, the Catania paper's unit as far as it can be told.
    """
    compared = Comparison(prediction, target, mask)
    whole = Comparison(prediction, target, torch.ones_like(mask))  # known pixels are its own too
    return {
        "sse": (prediction - target).square().sum(dim=(1, 2, 3)),
        "mse": mse(whole, None),
        "psnr": psnr(whole, None),
        "ssim": ssim(whole, None),
        "hole_mse": mse(whole, mask),
        "hole_psnr": psnr(whole, mask),
        "hole_ssim": ssim(whole, mask),
        "composite_psnr": psnr(compared, None),
        "composite_ssim": ssim(compared, None),
    }
