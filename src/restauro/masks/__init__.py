"""Holes for training: shapes drawn for whole batches, and the curriculum that lets them grow."""

from restauro.masks.curriculum import Curriculum, HoleLimits, draw_holes
from restauro.masks.shapes import BoxLimits, StrokeLimits, boxes, strokes

__all__ = [
    "BoxLimits",
    "Curriculum",
    "HoleLimits",
    "StrokeLimits",
    "boxes",
    "draw_holes",
    "strokes",
]
