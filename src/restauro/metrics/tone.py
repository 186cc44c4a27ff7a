"""How light a picture is, where it matters, and whether a fill is lighter than the truth.

The same for skin, by its individual typology angle (ITA), from pixels alone. It is the tone of a
photograph, which camera, light and white balance change, and says nothing about a person: groups
are to be called apparent tone. It is measured where the undamaged picture shows skin.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from restauro.metrics.colour import labs, lightness_of, lights, luminance, luminance_of
from restauro.metrics.comparison import DESCRIPTIVE, Comparison, deviation_over, mean_over, once
from restauro.plugins import metric

LIGHTNESS: dict[str, Any] = {"unit": "L*", "range": (0.0, 100.0), **DESCRIPTIVE}
LUMINANCE_FLOOR = 0.01
"""Added to the luminance that an error is divided by: about L* 9, where screens end in glare."""
MIN_SKIN_RATIO = 0.02
"""Share of the picture's pixels below which the tone is unknown."""
ITA_GROUPS = ("very light", "light", "intermediate", "tan", "brown", "dark")
"""Lightest first; `unknown` is not among them."""
ITA_BORDERS = (55.0, 41.0, 28.0, 10.0)
"""A group's angles are above its border and up to the one before; brown ends below -30."""
BROWN_ENDS = -30.0


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


def skin_area(images: Tensor, lab: Tensor) -> Tensor:
    """Pixels that look like skin: (B, 1, H, W), 1 = skin.

    Images are (B, 3, H, W) in [0, 1], undamaged; `lab` is their CIELAB. Skin has Cb in 77 to 127
    and Cr in 133 to 173 (full-range YCbCr of BT.601, the bytes of JPEG), b* > 0, and lies in the
    central ellipse `subject_area`. Source of the box: Chai and Ngan 1999, 10.1109/76.767122, as
    public code for ITA applies it.
    """
    red, green, blue = (255 * images).unbind(dim=1)
    cb = 128 - 0.168736 * red - 0.331264 * green + 0.5 * blue
    cr = 128 + 0.5 * red - 0.418688 * green - 0.081312 * blue
    in_box = (cb >= 77) & (cb <= 127) & (cr >= 133) & (cr <= 173)
    ellipse = subject_area((images.shape[2], images.shape[3])).to(images.device)
    skin: Tensor = in_box[:, None] & ellipse & (lab[:, 2:] > 0)
    return skin.to(images.dtype)


@metric("ita", unit="degrees", range=(-90.0, 90.0), **DESCRIPTIVE)
def ita(compared: Comparison) -> Tensor:
    """Typology angle of the undamaged skin, the group's measure.

    In degrees, nan = unknown. L* and b* are each trimmed to their mean plus and minus one standard
    deviation; the angle is that of the means. Fewer than 2 % skin pixels give nan.
    Source: Chardon et al. 1991, 10.1111/j.1467-2494.1991.tb00561.x.
    """
    _, lab = labs(compared)
    return _angle(lab, lab, _skin(compared))


@metric("ita_error", better="near", unit="degrees", range=(-360.0, 360.0))
def ita_error(compared: Comparison) -> Tensor:
    """Typology angle of the fill's skin minus the truth's, above 0 lightened.

    Both over the same pixels, the skin of the undamaged picture in the hole, trimmed by the
    truth. Fewer than 2 % of the picture give nan.
    """
    (composite, target), skin = labs(compared), _skin(compared) * compared.mask
    return _angle(composite, target, skin) - _angle(target, target, skin)


@once
def _skin(compared: Comparison) -> Tensor:
    return skin_area(compared.target, labs(compared)[1])


def _angle(lab: Tensor, reference_lab: Tensor, skin: Tensor) -> Tensor:
    """Angle of `lab` over the skin's pixels that stay when `reference_lab` is trimmed: (B,).

    The angle continues beyond 90 degrees where a fill is bluish, b* < 0.
    """
    lightness, yellow = (
        mean_over(lab[:, i : i + 1], _trimmed(reference_lab[:, i : i + 1], skin)) for i in (0, 2)
    )
    angle = torch.rad2deg(torch.atan2(lightness - 50, yellow))
    enough = skin.mean(dim=(1, 2, 3)) >= MIN_SKIN_RATIO
    return torch.where(enough, angle, torch.nan)


def ita_group(angle: float) -> str:
    """Name of an angle's group; nan is `unknown`."""
    if angle != angle:
        return "unknown"
    for name, border in zip(ITA_GROUPS, ITA_BORDERS, strict=False):
        if angle > border:
            return name
    return "brown" if angle >= BROWN_ENDS else "dark"


def _trimmed(values: Tensor, area: Tensor) -> Tensor:
    """`area` without the pixels more than one standard deviation from its mean."""
    centre, spread = (f(values, area)[:, None, None, None] for f in (mean_over, deviation_over))
    # the slack keeps skin of one colour, whose spread is rounding, from being trimmed away
    return area * ((values - centre).abs() <= spread + 1e-3)
