"""How light or dark a picture is, where it matters, in CIELAB."""

from __future__ import annotations

import torch
from torch import Tensor


def lightness(images: Tensor) -> Tensor:
    """CIE L* of every pixel: (B, 1, H, W) in [0, 100].

    Images are sRGB, (B, 3, H, W) in [0, 1]. Source: IEC 61966-2-1 for the linear values, D65
    luminance, CIE 1976 for L*.
    """
    linear = torch.where(images <= 0.04045, images / 12.92, ((images + 0.055) / 1.055) ** 2.4)
    weights = images.new_tensor([0.2126, 0.7152, 0.0722])[:, None, None]
    luminance = (linear * weights).sum(dim=1, keepdim=True)  # (B, 1, H, W)
    threshold = (6 / 29) ** 3
    cube_root = luminance.clamp(min=threshold) ** (1 / 3)
    return torch.where(luminance > threshold, 116 * cube_root - 16, luminance * (29 / 3) ** 3)


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
    subject = subject_area((images.shape[2], images.shape[3])).to(images.device)
    return (lightness(images) * subject).sum(dim=(1, 2, 3)) / subject.sum()


def backlight_index(images: Tensor) -> Tensor:
    """Mean L* of what is around the subject minus that of the subject: (B,), large = backlit.

    Images are (B, 3, H, W) in [0, 1].
    """
    background = ~subject_area((images.shape[2], images.shape[3])).to(images.device)
    around = (lightness(images) * background).sum(dim=(1, 2, 3)) / background.sum()
    return around - subject_lightness(images)
