"""The sources of pictures, one file each; a new one joins with one import below."""

from restauro.data.sources import celeba, factors, fgvc_aircraft, folder, samples
from restauro.data.sources._source import IndexRow, Plan, Source, SourceOptions
from restauro.registry import SOURCES

__all__ = [
    "SOURCES",
    "IndexRow",
    "Plan",
    "Source",
    "SourceOptions",
    "celeba",
    "factors",
    "fgvc_aircraft",
    "folder",
    "samples",
]
