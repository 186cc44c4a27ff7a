"""Colours at another size, and smoothed ones: of known pixels alone where some are hidden."""

from __future__ import annotations

import numpy as np
import PIL.Image

from restauro.images import Mask, Size
from restauro.inference.modes import Colours

# Like bilinear without its blur, and never negative: beside a hole a pixel cannot overshoot.
_SHRINK = PIL.Image.Resampling.HAMMING
_ENLARGE = PIL.Image.Resampling.BICUBIC
KNOWN_SHARE = 0.5
"""A pixel of a smaller picture is known if this share of what it stands for is."""


def resized(colours: Colours, size: Size, method: PIL.Image.Resampling = _ENLARGE) -> Colours:
    """Channels (h, w, C) at another size (height, width)."""
    height, width = size
    channels = [
        PIL.Image.fromarray(np.ascontiguousarray(channel)).resize((width, height), method)
        for channel in colours.transpose(2, 0, 1)
    ]
    return np.stack([np.asarray(channel) for channel in channels], axis=2)


def shrunk(colours: Colours, known: Mask, size: Size) -> tuple[Colours, Mask]:
    """Colours (h, w, 3) and known (h, w) at another size: averages of known pixels alone."""
    weight = known.astype(np.float32)[..., None]
    smaller = resized(np.dstack([colours * weight, weight]), size, _SHRINK)  # (h, w, 4)
    share = smaller[..., 3]
    still_known = share >= KNOWN_SHARE
    averages = smaller[..., :3] / np.maximum(share, KNOWN_SHARE)[..., None]
    return np.where(still_known[..., None], averages, np.float32(0)), still_known


def smoothed(values: Colours, radius: int) -> Colours:
    """Values (h, w, C) blurred over about `radius` pixels: a smaller copy, enlarged again."""
    height, width = values.shape[:2]
    smaller = resized(values, (-(-height // radius), -(-width // radius)), _SHRINK)
    return resized(smaller, (height, width), PIL.Image.Resampling.BILINEAR)
