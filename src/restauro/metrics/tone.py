"""How light a picture is, where it matters, and whether a fill is lighter than the truth."""

from __future__ import annotations

import torch
from torch import Tensor

from restauro.metrics.areas import mean_over
from restauro.metrics.colour import lightness_of, luminance

LUMINANCE_FLOOR = 0.01
"""Added to the luminance that an error is divided by: about L* 9, where screens end in glare."""


def lightness(images: Tensor) -> Tensor:
    """CIE L* of every pixel: (B, 1, H, W) in [0, 100]. Images are sRGB, (B, 3, H, W) in [0, 1]."""
    return lightness_of(luminance(images))


def subject_area(size: tuple[int, int]) -> Tensor:
    """Where an aligned picture's subject is: (1, 1, H, W) bool, a central ellipse, True = subject.

    Half of the height and 0.4 of the width in diameter: the face of an aligned portrait without
    its hair.
    """
    height, width = size
    y = (torch.arange(height) + 0.5) / height - 0.5
    x = (torch.arange(width) + 0.5) / width - 0.5
    return ((y[:, None] / 0.25).square() + (x[None, :] / 0.2).square() <= 1)[None, None]


def subject_lightness(images: Tensor) -> Tensor:
    """Mean L* of the subject: (B,) in [0, 100]. Images are (B, 3, H, W) in [0, 1]."""
    return mean_over(lightness(images), _subject_like(images))


def backlight_index(images: Tensor) -> Tensor:
    """Mean L* of what is around the subject minus that of the subject: (B,), large = backlit.

    Images are (B, 3, H, W) in [0, 1].
    """
    return backlight_of(lightness(images))


def backlight_of(lightness: Tensor) -> Tensor:
    """`backlight_index` of pictures whose L* is there already, (B, 1, H, W): (B,)."""
    subject = _subject_like(lightness)
    return mean_over(lightness, 1 - subject) - mean_over(lightness, subject)


def lightness_error(prediction: Tensor, target: Tensor, mask: Tensor | None = None) -> Tensor:
    """Mean L* of the fill minus that of the truth: (B,) in [-100, 100], above 0 = lightened.

    Images are (B, 3, H, W) in [0, 1]; mask is (B, 1, H, W), 1 = hole. Errors of both signs cancel:
    this is a bias and no distance. A mask without a hole gives nan.
    """
    return mean_over(lightness(prediction) - lightness(target), mask)


def relative_error(prediction: Tensor, target: Tensor, mask: Tensor | None = None) -> Tensor:
    """Mean of |dY| / (Y + 0.01), Y the true luminance: (B,) >= 0, 0 is best.

    An error of light counts by the light that is there, as for an eye; PSNR counts it the same in
    light and shadow. Images are (B, 3, H, W) in [0, 1]; mask is (B, 1, H, W), 1 = hole. A mask
    without a hole gives nan.
    """
    return relative_error_of(luminance(prediction), luminance(target), mask)


def relative_error_of(prediction: Tensor, target: Tensor, mask: Tensor | None) -> Tensor:
    """`relative_error` of luminances that are there already, (B, 1, H, W): (B,)."""
    return mean_over((prediction - target).abs() / (target + LUMINANCE_FLOOR), mask)


def _subject_like(values: Tensor) -> Tensor:
    area = subject_area((values.shape[2], values.shape[3])).to(values)
    return area.expand(len(values), -1, -1, -1)
