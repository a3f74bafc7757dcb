"""One page of one feed item: read it, and store what it became together with the item's own end."""

import asyncio
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Connection

from catalog import articles, audiences, sources
from catalog.ids import ArticleId, TenantId, new_id
from catalog.records import Article, FeedItem, ItemState, Origin, Source
from ingest import decide, extract, plain, urls
from ingest.config import IngestOptions
from ingest.decide import Fate
from ingest.extract import NoText, Page
from ingest.fetch import Fetched, FetchFailed
from ingest.fingerprint import fingerprint
from ingest.urls import BadAddress
from ingest.worker import Outcome, Worker

_COUNTED: Final = {
    Fate.STORE: "articles_stored",
    Fate.REVISE: "articles_revised",
    Fate.KEEP: "articles_kept",
    Fate.DUPLICATE: "duplicates",
}
_UNTITLED_CHARACTERS: Final = 80


async def read_next(worker: Worker) -> bool:
    """Read the page of the item that has waited longest. False where none is due."""
    claim = await worker.claim(sources.claim_items)
    if not claim:
        return False
    row = claim.rows[0]
    reading = Reading(worker.tenant, worker.options, sources.item_of(row), row.article_id, claim.token)
    try:
        fetched = await worker.fetch(reading.item.url)
        page = await asyncio.to_thread(reading.page_of, fetched, worker.clock())
    except (FetchFailed, NoText, BadAddress) as error:
        problem, now = str(error), worker.clock()
        final = not isinstance(error, FetchFailed) or error.permanent
        await worker.finish(lambda connection: reading.failed(connection, problem, now, final=final))
    else:
        now = worker.clock()
        await worker.finish(lambda connection: reading.read(connection, page, now))
    return True


@dataclass(frozen=True, slots=True)
class Reading:
    """A claimed item, and the transactions that reading its page can end in; LeaseLost where the lease ran out first.

    `article_id` is the article that this item became before, if it is read again because the feed revised it.
    """

    tenant: TenantId
    options: IngestOptions
    item: FeedItem
    article_id: ArticleId | None
    token: str

    def page_of(self, fetched: Fetched, now: datetime) -> Page:
        """What the page says. Raises NoText."""
        if extract.is_front(urls.canonical(fetched.url)) and not extract.is_front(self._address):
            raise NoText(f"{self.item.url}: it leads to the front page of the site: the article is gone")
        words = self.options.min_page_words
        return extract.extract(fetched.body, fetched.url, fetched.content_type, fetched.charset, now, words)

    def read(self, connection: Connection, page: Page, now: datetime) -> Outcome:
        """Store the page as an article, or as another wording or another address of one we have."""
        source = sources.get(connection, self.tenant, self.item.source_id)
        fresh = self._article(source, page, now)
        own = self._own(connection)
        same_text = articles.find(connection, self.tenant, digest=fresh.digest)
        same_address = articles.find(connection, self.tenant, url=fresh.url)
        fate = decide.fate(own, same_text, same_address)
        kept = same_text or own or same_address or fresh
        if fate is Fate.STORE and not articles.save(connection, self.tenant, fresh):
            return self.read(connection, page, now)  # another worker stored this text since we looked
        if fate is Fate.REVISE and not articles.revise(connection, self.tenant, kept, fresh):
            return self.read(connection, page, now)  # a curator decided since we looked
        if fate in (Fate.STORE, Fate.REVISE) and source.audience is not None:
            audiences.replace(connection, self.tenant, kept.id, source.audience, Origin.SOURCE, now)
        for address in {fresh.url, self._address} - {kept.url}:
            articles.add_url(connection, self.tenant, kept.id, address)
        if fate is Fate.DUPLICATE:
            self._end(connection, ItemState.DUPLICATE, self.article_id)
        else:
            self._end(connection, ItemState.STORED, kept.id)
        return Outcome({_COUNTED[fate]: 1})

    def failed(self, connection: Connection, problem: str, now: datetime, *, final: bool) -> Outcome:
        """Try again later; and when that is over, make do with what the feed itself said, if it said enough."""
        tried: dict[str, Any] = {"attempts": self.item.attempts + 1, "last_error": problem}
        pause = None if final else decide.next_try(tried["attempts"], self.options.retry_delays)
        if pause is not None:
            self._end(connection, ItemState.DUE, self.article_id, **tried, due_at=now + pause)
            return Outcome({"pages_postponed": 1})
        own = self._own(connection)
        if decide.says_enough(self.item.summary, own, self.options.min_feed_words):
            stored = self.read(connection, self._from_feed(), now)
            return Outcome({**stored.counts, "from_feed": 1})
        self._end(connection, ItemState.STORED if own else ItemState.FAILED, self.article_id, **tried)
        return Outcome({"pages_failed": 1}, problem)

    @property
    def _address(self) -> str:
        return urls.canonical(self.item.url)

    def _own(self, connection: Connection) -> Article | None:
        known = [self.article_id] if self.article_id else []
        return next(iter(articles.many(connection, self.tenant, known).values()), None)

    def _from_feed(self) -> Page:
        return Page(
            title=self.item.title,
            lead=extract.lead("", self.item.summary),
            text=self.item.summary,
            author=self.item.author,
            site_name="",
            image_url=None,
            language=None,
            published_at=None,
            canonical_url=self._address,
        )

    def _article(self, source: Source, page: Page, now: datetime) -> Article:
        return Article(
            id=ArticleId(new_id()),
            source_id=source.id,
            url=page.canonical_url,
            title=self.item.title or page.title or plain.shorten(page.lead, _UNTITLED_CHARACTERS),
            lead=page.lead,
            text=page.text,
            author=self.item.author or page.author,
            site_name=page.site_name or source.title,
            image_url=page.image_url,
            language=page.language or source.language,
            published_at=decide.published(self.item.published_at, page.published_at),
            created_at=now,
            digest=fingerprint(page.text),
            internal=source.internal,
            needs_legal=source.needs_legal,
        )

    def _end(self, connection: Connection, state: ItemState, article: ArticleId | None, **outcome: Any) -> None:
        told = {"last_error": None, **outcome}
        sources.finish_item(connection, self.tenant, self.item.id, self.token, state, article, **told)
