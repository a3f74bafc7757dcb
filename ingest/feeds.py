"""Bytes to a feed: RSS, Atom or RDF, of any age and in any state, as clean plain text."""

import calendar
import hashlib
import io
import itertools
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from time import struct_time
from typing import Any, Final

import feedparser

from catalog.errors import Invalid
from ingest import language, plain, urls

MOST_ITEMS: Final = 1000
TITLE_CHARACTERS: Final = 300
AUTHOR_CHARACTERS: Final = 200
SUMMARY_CHARACTERS: Final = 20_000
_KEY_CHARACTERS: Final = 500
_MOST_MARKUP: Final = 200_000
_MAIL_ADDRESS: Final = re.compile(r"[(<]?[^\s()<>@]+@[^\s()<>@]+[)>]?")


class NotAFeed(Invalid):
    """The address answers, but not with a feed."""

    code = "not_a_feed"


@dataclass(frozen=True, slots=True)
class Item:
    """One entry. `key` is what the feed knows it by, `digest` changes when its words or its link do, not its dates."""

    key: str
    url: str
    title: str
    summary: str
    author: str
    published_at: datetime
    digest: str


@dataclass(frozen=True, slots=True)
class Feed:
    """A feed and its items in its own order. `language` is what it says of itself, as a code such as `nl`."""

    title: str
    language: str | None
    items: tuple[Item, ...]


def parse(body: bytes, url: str, content_type: str, now: datetime) -> Feed:
    """Read a feed that came from `url` with this Content-Type header.

    Items without a web link are left out: nobody could share them. So are items whose key came before. A date that is
    missing or still to come becomes `now`. Raises NotAFeed where there is no feed in it.
    """
    headers = {"content-location": url, "content-type": content_type}
    try:
        found = feedparser.parse(
            io.BytesIO(body),  # never the text itself: a body that looks like a path or an address would be opened
            response_headers=headers,
            sanitize_html=False,  # every field becomes plain text here, which is stricter and much quicker
            resolve_relative_uris=False,
        )
    except Exception as error:  # whatever a stranger's bytes do to the parser is their fault
        raise NotAFeed(f"{url} is not a feed that can be read ({type(error).__name__}): check the address") from error
    if not found.get("version") and not found.entries:
        raise NotAFeed(f"{url} is not a feed (it looks like {_looks(body)}): give the address of the feed itself")
    items: dict[str, Item] = {}
    for item in itertools.islice(_items(found.entries, now), MOST_ITEMS):
        items.setdefault(item.key, item)
    return Feed(
        title=_text(found.feed, "title", TITLE_CHARACTERS),
        language=language.code(found.feed.get("language")),
        items=tuple(items.values()),
    )


def _items(entries: list[Mapping[str, Any]], now: datetime) -> Iterator[Item]:
    for entry in entries:
        link = plain.line(str(entry.get("link", "")))
        try:
            address = urls.canonical(link)
        except urls.BadAddress:
            continue
        title = _text(entry, "title", TITLE_CHARACTERS)
        summary = _summary(entry)
        author = _author(entry)
        digest = hashlib.sha256("\0".join((title, summary, address, author)).encode()).hexdigest()
        yield Item(_key(entry, address), link, title, summary, author, _published_at(entry, now), digest)


def _text(entry: Mapping[str, Any], field: str, limit: int) -> str:
    markup = str(entry.get(field, ""))[:_MOST_MARKUP]
    return plain.line(plain.from_html(markup), limit)


def _summary(entry: Mapping[str, Any]) -> str:
    """The most the feed itself says of the article: its full content where it carries that."""
    markups = [str(content.get("value", "")) for content in entry.get("content", ())]
    markups.append(str(entry.get("summary", "")))
    text = plain.from_html(max(markups, key=len)[:_MOST_MARKUP])
    return plain.shorten(text, SUMMARY_CHARACTERS)


def _author(entry: Mapping[str, Any]) -> str:
    """The name alone: many feeds put a mail address beside it, which is nobody's business here."""
    name = _MAIL_ADDRESS.sub("", _text(entry, "author", AUTHOR_CHARACTERS)).strip()
    return name[1:-1] if name.startswith("(") and name.endswith(")") else name


def _key(entry: Mapping[str, Any], address: str) -> str:
    key = plain.line(str(entry.get("id", ""))) or address
    return key if len(key) <= _KEY_CHARACTERS else hashlib.sha256(key.encode()).hexdigest()


EARLIEST: Final = datetime(1990, 1, 1, tzinfo=UTC)
"""No web page is older: an earlier date is a program's way of saying that it knows none."""


def _published_at(entry: Mapping[str, Any], now: datetime) -> datetime:
    for field in ("published_parsed", "updated_parsed"):
        moment = _moment(entry[field]) if field in entry else None
        if moment is not None and EARLIEST <= moment <= now:
            return moment
    return now


def _moment(parsed: struct_time | None) -> datetime | None:
    """A moment as feedparser gives it, in UTC; None for one outside the calendar."""
    try:
        return datetime.fromtimestamp(calendar.timegm(parsed), UTC) if parsed else None
    except (ValueError, OverflowError, OSError):
        return None


def _looks(body: bytes) -> str:
    start = body[:2000].lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if not start:
        return "an empty answer"
    if start.startswith((b"{", b"[")):
        return "JSON"
    if b"<html" in start or b"<!doctype html" in start:
        return "an HTML page"
    return "another kind of file"
