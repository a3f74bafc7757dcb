"""One visit to one address: a conditional GET that no server can make long, large or dangerous."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final
from urllib.parse import urljoin

import aiohttp
from yarl import URL

from catalog.errors import Unavailable
from ingest import guard
from ingest.config import FetchLimits
from ingest.inflate import ACCEPTED, Body, TooLarge, Undecodable

_REDIRECTS: Final = {301, 302, 303, 307, 308}
_MOVED_FOR_GOOD: Final = {301, 308}
_TRY_AGAIN: Final = {408, 421, 425, 429}
_HEADER_CHARACTERS: Final = 500
_ADVICE: Final = {
    401: "it asks for a password: choose a public address",
    403: "it does not let programs in: ask the publisher, or choose another source",
    404: "there is no such page: check the address",
    410: "the page is gone for good: remove the address",
    429: "it asks us to come less often: we try again later",
}


class FetchFailed(Unavailable):
    """An address could not be read. `permanent`: trying again later will not help."""

    code = "fetch_failed"

    def __init__(self, message: str, *, permanent: bool) -> None:
        super().__init__(message)
        self.permanent = permanent


@dataclass(frozen=True, slots=True)
class Fetched:
    """What a visit brought home. `status` is 200, or 304 with an empty body.

    `url` is where the body came from; `permanent_url` is where the server says to look from now on, if elsewhere.
    """

    status: int
    url: str
    body: bytes
    content_type: str
    charset: str | None
    etag: str | None
    last_modified: str | None
    permanent_url: str | None


async def get(url: str, limits: FetchLimits, etag: str | None = None, last_modified: str | None = None) -> Fetched:
    """Read `url`, or hear that it has not changed since the visit that gave `etag` or `last_modified`.

    Every visit has connections of its own and no cookies, so nothing of one server reaches another. Raises FetchFailed
    with one line for a curator.
    """
    validators = {"If-None-Match": etag, "If-Modified-Since": last_modified}
    asked = {name: value for name, value in validators.items() if value}
    dial = guard.Dial(limits.allow)
    try:
        async with asyncio.timeout(limits.seconds), _session(limits, dial, asked) as session:
            return await _follow(session, url, limits, conditional=bool(asked))
    except TimeoutError:
        raise FetchFailed(f"{url}: not read within {limits.seconds:g} seconds: we try later", permanent=False) from None
    except (aiohttp.ClientError, ValueError) as error:
        raise _broken(url, error, dial.refusals) from error


def _session(limits: FetchLimits, dial: guard.Dial, validators: Mapping[str, str]) -> aiohttp.ClientSession:
    return aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(socket_factory=dial.socket),
        headers={"User-Agent": limits.user_agent, "Accept-Encoding": ACCEPTED, **validators},
        cookie_jar=aiohttp.DummyCookieJar(),
        trust_env=False,
        auto_decompress=False,
        timeout=aiohttp.ClientTimeout(total=limits.seconds),
    )


async def _follow(session: aiohttp.ClientSession, url: str, limits: FetchLimits, *, conditional: bool) -> Fetched:
    """Go where `url` leads, one checked hop at a time."""
    here = _web_address(url, start=url)
    permanent_url, permanent = None, True
    for _ in range(limits.redirects + 1):
        async with session.get(here, allow_redirects=False) as response:
            target = _target(response)
            if target is None:
                return await _received(response, url, permanent_url, limits, conditional=conditional)
        permanent = permanent and response.status in _MOVED_FOR_GOOD
        here = _web_address(target, start=url)
        permanent_url = str(here) if permanent else permanent_url
    message = f"{url}: it sends us on more than {limits.redirects} times: give the address where it ends"
    raise FetchFailed(message, permanent=True)


def _web_address(address: str, start: str) -> URL:
    """`address` as a URL we may ask for; its host is checked when it is dialled."""
    try:
        found = URL(address)
        usable = found.scheme in ("http", "https") and bool(found.host)
    except ValueError:
        usable = False
    if not usable:
        led = "it is" if address == start else f"{start} leads to"
        raise FetchFailed(f"{led} {address[:200]!r}, not a web address: use http:// or https://", permanent=True)
    if found.user is not None or found.password is not None:
        shown = found.with_user(None)
        raise FetchFailed(f"{shown}: give the address without a user name and password in it", permanent=True)
    return found


def _target(response: aiohttp.ClientResponse) -> str | None:
    """Where a redirect leads, made absolute; None for any other answer, or one that names no place."""
    location = response.headers.get("Location")
    if response.status not in _REDIRECTS or not location:
        return None
    try:
        return urljoin(str(response.url), location.strip())
    except ValueError:
        return location


async def _received(
    response: aiohttp.ClientResponse, url: str, permanent_url: str | None, limits: FetchLimits, *, conditional: bool
) -> Fetched:
    unchanged = response.status == 304 and conditional
    if not unchanged and response.status != 200:
        raise _refused(url, response)
    return Fetched(
        status=response.status,
        url=str(response.url),
        body=b"" if unchanged else await _body(response, url, limits),
        content_type=_clean(response.content_type) or "",
        charset=response.charset,
        etag=_clean(response.headers.get("ETag")),
        last_modified=_clean(response.headers.get("Last-Modified")),
        permanent_url=permanent_url,
    )


def _clean(header: str | None) -> str | None:
    """A header as we may store it and send it back: none at all where it is no plain ASCII of sensible length."""
    usable = header is not None and header.isascii() and header.isprintable() and len(header) <= _HEADER_CHARACTERS
    return header if usable else None


async def _body(response: aiohttp.ClientResponse, url: str, limits: FetchLimits) -> bytes:
    try:
        body = Body(response.headers.get("Content-Encoding", ""), limits.max_bytes)
        async for chunk in response.content.iter_any():
            body.add(chunk)
        return body.content()
    except TooLarge:
        size = f"{limits.max_bytes / 1e6:g} MB"
        raise FetchFailed(f"{url}: it is larger than {size}: choose a smaller feed or page", permanent=True) from None
    except Undecodable as error:
        raise FetchFailed(f"{url}: {error}: we try later", permanent=False) from error


def _refused(url: str, response: aiohttp.ClientResponse) -> FetchFailed:
    status = response.status
    permanent = 400 <= status < 500 and status not in _TRY_AGAIN
    advice = _ADVICE.get(status, "check the address" if permanent else "the server has trouble, we try later")
    return FetchFailed(f"{url}: answer {status}: {advice}", permanent=permanent)


def _broken(url: str, error: Exception, refusals: Sequence[str]) -> FetchFailed:
    """What went wrong on the way, in words for somebody who knows addresses but not sockets."""
    if refusals:
        trouble = f"{refusals[0]}: only public addresses are read, unless the settings trust them"
        return FetchFailed(f"{url}: {trouble}", permanent=True)
    match error:
        case aiohttp.ClientConnectorDNSError():
            trouble = "no server of this name is known: check the spelling"
        case aiohttp.ClientConnectorCertificateError() | aiohttp.ClientSSLError():
            trouble = "its certificate does not prove that it is this site: tell the publisher, or leave it out"
        case aiohttp.ClientConnectorError():
            trouble = "the server cannot be reached: we try later"
        case ValueError():  # of aiohttp for odd spellings of an IP address, of the resolver for names that cannot be
            return FetchFailed(f"{url}: it leads to a host that is no public address: check it", permanent=True)
        case _:
            trouble = "the connection broke off: we try later"
    return FetchFailed(f"{url}: {trouble}", permanent=False)
