"""A server on loopback that misbehaves in every way we know: `FEEDS` and `PAGES` name them, by path.

It speaks plain bytes, because a library for servers would not say half of this.
"""

import asyncio
import gzip
import zlib
from collections.abc import AsyncIterator, Callable
from typing import Final, Self

from ingest.config import FetchLimits

DRIP_SECONDS: Final = 0.1
MEGABYTE: Final = b"x" * 1_000_000

Answer = Callable[["Hostile"], AsyncIterator[bytes]]


def _head(kind: str, *headers: str, status: str = "200 OK") -> bytes:
    return "\r\n".join([f"HTTP/1.1 {status}", f"Content-Type: {kind}", *headers, "Connection: close", "", ""]).encode()


def _plain(body: bytes, kind: str, *headers: str) -> Answer:
    async def answer(_: "Hostile") -> AsyncIterator[bytes]:
        yield _head(kind, f"Content-Length: {len(body)}", *headers) + body

    return answer


def _raw(*pieces: bytes, hold: bool = False) -> Answer:
    """Bytes as they are; then the end, or silence."""

    async def answer(_: "Hostile") -> AsyncIterator[bytes]:
        for piece in pieces:
            yield piece
        if hold:
            await asyncio.Event().wait()

    return answer


def _endless(start: bytes, piece: bytes, pause: float = 0.0) -> Answer:
    async def answer(_: "Hostile") -> AsyncIterator[bytes]:
        yield start
        while True:
            yield piece
            await asyncio.sleep(pause)

    return answer


def _redirect(target: str) -> Answer:
    async def answer(server: "Hostile") -> AsyncIterator[bytes]:
        location = target.format(port=server.port)
        yield _head("text/html", f"Location: {location}", "Content-Length: 0", status="302 Found")

    return answer


def _feed(inside: bytes, before: bytes = b"") -> bytes:
    return before + b"<rss version='2.0'><channel><title>A feed</title>" + inside + b"</channel></rss>"


def _page(inside: bytes) -> bytes:
    return b"<html><head><title>A page</title></head><body><article>" + inside + b"</article></body></html>"


def _deflated(body: bytes) -> bytes:
    packer = zlib.compressobj(9, wbits=-15)
    return packer.compress(body) + packer.flush()


_RSS, _JSON, _HTML = "application/rss+xml", "application/feed+json", "text/html"
_LAUGHS = b"".join(
    b'<!ENTITY a%d "%s">' % (level, b"&a%d;" % (level - 1) * 10) if level else b'<!ENTITY a0 "ha">'
    for level in range(12)
)
_ZEROS = bytes(50_000_000)
_PRIVATE = b"<item><title>&x;</title><link>https://x.example/1</link></item>"

