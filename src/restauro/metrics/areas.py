"""Means over an area or the whole picture: one value per picture, nan for an empty area."""

from __future__ import annotations

from torch import Tensor


def mean_over(values: Tensor, area: Tensor | None = None) -> Tensor:
    """Mean of (B, 1, H, W) over `area`, (B, 1, H, W) of weights, or over everything: (B,).

    An empty area gives nan.
    """
    if area is None:
        return values.mean(dim=(1, 2, 3))
    return (values * area).sum(dim=(1, 2, 3)) / area.expand_as(values).sum(dim=(1, 2, 3))


def deviation_over(values: Tensor, area: Tensor | None = None) -> Tensor:
    """Standard deviation of (B, 1, H, W) over `area` or everything, dividing by the count: (B,)."""
    centre = mean_over(values, area)[:, None, None, None]
    return mean_over((values - centre).square(), area).sqrt()


def composite(prediction: Tensor, image: Tensor, mask: Tensor) -> Tensor:
    """The image with the hole from the prediction: (B, 3, H, W); mask (B, 1, H, W), 1 = hole."""
    return mask * prediction + (1 - mask) * image
