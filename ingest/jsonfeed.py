"""JSON Feed 1.0 and 1.1. Nothing in it need be what the format says: every field may be of any type."""

import html
import json
from collections.abc import Iterator, Mapping
from datetime import datetime
from functools import partial
from typing import Any, Final

import orjson

from ingest import items, language, plain
from ingest.items import Feed, Item, NotAFeed, Words

_VERSION: Final = "jsonfeed.org/version/"
_ADDRESS_FIELDS: Final = ("url", "external_url")


def parse(body: bytes, url: str, now: datetime) -> Feed:
    """Read a JSON Feed that came from `url`. Raises NotAFeed where the body is no JSON, or JSON of another kind."""
    told = _object(_loaded(body, url))
    if _VERSION not in _text(told.get("version")):
        raise NotAFeed(f"{url}: it is no feed (it looks like JSON of another kind): give the address of the feed")
    feed_language = language.code(_text(told.get("language")))
    read = partial(_item, url=url, feed_author=_author(told), feed_language=feed_language, now=now)
    found, left_out = items.collect(_list(told.get("items")), read)
    return Feed(
        title=_title(told),
        language=feed_language,
        items=found,
        left_out=tuple(left_out),
    )


def _loaded(body: bytes, url: str) -> Any:
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError:  # half an emoji or a line break in a text is enough for that
        pass
    try:
        return json.loads(body.decode(json.detect_encoding(body), errors="replace"), strict=False)
    except (ValueError, RecursionError) as error:
        raise NotAFeed(f"{url}: it cannot be read as a feed (broken JSON): check the address") from error


def _item(entry: object, url: str, feed_author: str, feed_language: str | None, now: datetime) -> Item | None:
    told = _object(entry)
    moments = (items.moment(_text(told.get(field))) for field in ("date_published", "date_modified"))
    return items.item(
        next(_addresses(told, url), ""),
        Words(
            title=_title(told),
            summary=_summary(told),
            author=_author(told) or feed_author,
        ),
        items.dated(moments, now),
        key=_text(told.get("id")),
        item_language=items.own_language(_text(told.get("language")), feed_language),
        image_url=next((found for image in _images(told) if (found := items.web_url(image, url))), None),
    )


def _title(told: Mapping[str, Any]) -> str:
    """Plain text, as the format says, in which many programs leave `&amp;` all the same."""
    return items.one_line(html.unescape(_text(told.get("title"))[: items.MOST_MARKUP]), items.TITLE_CHARACTERS)


def _addresses(told: Mapping[str, Any], url: str) -> Iterator[str]:
    """The item's own page, or the one it is about; an id is only an address where it is a whole one."""
    for field in _ADDRESS_FIELDS:
        if found := items.web_url(told.get(field), url):
            yield found
    if found := items.web_url(told.get("id"), ""):
        yield found


def _summary(told: Mapping[str, Any]) -> str:
    """The most the feed itself says of the article."""
    texts = [
        plain.from_html(_text(told.get("content_html"))[: items.MOST_MARKUP]),
        *(plain.paragraphs(_text(told.get(field))[: items.MOST_MARKUP]) for field in ("content_text", "summary")),
    ]
    return plain.shorten(max(texts, key=len), items.SUMMARY_CHARACTERS)


def _author(told: Mapping[str, Any]) -> str:
    """The names of the authors: a list of them in 1.1, one in 1.0."""
    authors = [_object(author) for author in (*_list(told.get("authors"))[:10], told.get("author"))]
    names = dict.fromkeys(items.author(_text(author.get("name"))) for author in authors)
    return plain.shorten(", ".join(filter(None, names)), items.AUTHOR_CHARACTERS)


def _images(told: Mapping[str, Any]) -> Iterator[object]:
    for field in ("image", "banner_image"):
        yield told.get(field)
    for attachment in map(_object, _list(told.get("attachments"))):
        if _text(attachment.get("mime_type")).lower().startswith("image/"):
            yield attachment.get("url")


def _text(value: object) -> str:
    """A text or a number as text; nothing of any other type can have been meant as one."""
    return str(value) if isinstance(value, (str, int, float)) and not isinstance(value, bool) else ""


def _object(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _list(value: object) -> list[Any]:
    return value if isinstance(value, list) else []
