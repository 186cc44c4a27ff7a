"""The metrics of every evaluation, by name: `hole_` over the hole, `composite_` over the picture.

Each is one line over the functions of the other files, so that `Restored` computes what they
share once. A new metric that needs more than a line has a file of its own (docs/metrics.md).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from restauro.metrics.areas import deviation_over, mean_over
from restauro.metrics.catalogue import metric
from restauro.metrics.fidelity import content_variance, snr_of
from restauro.metrics.restored import Restored
from restauro.metrics.similarity import mean_of_map, ms_ssim_of
from restauro.metrics.skin import ita_error, ita_of
from restauro.metrics.structure import energy_ratio, pairs_across, pairs_inside
from restauro.metrics.tone import backlight_of, relative_error_of

UNIT_RANGE = (0.0, 1.0)
LIGHTNESS: dict[str, Any] = {"unit": "L*", "range": (0.0, 100.0)}
DECIBEL: dict[str, Any] = {
    "unit": "dB",
    "better": "higher",
    "best": math.inf,
    "range": (-math.inf, math.inf),
}
NO_VERDICT: dict[str, Any] = {"better": None, "best": None}


def _both(
    name: str, meaning: str, compute: Callable[[Restored, Tensor | None], Tensor], **reading: Any
) -> None:
    """Registers a metric over the hole and over the whole picture; `reading` goes to `metric`."""
    metric(f"hole_{name}", f"{meaning}, hole", **reading)(lambda r: compute(r, r.mask))
    metric(f"composite_{name}", f"{meaning}, whole picture", **reading)(lambda r: compute(r, None))


def _ms_ssim(restored: Restored, area: Tensor | None) -> Tensor:
    return ms_ssim_of(restored.similarity, restored.composite, restored.target, area)


def _snr(restored: Restored) -> Tensor:
    error = mean_over(restored.squared_error, restored.mask)
    return snr_of(content_variance(restored.target, restored.mask), error)


def _lightness_error(restored: Restored) -> Tensor:
    difference = restored.composite_lab[:, :1] - restored.target_lab[:, :1]
    return mean_over(difference, restored.mask)


def _relative_error(restored: Restored) -> Tensor:
    return relative_error_of(restored.composite_luminance, restored.target_luminance, restored.mask)


_both(
    "l1",
    "Mean absolute error",
    lambda r, area: mean_over(r.absolute_error, area),
    range=UNIT_RANGE,
)
_both(
    "mse",
    "Mean squared error",
    lambda r, area: mean_over(r.squared_error, area),
    range=UNIT_RANGE,
)
_both(
    "psnr",
    "Peak signal-to-noise ratio",
    lambda r, area: -10 * torch.log10(mean_over(r.squared_error, area)),
    **DECIBEL | {"range": (0.0, math.inf)},
)
_both(
    "ssim",
    "Structural similarity",
    lambda r, area: mean_of_map(r.similarity[0], area),
    better="higher",
    best=1.0,
    range=(-1.0, 1.0),
)
_both(
    "ms_ssim",
    "Structural similarity over several scales",
    _ms_ssim,
    better="higher",
    best=1.0,
    range=UNIT_RANGE,
)
_both(
    "ciede2000",
    "Mean colour difference that an eye sees, 1 just visible",
    lambda r, area: mean_over(r.colour_difference, area),
    unit="ΔE00",
    range=(0.0, 120.0),
)
metric("hole_snr", "Variance of the hole's content over the squared error", **DECIBEL)(_snr)
metric(
    "sharpness",
    "Gradient energy of the fill over the truth's, below 1 blurred",
    better="near",
    best=1.0,
)(lambda r: energy_ratio(*r.gradients, pairs_inside(r.mask)))
metric(
    "seam",
    "Gradient energy across the hole's edge over the truth's, above 1 visible",
    better="near",
    best=1.0,
)(lambda r: energy_ratio(*r.gradients, pairs_across(r.mask)))
metric(
    "lightness_error",
    "Mean L* of the fill minus the truth's, above 0 lightened",
    better="near",
    best=0.0,
    unit="L*",
    range=(-100.0, 100.0),
)(_lightness_error)
metric("relative_error", "Error of the light by the light there, |dY| / (Y + 0.01)")(
    _relative_error
)
metric(
    "ita_error",
    "Typology angle of the fill's skin minus the truth's, above 0 lightened",
    better="near",
    best=0.0,
    unit="degrees",
    range=(-360.0, 360.0),
)(lambda r: ita_error(r.composite_lab, r.target_lab, r.skin * r.mask))

metric("hole_ratio", "Share of the picture that is hole", range=UNIT_RANGE, **NO_VERDICT)(
    lambda r: r.mask.mean(dim=(1, 2, 3))
)
metric(
    "hole_variance",
    "Variance of the colours that the hole hides: how hard it is",
    range=(0.0, 0.25),
    **NO_VERDICT,
)(lambda r: content_variance(r.target, r.mask))
metric("hole_lightness", "Mean L* of what the hole hides", **LIGHTNESS, **NO_VERDICT)(
    lambda r: mean_over(r.target_lab[:, :1], r.mask)
)
metric(
    "hole_contrast", "Standard deviation of the L* that the hole hides", **LIGHTNESS, **NO_VERDICT
)(lambda r: deviation_over(r.target_lab[:, :1], r.mask))
metric("picture_lightness", "Mean L* of the undamaged picture", **LIGHTNESS, **NO_VERDICT)(
    lambda r: mean_over(r.target_lab[:, :1])
)
metric(
    "picture_contrast",
    "Standard deviation of the undamaged picture's L*",
    **LIGHTNESS,
    **NO_VERDICT,
)(lambda r: deviation_over(r.target_lab[:, :1]))
metric(
    "backlight",
    "Mean L* around the subject minus the subject's, large is backlit",
    unit="L*",
    range=(-100.0, 100.0),
    **NO_VERDICT,
)(lambda r: backlight_of(r.target_lab[:, :1]))
metric(
    "ita",
    "Typology angle of the undamaged skin, the group's measure",
    unit="degrees",
    range=(-90.0, 90.0),
    **NO_VERDICT,
)(lambda r: ita_of(r.target_lab, r.target_lab, r.skin))
