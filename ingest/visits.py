"""One visit to one source: read the feed, and remember all it announced together with the visit itself."""

import asyncio
from collections import Counter
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from catalog import sources
from catalog.ids import ItemId, TenantId, new_id
from catalog.records import FeedItem, Source
from ingest import decide, feeds, urls
from ingest.config import IngestOptions
from ingest.decide import Step
from ingest.feeds import Feed, Item, NotAFeed
from ingest.fetch import Fetched, FetchFailed
from ingest.worker import Outcome, Worker


async def visit_next(worker: Worker) -> bool:
    """Visit the source that has waited longest. False where none is due."""
    claim = await worker.claim(sources.claim_due)
    if not claim:
        return False
    visit = Visit(worker.tenant, worker.options, sources.source_of(claim.rows[0]), claim.token)
    source = visit.source
    try:
        fetched = await worker.fetch(source.url, source.etag, source.last_modified)
        feed = None if fetched.status == 304 else await asyncio.to_thread(_parse, fetched, worker.clock())
    except (FetchFailed, NotAFeed) as error:
        problem, now = str(error), worker.clock()
        await worker.finish(lambda connection: visit.failed(connection, problem, now))
        return True
    now = worker.clock()
    if feed is None:
        await worker.finish(lambda connection: visit.unchanged(connection, now))
    else:
        # due at one moment, all items of a run are read in the order of their random ids, so that hosts take turns
        await worker.finish(lambda connection: visit.read(connection, fetched, feed, now, worker.started))
    return True


@dataclass(frozen=True, slots=True)
class Visit:
    """A claimed source, and the transactions that a visit to it can end in; LeaseLost where the lease ran out first.

    The visit is finished before anything else is written: a worker that lost its lease must not leave a trace.
    """

    tenant: TenantId
    options: IngestOptions
    source: Source
    token: str

    def failed(self, connection: Connection, problem: str, now: datetime) -> Outcome:
        """Leave the source alone for a while, longer with each failure in a row."""
        failures = self.source.failures + 1
        pause = decide.next_visit(failures, self.options.interval, self.options.longest_interval)
        outcome = {"failures": failures, "last_error": problem, "due_at": now + pause, "checked_at": now}
        sources.finish_visit(connection, self.tenant, self.source.id, self.token, **outcome)
        return Outcome({"sources_failed": 1}, problem)

    def unchanged(self, connection: Connection, now: datetime) -> Outcome:
        """The feed is as it was."""
        self._succeeded(connection, now)
        return Outcome({"sources_unchanged": 1})

    def read(self, connection: Connection, fetched: Fetched, feed: Feed, now: datetime, due_at: datetime) -> Outcome:
        """Remember what is new or revised, and how to ask only for changes next time. Items become due at `due_at`."""
        learned: dict[str, Any] = {"etag": fetched.etag, "last_modified": fetched.last_modified}
        learned |= {"title": self.source.title or feed.title, "language": self.source.language or feed.language}
        self._succeeded(connection, now, **learned, **self._moved(connection, fetched))
        counts: Counter[str] = Counter(sources_read=1)
        known = sources.known_items(connection, self.tenant, self.source.id, (item.key for item in feed.items))
        announced: list[FeedItem] = []
        for item in feed.items:
            match decide.step(item, known.get(item.key)):
                case Step.NEW:
                    counts["items_new"] += 1
                case Step.REVISED:
                    counts["items_revised"] += 1
                case Step.SKIP:
                    continue
            announced.append(self._remembered(item, known.get(item.key)))
        sources.remember(connection, self.tenant, announced, due_at)
        return Outcome(counts)

    def _succeeded(self, connection: Connection, now: datetime, **learned: Any) -> None:
        outcome = {"failures": 0, "last_error": None, "due_at": now + self.options.interval, "checked_at": now}
        sources.finish_visit(connection, self.tenant, self.source.id, self.token, **outcome, **learned)

    def _moved(self, connection: Connection, fetched: Fetched) -> dict[str, str]:
        """The feed's new address, where the server says it moved for good and nobody reads it there already."""
        if fetched.permanent_url is None:
            return {}
        try:
            moved_to = urls.canonical(fetched.permanent_url)
        except urls.BadAddress:
            return {}
        return {} if sources.is_read(connection, self.tenant, moved_to) else {"url": moved_to}

    def _remembered(self, item: Item, known: FeedItem | None) -> FeedItem:
        return FeedItem(
            id=known.id if known else ItemId(new_id()),
            source_id=self.source.id,
            key=item.key,
            url=item.url,
            title=item.title,
            summary=item.summary,
            author=item.author,
            published_at=item.published_at,
            digest=item.digest,
            revisions=known.revisions + 1 if known else 0,
            attempts=0,
        )


def _parse(fetched: Fetched, now: datetime) -> Feed:
    charset = f"; charset={fetched.charset}" if fetched.charset else ""
    return feeds.parse(fetched.body, fetched.url, fetched.content_type + charset, now)
