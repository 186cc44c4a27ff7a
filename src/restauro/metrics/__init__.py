"""How good a restored picture is: one value per picture, never averaged inside.

Importing this package registers all metrics in `METRICS`; a new file adds one line here.
"""

from restauro.metrics.colour import colour_difference, lab, luminance
from restauro.metrics.comparison import (
    Comparison,
    all_metrics,
    metric_of_areas,
    once,
    once_a_target,
    pixel_metrics,
    scores,
)
from restauro.metrics.fidelity import fidelity_scores, psnr
from restauro.metrics.perceptual import FeatureNetwork, feature_network
from restauro.metrics.sets import (
    SET_METRICS,
    features_of_sets,
    frechet_feature_distance,
    p_ids,
    u_ids,
)
from restauro.metrics.structure import seam, sharpness
from restauro.metrics.tone import (
    backlight_of,
    ita_group,
    lightness,
    subject_lightness,
)
from restauro.plugins import Metric, metric
from restauro.registry import METRICS

__all__ = [
    "METRICS",
    "SET_METRICS",
    "Comparison",
    "FeatureNetwork",
    "Metric",
    "all_metrics",
    "backlight_of",
    "colour_difference",
    "feature_network",
    "features_of_sets",
    "fidelity_scores",
    "frechet_feature_distance",
    "ita_group",
    "lab",
    "lightness",
    "luminance",
    "metric",
    "metric_of_areas",
    "once",
    "once_a_target",
    "p_ids",
    "pixel_metrics",
    "psnr",
    "scores",
    "seam",
    "sharpness",
    "subject_lightness",
    "u_ids",
]
