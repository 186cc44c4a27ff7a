"""Distortion of pixels, for the whole picture or for the hole alone."""

from __future__ import annotations

import torch
from torch import Tensor

from restauro.metrics.areas import composite, mean_over
from restauro.metrics.similarity import ssim

ROUNDING_VARIANCE = (1 / 255) ** 2 / 12
"""What rounding to 8 bits adds to any content."""


def l1(prediction: Tensor, target: Tensor, mask: Tensor | None = None) -> Tensor:
    """Mean absolute error of the hole, or of the whole picture without `mask`: (B,), 0 is best.

    Images are (B, 3, H, W) in [0, 1]; mask is (B, 1, H, W), 1 = hole. A mask without a hole
    gives nan.
    """
    return mean_over((prediction - target).abs().mean(dim=1, keepdim=True), mask)


def mse(prediction: Tensor, target: Tensor, mask: Tensor | None = None) -> Tensor:
    """Mean squared error of the hole, or of the whole picture without `mask`: (B,), 0 is best.

    Images are (B, 3, H, W) in [0, 1]; mask is (B, 1, H, W), 1 = hole. A mask without a hole
    gives nan.
    """
    return mean_over((prediction - target).square().mean(dim=1, keepdim=True), mask)


def psnr(prediction: Tensor, target: Tensor, mask: Tensor | None = None) -> Tensor:
    """Peak signal-to-noise ratio of the hole or the whole picture in dB: (B,), higher is better.

    Images are (B, 3, H, W) in [0, 1]; mask is (B, 1, H, W), 1 = hole. A perfect fill gives inf,
    and a mask without a hole gives nan.
    """
    return -10 * torch.log10(mse(prediction, target, mask))  # the peak is 1, its square drops out


def content_variance(target: Tensor, mask: Tensor | None = None) -> Tensor:
    """Variance of the colours in the hole, mean of the channels: (B,) in [0, 0.25], 0 is flat.

    It is the squared error of the best fill of one colour: how hard the hole is. Images are
    (B, 3, H, W) in [0, 1]; mask is (B, 1, H, W), 1 = hole. A mask without a hole gives nan.
    """
    channels = [mean_over(channel, mask) for channel in target[:, :, None].unbind(dim=1)]
    centre = torch.stack(channels, dim=1)[:, :, None, None]  # (B, 3, 1, 1)
    return mse(target, centre.expand_as(target), mask)


def snr(prediction: Tensor, target: Tensor, mask: Tensor | None = None) -> Tensor:
    """Variance of the content over the squared error in dB: (B,), 0 = the best single colour.

    Other than PSNR, it does not rise where the content is flat or dark. Images are (B, 3, H, W)
    in [0, 1]; mask is (B, 1, H, W), 1 = hole. A perfect fill gives inf; a mask without a hole, or
    a content flatter than 8-bit rounding, gives nan.
    """
    return snr_of(content_variance(target, mask), mse(prediction, target, mask))


def snr_of(variance: Tensor, squared_error: Tensor) -> Tensor:
    """`snr` of a variance and an error that are there already, (B,) each."""
    is_flat = variance < ROUNDING_VARIANCE
    return 10 * torch.log10(torch.where(is_flat, torch.nan, variance) / squared_error)


def fidelity_scores(prediction: Tensor, target: Tensor, mask: Tensor) -> dict[str, Tensor]:
    """What training watches, (B,) each, for one batch.

    Plain names count the prediction as the network gives it, `hole_` its hole alone, and
    `composite_` the restored picture, whose known pixels are the target's. `sse` is the sum of
    squared errors of a picture's 3 * H * W values, the report's unit as far as it can be told.
    """
    restored = composite(prediction, target, mask)
    return {
        "sse": (prediction - target).square().sum(dim=(1, 2, 3)),
        "mse": mse(prediction, target),
        "psnr": psnr(prediction, target),
        "ssim": ssim(prediction, target),
        "hole_mse": mse(prediction, target, mask),
        "hole_psnr": psnr(prediction, target, mask),
        "hole_ssim": ssim(prediction, target, mask),
        "composite_psnr": psnr(restored, target),
        "composite_ssim": ssim(restored, target),
    }
