"""Does a bad source cost the others anything? Hundreds of sources on loopback, with and without some that misbehave.

Of each kind three sources misbehave as a feed, the others with every page their feed announces.
"""

import asyncio
import random
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

from sqlalchemy import ColumnElement, Select, func, select

from catalog import schema, sources, tables, tenants
from catalog.clock import utcnow
from catalog.database import Database
from catalog.ids import TenantId
from evaluation.benchmarks import newsstand
from evaluation.benchmarks.figures import Figure
from evaluation.benchmarks.newsstand import RSS, Answer, Manner, Shelf
from evaluation.benchmarks.processor import peak_bytes
from ingest.config import FetchLimits, IngestOptions
from ingest.pipeline import ingest
from models.protocols import Progress

TENANT: Final = TenantId("bench")
_BAD_FEEDS: Final = 3


@dataclass(frozen=True, slots=True)
class NewsOptions:
    """How many sources there are, how many of them `hang`, `drip` and are `bombs`, and what each announces."""

    sources: int = 500
    items: int = 20
    hang: int = 5
    drip: int = 5
    bombs: int = 5
    words: int = 500
    seed: int = 1

    @property
    def bad(self) -> int:
        """How many sources misbehave: the last ones."""
        return self.hang + self.drip + self.bombs

    @property
    def steps(self) -> int:
        """How often `progress` hears of one step, at the least."""
        return 2 * (self.sources - self.bad) * (1 + self.items)


def measure(folder: Path, options: NewsOptions, progress: Progress) -> list[Figure]:
    """Read everything twice, into new databases in `folder`: the healthy sources alone, and amid the bad ones."""
    hosts = [f"127.8.{number // 200}.{number % 200 + 1}" for number in range(options.sources)]
    healthy = len(hosts) - options.bad
    with newsstand.serve(shelf, options, hosts, hosts=hosts) as port:
        alone = _Run(folder / "alone.db", hosts[:healthy], healthy, port)
        amid = _Run(folder / "amid.db", hosts, healthy, port)
        seconds_alone = alone.seconds(options, progress)
        held = peak_bytes()
        seconds_amid = amid.seconds(options, progress)
    pages = healthy * options.items
    return [
        Figure("healthy sources, finished amid bad ones", "s", seconds_amid, "without the bad ones", seconds_alone),
        Figure("pages stored", "1/s", pages / seconds_alone),
        Figure("healthy pages lost amid bad ones", "pages", float(pages - amid.stored())),
        Figure("peak memory amid bad ones", "MB", peak_bytes() / 1e6, "without the bad ones", held / 1e6),
    ]


@dataclass(frozen=True, slots=True)
class _Run:
    """One reading of `hosts`, the first `healthy` of which behave."""

    path: Path
    hosts: Sequence[str]
    healthy: int
    port: int

    def seconds(self, options: NewsOptions, progress: Progress) -> float:
        """How long until the last page of a healthy source is stored."""
        database = Database(f"sqlite:///{self.path}")
        schema.upgrade(database)
        now = utcnow()
        with database.write() as connection:
            tenants.ensure(connection, TENANT, "Bench", now)
            for number, host in enumerate(self.hosts):
                title = "healthy" if number < self.healthy else "bad"
                sources.add(connection, TENANT, newsstand.source(f"http://{host}:{self.port}/feed", title))
        trusted = frozenset((host, self.port) for host in self.hosts)
        chosen = IngestOptions(limits=FetchLimits(allow=trusted), lease=timedelta(minutes=30))
        begun = time.time()
        asyncio.run(ingest(database, TENANT, chosen, utcnow, progress))
        with database.read() as connection:
            last = connection.execute(self._healthy(func.max(tables.articles.c.created_at))).scalar_one()
        database.close()
        return float(last.timestamp() - begun)

    def stored(self) -> int:
        """How many pages of healthy sources were stored."""
        database = Database(f"sqlite:///{self.path}")
        with database.read() as connection:
            found = int(connection.execute(self._healthy(func.count())).scalar_one())
        database.close()
        return found

    @staticmethod
    def _healthy(what: ColumnElement[Any]) -> Select[Any]:
        """A question about the articles of healthy sources."""
        joined = tables.articles.join(tables.sources, tables.sources.c.id == tables.articles.c.source_id)
        return select(what).select_from(joined).where(tables.sources.c.title == "healthy")


def shelf(options: NewsOptions, hosts: Sequence[str]) -> Shelf:
    """What each host answers, in the server's process."""
    behaviour = dict(zip(reversed(hosts), _behaviours(options), strict=False))

    def answer(host: str, path: str) -> Answer | None:
        bad_feed, bad_page = behaviour.get(host, (None, None))
        if path == "/robots.txt":
            return None
        if path.startswith("/feed"):
            return bad_feed or _feed(options.items)
        return bad_page or _page(options, f"{host}{path}")

    return answer


def _behaviours(options: NewsOptions) -> Iterator[tuple[Answer | None, Answer | None]]:
    """A bad feed or bad pages for each source that misbehaves."""
    hang, drip = Answer(b"", manner=Manner.HANG), Answer(b"<html>" * 1000, manner=Manner.DRIP)
    for count, bad_feed, bad_page in (
        (options.hang, hang, hang),
        (options.drip, drip, drip),
        (options.bombs, Answer(_endless_tags(), RSS), Answer(_endless_page())),
    ):
        for number in range(count):
            yield (bad_feed, None) if number < _BAD_FEEDS else (None, bad_page)


def _endless_tags() -> bytes:
    """A feed that costs its parser time with the square of its size."""
    return b"<rss version='2.0'><channel><item><title>x</title><description>" + b"<a " * 1_000_000


def _endless_page() -> bytes:
    """A page whose text takes longer to find than it would take to read a hundred others."""
    return b"<html><body><article>" + b"<p>some words of text, here.</p>" * 100_000 + b"</article></body></html>"


def _feed(items: int) -> Answer:
    """Addresses are relative to nothing but the host that is asked, so that one feed serves all."""
    return Answer(newsstand.rss("Bench", [(f"Story {n}", f"/story/{n}") for n in range(items)]), RSS)


def _page(options: NewsOptions, address: str) -> Answer:
    return Answer(newsstand.page(random.Random(f"{options.seed} {address}"), options.words))  # noqa: S311 - no secret
