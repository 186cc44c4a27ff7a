"""From sRGB to light, CIELAB and the difference that an eye sees."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from restauro.metrics.comparison import Comparison, mean_over, metric_of_areas, once

# sRGB primaries and D65 to CIE XYZ, with the digits of Poynton's Colour FAQ, as scikit-image has
# them; the second row is the luminance
XYZ_FROM_RGB = (
    (0.412453, 0.357580, 0.180423),
    (0.212671, 0.715160, 0.072169),
    (0.019334, 0.119193, 0.950227),
)
WHITE = (0.95047, 1.0, 1.08883)
"""D65 as the two-degree observer sees it, in XYZ."""


def linear_light(images: Tensor) -> Tensor:
    """Undoes sRGB's curve: values in [0, 1] -> light in [0, 1], any shape.

    Source: IEC 61966-2-1.
    """
    return torch.where(
        images <= 0.04045, images / 12.92, ((images.clamp(min=0) + 0.055) / 1.055) ** 2.4
    )


def luminance(images: Tensor) -> Tensor:
    """CIE Y of every pixel, light and not code values: (B, 1, H, W) in [0, 1].

    Images are sRGB, (B, 3, H, W) in [0, 1].
    """
    return luminance_of(linear_light(images))


def luminance_of(light: Tensor) -> Tensor:
    """CIE Y, (B, 1, H, W), of linear light, (B, 3, H, W), both in [0, 1]."""
    red, green, blue = light.split_with_sizes([1, 1, 1], dim=1)
    shares = XYZ_FROM_RGB[1]
    return shares[0] * red + shares[1] * green + shares[2] * blue


def lightness_of(luminance: Tensor) -> Tensor:
    """CIE L* in [0, 100] of a luminance in [0, 1], any shape. Source: CIE 15, 1976's L*."""
    return 116 * _lab_curve(luminance) - 16


def lab(images: Tensor) -> Tensor:
    """CIELAB of every pixel: (B, 3, H, W), L* in [0, 100], a* and b* about -110 to 110.

    Images are sRGB, (B, 3, H, W) in [0, 1]. Source: IEC 61966-2-1 and CIE 15 with D65, as
    `skimage.color.rgb2lab` and unlike OpenCV's bytes, whose L* is scaled and a* and b* shifted.
    """
    return lab_of(linear_light(images))


def lab_of(light: Tensor) -> Tensor:
    """CIELAB of linear light, (B, 3, H, W) both."""
    matrix = light.new_tensor(XYZ_FROM_RGB) / light.new_tensor(WHITE)[:, None]
    xyz = (matrix @ light.flatten(2)).view_as(light)  # of a white of 1, 1, 1
    x, y, z = _lab_curve(xyz).unbind(dim=1)
    return torch.stack([116 * y - 16, 500 * (x - y), 200 * (y - z)], dim=1)


@once
def lights(compared: Comparison) -> tuple[Tensor, Tensor]:
    """Linear light of the restored pictures and of the truth: (B, 3, H, W) in [0, 1] each."""
    return linear_light(compared.composite), linear_light(compared.target)


@once
def labs(compared: Comparison) -> tuple[Tensor, Tensor]:
    """CIELAB of the restored pictures and of the truth: (B, 3, H, W) each."""
    composite, target = lights(compared)
    return lab_of(composite), lab_of(target)


@metric_of_areas("ciede2000", unit="ΔE00", range=(0.0, 120.0))
def ciede2000(compared: Comparison, area: Tensor | None) -> Tensor:
    """Mean colour difference that an eye sees, 1 just visible."""
    return mean_over(_differences(compared), area)


@once
def _differences(compared: Comparison) -> Tensor:
    """CIEDE2000 of every pixel: (B, 1, H, W); computed in the holes, for it is 0 elsewhere."""
    hole = compared.mask[:, 0] > 0
    composite, target = (lab.permute(0, 2, 3, 1)[hole] for lab in labs(compared))
    result = torch.zeros_like(compared.mask)
    result[:, 0][hole] = colour_difference(composite, target)
    return result


def _lab_curve(ratio: Tensor) -> Tensor:
    threshold = (6 / 29) ** 3
    cube_root = ratio.clamp(min=threshold) ** (1 / 3)  # clamp: the root's slope is infinite at 0
    return torch.where(ratio > threshold, cube_root, ratio * (29 / 6) ** 2 / 3 + 4 / 29)


def colour_difference(one: Tensor, other: Tensor) -> Tensor:
    """CIEDE2000 between two CIELAB colours: (..., 3) twice -> (...), 0 is equal, about 1 just seen.

    Source: Sharma, Wu and Dalal 2005, 10.1002/col.20070, with all weights 1; the same as
    `skimage.color.deltaE_ciede2000`.
    """
    l1, a1, b1 = one.unbind(dim=-1)
    l2, a2, b2 = other.unbind(dim=-1)
    mean_chroma = (torch.hypot(a1, b1) + torch.hypot(a2, b2)) / 2
    stretch = 1.5 - 0.5 * _chroma_share(mean_chroma)
    c1, h1 = _polar(stretch * a1, b1)
    c2, h2 = _polar(stretch * a2, b2)
    turn = h2 - h1
    turn = turn - 2 * math.pi * torch.round(turn / (2 * math.pi))  # the shorter way round
    grey = c1 * c2 == 0
    turn = torch.where(grey, 0.0, turn)
    mean_hue = torch.where(grey, h1 + h2, h1 + turn / 2)
    c = (c1 + c2) / 2
    from_middle = ((l1 + l2) / 2 - 50).square()
    weight_l = 1 + 0.015 * from_middle / torch.sqrt(20 + from_middle)
    weight_c = 1 + 0.045 * c
    weight_h = 1 + 0.015 * c * _hue_weight(mean_hue)
    delta_l = (l2 - l1) / weight_l
    delta_c = (c2 - c1) / weight_c
    delta_h = 2 * torch.sqrt(c1 * c2) * torch.sin(turn / 2) / weight_h
    rotation = -2 * _chroma_share(c) * torch.sin(_blue(mean_hue))
    square = delta_l.square() + delta_c.square() + delta_h.square() + rotation * delta_c * delta_h
    return square.clamp(min=0).sqrt()  # clamp: rounding of equal colours


def _chroma_share(chroma: Tensor) -> Tensor:
    seventh = chroma**7
    return torch.sqrt(seventh / (seventh + 25.0**7))


def _polar(a: Tensor, b: Tensor) -> tuple[Tensor, Tensor]:
    """Chroma, and hue in [0, 2 pi)."""
    return torch.hypot(a, b), torch.remainder(torch.atan2(b, a), 2 * math.pi)


def _hue_weight(hue: Tensor) -> Tensor:
    return (
        1
        - 0.17 * torch.cos(hue - math.radians(30))
        + 0.24 * torch.cos(2 * hue)
        + 0.32 * torch.cos(3 * hue + math.radians(6))
        - 0.20 * torch.cos(4 * hue - math.radians(63))
    )


def _blue(hue: Tensor) -> Tensor:
    """Twice the angle by which blues are turned, in radians."""
    degrees = torch.rad2deg(torch.remainder(hue, 2 * math.pi))
    return math.radians(60) * torch.exp(-((degrees - 275) / 25).square())
