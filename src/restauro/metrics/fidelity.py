"""Distortion of pixels and local structure, for the whole picture or for the hole alone."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor


def mse(prediction: Tensor, target: Tensor, mask: Tensor | None = None) -> Tensor:
    """Mean squared error of the hole, or of the whole picture without `mask`: (B,), 0 is best.

    Images are (B, 3, H, W) in [0, 1]; mask is (B, 1, H, W), 1 = hole. A mask without a hole
    gives nan.
    """
    error = (prediction - target).square().mean(dim=1, keepdim=True)  # (B, 1, H, W)
    return _mean(error, mask)


def psnr(prediction: Tensor, target: Tensor, mask: Tensor | None = None) -> Tensor:
    """Peak signal-to-noise ratio of the hole or the whole picture in dB: (B,), higher is better.

    Images are (B, 3, H, W) in [0, 1]; mask is (B, 1, H, W), 1 = hole. A perfect fill gives inf,
    and a mask without a hole gives nan.
    """
    return -10 * torch.log10(mse(prediction, target, mask))  # the peak is 1, its square drops out


def ssim(prediction: Tensor, target: Tensor, mask: Tensor | None = None) -> Tensor:
    """Structural similarity of the hole or the whole picture: (B,) in [-1, 1], 1 is best.

    Images are (B, 3, H, W) in [0, 1] with sides of at least 11; mask is (B, 1, H, W), 1 = hole.
    The whole picture's value leaves out the 5 pixels at the border, whose windows are not full,
    as the paper and scikit-image do; the hole's is the mean of the map over the hole, wherever
    it lies. A mask without a hole gives nan.

    Source: Wang et al. 2004, 10.1109/TIP.2003.819861 (Gaussian window, 11 pixels, sigma 1.5),
    each colour channel alone, then their mean.
    """
    similarity = ssim_map(prediction, target)
    if mask is None:
        return similarity[:, :, 5:-5, 5:-5].mean(dim=(1, 2, 3))
    return _mean(similarity, mask)


def ssim_map(prediction: Tensor, target: Tensor) -> Tensor:
    """Structural similarity around every pixel: (B, 1, H, W) in [-1, 1]; borders are mirrored."""
    c1, c2 = 0.01**2, 0.03**2
    offsets = torch.arange(11, dtype=prediction.dtype, device=prediction.device) - 5
    window = torch.exp(-offsets.square() / (2 * 1.5**2))
    window = window / window.sum()

    def local_mean(x: Tensor) -> Tensor:
        x = F.pad(x.flatten(0, 1)[:, None], (5, 5, 5, 5), mode="reflect")  # (3B, 1, H+10, W+10)
        x = F.conv2d(F.conv2d(x, window[None, None, :, None]), window[None, None, None, :])
        return x.view_as(prediction)

    mean_p, mean_t = local_mean(prediction), local_mean(target)
    var_p = local_mean(prediction.square()) - mean_p.square()
    var_t = local_mean(target.square()) - mean_t.square()
    covariance = local_mean(prediction * target) - mean_p * mean_t
    luminance = (2 * mean_p * mean_t + c1) / (mean_p.square() + mean_t.square() + c1)
    structure = (2 * covariance + c2) / (var_p + var_t + c2)
    return (luminance * structure).mean(dim=1, keepdim=True)


def _mean(values: Tensor, mask: Tensor | None) -> Tensor:
    """Mean of (B, 1, H, W) over the hole, or over everything: (B,)."""
    if mask is None:
        return values.mean(dim=(1, 2, 3))
    return (values * mask).sum(dim=(1, 2, 3)) / mask.sum(dim=(1, 2, 3))


def fidelity_scores(prediction: Tensor, target: Tensor, mask: Tensor) -> dict[str, Tensor]:
    """Every score of this module, (B,) each, for one batch.

    Plain names count the prediction as the network gives it, `hole_` its hole alone, and
    `composite_` the restored picture, whose known pixels are the target's. `sse` is the sum of
    squared errors of a picture's 3 * H * W values, the report's unit as far as it can be told.
    """
    composite = mask * prediction + (1 - mask) * target
    return {
        "sse": (prediction - target).square().sum(dim=(1, 2, 3)),
        "mse": mse(prediction, target),
        "psnr": psnr(prediction, target),
        "ssim": ssim(prediction, target),
        "hole_mse": mse(prediction, target, mask),
        "hole_psnr": psnr(prediction, target, mask),
        "hole_ssim": ssim(prediction, target, mask),
        "composite_psnr": psnr(composite, target),
        "composite_ssim": ssim(composite, target),
    }
