"""Bytes to a feed: RSS, Atom, RDF, JSON Feed or a sitemap, of any age and in any state, as clean plain text."""

import calendar
import io
import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from functools import partial
from time import struct_time
from typing import Any, Final

import feedparser

from ingest import items, jsonfeed, language, plain, sitemaps
from ingest.items import Feed, Item, NotAFeed, Words

_IMAGE_ADDRESS: Final = re.compile(r"[^?#]*\.(jpe?g|png|webp|gif|avif)([?#].*)?", re.IGNORECASE)
_LONGEST_TTL: Final = timedelta(days=1)
_PERIODS: Final = {
    "hourly": timedelta(hours=1),
    "daily": timedelta(days=1),
    "weekly": timedelta(weeks=1),
    "monthly": timedelta(days=30),
    "yearly": timedelta(days=365),
}


def parse(body: bytes, url: str, content_type: str, now: datetime) -> Feed:
    """Read a feed that came from `url` with this Content-Type header, by what its bytes look like.

    Items without a web link are left out: nobody could share them. So are items whose key came before. A date that is
    missing or still to come becomes `now`. Raises NotAFeed where there is no feed in it.
    """
    start = items.start(body)
    if start.startswith(b"{"):
        return jsonfeed.parse(body, url, now)
    if sitemaps.is_sitemap(start):
        return sitemaps.parse(body, url, now)
    return _xml(body, url, content_type, now, start)


def _xml(body: bytes, url: str, content_type: str, now: datetime, start: bytes) -> Feed:
    headers = {"content-location": url, "content-type": content_type}
    try:
        found = feedparser.parse(
            io.BytesIO(body),  # never the text itself: a body that looks like a path or an address would be opened
            response_headers=headers,
            sanitize_html=False,  # every field becomes plain text here, which is stricter and much quicker
            resolve_relative_uris=False,
        )
    except Exception as error:  # whatever a stranger's bytes do to the parser is their fault
        raise NotAFeed(f"{url}: it cannot be read as a feed ({type(error).__name__}): check the address") from error
    if not found.get("version") and not found.entries:
        raise NotAFeed(f"{url}: it is not a feed (it looks like {_looks(start)}): give the address of the feed itself")
    feed_language = language.code(str(found.feed.get("language", "")))
    entries, left_out = items.collect(found.entries, partial(_item, url=url, feed_language=feed_language, now=now))
    return Feed(
        title=_text(found.feed, "title", items.TITLE_CHARACTERS),
        language=feed_language,
        items=entries,
        left_out=tuple(left_out),
        ttl=_ttl(found.feed),
    )


def _item(entry: Mapping[str, Any], url: str, feed_language: str | None, now: datetime) -> Item | None:
    told = [entry.get("language"), *(detail.get("language") for detail in _parts(entry.get("title_detail")))]
    return items.item(
        str(entry.get("link", "")),
        Words(
            _text(entry, "title", items.TITLE_CHARACTERS),
            _summary(entry),
            items.author(_text(entry, "author", items.AUTHOR_CHARACTERS)),
        ),
        items.dated(_moments(entry), now),
        key=str(entry.get("id", "")),
        item_language=items.own_language(str(next(filter(None, told), "")), feed_language),
        image_url=next((found for told in _images(entry) if (found := items.web_url(told, url))), None),
    )


def _text(entry: Mapping[str, Any], field: str, limit: int) -> str:
    markup = str(entry.get(field, ""))[: items.MOST_MARKUP]
    return plain.line(plain.from_html(markup), limit)


def _summary(entry: Mapping[str, Any]) -> str:
    """The most the feed itself says of the article: its full content where it carries that."""
    markups = [str(content.get("value", "")) for content in _parts(entry.get("content"))]
    markups.append(str(entry.get("summary", "")))
    text = plain.from_html(max(markups, key=len)[: items.MOST_MARKUP])
    return plain.shorten(text, items.SUMMARY_CHARACTERS)


def _moments(entry: Mapping[str, Any]) -> Iterator[datetime | None]:
    return (_moment(entry[field]) for field in ("published_parsed", "updated_parsed") if field in entry)


def _moment(parsed: struct_time | None) -> datetime | None:
    """A moment as feedparser gives it, in UTC; None for one outside the calendar."""
    try:
        return datetime.fromtimestamp(calendar.timegm(parsed), UTC) if parsed else None
    except (ValueError, OverflowError, OSError, TypeError):
        return None


def _images(entry: Mapping[str, Any]) -> Iterator[object]:
    """Where the entry's pictures are, the one meant for a card first, the widest of each kind first."""
    for kind in (_parts(entry.get("media_thumbnail")), filter(_is_image, _parts(entry.get("media_content")))):
        yield from (told.get("url") for told in sorted(kind, key=_width, reverse=True))
    for link in _parts(entry.get("links")):
        if link.get("rel") == "enclosure" and str(link.get("type", "")).startswith("image/"):
            yield link.get("href")
    yield from (image.get("href") for image in _parts(entry.get("image")))


def _parts(told: object) -> list[Mapping[str, Any]]:
    """The elements feedparser made of a field, one or a list of them; a feed may also use its name for plain text."""
    return [part for part in (told if isinstance(told, list) else [told]) if isinstance(part, Mapping)]


def _is_image(content: Mapping[str, Any]) -> bool:
    kind = str(content.get("medium") or content.get("type") or "").lower()
    return kind.startswith("image") if kind else bool(_IMAGE_ADDRESS.fullmatch(str(content.get("url", ""))))


def _width(told: Mapping[str, Any]) -> int:
    return _count(told.get("width"))


def _ttl(feed: Mapping[str, Any]) -> timedelta | None:
    """How long the feed asks to be left alone, in the words of RSS or else of the syndication module."""
    minutes = _count(feed.get("ttl", ""))
    period = _PERIODS.get(str(feed.get("sy_updateperiod", "")).strip().lower())
    times = _count(feed.get("sy_updatefrequency", "1"))
    told = timedelta(minutes=minutes) if minutes else period / times if period and times else None
    return min(told, _LONGEST_TTL) if told else None


def _count(told: object) -> int:
    """A number of at most five digits; 0 for anything else."""
    digits = str(told).strip()
    return int(digits) if digits.isdecimal() and len(digits) < 6 else 0


def _looks(start: bytes) -> str:
    lower = start[:2000].lower()
    if not start:
        return "an empty answer"
    if start.startswith(b"["):
        return "JSON"
    if start.startswith(b"\x1f\x8b"):
        return "a compressed file"
    if b"<html" in lower or b"<!doctype html" in lower:
        return "an HTML page"
    return "another kind of file"
