"""How good a restored picture is: one value per picture, never averaged inside.

Importing this package registers all metrics in `METRICS`; a new file adds one line here.
"""

from restauro.metrics import perceptual, published, standard
from restauro.metrics.catalogue import METRICS, Metric, all_metrics, metric, pixel_metrics, scores
from restauro.metrics.colour import colour_difference, lab, luminance
from restauro.metrics.fidelity import (
    content_variance,
    fidelity_scores,
    l1,
    mse,
    psnr,
    snr,
)
from restauro.metrics.frechet import FeatureStatistics, frechet_feature_distance
from restauro.metrics.perceptual import FeatureNetwork, feature_distance, feature_network
from restauro.metrics.restored import Restored
from restauro.metrics.similarity import ms_ssim, ssim, ssim_map
from restauro.metrics.skin import ITA_GROUPS, ita, ita_group, ita_groups
from restauro.metrics.structure import seam, sharpness
from restauro.metrics.tone import (
    backlight_index,
    lightness,
    lightness_error,
    relative_error,
    subject_lightness,
)

__all__ = [
    "ITA_GROUPS",
    "METRICS",
    "FeatureNetwork",
    "FeatureStatistics",
    "Metric",
    "Restored",
    "all_metrics",
    "backlight_index",
    "colour_difference",
    "content_variance",
    "feature_distance",
    "feature_network",
    "fidelity_scores",
    "frechet_feature_distance",
    "ita",
    "ita_group",
    "ita_groups",
    "l1",
    "lab",
    "lightness",
    "lightness_error",
    "luminance",
    "metric",
    "ms_ssim",
    "mse",
    "perceptual",
    "pixel_metrics",
    "psnr",
    "published",
    "relative_error",
    "scores",
    "seam",
    "sharpness",
    "snr",
    "ssim",
    "ssim_map",
    "standard",
    "subject_lightness",
]
