"""How much a caller may send: the body is read before anybody has asked for a key, so it is counted on its way in."""

from http import HTTPStatus
from typing import Final

from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

MOST_BYTES: Final = 8_000_000
"""Of one request: room for the longest article, whatever its characters are escaped as."""


class BodyLimit:
    """Refuses longer requests with 413, at once where they say their length, else when they pass the limit."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let a request through, with a body that breaks off where it gets too long."""
        announced = Headers(scope=scope).get("content-length", "") if scope["type"] == "http" else ""
        passed = 0

        async def counted() -> Message:
            nonlocal passed
            if announced.isdecimal() and int(announced[:20]) > MOST_BYTES:
                raise _too_large()
            message = await receive()
            passed += len(message.get("body", b""))
            if passed > MOST_BYTES:
                raise _too_large()
            return message

        await self._app(scope, counted, send)


def _too_large() -> HTTPException:
    return HTTPException(
        HTTPStatus.REQUEST_ENTITY_TOO_LARGE, f"a request has at most {MOST_BYTES // 1_000_000} MB: send less at once"
    )
