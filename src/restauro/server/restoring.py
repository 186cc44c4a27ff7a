"""What the service's processes do: bytes of a picture and its mask in, bytes of the restored out.

Everything that decodes what strangers send runs here, so that a process may be ended at any time.
"""

from __future__ import annotations

import functools
import json
from collections.abc import AsyncGenerator, Callable, Generator, Iterator
from concurrent.futures.process import BrokenProcessPool
from contextlib import aclosing, contextmanager, suppress
from dataclasses import dataclass
from typing import Any

from restauro.errors import BadImageError, BadModelError, MissingExtraError, UnknownNameError
from restauro.fill.filler import Filler
from restauro.fill.finder import load_finder
from restauro.fill.steps import Step, ended
from restauro.fill.trust import calibrations_of
from restauro.picture.formats import WRITTEN
from restauro.picture.holes import DamageOptions, HoleOptions
from restauro.picture.patches import PatchFile
from restauro.picture.read import MAX_PIXELS
from restauro.pool import Pool, PoolFullError, Queued
from restauro.restore import Restored, restoring
from restauro.server.events import MEDIA_TYPE, end_of, event, event_of, text, trust_of
from restauro.server.limits import Limits
from restauro.server.refusals import Refusal

_JSON = "application/json"


@dataclass(frozen=True)
class Work:
    """What one request asks for."""

    image: bytes
    mask: bytes | None
    """None: what is hole is found, as `damage` says, or nothing is but what the patches fill."""
    model: str
    grow: int = 0
    """The hole grows by as many pixels in all directions."""
    page: int | None = None
    """Of an image with several, from 1."""
    accept: str = ""
    """What the client would like to get, as HTTP's header of that name says it."""
    patches: tuple[PatchFile, ...] = ()
    """What earlier requests filled."""
    in_steps: bool = False
    """The answer comes as events, and holds but the patch for the hole."""
    damage: DamageOptions | None = None
    """What counts as damage, where there is no mask."""
    seed: int | None = None
    """Which of the model's several fills; None for its only one, or the one in the middle."""


@dataclass(frozen=True)
class Answer:
    """What one request gets."""

    body: bytes
    """The picture, JSON that holds it, or the last of several events."""
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
        self._calibrations = functools.cache(lambda name: calibrations_of(self._load(name)))
        self._load(model)
        self._limits = limits

    def __call__(self, work: Work) -> Any:
        """An `Answer`: the restored picture, in its own format and mode, with its metadata.

        In steps it comes last of several: events, or None where there is no news.

        Raises:
            Refusal: Picture, mask or model cannot be used, or exceed a limit.
        """
        if work.in_steps:
            return self._events(work)
        restored = ended(self._restoring(work))
        media_type, body = restored.format.media_type, restored.data
        if is_preferred(_JSON, media_type, work.accept):
            media_type, body = _JSON, _as_json(restored)
        return _answer(restored, body, media_type)

    def _events(self, work: Work) -> Iterator[bytes | Answer | None]:
        steps = self._restoring(work)
        while True:
            try:
                yield event_of(next(steps))
            except StopIteration as end:
                yield _answer(end.value, end_of(end.value), MEDIA_TYPE)
                return

    def _restoring(self, work: Work) -> Generator[Step, None, Restored]:
        tells_trust = work.in_steps or is_preferred(_JSON, "image/*", work.accept)
        filler = self._load(work.model)
        try:
            filler = filler if work.seed is None else filler.seeded(work.seed)
        except BadModelError as error:
            raise Refusal("fields", str(error)) from error
        try:
            return (
                yield from restoring(
                    work.image,
                    work.mask,
                    filler,
                    finder=load_finder(1) if work.damage else None,
                    holes=HoleOptions(grow_px=work.grow, damage=work.damage, names_options=False),
                    written_as=WRITTEN[".png"] if work.damage else None,
                    page=work.page,
                    max_pixels=self._limits.pixels,
                    max_hole_pixels=MAX_PIXELS if work.damage else self._limits.hole_pixels,
                    patches=work.patches,
                    as_patch=work.in_steps,
                    calibrations=self._calibrations(work.model) if tells_trust else None,
                )
            )
        except BadImageError as error:
            raise Refusal(error.code, str(error)) from error
        except (UnknownNameError, MissingExtraError) as error:  # a kind of damage
            raise Refusal("fields", str(error)) from error
        except BadModelError as error:
            raise Refusal("model_failed", str(error)) from error


def _answer(restored: Restored, body: bytes, media_type: str) -> Answer:
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
        "trust": trust_of(restored),
        "image": text(restored.data),
    }
    return json.dumps(body).encode()


async def answer_of(pool: Pool[Work, Any], work: Work) -> Answer:
    """The answer of the next free process; cancelling frees the place at once.

    Raises:
        Refusal: All places are taken, the time is over, the process died, or the work itself
            refuses.
    """
    with _refused(pool):
        answer: Answer = await pool.answer(work)
        return answer


async def events_of(pool: Pool[Work, Any], work: Work) -> AsyncGenerator[bytes | Answer]:
    """The same in steps: the place in the queue, events, and the answer, which is the last one.

    Raises:
        Refusal: As of `answer_of`.
    """
    with _refused(pool):
        async with aclosing(pool.steps(work)) as steps:
            async for step in steps:
                if isinstance(step, Queued):
                    yield event("queued", place=step.place)
                elif step is not None:
                    yield step


@contextmanager
def _refused(pool: Pool[Work, Any]) -> Iterator[None]:
    """Says in the service's words why there is no answer."""
    try:
        yield
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
