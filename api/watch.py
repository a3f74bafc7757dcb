"""Around every request: a place in the house or a clear no, a number to find it by, its time, and a line in the log.

Whoever cannot be answered in good time is told so at once. A server that takes in all that comes answers everybody
late, and its callers, who have given up by then, ask again.
"""

import logging
import re
from http import HTTPStatus
from time import perf_counter
from typing import Final
from uuid import uuid4

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.errors import problem
from api.metrics import Metrics

log = logging.getLogger("api.access")

ALWAYS: Final = frozenset({"/healthz", "/readyz", "/metrics"})
"""Who watches the house must see it when it is full."""

_NUMBER: Final = re.compile(r"[A-Za-z0-9._-]{1,64}")


class Watch:
    """Sheds what is too much, and measures the rest."""

    def __init__(self, app: ASGIApp, metrics: Metrics, most_at_once: int) -> None:
        """At most so many requests are under way at once in this process."""
        self._app = app
        self._metrics = metrics
        self._most = most_at_once
        self._under_way = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let one request through, or send it away."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        answer = _Answer(scope, send)
        if self._under_way >= self._most and scope["path"] not in ALWAYS:
            self._metrics.shed.inc()
            detail = "more requests are under way than can be answered in time"
            full = problem(scope["path"], HTTPStatus.SERVICE_UNAVAILABLE, "overloaded", detail)
            await full(scope, receive, answer.send)
            answer.tell(self._metrics)
            return
        self._under_way += 1
        self._metrics.under_way.inc()
        try:
            await self._app(scope, receive, answer.send)
        finally:
            self._under_way -= 1
            self._metrics.under_way.dec()
            answer.tell(self._metrics)


class _Answer:
    """One answer on its way out."""

    def __init__(self, scope: Scope, send: Send) -> None:
        given = Headers(scope=scope).get("x-request-id", "")
        self._number = given if _NUMBER.fullmatch(given) else uuid4().hex
        scope.setdefault("state", {})["number"] = self._number
        self._scope = scope
        self._send = send
        self._began = perf_counter()
        self._status = 0

    async def send(self, message: Message) -> None:
        """Pass it on, with the number of the request and what is left to the caller."""
        if message["type"] == "http.response.start":
            self._status = message["status"]
            headers = MutableHeaders(raw=message["headers"])
            headers["X-Request-Id"] = self._number
            headers["X-Content-Type-Options"] = "nosniff"
            allowance = self._scope.get("state", {}).get("allowance")
            if allowance is not None:
                headers.update(allowance.headers())
        await self._send(message)

    def tell(self, metrics: Metrics) -> None:
        """Count it, and log it: no address, no query, no name, only ids and the form of the path."""
        seconds, state = perf_counter() - self._began, self._scope.get("state", {})
        route = getattr(self._scope.get("route"), "path", "none")
        metrics.requests.labels(self._scope["method"], route, f"{self._status // 100}xx").observe(seconds)
        log.info(
            "request",
            extra={
                "request": self._number,
                "method": self._scope["method"],
                "route": route,
                "status": self._status,
                "ms": round(1000 * seconds, 1),
                "tenant": state.get("tenant"),
                "key": state.get("key"),
            },
        )
