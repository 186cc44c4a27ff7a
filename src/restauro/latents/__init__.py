"""Codes of pictures: encoded, kept, decoded, drawn, walked through, and measured."""

from restauro.latents.code_file import NamedCodes, load_codes, save_codes
from restauro.latents.coder import Coder
from restauro.latents.maps import map_page
from restauro.latents.measuring import measure
from restauro.latents.population import Population
from restauro.latents.walks import gallery, interpolation, traversal

__all__ = [
    "Coder",
    "NamedCodes",
    "Population",
    "gallery",
    "interpolation",
    "load_codes",
    "map_page",
    "measure",
    "save_codes",
    "traversal",
]
