"""A web server on loopback for the ingest benchmarks, in a process of its own: its work is not taken for ours."""

import asyncio
import multiprocessing
import random
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from enum import Enum, auto
from multiprocessing.connection import Connection
from typing import Final
from xml.sax.saxutils import escape

from aiohttp import web

from catalog.clock import utcnow
from catalog.errors import Unavailable
from catalog.ids import SourceId, new_id
from catalog.records import Source

HTML: Final = "text/html; charset=utf-8"
RSS: Final = "application/rss+xml; charset=utf-8"

_DRIP_SECONDS: Final = 0.5
_HANG_SECONDS: Final = 600.0
_START_SECONDS: Final = 60.0


class Manner(Enum):
    """How an answer is given."""

    AT_ONCE = auto()
    HANG = auto()
    DRIP = auto()


@dataclass(frozen=True, slots=True)
class Answer:
    """What is sent for one address, and how."""

    body: bytes
    content_type: str = HTML
    manner: Manner = Manner.AT_ONCE


Shelf = Callable[[str, str], Answer | None]
"""The answer for a host and a path; None is a 404."""


@contextmanager
def serve(build: Callable[..., Shelf], *given: object, hosts: Sequence[str]) -> Iterator[int]:
    """The port on which `build(*given)` is served on all `hosts`, which are addresses of this machine."""
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=_run, args=(theirs, build, given, list(hosts)), daemon=True)
    process.start()
    try:
        if not ours.poll(_START_SECONDS):
            raise Unavailable("the benchmark's own web server did not start: try again when the machine is less busy")
        yield ours.recv()
    finally:
        process.kill()
        process.join()


def source(url: str, title: str = "") -> Source:
    """A source that is due."""
    return Source(id=SourceId(new_id()), url=url, title=title, due_at=utcnow(), language="en")


def rss(title: str, entries: Sequence[tuple[str, str]]) -> bytes:
    """A feed of entries with a title and an address each."""
    listed = "".join(
        f"<item><title>{escape(name)}</title><link>{escape(url)}</link><guid>{escape(url)}</guid></item>"
        for name, url in entries
    )
    return f"<rss version='2.0'><channel><title>{escape(title)}</title>{listed}</channel></rss>".encode()


def page(dice: random.Random, words: int) -> bytes:
    """A page with an article of about so many words, amid what surrounds an article on the web."""
    title = _sentence(dice)
    text = "".join(f"<p>{' '.join(_sentence(dice) for _ in range(5))}</p>" for _ in range(max(1, words // 60)))
    links = "".join(f"<li><a href='/section/{n}'>{_sentence(dice)}</a></li>" for n in range(60))
    head = f"<title>{title}</title><meta name='description' content='{_sentence(dice)}'>" + "<meta name='x'>" * 20
    body = f"<nav><ul>{links}</ul></nav><article><h1>{title}</h1>{text}</article><footer><ul>{links}</ul></footer>"
    return f"<!doctype html><html lang='en'><head>{head}</head><body>{body}</body></html>".encode()


def _sentence(dice: random.Random) -> str:
    words = ["".join(dice.choices("abdeghiklmnoprstuvw", k=dice.randint(2, 9))) for _ in range(dice.randint(8, 16))]
    return " ".join(words).capitalize() + "."


def _run(told: Connection, build: Callable[..., Shelf], given: tuple[object, ...], hosts: list[str]) -> None:
    asyncio.run(_serve(told, build(*given), hosts))


async def _serve(told: Connection, shelf: Shelf, hosts: list[str]) -> None:
    async def answer(request: web.BaseRequest) -> web.StreamResponse:
        return await _answer(request, shelf(request.host.rpartition(":")[0], request.path))

    server = web.Server(answer)
    loop = asyncio.get_running_loop()
    first = await loop.create_server(server, hosts[0], 0)
    port = first.sockets[0].getsockname()[1]
    if hosts[1:]:
        await loop.create_server(server, hosts[1:], port)
    told.send(port)
    await asyncio.Event().wait()


async def _answer(request: web.BaseRequest, found: Answer | None) -> web.StreamResponse:
    if found is None:
        return web.Response(status=404)
    if found.manner is Manner.HANG:
        await asyncio.sleep(_HANG_SECONDS)
    headers = {"Content-Type": found.content_type}
    if found.body.startswith(b"\x1f\x8b"):
        headers["Content-Encoding"] = "gzip"
    if found.manner is Manner.AT_ONCE:
        return web.Response(body=found.body, headers=headers)
    response = web.StreamResponse(headers=headers)
    with suppress(ConnectionError):  # whoever asked has given up
        await response.prepare(request)
        for byte in found.body:
            await response.write(bytes([byte]))
            await asyncio.sleep(_DRIP_SECONDS)
    return response
