"""The one door: a picture and its mask in, the bytes of the restored picture out.

Files, folders, pipes, Ray and HTTP are thin around it.
"""

from __future__ import annotations

import time
from collections.abc import Generator, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import PIL.Image

from restauro.errors import BadImageError
from restauro.fill.filler import Filled, Filler
from restauro.fill.finder import DamageFinder, damaged_part
from restauro.fill.steps import Step, at_once
from restauro.fill.trust import Calibration
from restauro.picture.formats import PNG, Encoded, Format, encode, own_format
from restauro.picture.holes import HoleOptions, hole_of, opaque, remark
from restauro.picture.known_blocks import with_known_blocks
from restauro.picture.masks import Marked, read_marked, read_mask
from restauro.picture.metadata import PHOTOGRAPHS
from restauro.picture.patches import PatchFile, bounds, patch_file, with_patches
from restauro.picture.read import MAX_PIXELS, Source, as_stored, opened, read_picture, upright
from restauro.picture.types import Mask, Size


@dataclass(frozen=True)
class Restored:
    """A restored picture, and how it was restored."""

    data: bytes
    """The file, in `format`, with the mode, orientation and metadata of the picture."""
    format: Format
    size: Size
    """(height, width) as stored."""
    model: str
    """What filled the hole."""
    hole_pixels: int
    remark: str
    """What a user should know; mostly nothing."""
    seconds: dict[str, float]
    """Wall time of the steps decode, inpaint and encode."""
    patch: PatchFile | None = None
    """What fills the hole, where that alone was asked for; then there is no `data`."""
    hole_bounds: tuple[slice, slice] = (slice(0, 0), slice(0, 0))
    """Rows and columns of the hole, of the picture as a viewer shows it."""
    trust: Mask | None = None
    """The part (H, W) of the hole that can be trusted, or of the patch's box where there is one;
    None if what filled it cannot tell."""


def restoring(
    picture: Source,
    mask: Source | Marked | None,
    filler: Filler,
    *,
    finder: DamageFinder | None = None,
    holes: HoleOptions | None = None,
    written_as: Format | None = None,
    name: str = "the image",
    mask_name: str = "the mask",
    max_pixels: int = MAX_PIXELS,
    max_hole_pixels: int = MAX_PIXELS,
    page: int | None = None,
    patches: Sequence[PatchFile] = (),
    as_patch: bool = False,
    calibrations: Mapping[str, Calibration] | None = None,
) -> Generator[Step, None, Restored]:
    """Restores a picture in steps: what a hole has got so far, and in the end the same as at once.

    Args:
        picture: The picture's file.
        mask: The mask's file, or the mask as it was read; None if the picture shows its hole, or
            if there is none beside what `patches` fill.
        filler: What fills it.
        finder: What finds damage, where that is the hole.
        holes: How the hole is marked, where a user may choose; by the mask's white by default.
        written_as: The format of the result; None = the picture's own, or PNG.
        name: How messages call the picture where it has no path.
        mask_name: How remarks call the mask.
        max_pixels: Of the picture and of the mask; beyond this neither is decoded.
        max_hole_pixels: Of the hole.
        page: Which of several pages or frames of the picture's file, from 1.
        patches: Laid on the picture first, and known then.
        as_patch: Gives but the patch for the hole, and a coarse answer for a large hole first.
        calibrations: By the name of what may fill the hole, to tell what of it can be trusted.

    Raises:
        BadImageError: Picture or mask cannot be used, or exceeds a limit; its code says which.
        BadModelError: The filler gave no picture.
    """
    seconds: dict[str, float] = {}
    holes = holes or HoleOptions(names_options=False)
    name = name if isinstance(picture, bytes) else str(picture)
    has_hole = mask is not None or not patches
    try:
        with _timed("decode", seconds):
            content = opened(picture, name)
            original = read_picture(content, name, max_pixels=max_pixels, page=page)
            laid, covered = with_patches(original, patches, max_pixels)
            hole, soft_edge = np.zeros_like(covered), ""
            if has_hole:
                hole, soft_edge = _hole(original, mask, holes, max_pixels, finder)
            hole_pixels = int(np.count_nonzero(hole))
            if hole_pixels > max_hole_pixels:
                raise BadImageError(
                    f"the hole has {hole_pixels:,} pixels, but {max_hole_pixels:,} are allowed; "
                    "restore a smaller area, or part of it first",
                    code="hole_pixels",
                )
        with _timed("inpaint", seconds):
            visible = opaque(laid) if holes.alpha else laid
            if holes.damage and holes.damage.mask_only:
                mask_picture = PIL.Image.fromarray(hole).convert("L")
                filled = Filled(mask_picture, finder.card.name if finder else "")
                original, content = mask_picture, b""
            else:
                filled = yield from filler.steps(visible, hole, coarse=as_patch)
            trust = None
            if calibration := (calibrations or {}).get(filled.model):
                trust = calibration.trust(filled.picture, hole)
                trust = trust[bounds(hole)] if as_patch else trust
        with _timed("encode", seconds):
            chosen = PNG if as_patch else written_as or own_format(original)
            patch = patch_file(filled.picture, hole) if as_patch else None
            if as_patch:
                encoded = Encoded(b"")
            else:
                encoded = _encoded(filled.picture, chosen, original, content, hole | covered)
    except MemoryError as error:
        raise BadImageError(
            f"{name} needs more memory than there is; cut out the part to restore", code="pixels"
        ) from error
    remarks = [
        remark(hole, holes, mask_name) if has_hole else "",
        soft_edge,
        filled.remark,
        encoded.remark,
    ]
    return Restored(
        encoded.data,
        chosen,
        (filled.picture.height, filled.picture.width),
        filled.model,
        hole_pixels,
        "; ".join(filter(None, remarks)),
        seconds,
        patch,
        bounds(hole),
        trust,
    )