ANSWERS: Final[dict[str, Answer]] = {
    # the way there
    "loops": _redirect("/loops"),
    "leads-to-a-file": _redirect("file:///etc/passwd"),
    "leads-to-a-private-address": _redirect("http://10.0.0.1/"),
    "leads-to-another-port-of-ours": _redirect("http://127.0.0.1:1/"),
    "leads-on-with-a-password": _redirect("http://user:hunter2@127.0.0.1:{port}/fine"),
    "leads-to-nonsense": _redirect("http://[::1/\x01"),
    "leads-to-a-huge-address": _redirect("http://127.0.0.1:{port}/" + "a" * 100_000),
    # what is no HTTP
    "says-nothing": _raw(hold=True),
    "hangs-up": _raw(),
    "no-status": _raw(b"what do you want?\r\n\r\n"),
    "impossible-status": _raw(b"HTTP/1.1 99999 Huge\r\n\r\n"),
    "old-http": _raw(b"<html>HTTP 0.9 had no head</html>"),
    "binary-head": _raw(bytes(range(256)) * 40),
    "split-head": _raw(b"HTTP/1.1 200 OK\r\nX: a\r\n b\rc\nContent-Length: 5\r\nContent-Length: 9\r\n\r\nhello"),
    "two-lengths": _raw(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\nhello"),
    "negative-length": _raw(b"HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\nhello"),
    "huge-header": _raw(b"HTTP/1.1 200 OK\r\nX: " + MEGABYTE + b"\r\n\r\n"),
    "endless-headers": _endless(b"HTTP/1.1 200 OK\r\n", b"X-Again: and again\r\n" * 100),
    "endless-greeting": _endless(b"", b"HTTP/1.1 100 Continue\r\n\r\n"),
    "slow-head": _endless(b"HTTP/1.1 200 OK\r\n", b"X: y\r\n", DRIP_SECONDS),
    "lying-chunks": _raw(
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffffffff\r\nhello\r\n0\r\n\r\n"
    ),
    "broken-chunks": _raw(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nhello"),
    "unfinished-chunks": _raw(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhel"),
    # too much, too slow
    "endless-body": _endless(_head(_RSS), MEGABYTE),
    "ten-gigabytes": _endless(_head(_RSS, "Content-Length: 10000000000"), MEGABYTE),
    "slow-body": _endless(_head(_RSS), b"x", DRIP_SECONDS),
    "ends-early": _raw(_head(_RSS, "Content-Length: 1000") + b"<rss"),
    "gzip-bomb": _plain(gzip.compress(_ZEROS), _RSS, "Content-Encoding: gzip"),
    "deflate-bomb": _plain(_deflated(_ZEROS), _RSS, "Content-Encoding: deflate"),
    "half-a-gzip": _plain(gzip.compress(MEGABYTE)[:500], _RSS, "Content-Encoding: gzip"),
    "no-gzip": _plain(b"<rss version='2.0'/>", _RSS, "Content-Encoding: gzip"),
    "packing-not-asked-for": _plain(b"\x0b\x02\x80rss\x03", _RSS, "Content-Encoding: br"),
    "packed-twice-as-it-says": _plain(gzip.compress(gzip.compress(MEGABYTE)), _RSS, "Content-Encoding: gzip, gzip"),
}
"""Ways not to answer: all end with FetchFailed."""

FEEDS: Final[dict[str, Answer]] = {
    "feed-packed-twice": _plain(gzip.compress(gzip.compress(_feed(b""))), _RSS, "Content-Encoding: gzip"),
    "billion-laughs": _plain(_feed(b"<title>&a11;</title>", b"<!DOCTYPE rss [" + _LAUGHS + b"]>"), _RSS),
    "quadratic-blow-up": _plain(
        _feed(
            b"<item><title>" + b"&x;" * 20_000 + b"</title><link>https://x.example/1</link></item>",
            b'<!DOCTYPE rss [<!ENTITY x "' + b"ha" * 20_000 + b'">]>',
        ),
        _RSS,
    ),
    "outside-entity": _plain(_feed(_PRIVATE, b'<!DOCTYPE rss [<!ENTITY x SYSTEM "file:///etc/passwd">]>'), _RSS),
    "outside-dtd": _plain(_feed(_PRIVATE, b'<!DOCTYPE rss SYSTEM "http://10.0.0.1/x.dtd">'), _RSS),
    "feed-of-unclosed-tags": _plain(_feed(b"<a " * 700_000), _RSS),
    "feed-of-nested-tags": _plain(_feed(b"&nbsp;" + b"<a>" * 500_000), _RSS),
    "feed-that-is-a-path": _plain(b"/etc/passwd", _RSS),
    "feed-that-is-an-address": _plain(b"http://10.0.0.1/feed", _RSS),
    "feed-of-nothing": _plain(b"", _RSS),
    "feed-of-noise": _plain(bytes(range(256)) * 2000, _RSS),
    "feed-in-another-charset": _plain(_feed(b"").decode().encode("utf-16-le"), f"{_RSS}; charset=ascii"),
    "feed-in-no-charset": _plain(_feed(b"\xff\xfe\xfd"), f"{_RSS}; charset=no-such-charset"),
    "nested-json": _plain(
        b'{"version":"https://jsonfeed.org/version/1.1","items":' + b"[" * 400_000, "application/json"
    ),
}
"""Answers that are bad to read as feeds: NotAFeed, TooCostly, or a feed that says nothing bad."""

PAGES: Final[dict[str, Answer]] = {
    "deep-page": _plain(_page(b"<div>" * 100_000 + b"words " * 100), _HTML),
    "page-of-line-breaks": _plain(_page(b"word<br>" * 600_000), _HTML),
    "page-of-links": _plain(_page(b"<a href=x>word</a> " * 300_000), _HTML),
    "page-of-attributes": _plain(_page(b"<p " + b"".join(b"a%d=1 " % number for number in range(400_000))), _HTML),
    "page-of-paragraphs": _plain(_page(b"<p>word word word word</p>" * 300_000), _HTML),
    "page-that-is-a-picture": _plain(b"\x89PNG\r\n\x1a\n" + bytes(100_000), _HTML),
    "page-in-another-charset": _plain(_page("é" .encode() * 1000), f"{_HTML}; charset=utf-16"),
    "page-with-an-outside-entity": _plain(
        b'<?xml version="1.0"?><!DOCTYPE html [<!ENTITY x SYSTEM "file:///etc/passwd">]>' + _page(b"<p>&x;</p>" * 50),
        "application/xhtml+xml"),
    "page-of-nested-json": _plain(_page(b"<script type='application/ld+json'>" + b'{"a":' * 300_000), _HTML),
}  # fmt: skip
"""Answers that are bad to read as pages: NoText, TooCostly, or a page that says nothing bad."""


class Hostile:
    """The server, as a context, on some addresses of loopback. `url(path)` is where it does what `path` names."""

    def __init__(self, hosts: int = 1) -> None:
        self.port = 0
        self._hosts = [f"127.0.0.{number}" for number in range(1, hosts + 1)]
        self.asked: list[bytes] = []
        self._talks: set[asyncio.Task[None]] = set()

    def url(self, path: str, host: int = 0) -> str:
        """Where to ask for this."""
        return f"http://{self._hosts[host]}:{self.port}/{path}"

    def limits(self, seconds: float) -> FetchLimits:
        """Fetch limits that trust this server."""
        return FetchLimits(allow=frozenset((host, self.port) for host in self._hosts), seconds=seconds)

    async def __aenter__(self) -> Self:
        first = await asyncio.start_server(self._talk, self._hosts[0], 0, limit=1_000_000)
        self.port = first.sockets[0].getsockname()[1]
        self._servers = [first]
        for host in self._hosts[1:]:
            self._servers.append(await asyncio.start_server(self._talk, host, self.port, limit=1_000_000))
        return self

    async def __aexit__(self, *_: object) -> None:
        for server in self._servers:
            server.close()
        for talk in self._talks:
            talk.cancel()
        await asyncio.gather(*self._talks, return_exceptions=True)
        await asyncio.sleep(0)  # in which their sockets are closed

    def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        talk = asyncio.create_task(self._answer(reader, writer))
        self._talks.add(talk)
        talk.add_done_callback(self._talks.discard)

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            head = await reader.readuntil(b"\r\n\r\n")
            self.asked.append(head)
            path = head.split()[1].decode().removeprefix("/")
            known = ANSWERS | FEEDS | PAGES
            async for piece in known.get(path, _plain(b"fine", _HTML))(self):
                writer.write(piece)
                await writer.drain()
            writer.close()
            await writer.wait_closed()
        except (OSError, EOFError, asyncio.LimitOverrunError):
            pass  # the visitor had enough, which is all that he can do
        finally:
            writer.transport.abort()
