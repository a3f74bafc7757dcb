"""Sitemaps, which many a site without a feed does keep: what is dated in the last month, newest first."""

import io
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from operator import attrgetter
from typing import Any, Final, TypeVar

from lxml import etree

from ingest import items, language
from ingest.items import Feed, Item, NotAFeed, Words

RECENT: Final = timedelta(days=30)
"""A sitemap lists all a site ever had: what is older than this is no news."""

NO_DATE: Final = "no date"
OLD: Final = f"older than {RECENT.days} days"

_AHEAD: Final = timedelta(days=1)
_MOST_CHILDREN: Final = 100
_PROLOGUE: Final = rb"(?>\s|<\?(?>.*?\?>)|<!--(?>.*?-->)|<!DOCTYPE[^<>\[]*>)*+"  # atomic: no body makes it try twice
_ROOT: Final = re.compile(_PROLOGUE + rb"<(?:[\w.-]+:)?(?:urlset|sitemapindex)[\s/>]", re.DOTALL)
_STRAY_AMPERSAND: Final = re.compile(rb"&(?!#?\w{1,31};)")
_Read = TypeVar("_Read")


@dataclass(frozen=True, slots=True)
class _Entry:
    """A page in the sitemap; `published_at` is None where it has no date."""

    link: str
    title: str
    published_at: datetime | None
    language: str | None
    publication: str
    image: str


def is_sitemap(start: bytes) -> bool:
    """Whether a body that starts like this is a sitemap, or a list of them."""
    return _ROOT.match(start) is not None


def parse(body: bytes, url: str, now: datetime) -> Feed:
    """The pages of a sitemap, a news sitemap or a plain one, that are dated in the last month.

    Raises NotAFeed for a list of sitemaps, and for a sitemap without a single date: nobody could tell what is new.
    """
    entries = _each(body, url, "url", _entry)
    if not entries and (others := children(body, url)):
        raise NotAFeed(f"{url}: it is a list of sitemaps: give the address of one, such as {' or '.join(others[:3])}")
    if entries and all(entry.published_at is None for entry in entries):
        raise NotAFeed(f"{url}: it is a sitemap without dates, which does not tell what is new: give a feed's address")
    recent, left_out = _recent(entries, now)
    languages = {code for entry in entries if (code := language.code(entry.language))}
    feed_language = languages.pop() if len(languages) == 1 else None
    found, not_taken = items.collect(recent, partial(_item, url=url, feed_language=feed_language, now=now))
    return Feed(
        title=next((entry.publication for entry in entries if entry.publication), ""),
        language=feed_language,
        items=found,
        left_out=(*left_out, *not_taken),
    )


def children(body: bytes, url: str) -> tuple[str, ...]:
    """The sitemaps that a list of sitemaps names, as canonical addresses: news first, then the last changed."""
    found: dict[str, tuple[bool, str]] = {}
    for link, changed in _each(body, url, "sitemap", lambda node: (_text(node, "{*}loc"), _text(node, "{*}lastmod"))):
        address = items.address(link, url) if len(found) < _MOST_CHILDREN else None
        if address is not None:
            found.setdefault(address[1], ("news" in address[1].lower(), changed))
    return tuple(sorted(found, key=lambda child: found[child], reverse=True))


def _each(body: bytes, url: str, name: str, read: Callable[[Any], _Read]) -> list[_Read]:
    """What `read` makes of each element of this name."""
    try:
        return [read(node) for node in _nodes(body, name, recover=False)]
    except etree.XMLSyntaxError:  # mending it as it is would make other addresses of those with an `&` in them
        mended = _STRAY_AMPERSAND.sub(b"&amp;", body)
    try:
        return [read(node) for node in _nodes(mended, name, recover=True)]
    except etree.XMLSyntaxError as error:
        raise NotAFeed(f"{url}: it is a sitemap that cannot be read (broken XML): check the address") from error


def _nodes(body: bytes, name: str, *, recover: bool) -> Iterator[Any]:
    """The elements of this name, each emptied when the next is asked for. Entities stay what they are: unread."""
    nodes = etree.iterparse(
        io.BytesIO(body),
        tag=f"{{*}}{name}",
        recover=recover,
        resolve_entities=False,
        load_dtd=False,
        no_network=True,
        huge_tree=False,
        remove_comments=True,
        remove_pis=True,
    )
    for _, node in nodes:
        yield node
        node.clear()


def _entry(node: Any) -> _Entry:
    news = "{*}news/{*}"
    dates = (items.moment(_text(node, path)) for path in (f"{news}publication_date", "{*}lastmod"))
    return _Entry(
        link=_text(node, "{*}loc"),
        title=items.one_line(_text(node, f"{news}title"), items.TITLE_CHARACTERS),
        published_at=next(filter(None, dates), None),
        language=_text(node, f"{news}publication/{{*}}language"),
        publication=items.one_line(_text(node, f"{news}publication/{{*}}name"), items.TITLE_CHARACTERS),
        image=_text(node, "{*}image/{*}loc"),
    )


def _text(node: Any, path: str) -> str:
    return (node.findtext(path) or "").strip()


def _recent(entries: Iterable[_Entry], now: datetime) -> tuple[list[_Entry], list[str]]:
    """The entries of the last month, newest first, and why the others are left out."""
    recent: list[_Entry] = []
    left_out: list[str] = []
    for entry in entries:
        if entry.published_at is None or entry.published_at > now + _AHEAD:
            left_out.append(NO_DATE)
        elif entry.published_at < now - RECENT:
            left_out.append(OLD)
        else:
            recent.append(entry)
    return sorted(recent, key=attrgetter("published_at"), reverse=True), left_out


def _item(entry: _Entry, url: str, feed_language: str | None, now: datetime) -> Item | None:
    return items.item(
        entry.link,
        Words(title=entry.title),
        items.dated([entry.published_at], now),
        item_language=items.own_language(entry.language, feed_language),
        image_url=items.web_url(entry.image, url),
    )
