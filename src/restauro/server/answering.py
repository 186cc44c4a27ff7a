"""What the service's processes answer, or why they do not."""

from __future__ import annotations

from concurrent.futures.process import BrokenProcessPool

from restauro.pool import Pool, PoolFullError
from restauro.server.refusals import Refusal
from restauro.server.restoring import Answer, Work


async def answer_of(pool: Pool[Work, Answer], work: Work) -> Answer:
    """The answer of the next free process; cancelling frees the place at once.

    Raises:
        Refusal: All places are taken, the time is over, the process died, or the work itself
            refuses.
    """
    try:
        return await pool.answer(work)
    except PoolFullError:
        raise Refusal("busy", "all places are taken; ask again in a second") from None
    except TimeoutError:
        raise Refusal(
            "time",
            f"restoring took longer than {pool.seconds:g} seconds; "
            "restore a smaller area, or part of it first",
        ) from None
    except BrokenProcessPool:
        raise Refusal(
            "process_died",
            "the process that restored the picture ended, perhaps for lack of memory; "
            "send a smaller picture",
        ) from None
