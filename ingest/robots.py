"""What a site's robots.txt lets us read (RFC 9309). One visit per site and day, however many of its pages are due."""

import asyncio
import re
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Self
from urllib.parse import urlsplit

from protego import Protego

from ingest.fetch import Fetched, FetchFailed

AGENT: Final = "Sluis"
"""The name by which a robots.txt can speak to us; it opens our User-Agent header."""

MOST_BYTES: Final = 500_000
LONGEST_DELAY: Final = timedelta(seconds=30)
KEPT: Final = timedelta(days=1)
KEPT_WHEN_UNKNOWN: Final = timedelta(hours=1)
MOST_SITES: Final = 10_000
_MOST_REMEMBERED_BYTES: Final = 20_000_000

_TOO_MANY_REQUESTS: Final = 429
_AGENT_LINE: Final = re.compile(r"\s*user[- ]?agent\s*(?::|\s)\s*([^#\s]*)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Rules:
    """What one site allows. `known` is False where the site could not say: then nothing is allowed for now."""

    known: bool
    crawl_delay: timedelta = timedelta(0)
    size: int = 0
    _parsed: Protego | None = None

    @classmethod
    def parse(cls, status: int | None, body: bytes) -> Self:
        """The rules in an answer to a request for robots.txt; `status` None is no answer.

        No such file means that all is allowed. A server in trouble means that nothing is, until it says more.
        """
        if status is None or status >= 500 or status == _TOO_MANY_REQUESTS:
            return cls(known=False)
        if not 200 <= status < 300:
            return cls(known=True)
        text = _for_us(body[:MOST_BYTES].decode("utf-8-sig", errors="replace"))
        parsed = Protego.parse(text)
        delay = min(parsed.crawl_delay(AGENT) or 0.0, LONGEST_DELAY.total_seconds())
        return cls(known=True, crawl_delay=timedelta(seconds=delay), size=len(text), _parsed=parsed)

    def allows(self, url: str) -> bool:
        """Whether we may read this page of the site."""
        return self.known and (self._parsed is None or self._parsed.can_fetch(url, AGENT))


class Robots:
    """The rules of every site met lately. `fetch` reads an address or raises FetchFailed."""

    def __init__(self, fetch: Callable[[str], Awaitable[Fetched]], clock: Callable[[], datetime]) -> None:
        self._fetch = fetch
        self._clock = clock
        self._remembered: OrderedDict[str, tuple[datetime, Rules]] = OrderedDict()
        self._bytes = 0
        self._asking: dict[str, asyncio.Task[Rules]] = {}

    async def rules_for(self, url: str) -> Rules:
        """The rules of the site that this page is on. They are asked for once, by whoever needs them first."""
        parts = urlsplit(url)
        origin = f"{parts.scheme}://{parts.netloc.lower()}"
        found = self._recall(origin)
        if found is not None:
            return found
        if origin not in self._asking:
            asking = asyncio.create_task(self._ask(origin))
            asking.add_done_callback(lambda _: self._asking.pop(origin))
            self._asking[origin] = asking
        return await asyncio.shield(self._asking[origin])  # others wait for it, even where this one gives up

    async def _ask(self, origin: str) -> Rules:
        try:
            answer = await self._fetch(f"{origin}/robots.txt")
            rules = await asyncio.to_thread(Rules.parse, answer.status, answer.body)
        except FetchFailed as error:
            rules = Rules.parse(_status(error), b"")
        self._remember(origin, rules)
        return rules

    def _recall(self, origin: str) -> Rules | None:
        until, rules = self._remembered.get(origin, (None, None))
        if until is None or until <= self._clock():
            return None
        self._remembered.move_to_end(origin)
        return rules

    def _remember(self, origin: str, rules: Rules) -> None:
        """Keep it as the latest one, and forget those not needed for longest where there are too many."""
        self._forget(origin)
        self._remembered[origin] = (self._clock() + (KEPT if rules.known else KEPT_WHEN_UNKNOWN), rules)
        self._bytes += rules.size
        while len(self._remembered) > MOST_SITES or self._bytes > _MOST_REMEMBERED_BYTES:
            self._forget(next(iter(self._remembered)))

    def _forget(self, origin: str) -> None:
        if origin in self._remembered:
            self._bytes -= self._remembered.pop(origin)[1].size


def _status(error: FetchFailed) -> int | None:
    """The answer that a failure stands for. One for good counts as no file: the page itself will say what is wrong."""
    return 404 if error.status is None and error.permanent else error.status


def _for_us(text: str) -> str:
    """The file with every other program's name replaced by one: each name times each rule would be a bomb."""
    return "\n".join(map(_line_for_us, text.splitlines()))


def _line_for_us(line: str) -> str:
    found = _AGENT_LINE.match(line)
    if found is None:
        return line
    name = found[1].split("/")[0].lower()
    return f"User-agent: {name if name in ('*', AGENT.lower()) else 'another'}"
