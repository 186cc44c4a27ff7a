"""Distortion of pixels and of structure, for the whole picture or for the hole alone."""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import Tensor

from restauro.metrics.comparison import (
    DECIBEL,
    DESCRIPTIVE,
    Comparison,
    mean_over,
    metric_of_areas,
    once,
)
from restauro.plugins import metric

ROUNDING_VARIANCE = (1 / 255) ** 2 / 12
"""What rounding to 8 bits adds to any content."""
WINDOW_PX = 11
MARGIN_PX = WINDOW_PX // 2
SIGMA_PX = 1.5
SCALE_WEIGHTS = (0.0448, 0.2856, 0.3001, 0.2363, 0.1333)
"""Of Wang et al. 2003, finest scale first."""


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


@metric_of_areas("ssim", better="higher", best=1.0, range=(-1.0, 1.0))
def ssim(compared: Comparison, area: Tensor | None) -> Tensor:
    """Structural similarity.

    Sides must have at least 11 pixels. The whole picture's value leaves out the 5 pixels at the
    border, whose windows are not full, as the paper and scikit-image do; an area's is the mean of
    the map there, wherever it lies. An empty area gives nan.

    Source: Wang et al. 2004, 10.1109/TIP.2003.819861 (Gaussian window, 11 pixels, sigma 1.5),
    each colour channel alone, then their mean.
    """
    return mean_of_map(finest_maps(compared)[0], area)


@metric_of_areas("ms_ssim", better="higher", best=1.0, range=(0.0, 1.0))
def ms_ssim(compared: Comparison, area: Tensor | None) -> Tensor:
    """Structural similarity over several scales.

    There are as many of the paper's five scales as `num_scales` allows, their weights divided by
    their sum: five from 176 pixels up, four at 128, three at 64. Over the whole picture each scale
    leaves out its 5 border pixels; over an area, its values count by the share of the area that a
    pixel of that scale covers. An empty area gives nan, a negative mean structure 0.

    Source: Wang, Simoncelli and Bovik 2003, 10.1109/ACSSC.2003.1292216. Unlike torchmetrics, the
    last scale leaves out its border as the others do, which changes the fourth digit.
    """
    prediction, target = compared.composite, compared.target
    weights = target.new_tensor(SCALE_WEIGHTS[: num_scales((target.shape[2], target.shape[3]))])
    weights = weights / weights.sum()
    result = torch.ones_like(target[:, 0, 0, 0])
    similarity, structure = finest_maps(compared)
    for scale, weight in enumerate(weights):
        if scale > 0:
            prediction, target = F.avg_pool2d(prediction, 2), F.avg_pool2d(target, 2)
            area = None if area is None else F.avg_pool2d(area, 2)
            similarity, structure = similarity_maps(prediction, target)
        last = scale == len(weights) - 1
        result = result * mean_of_map(similarity if last else structure, area).relu() ** weight
    return result


@once
def finest_maps(compared: Comparison) -> tuple[Tensor, Tensor]:
    """`similarity_maps` of the pictures at their own size."""
    return similarity_maps(compared.composite, compared.target)


def num_scales(size: tuple[int, int]) -> int:
    """How many halvings, the picture itself included, keep both sides at 11 pixels or more."""
    fits = [n for n in range(len(SCALE_WEIGHTS)) if min(size) // 2**n >= WINDOW_PX]
    return max(1, len(fits))


def mean_of_map(similarity: Tensor, area: Tensor | None) -> Tensor:
    """Mean of (B, 1, H, W) over an area, or over all pixels whose window is full: (B,)."""
    if area is None:
        similarity = similarity[:, :, MARGIN_PX:-MARGIN_PX, MARGIN_PX:-MARGIN_PX]
    return mean_over(similarity, area)


def similarity_maps(prediction: Tensor, target: Tensor) -> tuple[Tensor, Tensor]:
    """SSIM and its structure term around every pixel, means of the channels: (B, 1, H, W) each.

    Images are (B, 3, H, W) in [0, 1]; their borders are mirrored.
    """
    c1, c2 = 0.01**2, 0.03**2
    down, right = (_blur_matrix(target.shape[axis], target) for axis in (2, 3))

    def local_mean(x: Tensor) -> Tensor:
        # a product of small matrices: 5 to 15 times as fast as a convolution of one channel
        return down @ (x @ right.T)

    mean_p, mean_t = local_mean(prediction), local_mean(target)
    product, squares = mean_p * mean_t, mean_p.square() + mean_t.square()
    variances = local_mean(prediction.square() + target.square()) - squares
    covariance = local_mean(prediction * target) - product
    structure = (2 * covariance + c2) / (variances + c2)
    similarity = (2 * product + c1) / (squares + c1) * structure
    return similarity.mean(dim=1, keepdim=True), structure.mean(dim=1, keepdim=True)


def _blur_matrix(length: int, like: Tensor) -> Tensor:
    """What blurs a column of `length` pixels, its ends mirrored: (length, length)."""
    offsets = torch.arange(WINDOW_PX, dtype=like.dtype, device=like.device) - MARGIN_PX
    window = torch.exp(-offsets.square() / (2 * SIGMA_PX**2))
    impulses = torch.eye(length, dtype=like.dtype, device=like.device)[:, None]
    mirrored = F.pad(impulses, (MARGIN_PX, MARGIN_PX), mode="reflect")
    return F.conv1d(mirrored, (window / window.sum())[None, None])[:, 0].T


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
