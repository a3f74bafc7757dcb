"""One visit to one source: read the feed, and remember all it announced together with the visit itself."""

import logging
from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import Connection

from catalog import items, sources, tenants
from catalog.ids import ItemId, TenantId, new_id
from catalog.records import FeedItem, ItemState, Source, SourceStatus, SourceVisit
from ingest import decide, feeds, schedule, urls
from ingest.config import IngestOptions
from ingest.decide import Step
from ingest.fetch import Fetched, FetchFailed
from ingest.items import Feed, Item, NotAFeed
from ingest.sandbox import TooCostly
from ingest.worker import Outcome, Worker

log = logging.getLogger(__name__)

_GONE: Final = 410


async def visit(worker: Worker, source: Source, token: str) -> None:
    """Visit a source that was claimed with `token`, and write what came of it."""
    at = Visit(worker.tenant, worker.options, source, token, worker.clock())
    async with worker.surviving(at.failed):
        try:
            fetched = await worker.fetch(source.url, source.etag, source.last_modified)
            now = worker.clock()  # one moment for all: what has no date appears now, and says nothing of rhythm
            feed = None if fetched.status == 304 else await worker.parse(_parse, fetched, now)
        except (FetchFailed, NotAFeed, TooCostly) as error:
            problem = error
            await worker.finish(lambda connection: at.failed(connection, problem, worker.clock()))
            return
        if feed is None:
            await worker.finish(lambda connection: at.unchanged(connection, now))
        else:
            await worker.finish(lambda connection: at.read(connection, fetched, feed, now))


@dataclass(frozen=True, slots=True)
class Visit:
    """A claimed source, and the transactions that a visit to it can end in; LeaseLost where the lease ran out first.

    The visit is finished before anything else is written: a worker that lost its lease must not leave a trace.
    """

    tenant: TenantId
    options: IngestOptions
    source: Source
    token: str
    began: datetime

    def failed(self, connection: Connection, error: Exception, now: datetime) -> Outcome:
        """Leave the source alone for a while, longer with each failure in a row; for good where it is gone."""
        failures, problem = self.source.failures + 1, str(error)
        asked = error.retry_after if isinstance(error, FetchFailed) else None
        pause = schedule.after_failures(failures, asked, self.source.id, self.options)
        gone = isinstance(error, FetchFailed) and error.status == _GONE
        ended = {"status": SourceStatus.ENDED} if gone else {}
        told = {"failures": failures, "last_error": problem, "due_at": now + pause, **ended}
        self._finish(connection, now, "ended" if gone else "failed", 0, problem, **told)
        return Outcome({"sources_failed": 1}, problem)

    def unchanged(self, connection: Connection, now: datetime) -> Outcome:
        """The feed is as it was."""
        before = self.source.due_at - self.source.checked_at if self.source.checked_at else self.options.interval
        self.succeeded(connection, now, sources.UNCHANGED, 0, schedule.unchanged(before, self.options))
        return Outcome({"sources_unchanged": 1})

    def read(self, connection: Connection, fetched: Fetched, feed: Feed, now: datetime) -> Outcome:
        """Remember what is new or revised, and how to ask only for changes next time."""
        wait = schedule.rhythm([item.published_at for item in feed.items], feed.ttl, now, self.options)
        learned: dict[str, Any] = {"etag": fetched.etag, "last_modified": fetched.last_modified}
        learned |= {"title": feed.title, "language": feed.language}
        known = items.known(connection, self.tenant, self.source.id, [item.key for item in feed.items])
        new, revised = list[FeedItem](), list[FeedItem]()
        for item in feed.items:
            before = known.get(item.key)
            match decide.step(item, before):
                case Step.NEW:
                    new.append(self._remembered(item, before))
                case Step.REVISED:
                    revised.append(self._remembered(item, before))
                case Step.SKIP:
                    pass
        self.succeeded(connection, now, "read", len(new), wait, **learned, **self._moved(connection, fetched))
        items.remember(connection, self.tenant, revised, now)
        counts = Counter(sources_read=1, items_revised=len(revised))
        return Outcome(counts + self.announce(connection, new, now))

    def announce(self, connection: Connection, new: Collection[FeedItem], now: datetime) -> Counter[str]:
        """Take the news, as many as the source may bring in a day, the newest first. Counts for the report."""
        since = now.replace(hour=0, minute=0, second=0, microsecond=0)
        cap, oldest = self.source.daily_cap, decide.oldest(self.source, self.options.oldest)
        taken = items.taken_since(connection, self.tenant, self.source.id, since) if cap else 0
        chosen = decide.within(new, None if cap is None else cap - taken, now - oldest)
        items.remember(connection, self.tenant, chosen.taken, now)
        over = f"the source brings more than its cap of {cap} a day: raise it with 'sluis source edit'"
        items.remember(connection, self.tenant, chosen.over, now, ItemState.CAPPED, over)
        late = f"published more than {oldest.days} days before it was found"
        items.remember(connection, self.tenant, chosen.old, now, ItemState.OLD, late)
        return Counter(items_new=len(chosen.taken), items_capped=len(chosen.over), items_old=len(chosen.old))

    def succeeded(
        self,
        connection: Connection,
        now: datetime,
        outcome: str,
        items_new: int,
        wait: timedelta,
        detail: str | None = None,
        **learned: Any,
    ) -> None:
        """The source was there: come back after `wait`. `detail` is what a curator should know; `learned`: columns."""
        told = {"failures": 0, "last_error": detail, "due_at": now + wait, **learned}
        self._finish(connection, now, outcome, items_new, detail, **told)

    def _finish(
        self, connection: Connection, now: datetime, outcome: str, items_new: int, detail: str | None, **told: Any
    ) -> None:
        log.info("source %s: %s, %d new", self.source.id, outcome, items_new)
        line = SourceVisit(self.source.id, now, outcome, items_new, detail, (now - self.began).total_seconds())
        sources.finish_visit(connection, self.tenant, line, self.token, checked_at=now, **told)

    def _moved(self, connection: Connection, fetched: Fetched) -> dict[str, str]:
        """The feed's new address, where the server says it moved for good and nobody reads it there already."""
        if fetched.permanent_url is None:
            return {}
        try:
            moved_to = urls.canonical(fetched.permanent_url)
        except urls.BadAddress:
            return {}
        tenants.get(connection, self.tenant, lock=True)  # its twin may move there at this very moment
        return {} if sources.at(connection, self.tenant, moved_to) else {"url": moved_to}

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
            language=item.language,
            image_url=item.image_url,
        )


def _parse(fetched: Fetched, now: datetime) -> Feed:
    charset = f"; charset={fetched.charset}" if fetched.charset else ""
    return feeds.parse(fetched.body, fetched.url, fetched.content_type + charset, now)
