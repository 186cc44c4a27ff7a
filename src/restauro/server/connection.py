"""A client's connection: how many there may be, and how long a client may keep each waiting.

uvicorn's own waits for ever: for headers, for a client that takes nothing of its answer, at the
end. Bodies have their limits in `guard`.
"""

from __future__ import annotations

import asyncio
import math
from contextlib import suppress
from http import HTTPStatus
from typing import Any

from starlette.types import Message, Receive, Scope, Send
from uvicorn.protocols.http.h11_impl import H11Protocol

from restauro.server.limits import Limits
from restauro.server.refusals import Refusal
from restauro.server.watch import HEADERS


class Connection(H11Protocol):
    """One connection, from its first byte to its last."""

    def __init__(self, limits: Limits, **given: Any) -> None:
        super().__init__(**given)
        self._limits = limits
        self._inner = self.app
        self.app = self._answer
        self._headers_due: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Takes the connection, or refuses it where there are too many."""
        super().connection_made(transport)
        transport.set_write_buffer_limits(0)  # `drain` waits until all has left
        if len(self.connections) > self._limits.connections:
            self._refuse("busy")
        self._expect_headers()

    def data_received(self, data: bytes) -> None:
        """Takes in what the client sends."""
        super().data_received(data)
        self._expect_headers()

    def send_400_response(self, msg: str) -> None:
        """Refuses what is no HTTP."""
        self._refuse("http")

    def shutdown(self) -> None:
        """Ends the connection when its answer is there, or the time for that is over."""
        super().shutdown()
        self.loop.call_later(self._limits.end_seconds, self.transport.abort)

    def _expect_headers(self) -> None:
        """Sets a time until which the next request must have begun; bytes do not prolong it."""
        is_answered = self.cycle is None or self.cycle.response_complete
        if self._headers_due and not is_answered:
            self._headers_due.cancel()
            self._headers_due = None
        elif is_answered and not self._headers_due:
            self._headers_due = self.loop.call_later(
                self._limits.header_seconds, self._refuse, "header_time"
            )

    def _refuse(self, code: str) -> None:
        """Says no where there is no request to answer, and closes."""
        if self.transport.is_closing():
            return
        if self.cycle is None or self.cycle.response_complete or not self.cycle.response_started:
            answer = Refusal(code).answer()
            answer.headers.update(HEADERS)
            answer.headers["Connection"] = "close"
            lines = [
                f"HTTP/1.1 {answer.status_code} {HTTPStatus(answer.status_code).phrase}".encode(),
                *(b"%b: %b" % header for header in answer.raw_headers),
            ]
            self.transport.write(b"\r\n".join([*lines, b"", bytes(answer.body)]))
        self.transport.close()

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        """The app, whose answer only ends when its last byte has left."""

        async def send_wholly(message: Message) -> None:
            await send(message)
            await self._all_sent(scope)

        await self._inner(scope, receive, send_wholly)

    async def _all_sent(self, scope: Scope) -> None:
        """Waits until nothing is left to send; cuts off a client that takes nothing for a while."""
        left = math.inf
        while self.flow.write_paused:
            before, left = left, self.transport.get_write_buffer_size()
            if left >= before:
                scope["restauro"]["code"] = "gone"
                self.transport.abort()
            with suppress(TimeoutError):
                await asyncio.wait_for(self.flow.drain(), self._limits.stall_seconds)
