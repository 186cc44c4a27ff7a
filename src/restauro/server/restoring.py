"""What the service's processes do: bytes of a picture and its mask in, bytes of the restored out.

Everything that decodes what strangers send runs here, so that a process may be ended at any time.
"""

from __future__ import annotations

import base64
import functools
import json
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from io import BytesIO
from typing import NamedTuple

import PIL.Image

from restauro.encoding import save_options
from restauro.errors import BadImageError, BadModelError
from restauro.fill.filler import Filler
from restauro.images import READABLE, Mask, decode_picture, mask_of_picture, upright
from restauro.server.limits import Limits
from restauro.server.refusals import Refusal


class Format(NamedTuple):
    """How a picture's own format is written again."""

    name: str
    """As Pillow calls it."""
    suffix: str
    media_type: str


FORMATS = {
    "BMP": Format("BMP", ".bmp", "image/bmp"),
    "GIF": Format("GIF", ".gif", "image/gif"),
    "JPEG": Format("JPEG", ".jpg", "image/jpeg"),
    "MPO": Format("JPEG", ".jpg", "image/jpeg"),  # a phone's JPEG with a second view behind
    "PNG": Format("PNG", ".png", "image/png"),
    "PPM": Format("PPM", ".ppm", "image/x-portable-anymap"),
    "TIFF": Format("TIFF", ".tif", "image/tiff"),
    "WEBP": Format("WEBP", ".webp", "image/webp"),
}
"""Pillow's name -> how it is written; what is missing here becomes PNG."""


@dataclass(frozen=True)
class Work:
    """What one request asks for."""

    image: bytes
    mask: bytes
    model: str
    as_json: bool = False


@dataclass(frozen=True)
class Answer:
    """What one request gets."""

    body: bytes
    """The picture, or JSON that holds it."""
    media_type: str
    model: str
    """What restored it."""
    hole_pixels: int
    seconds: dict[str, float]
    """Wall time of decode, inpaint and encode."""


@dataclass
class Timer:
    """Wall seconds of named steps."""

    seconds: dict[str, float] = field(default_factory=dict)

    @contextmanager
    def __call__(self, step: str) -> Iterator[None]:
        """Times the block."""
        started = time.perf_counter()
        yield
        self.seconds[step] = time.perf_counter() - started


class Restoration:
    """Restores what requests ask for, with models that stay loaded."""

    def __init__(self, load: Callable[[str], Filler], limits: Limits, model: str) -> None:
        """`model` is loaded now, others when they are first asked for."""
        self._load = functools.cache(load)
        self._load(model)
        self._limits = limits

    def __call__(self, work: Work) -> Answer:
        """The restored picture, in its own format, mode and orientation, with its metadata.

        Raises:
            Refusal: Picture, mask or model cannot be used, or exceed a limit.
        """
        timer = Timer()
        with timer("decode"):
            picture = self._decoded(work.image, "image")
            mask = self._decoded(work.mask, "mask")
            hole = self._hole(picture, mask)
        with timer("inpaint"), _refusing({BadImageError: "image", BadModelError: "model_failed"}):
            filled = self._load(work.model).fill(picture, hole)
        with timer("encode"):
            chosen = FORMATS.get(str(picture.format), FORMATS["PNG"])
            body = _encoded(filled.picture, picture, chosen)
        answer = Answer(body, chosen.media_type, filled.model, int(hole.sum()), timer.seconds)
        return _as_json(answer, filled.picture, chosen) if work.as_json else answer

    def _decoded(self, data: bytes, name: str) -> PIL.Image.Image:
        """The picture of a field, fully decoded, once its header is known to be harmless."""
        limit = self._limits.pixels
        too_large = Refusal(
            "pixels", f"the {name} has more than {limit:,} pixels; cut out the part to restore"
        )
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                # only these formats are even tried: others start programs
                header = PIL.Image.open(BytesIO(data), formats=sorted(READABLE - {"MPO"}))
        except PIL.UnidentifiedImageError:
            raise Refusal(
                "picture_format",
                f"the {name} is no picture that restauro reads; send PNG, JPEG, TIFF or WebP",
            ) from None
        except PIL.Image.DecompressionBombError:
            raise too_large from None
        except Exception as error:  # decoders fail on damaged data in every possible way
            raise Refusal(name, f"the {name} is damaged; send an intact copy") from error
        if header.width * header.height > limit:
            raise too_large
        with _refusing({BadImageError: name}):
            return decode_picture(data, f"the {name}", whole_depth=name == "image")

    def _hole(self, picture: PIL.Image.Image, mask: PIL.Image.Image) -> Mask:
        """The hole (H, W) of the picture as a viewer shows it, True = hole."""
        with _refusing({BadImageError: "mask"}):
            hole = mask_of_picture(mask)
        shown = upright(picture)
        if hole.shape != (shown.height, shown.width):
            raise Refusal(
                "mask_size",
                f"the mask is {hole.shape[1]}x{hole.shape[0]} pixels, but the image is "
                f"{shown.width}x{shown.height} as viewers show it; send a mask of its size",
            )
        if hole.all():
            raise Refusal(
                "mask_full",
                "the mask covers the whole picture, so nothing is known to restore it from; "
                "leave some of it black",
            )
        limit = self._limits.hole_pixels
        if hole.sum() > limit:
            raise Refusal(
                "hole_pixels",
                f"the hole has {hole.sum():,} pixels, but {limit:,} are allowed; "
                "restore a smaller area, or part of it first",
            )
        return hole


@contextmanager
def _refusing(codes: dict[type[Exception], str]) -> Iterator[None]:
    """Turns a user's error into a refusal of the code for its class, with the same sentence."""
    try:
        yield
    except tuple(codes) as error:
        raise Refusal(codes[type(error)], str(error)) from error
    except MemoryError as error:
        raise Refusal(
            "pixels", "the picture needs more memory than there is; cut out the part to restore"
        ) from error


def _encoded(restored: PIL.Image.Image, picture: PIL.Image.Image, chosen: Format) -> bytes:
    """The restored picture as a file, with what `picture`, as it was read, knows of its own."""
    buffer = BytesIO()
    try:
        options = save_options(chosen.suffix, restored, picture)
        restored.save(buffer, chosen.name, **options)
    except (OSError, ValueError, KeyError) as error:
        raise Refusal(
            "image",
            f"{chosen.name} cannot hold a picture of mode {restored.mode} ({error}); "
            "send it in another format, such as PNG",
        ) from error
    return buffer.getvalue()


def _as_json(answer: Answer, restored: PIL.Image.Image, chosen: Format) -> Answer:
    body = {
        "model": answer.model,
        "format": chosen.name,
        "width": restored.width,
        "height": restored.height,
        "hole_pixels": answer.hole_pixels,
        "seconds": {step: round(value, 4) for step, value in answer.seconds.items()},
        "image": base64.b64encode(answer.body).decode(),
    }
    return Answer(
        json.dumps(body).encode(),
        "application/json",
        answer.model,
        answer.hole_pixels,
        answer.seconds,
    )