restore = at_once(restoring)
"""The same at once."""


def _encoded(
    picture: PIL.Image.Image,
    chosen: Format,
    original: PIL.Image.Image,
    content: Path | bytes,
    hole: Mask,
) -> Encoded:
    """The picture's file; a JPEG that was one keeps the blocks that no hole (H, W) touches."""
    encoded = encode(picture, chosen, original)
    if chosen.name != "JPEG" or original.format not in PHOTOGRAPHS or not hole.any():
        return encoded
    stored = np.asarray(as_stored(PIL.Image.fromarray(hole), original))
    before = content if isinstance(content, bytes) else content.read_bytes()
    return encoded._replace(data=with_known_blocks(encoded.data, before, stored))


def _hole(
    picture: PIL.Image.Image,
    mask: Source | Marked | None,
    holes: HoleOptions,
    max_pixels: int,
    finder: DamageFinder | None,
) -> tuple[Mask, str]:
    """The hole (H, W) of the picture as a viewer shows it, and what to know about its edge."""
    try:
        if not (mask is None or isinstance(mask, Marked)):
            called = "the mask" if isinstance(mask, bytes) else ""
            mask = read_marked(mask, called, max_pixels=max_pixels)
        if holes.damage:
            assert finder is not None, "somebody has to find the damage"
            hole = damaged_part(
                upright(picture),
                holes.damage,
                finder,
                grow_px=holes.grow_px,
                more=mask and mask.hole,
                keep=read_mask(holes.keep, max_pixels=max_pixels) if holes.keep else None,
            )
        else:
            hole = hole_of(picture, mask and mask.hole, holes)
    except BadImageError as error:
        if error.code == "image":
            error.code = "mask"
        raise
    soft_edge = mask.remark if mask and not holes.grow_px else ""
    return hole, f"{soft_edge} (--grow-mask 1)" if soft_edge and holes.names_options else soft_edge


@contextmanager
def _timed(step: str, seconds: dict[str, float]) -> Iterator[None]:
    started = time.perf_counter()
    yield
    seconds[step] = time.perf_counter() - started
