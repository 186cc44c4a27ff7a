"""A page with pictures where their codes lie: one HTML file that asks no other."""

from __future__ import annotations

import base64
import html
import importlib.util
import io
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import PIL.Image
from numpy.typing import NDArray

from restauro.latents.population import Vector
from restauro.picture.types import Image

MAX_TILE_PX = 96
"""Of a picture in the file; it is shown smaller, and so large under the mouse."""
JPEG_QUALITY = 85

_PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>{title}</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<style>
:root {{ color-scheme: light dark; font: 1rem/1.5 system-ui, sans-serif }}
body {{ margin: 1rem auto; max-width: 70rem; padding: 0 1rem }}
figure {{ margin: 2rem 0 }}
.map {{ position: relative; aspect-ratio: 4 / 3; margin: 2rem; border: 1px solid #8888 }}
.map img {{ position: absolute; width: 4%; transform: translate(-50%, 50%) }}
.map img:hover {{ z-index: 1; width: {tile}px; image-rendering: pixelated }}
</style></head><body>
<h1>{title}</h1>
<p>Each picture lies where its code does: near ones have codes alike. Pointing at one enlarges it
and tells its name.</p>
{maps}
</body></html>
"""


class Plane(NamedTuple):
    """A flat picture of codes."""

    method: str
    remark: str
    points: NDArray[np.float64]
    """(N, 2)"""


def planes(codes: Vector, seed: int = 0) -> list[Plane]:
    """Codes (N, D) by their principal components, and by UMAP where that is installed.

    Source: McInnes et al. 2018, arXiv:1802.03426, by the package umap-learn.
    """
    centred = codes.astype(np.float64) - codes.mean(axis=0)
    left, spread, _ = np.linalg.svd(centred, full_matrices=False)
    points = np.zeros((len(codes), 2))
    points[:, : len(spread)] = (left * spread)[:, :2]  # a code may have a single number
    shares = (np.append(spread, 0) ** 2 / max(np.square(spread).sum(), 1e-30))[:2]
    across, down = (f"{share:.0%}" for share in shares)
    told = f"The directions in which codes vary most: {across} of their variance from left to "
    found = [Plane("Principal components", f"{told}right, {down} from bottom to top.", points)]
    if importlib.util.find_spec("umap"):
        from umap import UMAP

        near = min(15, len(codes) - 1)
        drawn = UMAP(n_neighbors=near, random_state=seed, n_jobs=1).fit_transform(codes)
        told = f"Neighbours stay neighbours (UMAP, {near} of them, seed {seed}); distances tell "
        found.append(Plane("UMAP", f"{told}little.", np.asarray(drawn, dtype=np.float64)))
    return found


def map_page(title: str, names: Sequence[str], images: Sequence[Image], codes: Vector) -> str:
    """The page, with a map for each of `planes`; images are (H, W, 3), codes (N, D)."""
    tiles = [_data_uri(image) for image in images]
    maps = "\n".join(_figure(plane, names, tiles) for plane in planes(codes))
    return _PAGE.format(title=html.escape(title), tile=MAX_TILE_PX, maps=maps)


def _figure(plane: Plane, names: Sequence[str], tiles: Sequence[str]) -> str:
    low, high = plane.points.min(axis=0), plane.points.max(axis=0)
    shares = 100 * (plane.points - low) / np.maximum(high - low, 1e-12)
    pictures = "\n".join(
        f'<img src="{tile}" alt="{html.escape(name)}" title="{html.escape(name)}" '
        f'style="left:{left:.2f}%;bottom:{bottom:.2f}%">'
        for name, tile, (left, bottom) in zip(names, tiles, shares, strict=True)
    )
    caption = f"<figcaption><strong>{plane.method}</strong> {plane.remark}</figcaption>"
    return f'<figure>{caption}<div class="map">\n{pictures}\n</div></figure>'


def _data_uri(image: Image) -> str:
    tile = PIL.Image.fromarray(image)
    tile.thumbnail((MAX_TILE_PX, MAX_TILE_PX))
    file = io.BytesIO()
    tile.save(file, "JPEG", quality=JPEG_QUALITY)
    return f"data:image/jpeg;base64,{base64.b64encode(file.getvalue()).decode()}"
