"""Structural similarity at one scale and at several, for the whole picture or the hole alone."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from restauro.metrics.areas import mean_over
from restauro.metrics.catalogue import metric_of_areas
from restauro.metrics.comparison import Comparison, once

WINDOW_PX = 11
MARGIN_PX = WINDOW_PX // 2
SIGMA_PX = 1.5
SCALE_WEIGHTS = (0.0448, 0.2856, 0.3001, 0.2363, 0.1333)
"""Of Wang et al. 2003, finest scale first."""


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
