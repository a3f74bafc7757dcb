"""What an address holds before it becomes a source: its feed, how that would be visited, its newest items as articles.

Nothing is stored. Visits and parsing are those of ingestion itself, so that what is previewed is what would be read.
"""

import asyncio
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from catalog.errors import Invalid
from catalog.hosts import host_of
from catalog.ids import ArticleId, new_id
from catalog.records import Article
from ingest import decide, discover, extract, feeds, language, pages, plain, schedule, sitemaps, urls
from ingest.extract import Boilerplate, NoText, Page
from ingest.fetch import Fetched, FetchFailed
from ingest.fingerprint import fingerprint
from ingest.items import Feed, Item, NotAFeed
from ingest.sandbox import TooCostly
from ingest.urls import BadAddress
from ingest.worker import Disallowed, Worker

PREVIEWED: Final = 5
MOST_VISITS: Final = 16
"""Addresses that are tried on one site before we say that it has no feed."""

_MONTH: Final = timedelta(days=30)
_DAY: Final = timedelta(days=1)
_PATIENCE: Final = timedelta(seconds=10)
_TOLD_CHARACTERS: Final = 600
_UNTITLED_CHARACTERS: Final = 80
_START: Final = 16_384


class NoFeed(Invalid):
    """The address answers, but no feed was found there. `url` is the address."""

    code = "no_feed"

    def __init__(self, url: str) -> None:
        super().__init__(
            f"{url}: no feed on this page, nor where sites usually keep one: ask the publisher for the address of its "
            "feed, or have its articles handed in"
        )
        self.url = url


class Verdict(StrEnum):
    """What ingestion would make of an item. `unsure`: the site did not tell whether its pages may be read."""

    READABLE = "readable"
    FROM_FEED = "from_feed"
    CLOSED = "closed"
    UNSURE = "unsure"
    NOTICE = "notice"
    NO_TEXT = "no_text"
    UNREACHABLE = "unreachable"
    TOO_COSTLY = "too_costly"
    OLD = "old"


@dataclass(frozen=True, slots=True)
class Found:
    """A feed and the address to read it at, as it was `at` this moment: items without a date carry that.

    `page` is where it was found, None where it was given itself. `others` are more addresses that the page calls feeds;
    they were not visited.
    """

    url: str
    feed: Feed
    at: datetime
    page: str | None = None
    others: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Preview:
    """An item and the article it would become, if any. `problem` says why not, or why it is only the feed's words;
    `status` is what the page's server answered, where that was the problem.
    """

    item: Item
    verdict: Verdict
    article: Article | None
    problem: str | None = None
    status: int | None = None

    @property
    def words(self) -> int:
        """How long the article is."""
        return len(self.article.text.split()) if self.article else 0


@dataclass(frozen=True, slots=True)
class Look:
    """All that can be said of a source beforehand.

    `per_day` is how often it publishes, None where its items have no dates or are all older than a month; `wait` is how
    long it would be left alone between two visits.
    """

    found: Found
    previews: tuple[Preview, ...]
    per_day: float | None
    newest: datetime | None
    wait: timedelta


async def find(worker: Worker, url: str) -> Found:
    """The feed at an address: itself, or the first of those that the page there names or a site usually has.

    A feed with items goes before an empty one. Raises FetchFailed or TooCostly where the address cannot be read, NoFeed
    where it can but leads to no feed.
    """
    first = await worker.fetch(urls.canonical(url))
    now = worker.clock()
    try:
        return Found(_settled(first, url), await _feed(worker, first, now), now)
    except NotAFeed:
        candidates = await worker.parse(discover.candidates, first.body, first.url)
    guesses = await worker.parse(discover.candidates, b"", first.url)
    found = await _first_feed(worker, candidates, now)
    if found is None:
        raise NoFeed(url)
    address, feed = found
    others = tuple(other for other in candidates if other not in (address, *guesses))
    return Found(address, feed, now, first.url, others)


async def look(worker: Worker, url: str) -> Look:
    """Find the feed at an address and read its newest items as ingestion would, one after another. Raises as `find`."""
    found = await find(worker, url)
    published = [item.published_at for item in found.feed.items]
    newest = sorted(found.feed.items, key=lambda item: item.published_at, reverse=True)[:PREVIEWED]
    return Look(
        found=found,
        previews=tuple([await _preview(worker, found, item) for item in newest]),
        per_day=per_day(published, found.at),
        newest=max((moment for moment in published if moment < found.at), default=None),
        wait=schedule.rhythm(published, found.feed.ttl, found.at, worker.options),
    )


