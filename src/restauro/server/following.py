"""Answers that come in steps: from the processes to a client, who may be slow or leave."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import aclosing
from typing import Any

from fastapi import UploadFile

from restauro.picture.patches import PatchFile
from restauro.server.events import event
from restauro.server.refusals import KINDS, Refusal
from restauro.server.restoring import Answer
from restauro.server.watch import Metrics

_LOG = logging.getLogger(__name__)


async def patches_of(
    files: Sequence[UploadFile], masks: Sequence[UploadFile], places: Sequence[str]
) -> tuple[PatchFile, ...]:
    """What earlier answers filled, from the fields of a request.

    Raises:
        Refusal: They do not go together.
    """
    patches = []
    try:
        for file, mask, place in zip(files, masks, places, strict=True):
            left, top = map(int, place.split(","))
            patches.append(PatchFile(await file.read(), await mask.read(), left, top))
    except ValueError:
        raise Refusal(
            "fields",
            "the fields patch, patch_mask and patch_at do not go together; send as many of each, "
            "and LEFT,TOP as patch_at",
        ) from None
    return tuple(patches)


async def told(
    events: AsyncGenerator[bytes | Answer], metrics: Metrics, facts: dict[str, Any]
) -> AsyncIterator[bytes]:
    """The events for a client, who may be slow: no process waits for that."""
    waiting: asyncio.Queue[bytes] = asyncio.Queue()

    async def gather() -> None:
        try:
            async with aclosing(events):
                async for one in events:
                    if isinstance(one, Answer):
                        count(one, metrics, facts)
                    waiting.put_nowait(one.body if isinstance(one, Answer) else one)
        except Refusal as refusal:
            facts["code"] = refusal.code
            waiting.put_nowait(event("error", code=refusal.code, message=refusal.message))
        except Exception:  # noqa: BLE001  a fault of ours
            _LOG.exception("fault")
            facts["code"] = "internal"
            waiting.put_nowait(event("error", code="internal", message=KINDS["internal"].english))
        finally:
            waiting.put_nowait(b"")

    gathering = asyncio.create_task(gather())
    try:
        while one := await waiting.get():
            yield one
    finally:
        gathering.cancel()


def count(answer: Answer, metrics: Metrics, facts: dict[str, Any]) -> None:
    """Counts an answer, and leaves to the log what restored it."""
    metrics.hole_pixels.labels(answer.model).inc(answer.hole_pixels)
    for step, seconds in answer.seconds.items():
        metrics.step_seconds.labels(step).observe(seconds)
    facts |= {"model": answer.model, "hole_pixels": answer.hole_pixels}
