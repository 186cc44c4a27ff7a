"""What is told about every request: a line of JSON, numbers for Prometheus, and safe headers."""

from __future__ import annotations

import json
import logging
import time
from typing import Any

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector
from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

_LOG = logging.getLogger(__name__)

HEADERS = {
    "Accept-Ranges": "none",
    "Content-Security-Policy": "; ".join(
        [
            "default-src 'none'",
            "script-src 'self'",
            "style-src 'self'",
            "img-src 'self' blob: data:",
            "connect-src 'self'",
            "base-uri 'none'",
            "form-action 'none'",
            "frame-ancestors 'none'",
        ]
    ),
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}
"""Of every answer. The page needs nothing but its own files, and what it makes of pictures."""

_SECONDS = (0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 60, 120)


class Metrics:
    """Numbers about the service since it started, for Prometheus."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        ProcessCollector(registry=self.registry)
        self.requests = Counter(
            "restauro_requests", "Answers.", ["path", "status"], registry=self.registry
        )
        self.seconds = Histogram(
            "restauro_request_seconds",
            "Wall time from the first byte of a request to the last of its answer.",
            ["path"],
            buckets=_SECONDS,
            registry=self.registry,
        )
        self.step_seconds = Histogram(
            "restauro_step_seconds",
            "Wall time of decode, inpaint and encode of restored pictures.",
            ["step"],
            buckets=_SECONDS,
            registry=self.registry,
        )
        self.hole_pixels = Counter(
            "restauro_hole_pixels", "Pixels that were filled.", ["model"], registry=self.registry
        )
        self.admitted = Gauge(
            "restauro_admitted", "Requests that wait or are restored.", registry=self.registry
        )
        self.restoring = Gauge(
            "restauro_busy_processes", "Processes at work or starting.", registry=self.registry
        )
        self.renewed = Gauge(
            "restauro_renewed_processes",
            "Processes that died or were ended, and were replaced.",
            registry=self.registry,
        )


class Watch:
    """Logs and counts every request, and adds `HEADERS` to every answer.

    What else is told about a request is what the parts within leave in `scope["restauro"]`.
    """

    def __init__(self, app: ASGIApp, metrics: Metrics) -> None:
        self._app = app
        self._metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Passes the request on."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started = time.perf_counter()
        facts = scope["restauro"] = {"status": 500, "request_bytes": 0, "answer_bytes": 0}

        async def counted_receive() -> Message:
            message = await receive()
            facts["request_bytes"] += len(message.get("body", b""))
            return message

        async def counted_send(message: Message) -> None:
            if message["type"] == "http.response.start":
                facts["status"] = message["status"]
                headers = MutableHeaders(scope=message)
                headers.update(HEADERS)
                headers.setdefault("Cache-Control", "no-store")
            facts["answer_bytes"] += len(message.get("body", b""))
            await send(message)

        try:
            await self._app(scope, counted_receive, counted_send)
        except Exception:  # noqa: BLE001  a fault of ours, which the app has answered
            _LOG.exception("fault")
        finally:
            self._tell(scope, facts, time.perf_counter() - started)

    def _tell(self, scope: Scope, facts: dict[str, Any], seconds: float) -> None:
        path = getattr(scope.get("route"), "path", "other")  # of routes: strangers invent paths
        self._metrics.requests.labels(path, facts["status"]).inc()
        self._metrics.seconds.labels(path).observe(seconds)
        _LOG.info(
            "request",
            extra={
                "facts": {
                    "method": scope["method"],
                    "path": scope["path"][:100],
                    "seconds": round(seconds, 4),
                    **facts,
                }
            },
        )


class JsonLines(logging.Formatter):
    """A log record as one line of JSON; what a record has in `facts` is a key of its own."""

    def format(self, record: logging.LogRecord) -> str:
        """The line, without its end."""
        line = {
            "time": self.formatTime(record, "%Y-%m-%dT%H:%M:%S%z"),
            "level": record.levelname.lower(),
            "event": record.getMessage(),
            **getattr(record, "facts", {}),
        }
        if record.exc_info:
            line["traceback"] = self.formatException(record.exc_info)
        return json.dumps(line)
