"""What the service's processes do: bytes of a picture and its mask in, bytes of the restored out.

Everything that decodes what strangers send runs here, so that a process may be ended at any time.
"""

from __future__ import annotations

import base64
import functools
import json
from collections.abc import Callable
from concurrent.futures.process import BrokenProcessPool
from contextlib import suppress
from dataclasses import dataclass

from restauro.errors import BadImageError, BadModelError, UnknownNameError
from restauro.fill.filler import Filler
from restauro.fill.finder import load_finder
from restauro.picture.formats import WRITTEN
from restauro.picture.holes import DamageOptions, HoleOptions
from restauro.picture.read import MAX_PIXELS
from restauro.pool import Pool, PoolFullError
from restauro.restore import Restored, restore
from restauro.server.limits import Limits
from restauro.server.refusals import Refusal


@dataclass(frozen=True)
class Work:
    """What one request asks for."""

    image: bytes
    mask: bytes | None
    """None: the damage that is found is the hole, and its mask the answer."""
    model: str
    grow: int = 0
    """The hole grows by as many pixels in all directions."""
    page: int | None = None
    """Of an image with several, from 1."""
    accept: str = ""
    """What the client would like to get, as HTTP's header of that name says it."""
    damage: DamageOptions | None = None
    """What counts as damage, where there is no mask."""


@dataclass(frozen=True)
class Answer:
    """What one request gets."""

    body: bytes
    """The picture, or JSON that holds it."""
    media_type: str
    model: str
    """What restored it."""
    hole_pixels: int
    remark: str
    """What the client should know; mostly nothing."""
    seconds: dict[str, float]
    """Wall time of decode, inpaint and encode."""


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
        try:
            restored = restore(
                work.image,
                work.mask,
                self._load(work.model),
                finder=load_finder(1) if work.damage else None,
                holes=HoleOptions(grow_px=work.grow, damage=work.damage, names_options=False),
                written_as=WRITTEN[".png"] if work.damage else None,
                page=work.page,
                max_pixels=self._limits.pixels,
                max_hole_pixels=MAX_PIXELS if work.damage else self._limits.hole_pixels,
            )
        except BadImageError as error:
            raise Refusal(error.code, str(error)) from error
        except UnknownNameError as error:  # a kind of damage
            raise Refusal("fields", str(error)) from error
        except BadModelError as error:
            raise Refusal("model_failed", str(error)) from error
        media_type, body = restored.format.media_type, restored.data
        if is_preferred("application/json", media_type, work.accept):
            media_type, body = "application/json", _as_json(restored)
        return Answer(
            body,
            media_type,
            restored.model,
            restored.hole_pixels,
            restored.remark,
            restored.seconds,
        )


def is_preferred(media_type: str, default: str, accept: str) -> bool:
    """Whether an Accept header would rather have a media type than the default.

    The higher weight wins, then what is named more exactly; ranges that cannot be read do not
    count. RFC 9110, section 12.5.1.
    """
    weights: dict[str, float] = {}
    for entry in accept.lower().split(","):
        name, *parameters = (part.strip() for part in entry.split(";"))
        weight = next((part[2:] for part in parameters if part.startswith("q=")), "1")
        with suppress(ValueError):
            weights[name] = float(weight)

    def wish(name: str) -> tuple[float, int]:
        ranges = name, f"{name.partition('/')[0]}/*", "*/*"
        wishes = ((weights[given], -rank) for rank, given in enumerate(ranges) if given in weights)
        return next(wishes, (0, 0))

    return wish(media_type)[0] > 0 and wish(media_type) > wish(default)


def _as_json(restored: Restored) -> bytes:
    height, width = restored.size
    body = {
        "model": restored.model,
        "format": restored.format.name,
        "width": width,
        "height": height,
        "hole_pixels": restored.hole_pixels,
        "remark": restored.remark,
        "seconds": {step: round(value, 4) for step, value in restored.seconds.items()},
        "image": base64.b64encode(restored.data).decode(),
    }
    return json.dumps(body).encode()


async def answer_of(pool: Pool[Work, Answer], work: Work) -> Answer:
    """The answer of the next free process; cancelling frees the place at once.

    Raises:
        Refusal: All places are taken, the time is over, the process died, or the work itself
            refuses.
    """
    try:
        return await pool.answer(work)
    except PoolFullError:
        raise Refusal("busy") from None
    except TimeoutError:
        raise Refusal(
            "time",
            f"restoring took longer than {pool.seconds:g} seconds; "
            "restore a smaller area, or part of it first",
        ) from None
    except BrokenProcessPool:
        raise Refusal("process_died") from None
