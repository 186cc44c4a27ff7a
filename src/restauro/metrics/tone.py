"""How light a picture is, where it matters, and whether a fill is lighter than the truth."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from restauro.metrics.colour import labs, lightness_of, lights, luminance, luminance_of
from restauro.metrics.comparison import DESCRIPTIVE, Comparison, deviation_over, mean_over
from restauro.plugins import metric

LIGHTNESS: dict[str, Any] = {"unit": "L*", "range": (0.0, 100.0), **DESCRIPTIVE}
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


def backlight_of(lightness: Tensor) -> Tensor:
    """Mean L* of what is around the subject minus that of the subject: (B,), large = backlit.

    `lightness` is the L* of every pixel, (B, 1, H, W).
    """
    subject = _subject_like(lightness)
    return mean_over(lightness, 1 - subject) - mean_over(lightness, subject)


@metric("lightness_error", better="near", unit="L*", range=(-100.0, 100.0))
def lightness_error(compared: Comparison) -> Tensor:
    """Mean L* of the fill minus the truth's, above 0 lightened.

    Errors of both signs cancel: this is a bias and no distance. No hole gives nan.
    """
    composite, target = labs(compared)
    return mean_over(composite[:, :1] - target[:, :1], compared.mask)


@metric("relative_error")
def relative_error(compared: Comparison) -> Tensor:
    """Error of the light by the light there, |dY| / (Y + 0.01).

    The mean over the hole, Y the true luminance. An error of light counts by the light that is
    there, as for an eye; PSNR counts it the same in light and shadow. No hole gives nan.
    """
    composite, target = map(luminance_of, lights(compared))
    return mean_over((composite - target).abs() / (target + LUMINANCE_FLOOR), compared.mask)


@metric("hole_lightness", **LIGHTNESS)
def hole_lightness(compared: Comparison) -> Tensor:
    """Mean L* of what the hole hides."""
    return mean_over(_target_lightness(compared), compared.mask)


@metric("hole_contrast", **LIGHTNESS)
def hole_contrast(compared: Comparison) -> Tensor:
    """Standard deviation of the L* that the hole hides."""
    return deviation_over(_target_lightness(compared), compared.mask)


@metric("picture_lightness", **LIGHTNESS)
def picture_lightness(compared: Comparison) -> Tensor:
    """Mean L* of the undamaged picture."""
    return mean_over(_target_lightness(compared))


@metric("picture_contrast", **LIGHTNESS)
def picture_contrast(compared: Comparison) -> Tensor:
    """Standard deviation of the undamaged picture's L*."""
    return deviation_over(_target_lightness(compared))


@metric("backlight", **LIGHTNESS | {"range": (-100.0, 100.0)})
def backlight(compared: Comparison) -> Tensor:
    """Mean L* around the subject minus the subject's, large is backlit."""
    return backlight_of(_target_lightness(compared))


def _target_lightness(compared: Comparison) -> Tensor:
    return labs(compared)[1][:, :1]


def _subject_like(values: Tensor) -> Tensor:
    area = subject_area((values.shape[2], values.shape[3])).to(values)
    return area.expand(len(values), -1, -1, -1)
