"""What happens to every request before it is understood: who asks, from where, and how much.

Plain ASGI, as the body must be counted while it comes in and the client may leave at any time.
"""

from __future__ import annotations

import asyncio
import hmac
from collections.abc import Callable, Collection, Coroutine
from dataclasses import dataclass
from ipaddress import ip_address
from typing import Any, TypeVar
from urllib.parse import SplitResult, urlsplit

from starlette.datastructures import Headers
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from restauro.server.limits import Limits
from restauro.server.refusals import Refusal

Given = TypeVar("Given")

PROTECTED = ("/v1/", "/metrics")
"""What needs the token, where there is one: all but the page, its samples and the health check."""
LINGER_SECONDS = 2.0
"""How long the body of a refused request is still taken in: a client that is cut off while it
sends does not see the answer."""


@dataclass(frozen=True)
class Access:
    """Who may ask."""

    token: str | None = None
    """None = everybody who reaches the port."""
    origins: Collection[str] = ()
    """Of other sites whose pages may ask, such as `https://example.org`."""
    hosts: Collection[str] | None = None
    """Names that this machine may be called by, beside its IP addresses; None = any."""


class Guard:
    """Refuses requests by their headers, bodies that are too large or too slow, and too many."""

    def __init__(
        self, app: ASGIApp, limits: Limits, access: Access, is_full: Callable[[], bool]
    ) -> None:
        """`is_full` says whether a request with a body would be refused once it has come in."""
        self._app = app
        self._limits = limits
        self._access = access
        self._is_full = is_full
        self._num_requests = 0  # those with a body

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers a refused request itself, and passes on the others with a bounded body."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        # a server may ignore ranges; Starlette refuses those that it does not understand as text
        scope["headers"] = [header for header in scope["headers"] if header[0] != b"range"]
        headers = Headers(scope=scope)
        body = _Body(receive, headers, self._limits)

        async def send_after_body(message: Message) -> None:
            if message["type"] == "http.response.start":
                await body.linger()
            await send(message)

        counts = not body.is_whole
        try:
            self._check(scope["path"], headers)
            if counts and (self._num_requests >= self._limits.requests or self._is_full()):
                raise Refusal("busy")
        except Refusal as refusal:
            await answer_to(refusal, scope)(scope, body.receive, send_after_body)
            return
        self._num_requests += counts
        try:
            await self._app(scope, body.receive, send_after_body)
        finally:
            self._num_requests -= counts

    def _check(self, path: str, headers: Headers) -> None:
        access, host = self._access, headers.get("host", "")
        name = _split(f"//{host}").hostname or ""
        if not (access.hosts is None or name in access.hosts or _is_address(name)):
            # a page elsewhere may have made its own name point to this machine
            raise Refusal(
                "host",
                f"the host {host[:100]!r} is not served here; ask its IP address, "
                "or start the service with --allowed-host for it",
            )
        origin = headers.get("origin")
        if origin and origin not in access.origins and _split(origin).netloc != host:
            raise Refusal(
                "origin",
                f"pages of {origin[:100]!r} may not ask; start the service with --cors for it",
            )
        if access.token is not None and path.startswith(PROTECTED):
            scheme, _, given = headers.get("authorization", "").partition(" ")
            is_right = hmac.compare_digest(given.encode("latin-1"), access.token.encode())
            if scheme.lower() != "bearer" or not is_right:
                raise Refusal("token")


class _Body:
    """A request's body as it comes in."""

    def __init__(self, receive: Receive, headers: Headers, limits: Limits) -> None:
        self._receive = receive
        self._limits = limits
        self._num_bytes = 0
        length = headers.get("content-length", "")
        self._length = int(length) if length.isdecimal() else 0
        self.is_whole = not self._length and "transfer-encoding" not in headers
        self._is_asked_for = "expect" not in headers
        self._ends_at = asyncio.get_running_loop().time() + limits.upload_seconds

    async def receive(self) -> Message:
        """The next message; refuses what is too large or too late."""
        if self.is_whole:
            return await self._receive()
        self._check_size(self._length)
        try:
            async with asyncio.timeout_at(self._ends_at):
                message = await self._next()
        except TimeoutError:
            raise Refusal(
                "upload_time",
                f"the body took longer than {self._limits.upload_seconds:g} seconds to arrive; "
                "send a smaller picture",
            ) from None
        self._check_size(self._num_bytes)
        return message

    async def linger(self) -> None:
        """Takes in the rest of the body for a while; nothing if the client has not begun it."""
        try:
            async with asyncio.timeout(LINGER_SECONDS):
                while self._is_asked_for and not self.is_whole:
                    await self._next()
        except TimeoutError:
            pass

    async def _next(self) -> Message:
        message = await self._receive()
        self._is_asked_for = True
        self._num_bytes += len(message.get("body", b""))
        self.is_whole = not message.get("more_body", False)
        return message

    def _check_size(self, num_bytes: int) -> None:
        limit = self._limits.request_bytes
        if num_bytes > limit:
            raise Refusal(
                "bytes", f"the request has more than {limit:,} bytes; send a smaller picture"
            )


def _is_address(name: str) -> bool:
    try:
        ip_address(name)
    except ValueError:
        return False
    return True


def _split(url: str) -> SplitResult:
    """The parts of a URL; all empty if it is none."""
    try:
        return urlsplit(url)
    except ValueError:
        return SplitResult("", "", "", "", "")


def answer_to(refusal: Refusal, scope: Scope) -> JSONResponse:
    """What the client of a refused request gets; the log learns the code."""
    scope["restauro"]["code"] = refusal.code
    return refusal.answer()


async def unless_gone(receive: Receive, work: Coroutine[Any, Any, Given]) -> Given:
    """What `work` gives; it is cancelled as soon as the client goes away.

    Raises:
        Refusal: The client is gone.
    """
    working, leaving = asyncio.create_task(work), asyncio.create_task(_left(receive))
    try:
        await asyncio.wait({working, leaving}, return_when=asyncio.FIRST_COMPLETED)
        if not working.done():
            raise Refusal("gone")
        return working.result()
    finally:
        working.cancel()
        leaving.cancel()


async def _left(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
