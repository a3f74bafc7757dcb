"""One page of one feed item: read it, and store what it became together with the item's own end."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Connection

from catalog import articles, audiences, items, sources, tenants
from catalog.claims import Claim
from catalog.ids import ArticleId, TenantId, new_id
from catalog.records import Article, Document, FeedItem, ItemState, Origin, Source, SourceKind, Tag
from ingest import decide, documents, extract, plain, schedule, urls
from ingest.config import IngestOptions
from ingest.decide import Fate
from ingest.extract import Boilerplate, NoText, Page
from ingest.fetch import FetchFailed
from ingest.fingerprint import fingerprint
from ingest.sandbox import TooCostly
from ingest.urls import BadAddress
from ingest.worker import Outcome, Unforeseen, Worker

_COUNTED: Final = {
    Fate.STORE: "articles_stored",
    Fate.REVISE: "articles_revised",
    Fate.KEEP: "articles_kept",
    Fate.DUPLICATE: "duplicates",
}
_UNTITLED_CHARACTERS: Final = 80
_DOCUMENT_WORDS: Final = 5
"""What is handed in is meant to be an article; this keeps out files that were saved by mistake."""


@dataclass(frozen=True, slots=True)
class PageWork:
    """An item that was claimed with `token`, its source, and the content it brought, if any.

    `article_id` is the article that this item became before, if it is read again because it was revised.
    """

    item: FeedItem
    source: Source
    document: Document | None
    article_id: ArticleId | None
    token: str


async def read(worker: Worker, work: PageWork) -> None:
    """Read the page of a claimed item, or the document it brought, and write what came of it."""
    reading = Reading(worker.tenant, worker.options, work)
    async with worker.surviving(reading.failed):
        try:
            page = await _page(worker, work)
        except (FetchFailed, NoText, TooCostly, BadAddress) as error:
            problem = error
            await worker.finish(lambda connection: reading.failed(connection, problem, worker.clock()))
        else:
            await worker.finish(lambda connection: reading.read(connection, page, worker.clock()))


def work_of(connection: Connection, tenant: TenantId, claim: Claim) -> PageWork:
    """All there is to know about a claimed item."""
    row = claim.rows[0]
    item = items.item_of(row)
    source = sources.get(connection, tenant, item.source_id)
    brought = None if source.kind is SourceKind.WEB else items.document(connection, tenant, item.id)
    return PageWork(item, source, brought, row.article_id, claim.token)


async def visit_page(worker: Worker, url: str, *, internal: bool) -> Page:
    """What the page at an address says. Raises FetchFailed, NoText, TooCostly or BadAddress.

    A company's robots.txt is written for strangers: what is `internal`, our own, we may read.
    """
    fetched = await (worker.fetch if internal else worker.fetch_page)(url)
    if extract.is_front(urls.canonical(fetched.url)) and not extract.is_front(urls.canonical(url)):
        raise NoText(f"{url}: it leads to the front page of the site: the article is gone")
    told = (fetched.body, fetched.url, fetched.content_type, fetched.charset)
    return await worker.parse_page(fetched.url, extract.extract, *told, worker.clock(), worker.options.min_page_words)


async def _page(worker: Worker, work: PageWork) -> Page:
    if work.document is not None:
        own = work.document
        return await worker.parse(documents.read, own.content, own.kind, own.name, worker.clock(), _DOCUMENT_WORDS)
    if work.item.url is None:
        raise NoText(f"{work.item.key}: neither a text nor an address came with it: hand it in again")
    return await visit_page(worker, work.item.url, internal=work.source.internal)


@dataclass(frozen=True, slots=True)
class Reading:
    """The transactions that reading a page can end in; LeaseLost where the lease ran out first."""

    tenant: TenantId
    options: IngestOptions
    work: PageWork

    @property
    def item(self) -> FeedItem:
        """The item whose page it is."""
        return self.work.item

    def read(self, connection: Connection, page: Page, now: datetime) -> Outcome:
        """Store the page as an article, or as another wording or another address of one we have."""
        tenants.get(connection, self.tenant, lock=True)  # one text at a time, and before articles as everywhere
        fresh = self._article(page, now)
        own = self._own(connection)
        same_text = articles.find(connection, self.tenant, digest=fresh.digest)
        same_address = articles.find(connection, self.tenant, url=fresh.url) if fresh.url else None
        retold = self.work.document is not None and self.item.revisions > 0
        fate = decide.fate(own, same_text, same_address, retold=retold)
        kept = same_text or own or same_address or fresh
        if fate is Fate.STORE:
            articles.save(connection, self.tenant, fresh)
        if fate is Fate.REVISE and not articles.revise(connection, self.tenant, kept, fresh):
            return self.read(connection, page, now)  # a curator decided since we looked
        if fate in (Fate.STORE, Fate.REVISE):
            self._give(connection, kept.id, now)
        else:
            articles.tighten(connection, self.tenant, kept.id, fresh)
        for address in {fresh.url, self._address} - {kept.url}:
            if address is not None:
                articles.add_url(connection, self.tenant, kept.id, address)
        if fate is Fate.DUPLICATE:
            self._end(connection, ItemState.DUPLICATE, self.work.article_id)
        else:
            self._end(connection, ItemState.STORED, kept.id)
        return Outcome({_COUNTED[fate]: 1})

    def _give(self, connection: Connection, article: ArticleId, now: datetime) -> None:
        """What source and sender said of the article: its audience, and tags that the machine need not guess."""
        audience = self.item.audience or self.work.source.audience
        if audience is not None:
            audiences.replace(connection, self.tenant, article, audience, Origin.SOURCE, now)
        given = {**self.work.source.tags, **self.item.tags}
        if given:
            said = [Tag(facet, each, 1.0, Origin.SOURCE) for facet, concepts in given.items() for each in concepts]
            articles.replace_tags(connection, self.tenant, article, said)

    def failed(self, connection: Connection, error: Exception, now: datetime) -> Outcome:
        """Try again later; and when that is over, make do with what the feed itself said, if it said enough."""
        problem, attempts = str(error), self.item.attempts + 1
        tried: dict[str, Any] = {"attempts": attempts, "last_error": problem}
        if isinstance(error, FetchFailed) and not error.permanent:
            pause = schedule.next_try(attempts, error.retry_after, self.item.id, self.options)
            if pause is not None:
                self._end(connection, ItemState.DUE, self.work.article_id, **tried, due_at=now + pause)
                return Outcome({"pages_postponed": 1})
        own = self._own(connection)
        if not isinstance(error, Unforeseen) and decide.says_enough(
            self.item.summary, own, self.options.min_feed_words
        ):
            stored = self.read(connection, self._from_feed(), now)
            return Outcome({**stored.counts, "from_feed": 1})
        lost = ItemState.BOILERPLATE if isinstance(error, Boilerplate) else ItemState.FAILED
        self._end(connection, ItemState.STORED if own else lost, self.work.article_id, **tried)
        return Outcome({"pages_failed": 1}, problem)

    @property
    def _address(self) -> str | None:
        return urls.canonical(self.item.url) if self.item.url else None

    def _own(self, connection: Connection) -> Article | None:
        made = self.work.article_id
        return articles.get(connection, self.tenant, made) if made else None

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
            barrier=None,
        )

    def _article(self, page: Page, now: datetime) -> Article:
        source = self.work.source
        brought = self.work.document is not None  # its sender knows address and date better than any page does
        told = self.item.published_at
        published_at = told if brought else decide.published(told, page.published_at)
        return Article(
            id=ArticleId(new_id()),
            source_id=source.id,
            url=(brought and self._address) or page.canonical_url or self._address,
            title=self.item.title or page.title or plain.shorten(page.lead, _UNTITLED_CHARACTERS),
            lead=page.lead,
            text=page.text,
            author=self.item.author or page.author,
            site_name=page.site_name or source.title,
            image_url=page.image_url or self.item.image_url,
            language=self.item.language or page.language or source.language,
            published_at=published_at,
            created_at=now,
            digest=fingerprint(page.text),
            internal=source.internal,
            needs_legal=source.needs_legal,
            expires_at=decide.expires(source, self.item.expires_at, published_at),
            barrier=page.barrier.value if page.barrier else None,
        )

    def _end(self, connection: Connection, state: ItemState, article: ArticleId | None, **outcome: Any) -> None:
        told = {"last_error": None, **outcome}
        items.end(connection, self.tenant, self.item.id, self.work.token, state, article, **told)
        if self.work.document is not None and state is not ItemState.DUE:
            items.drop_document(connection, self.tenant, self.item.id)
