"""A web site on loopback that answers as a test tells it to, and remembers what it was asked."""

import asyncio
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Self

from aiohttp import web

from ingest.config import FetchLimits


@dataclass(frozen=True)
class Answer:
    body: bytes | str = b""
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    drip: float = 0.0
    """Seconds between bytes."""


class Site:
    """`site[path] = answer` or several answers, given one after another; the last one stays. 404 for the rest."""

    def __init__(self) -> None:
        self.asked: defaultdict[str, list[dict[str, str]]] = defaultdict(list)
        self.origin = ""
        self.port = 0
        self._answers: dict[str, list[Answer]] = {}
        self._hooks: dict[str, Callable[[], None]] = {}

    def __setitem__(self, path: str, answers: Answer | list[Answer]) -> None:
        self._answers[path] = answers if isinstance(answers, list) else [answers]

    def when(self, path: str, do: Callable[[], None]) -> None:
        """Do something the moment `path` is asked for."""
        self._hooks[path] = do

    @property
    def limits(self) -> Callable[..., FetchLimits]:
        """Fetch limits that trust this site and no other."""
        allow = frozenset({("127.0.0.1", self.port)})
        return lambda **given: FetchLimits(**({"allow": allow, "seconds": 5.0} | given))

    async def __aenter__(self) -> Self:
        server = web.Server(self._answer)
        self._runner = web.ServerRunner(server, shutdown_timeout=0)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        self.port = self._runner.addresses[0][1]
        self.origin = f"http://127.0.0.1:{self.port}"
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._runner.cleanup()

    async def _answer(self, request: web.BaseRequest) -> web.StreamResponse:
        self.asked[request.path].append(dict(request.headers))
        self._hooks.get(request.path, lambda: None)()
        waiting = self._answers.get(request.path, [Answer("nothing here", 404)])
        answer = waiting.pop(0) if len(waiting) > 1 else waiting[0]
        body = answer.body.encode() if isinstance(answer.body, str) else answer.body
        if answer.headers.get("ETag") and request.headers.get("If-None-Match") == answer.headers["ETag"]:
            return web.Response(status=304)
        if not answer.drip:
            return web.Response(body=body, status=answer.status, headers=answer.headers)
        response = web.StreamResponse(status=answer.status, headers=answer.headers)
        await response.prepare(request)
        for byte in body:
            await response.write(bytes([byte]))
            await asyncio.sleep(answer.drip)
        return response
