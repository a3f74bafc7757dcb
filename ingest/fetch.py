"""One visit to one address: a conditional GET that no server can make long, large or dangerous."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Final, Self
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


Asking = Callable[[str], Awaitable[object]]
"""Raises FetchFailed where an address must not be visited."""


class FetchFailed(Unavailable):
    """An address could not be read. `permanent`: trying again later will not help.

    `status` is the server's answer, None where there was none; `retry_after` is how long it asked us to stay away. `at`
    is the address that answered, where that is known.
    """

    code = "fetch_failed"

    def __init__(
        self,
        message: str,
        *,
        permanent: bool,
        status: int | None = None,
        retry_after: timedelta | None = None,
        at: str | None = None,
    ) -> None:
        super().__init__(message)
        self.permanent = permanent
        self.status = status
        self.retry_after = retry_after
        self.at = at


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


class Visitor:
    """Visits addresses, to be used as a context. Connections to one server are used again, cookies never kept.

    Only checked addresses are dialled, so a connection that stands is to one of them.
    """

    def __init__(self, limits: FetchLimits) -> None:
        self._limits = limits
        self._dial = guard.Dial(limits.allow)

    async def __aenter__(self) -> Self:
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(socket_factory=self._dial.socket, limit=0),
            headers={"User-Agent": self._limits.user_agent, "Accept-Encoding": ACCEPTED},
            cookie_jar=aiohttp.DummyCookieJar(),
            trust_env=False,
            auto_decompress=False,
            timeout=aiohttp.ClientTimeout(total=self._limits.seconds),
        )
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._session.close()

    async def get(
        self, url: str, etag: str | None = None, last_modified: str | None = None, ask: Asking | None = None
    ) -> Fetched:
        """Read `url`, or hear that it has not changed since the visit that gave `etag` or `last_modified`.

        `ask` is asked before each address that a redirect leads to, and raises where we may not go there. Raises
        FetchFailed with one line for a curator.
        """
        validators = {"If-None-Match": etag, "If-Modified-Since": last_modified}
        asked = {name: value for name, value in validators.items() if value}
        seconds = self._limits.seconds
        with self._dial.refusals() as refusals:
            try:
                async with asyncio.timeout(seconds):
                    return await _follow(self._session, url, asked, self._limits, ask)
            except TimeoutError:
                message = f"{url}: not read within {seconds:g} seconds: we try later"
                raise FetchFailed(message, permanent=False) from None
            except (aiohttp.ClientError, ValueError) as error:
                raise _broken(url, error, refusals) from error


async def get(url: str, limits: FetchLimits, etag: str | None = None, last_modified: str | None = None) -> Fetched:
    """A single visit. Raises FetchFailed."""
    async with Visitor(limits) as visitor:
        return await visitor.get(url, etag, last_modified)


async def _follow(
    session: aiohttp.ClientSession, url: str, validators: Mapping[str, str], limits: FetchLimits, ask: Asking | None
) -> Fetched:
    """Go where `url` leads, one checked hop at a time."""
    here = _web_address(url, start=url)
    permanent_url, permanent = None, True
    for _ in range(limits.redirects + 1):
        async with session.get(here, headers=validators, allow_redirects=False) as response:
            target = _target(response)
            if target is None:
                return await _received(response, url, permanent_url, limits, conditional=bool(validators))
        permanent = permanent and response.status in _MOVED_FOR_GOOD
        here = _web_address(target, start=url)
        if ask is not None:
            await ask(str(here))
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
    patience = None if permanent else _retry_after(response.headers.get("Retry-After"), datetime.now(UTC))
    return FetchFailed(
        f"{url}: answer {status}: {advice}",
        permanent=permanent,
        status=status,
        retry_after=patience,
        at=str(response.url),
    )


def _retry_after(header: str | None, now: datetime) -> timedelta | None:
    """How long to stay away, told in seconds or as a date (RFC 9110, 10.2.3); None for anything else."""
    told = (header or "").strip()
    if told.isascii() and told.isdigit() and len(told) < 10:
        return timedelta(seconds=int(told))
    try:
        until = parsedate_to_datetime(told)
        return max(until.replace(tzinfo=until.tzinfo or UTC) - now, timedelta())
    except (ValueError, OverflowError):
        return None


def _broken(url: str, error: Exception, refusals: Sequence[str]) -> FetchFailed:
    """What went wrong on the way, in words for somebody who knows addresses but not sockets."""
    if refusals:
        trouble = f"{refusals[0]}: only public addresses are read; if it is yours, add it to SLUIS_TRUSTED_HOSTS"
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
