"""Answers that a caller may keep: an ETag on each that was read, and 304 where it is still the same."""

import hashlib
from typing import Final

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

_KINDS: Final = ("application/json", "application/feed+json", "application/atom+xml", "application/scim+json")


class ETags:
    """Puts an ETag on whatever a GET found, and leaves the body out where the caller has it already.

    The answer is made all the same: what is saved is the way, and a caller learns that nothing has changed.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Hold an answer back until its body is whole."""
        if scope["type"] != "http" or scope["method"] not in ("GET", "HEAD"):
            await self._app(scope, receive, send)
            return
        known = Headers(scope=scope).get("if-none-match", "")
        await self._app(scope, receive, _Tagging(send, known).send)


class _Tagging:
    """One answer on its way out."""

    def __init__(self, send: Send, known: str) -> None:
        self._send = send
        self._known = known
        self._start: Message | None = None
        self._body = bytearray()

    async def send(self, message: Message) -> None:
        """Pass on what is no document; gather what is, and send it with its tag."""
        if message["type"] == "http.response.start" and _wants_a_tag(message):
            self._start = message
        elif self._start is None:
            await self._send(message)
        else:
            self._body += message.get("body", b"")
            if not message.get("more_body", False):
                await self._finish(self._start)

    async def _finish(self, start: Message) -> None:
        tag = f'"{hashlib.sha256(self._body).hexdigest()[:32]}"'
        headers = MutableHeaders(raw=start["headers"])
        headers["ETag"] = tag
        headers.setdefault("Cache-Control", "private, no-cache")
        headers.add_vary_header("Authorization")
        if names(self._known, tag):
            start["status"] = 304
            del headers["content-length"], headers["content-type"]
            self._body.clear()
        await self._send(start)
        await self._send({"type": "http.response.body", "body": bytes(self._body)})


def _wants_a_tag(start: Message) -> bool:
    """Whether it is a document that has not been given a tag of its own."""
    headers = Headers(raw=start["headers"])
    kind = headers.get("content-type", "").partition(";")[0]
    return start["status"] == 200 and kind in _KINDS and "etag" not in headers


def names(known: str, tag: str) -> bool:
    """Whether If-None-Match names this tag. Comparison is weak, as RFC 9110 wants it here."""
    given = {each.strip().removeprefix("W/") for each in known.split(",")}
    return tag in given or "*" in given
