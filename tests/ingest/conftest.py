"""A newsroom on loopback and an organisation that reads it, on a clock that tests move."""

import asyncio
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select

from catalog import articles, sources, tables
from catalog.database import Database
from catalog.ids import TenantId
from catalog.records import Article, ItemState, Source, State
from ingest.config import IngestOptions
from ingest.pipeline import IngestReport, ingest
from tests import make
from tests.ingest.site import Answer, Site
from tests.make import NOW

LEASE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
FEW_WORDS: dict[str, Any] = {"min_page_words": 20, "min_feed_words": 10}


@dataclass
class Clock:
    now: datetime = NOW

    def __call__(self) -> datetime:
        return self.now

    def forward(self, by: timedelta) -> None:
        self.now += by


@dataclass
class Reader:
    """One organisation's ingestion, and what it left in the database."""

    database: Database
    tenant: TenantId
    clock: Clock = field(default_factory=Clock)
    progress: list[int] = field(default_factory=list)

    def add(self, url: str, **given: Any) -> Source:
        source = make.source(url=url, **given)
        with self.database.write() as connection:
            sources.add(connection, self.tenant, source)
        return source

    async def run(
        self, site: Site, *, stop: asyncio.Event | None = None, stay: bool = False, **options: Any
    ) -> IngestReport:
        chosen = IngestOptions(
            limits=site.limits(), lease=LEASE, shortest_interval=HOUR, longest_interval=HOUR, **FEW_WORDS
        )
        told = replace(chosen, **options)
        return await ingest(self.database, self.tenant, told, self.clock, self.progress.append, stop, stay=stay)

    def source(self, source: Source) -> Source:
        with self.database.read() as connection:
            return sources.get(connection, self.tenant, source.id)

    def stored(self) -> dict[str, Article]:
        """Articles by title."""
        with self.database.read() as connection:
            found = articles.in_states(connection, self.tenant, State, limit=100)
        assert len({article.title for article in found}) == len(found)
        return {article.title: article for article in found}

    def items(self) -> dict[str, tuple[ItemState, str | None]]:
        """State and last error of every item by title."""
        columns = (tables.feed_items.c.title, tables.feed_items.c.state, tables.feed_items.c.last_error)
        with self.database.read() as connection:
            return {row.title: (row.state, row.last_error) for row in connection.execute(select(*columns))}

    def addresses(self) -> dict[str, str]:
        """Article id by address."""
        columns = (tables.article_urls.c.url, tables.article_urls.c.article_id)
        with self.database.read() as connection:
            return {row.url: row.article_id for row in connection.execute(select(*columns))}


@pytest.fixture
def reader(sqlite_database: Database, tenant: TenantId) -> Reader:
    """Reads into the embedded database."""
    return Reader(sqlite_database, tenant)


@pytest.fixture
def either(database: Database, tenant: TenantId) -> Reader:
    """Reads into both databases, one after the other: for what rests on their locks and constraints."""
    return Reader(database, tenant)


def rss(origin: str, *slugs: str, summary: str = "Short.", etag: str = "") -> Answer:
    """A feed that announces a page for each slug."""
    items = "".join(
        f"<item><guid isPermaLink='false'>{slug}</guid><title>{slug}</title><link>{origin}/{slug}</link>"
        f"<pubDate>Sun, 01 Mar 2026 08:00:00 GMT</pubDate><description>{summary}</description></item>"
        for slug in slugs
    )
    headers = {"Content-Type": "application/rss+xml"} | ({"ETag": etag} if etag else {})
    return Answer(f"<rss version='2.0'><channel><title>The Feed</title>{items}</channel></rss>", headers=headers)


def page(*words: str, head: str = "") -> Answer:
    """A page whose text is its own."""
    text = f"On this page the words {' '.join(words)} are said, and so that it is long enough they are said again: "
    body = f"<article><h1>{words[0]}</h1><p>{text}{' '.join(words)}, just as they were at the start.</p></article>"
    return Answer(
        f"<html lang='en'><head><title>{words[0]}</title>{head}</head><body>{body}</body></html>",
        headers={"Content-Type": "text/html"},
    )


def publish(site: Site, slugs: Iterable[str], say: Callable[[str], Answer] = page) -> None:
    """Put a page for each slug on the site."""
    for slug in slugs:
        site[f"/{slug}"] = say(slug)
