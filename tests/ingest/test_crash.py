"""The process dies in the middle of every step there is, and another one finishes: nothing lost, nothing twice."""

import asyncio
from collections.abc import Iterator
from contextlib import closing
from itertools import count
from typing import Any

import pytest
from sqlalchemy import delete, event, select, update

from catalog import articles, tables
from catalog.database import Database
from catalog.ids import TenantId
from catalog.records import Tag
from ingest.config import EnrichOptions
from ingest.enrich import enrich
from models.hashing import HashingEncoder
from models.protocols import Vectors
from tests import make
from tests.ingest.conftest import LEASE, Reader, page, rss
from tests.ingest.site import Answer, Site
from tests.make import NOW, audience

LONG = "The feed itself says quite a lot about this, in more than ten words of its own."


class Killed(Exception):
    """The process is gone."""


class Mortal(Database):
    """A database whose process dies before its n-th write or commit, and does nothing more after that."""

    left = 0

    def __init__(self, url: str) -> None:
        super().__init__(url)
        event.listen(self.engine, "before_cursor_execute", self._execute)
        event.listen(self.engine, "commit", self._step)

    def _execute(self, _connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        if self.left < 0 or statement.startswith(("INSERT", "UPDATE", "DELETE")):
            self._step()

    def _step(self, *_: Any) -> None:
        self.left -= 1
        if self.left < 0:
            raise Killed


class OneTag:
    """Taggers that know one concept."""

    def tags(self, vectors: Vectors) -> list[list[Tag]]:
        return [[Tag("topic", "labour", 0.5)] for _ in vectors]


@pytest.fixture
def mortal(sqlite_database: Database) -> Iterator[Mortal]:
    """The same database, as a process sees it that is about to die."""
    with closing(Mortal(sqlite_database.engine.url.render_as_string())) as database:
        yield database


def publish(site: Site) -> None:
    """Two equal pages, and one that only its feed tells about."""
    site["/feed"] = rss(site.origin, "one", "copy", "mute", summary=LONG, etag='"a1"')
    site["/one"], site["/copy"], site["/mute"] = page("one"), page("one"), Answer("no", 403)


def forget_everything(database: Database) -> None:
    """Back to an empty database with the tenant in it."""
    with database.write() as connection:
        for table in reversed(tables.metadata.sorted_tables):
            if table is not tables.tenants:
                connection.execute(delete(table))
        connection.execute(update(tables.tenants).values(encoder=None))


def left_behind(database: Database) -> dict[str, list[tuple[Any, ...]]]:
    """Everything that must not depend on where the process died, nor on which of two equal pages came first."""
    a, u, i, s = tables.articles, tables.article_urls, tables.feed_items, tables.sources
    e, t, w = tables.embeddings, tables.tags, tables.audiences
    queries = {
        "articles": select(a.c.text, a.c.revision, a.c.state, a.c.language, a.c.lease_token),
        "addresses": select(u.c.url, select(a.c.text).where(a.c.id == u.c.article_id).scalar_subquery()),
        "items": select(i.c.state, i.c.revisions, i.c.lease_token),
        "sources": select(s.c.url, s.c.etag, s.c.failures, s.c.last_error, s.c.lease_token),
        "vectors": select(e.c.encoder),
        "encoder": select(tables.tenants.c.encoder),
        "tags": select(t.c.concept, t.c.probability),
        "audiences": select(w.c.axis, w.c.value, w.c.valid_to),
    }
    with database.read() as connection:
        return {
            name: sorted((tuple(row) for row in connection.execute(query)), key=repr) for name, query in queries.items()
        }


def test_ingestion_survives_a_death_at_every_step(sqlite_database: Database, mortal: Mortal, tenant: TenantId):
    async def life(site: Site, steps: int) -> bool:
        """Whether a run died after `steps`. Another one has then finished its work."""
        forget_everything(sqlite_database)
        reader, died = Reader(sqlite_database, tenant), False
        reader.add(f"{site.origin}/feed", audience=audience("sales"))
        mortal.left = steps
        try:
            await Reader(mortal, tenant).run(site, concurrency=1)
        except Killed:
            died = True
        reader.clock.forward(LEASE)
        assert (await reader.run(site, concurrency=1)).left_for_later == 0
        return died

    async def scenario() -> None:
        async with Site() as site:
            publish(site)
            assert not await life(site, 10_000)
            expected = left_behind(sqlite_database)
            assert [len(expected[name]) for name in ("articles", "addresses", "items", "audiences")] == [2, 3, 3, 2]
            for steps in count():
                died = await life(site, steps)
                assert left_behind(sqlite_database) == expected, f"after a death at step {steps}"
                if not died:
                    break
            assert steps > 25

    asyncio.run(scenario())


def test_enrichment_survives_a_death_at_every_step(sqlite_database: Database, mortal: Mortal, tenant: TenantId):
    stored = [make.article(text=f"the lock number {n} opens at dawn") for n in range(3)]
    encoder, options = HashingEncoder(), EnrichOptions(batch=2, lease=LEASE)

    def life(steps: int) -> bool:
        forget_everything(sqlite_database)
        with sqlite_database.write() as connection:
            for article in stored:
                articles.save(connection, tenant, article)
        mortal.left, died = steps, False
        try:
            enrich(mortal, tenant, encoder, OneTag(), options, lambda: NOW, lambda _: None)
        except Killed:
            died = True
        enrich(sqlite_database, tenant, encoder, OneTag(), options, lambda: NOW + LEASE, lambda _: None)
        return died

    assert not life(10_000)
    expected = left_behind(sqlite_database)
    assert [len(expected[name]) for name in ("articles", "vectors", "tags")] == [3, 3, 3]
    for steps in count():
        died = life(steps)
        assert left_behind(sqlite_database) == expected, f"after a death at step {steps}"
        if not died:
            break
    assert steps > 10
