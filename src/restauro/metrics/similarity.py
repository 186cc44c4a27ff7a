"""Structural similarity at one scale and at several, for the whole picture or the hole alone."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from restauro.metrics.areas import mean_over

WINDOW_PX = 11
MARGIN_PX = WINDOW_PX // 2
SIGMA_PX = 1.5
SCALE_WEIGHTS = (0.0448, 0.2856, 0.3001, 0.2363, 0.1333)
"""Of Wang et al. 2003, finest scale first."""


def ssim(prediction: Tensor, target: Tensor, mask: Tensor | None = None) -> Tensor:
    """Structural similarity of the hole or the whole picture: (B,) in [-1, 1], 1 is best.

    Images are (B, 3, H, W) in [0, 1] with sides of at least 11; mask is (B, 1, H, W), 1 = hole.
    The whole picture's value leaves out the 5 pixels at the border, whose windows are not full,
    as the paper and scikit-image do; the hole's is the mean of the map over the hole, wherever
    it lies. A mask without a hole gives nan.

    Source: Wang et al. 2004, 10.1109/TIP.2003.819861 (Gaussian window, 11 pixels, sigma 1.5),
    each colour channel alone, then their mean.
    """
    return mean_of_map(ssim_map(prediction, target), mask)


def ssim_map(prediction: Tensor, target: Tensor) -> Tensor:
    """Structural similarity around every pixel: (B, 1, H, W) in [-1, 1]; borders are mirrored."""
    return similarity_maps(prediction, target)[0]


def ms_ssim(prediction: Tensor, target: Tensor, mask: Tensor | None = None) -> Tensor:
    """Structural similarity over several scales: (B,) in [0, 1], 1 is best.

    Images are (B, 3, H, W) in [0, 1] with sides of at least 11; mask is (B, 1, H, W), 1 = hole.
    There are as many of the paper's five scales as `num_scales` allows, their weights divided by
    their sum: five from 176 pixels up, four at 128, three at 64. Without `mask` each scale leaves
    out its 5 border pixels; with it, its values count by the share of hole that a pixel of that
    scale covers. A mask without a hole gives nan, a negative mean structure 0.

    Source: Wang, Simoncelli and Bovik 2003, 10.1109/ACSSC.2003.1292216. Unlike torchmetrics, the
    last scale leaves out its border as the others do, which changes the fourth digit.
    """
    return ms_ssim_of(similarity_maps(prediction, target), prediction, target, mask)


def ms_ssim_of(
    finest: tuple[Tensor, Tensor], prediction: Tensor, target: Tensor, mask: Tensor | None
) -> Tensor:
    """`ms_ssim` where the `similarity_maps` of the finest scale are there already."""
    weights = target.new_tensor(SCALE_WEIGHTS[: num_scales((target.shape[2], target.shape[3]))])
    weights = weights / weights.sum()
    result = torch.ones_like(target[:, 0, 0, 0])
    similarity, structure = finest
    for scale, weight in enumerate(weights):
        if scale > 0:
            prediction, target = F.avg_pool2d(prediction, 2), F.avg_pool2d(target, 2)
            mask = None if mask is None else F.avg_pool2d(mask, 2)
            similarity, structure = similarity_maps(prediction, target)
        last = scale == len(weights) - 1
        result = result * mean_of_map(similarity if last else structure, mask).relu() ** weight
    return result


def num_scales(size: tuple[int, int]) -> int:
    """How many halvings, the picture itself included, keep both sides at 11 pixels or more."""
    fits = [n for n in range(len(SCALE_WEIGHTS)) if min(size) // 2**n >= WINDOW_PX]
    return max(1, len(fits))


def mean_of_map(similarity: Tensor, mask: Tensor | None) -> Tensor:
    """Mean of (B, 1, H, W) over the hole, or over all pixels whose window is full: (B,)."""
    if mask is None:
        similarity = similarity[:, :, MARGIN_PX:-MARGIN_PX, MARGIN_PX:-MARGIN_PX]
    return mean_over(similarity, mask)


def similarity_maps(prediction: Tensor, target: Tensor) -> tuple[Tensor, Tensor]:
    """SSIM and its structure term around every pixel, means of the channels: (B, 1, H, W) each."""
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