def per_day(published: Sequence[datetime], now: datetime) -> float | None:
    """Items a day over the last month, or over as much of it as the feed goes back to: many hold only the newest."""
    recent = [moment for moment in published if now - _MONTH <= moment < now]
    if not recent:
        return None
    cut_off = len(recent) == len([moment for moment in published if moment < now])
    span = max(now - min(recent), _DAY) if cut_off else _MONTH
    return len(recent) / (span / _DAY)


async def _first_feed(worker: Worker, candidates: Sequence[str], now: datetime) -> tuple[str, Feed] | None:
    """The first of these addresses that is a feed with items, else the first empty one.

    Lists of sitemaps are followed.
    """
    waiting, visited = deque(candidates), set[str]()
    empty: tuple[str, Feed] | None = None
    while waiting and len(visited) < MOST_VISITS:
        url = waiting.popleft()
        if url in visited:
            continue
        visited.add(url)
        try:
            fetched = await worker.fetch(url)
            feed = await _feed(worker, fetched, now)
        except (FetchFailed, TooCostly):
            continue
        except NotAFeed:
            waiting.extend(await worker.parse(_listed, fetched.body, fetched.url))
            continue
        if feed.items:
            return _settled(fetched, url), feed
        empty = empty or (_settled(fetched, url), feed)
    return empty


def _listed(body: bytes, url: str) -> tuple[str, ...]:
    """The sitemaps in a list of sitemaps; none of any other page."""
    return discover.candidates(body, url) if sitemaps.is_sitemap(body[:_START]) else ()


async def _feed(worker: Worker, fetched: Fetched, now: datetime) -> Feed:
    charset = f"; charset={fetched.charset}" if fetched.charset else ""
    told = (fetched.body, fetched.url, fetched.content_type + charset)
    return await worker.parse(feeds.parse, *told, now)


def _settled(fetched: Fetched, url: str) -> str:
    """Where to read from now on: the address that was asked for, or the one its server says it moved to for good."""
    try:
        return urls.canonical(fetched.permanent_url or url)
    except BadAddress:
        return urls.canonical(url)


async def _preview(worker: Worker, found: Found, item: Item) -> Preview:
    feed, oldest = found.feed, worker.options.oldest
    if item.published_at < found.at - oldest:
        return Preview(item, Verdict.OLD, None, f"published more than {oldest.days} days ago: that is no news any more")
    try:
        page = await _page(worker, item.url)
    except (FetchFailed, NoText, TooCostly, BadAddress) as error:
        if not decide.says_enough(item.summary, None, worker.options.min_feed_words):
            status = error.status if isinstance(error, FetchFailed) else None
            return Preview(item, _verdict(error), None, str(error), status)
        article = _article(item, feed, None, worker.clock())
        return Preview(item, Verdict.FROM_FEED, article, str(error))
    return Preview(item, Verdict.READABLE, _article(item, feed, page, worker.clock()))


async def _page(worker: Worker, url: str) -> Page:
    now = worker.clock()
    if host_of(url) in worker.patience.closed(now):  # a person waits for this: not for longer than they would
        await asyncio.sleep(min(worker.patience.next_opening(now) or _PATIENCE, _PATIENCE).total_seconds())
    return await pages.visit_page(worker, url, internal=False)


def _verdict(error: Exception) -> Verdict:
    match error:
        case Disallowed(permanent=known):
            return Verdict.CLOSED if known else Verdict.UNSURE
        case Boilerplate():
            return Verdict.NOTICE
        case NoText():
            return Verdict.NO_TEXT
        case TooCostly():
            return Verdict.TOO_COSTLY
        case _:
            return Verdict.UNREACHABLE


def _article(item: Item, feed: Feed, page: Page | None, now: datetime) -> Article:
    """The article that would be stored, of the page or else of the feed's own words, in the language of its text."""
    text = page.text if page else item.summary
    told = item.language or (page.language if page else None) or feed.language
    lead = page.lead if page else extract.lead("", item.summary)
    return Article(
        id=ArticleId(new_id()),
        source_id=None,
        url=(page.canonical_url if page else None) or urls.canonical(item.url),
        title=item.title or (page.title if page else "") or plain.shorten(lead, _UNTITLED_CHARACTERS),
        lead=lead,
        text=text,
        author=item.author or (page.author if page else ""),
        site_name=(page.site_name if page else "") or feed.title,
        image_url=(page.image_url if page else None) or item.image_url,
        language=language.detect(text[:_TOLD_CHARACTERS], told),
        published_at=decide.published(item.published_at, page.published_at if page else None),
        created_at=now,
        digest=fingerprint(text),
        barrier=page.barrier if page else None,
    )
