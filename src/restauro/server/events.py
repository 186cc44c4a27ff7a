"""An answer in steps, as server-sent events: what is told while a hole is filled."""

from __future__ import annotations

import base64
import json
from io import BytesIO
from typing import Any

import PIL.Image

from restauro.fill.steps import Begun, Patch, Step
from restauro.picture.modes import WIDE_MODES, to_rgb
from restauro.picture.patches import mask_file
from restauro.restore import Restored

MEDIA_TYPE = "text/event-stream"
_QUALITY = 90
_COLOURED = frozenset({"RGB", "RGBA", "P"})


def event(kind: str, **facts: Any) -> bytes:
    """One event, whose data is JSON."""
    return f"event: {kind}\ndata: {json.dumps(facts)}\n\n".encode()


def event_of(step: Step) -> bytes | None:
    """What is told of a step; nothing of the part that completes the hole, as the end tells all."""
    if isinstance(step, Begun):
        return event("begun", seconds=step.seconds)
    if not isinstance(step, Patch) or step.share == 1:
        return None
    top, left, bottom, right = step.box
    return event(
        "part",
        box=[left, top, right, bottom],
        coarse=step.is_coarse,
        share=round(step.share, 4),
        image=text(_preview(step.crop)),
    )


def end_of(restored: Restored) -> bytes:
    """The last event: what `patch`, `patch_mask` and `patch_at` of another request may be."""
    facts: dict[str, Any] = {}
    if patch := restored.patch:
        facts = {"image": text(patch.pixels), "mask": text(patch.mask)}
        facts["at"] = [patch.left, patch.top]
        facts["trust"] = trust_of(restored)
    return event(
        "done",
        model=restored.model,
        hole_pixels=restored.hole_pixels,
        remark=restored.remark,
        seconds={step: round(value, 4) for step, value in restored.seconds.items()},
        **facts,
    )


def trust_of(restored: Restored) -> str | None:
    """The file of what can be trusted; None if that is not known."""
    return None if restored.trust is None else text(mask_file(restored.trust))


def text(data: bytes) -> str:
    """A file in base64."""
    return base64.b64encode(data).decode()


def _preview(crop: PIL.Image.Image) -> bytes:
    """A small file that shows what a patch looks like."""
    if crop.mode in WIDE_MODES:
        shown = PIL.Image.fromarray(to_rgb(crop, (0, 65535)))
    else:
        shown = crop.convert("RGBA" if crop.has_transparency_data else "RGB")
    profile = crop.info.get("icc_profile") if crop.mode in _COLOURED else None
    file = BytesIO()
    shown.save(file, "WEBP", quality=_QUALITY, method=0, icc_profile=profile)
    return file.getvalue()
