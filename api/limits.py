"""How much a caller may send, and for how long: the body is read before anybody has asked for a key."""

import asyncio
from http import HTTPStatus
from typing import Final

from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

MOST_BYTES: Final = 8_000_000
"""Of one request: room for the longest article, whatever its characters are escaped as."""
MOST_SECONDS: Final = 30.0
"""That a body may be on its way: who sends a byte now and then holds a place that others need."""


class BodyLimit:
    """Refuses longer requests with 413, at once where they say their length, else when they pass the limit.

    Those that take too long to arrive are refused with 408.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let a request through, with a body that breaks off where it gets too long."""
        announced = Headers(scope=scope).get("content-length", "") if scope["type"] == "http" else ""
        passed, whole = 0, False
        end = asyncio.get_running_loop().time() + MOST_SECONDS

        async def counted() -> Message:
            nonlocal passed, whole
            if whole:  # what comes now is that the caller hangs up, whenever that is
                return await receive()
            if announced.isdecimal() and int(announced[:20]) > MOST_BYTES:
                raise _too_large()
            try:
                async with asyncio.timeout_at(end):
                    message = await receive()
            except TimeoutError:
                raise HTTPException(
                    HTTPStatus.REQUEST_TIMEOUT, f"a request arrives within {MOST_SECONDS:.0f} s: send it again"
                ) from None
            whole = not message.get("more_body", False)
            passed += len(message.get("body", b""))
            if passed > MOST_BYTES:
                raise _too_large()
            return message

        await self._app(scope, counted, send)


def _too_large() -> HTTPException:
    return HTTPException(
        HTTPStatus.REQUEST_ENTITY_TOO_LARGE, f"a request has at most {MOST_BYTES // 1_000_000} MB: send less at once"
    )
