"""A person's picks as a feed reader wants them: JSON Feed 1.1 and Atom (RFC 4287)."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final
from uuid import NAMESPACE_URL, uuid5
from xml.etree.ElementTree import Element, SubElement, register_namespace, tostring

from catalog.ids import EmployeeId, TenantId
from catalog.records import Article

TITLES: Final = {"nl": "Jouw artikelen", "en": "Your articles"}
AUTHOR: Final = "Sluis"

_ATOM: Final = "http://www.w3.org/2005/Atom"
_NO_XML: Final = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")

register_namespace("", _ATOM)


def addresses(tenant: TenantId, secret: str) -> tuple[str, str]:
    """The paths under which a feed is read: as JSON Feed, and as Atom."""
    start = f"/feeds/{tenant}/{secret}/picks"
    return f"{start}.json", f"{start}.atom"


@dataclass(frozen=True, slots=True)
class Entry:
    """One article that was picked for somebody, when, and why, in their language."""

    article: Article
    picked_at: datetime
    reasons: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Feed:
    """What one person was picked, the newest first. `address` is where it is read, `made_at` what it is as of."""

    tenant: TenantId
    employee: EmployeeId
    language: str
    address: str
    made_at: datetime
    entries: Sequence[Entry]

    @property
    def id(self) -> str:
        """The same for ever, and for nobody else."""
        return f"urn:uuid:{uuid5(NAMESPACE_URL, f'sluis {self.tenant} {self.employee}')}"

    @property
    def title(self) -> str:
        """In the person's language."""
        return TITLES.get(self.language, TITLES["en"])


def json_feed(feed: Feed) -> dict[str, Any]:
    """As JSON Feed 1.1."""
    return {
        "version": "https://jsonfeed.org/version/1.1",
        "title": feed.title,
        "feed_url": feed.address,
        "language": feed.language,
        "authors": [{"name": AUTHOR}],
        "items": [_json_item(entry) for entry in feed.entries],
    }


def atom(feed: Feed) -> bytes:
    """As Atom, in UTF-8."""
    root = Element(_name("feed"), {"{http://www.w3.org/XML/1998/namespace}lang": feed.language})
    _text(root, "id", feed.id)
    _text(root, "title", feed.title)
    _text(root, "updated", _moment(feed.made_at))
    SubElement(root, _name("link"), {"rel": "self", "type": "application/atom+xml", "href": feed.address})
    _text(SubElement(root, _name("author")), "name", AUTHOR)
    for entry in feed.entries:
        _entry(root, entry)
    return bytes(tostring(root, encoding="utf-8", xml_declaration=True))


def _json_item(entry: Entry) -> dict[str, Any]:
    article = entry.article
    item: dict[str, Any] = {
        "id": f"urn:uuid:{article.id}",
        "title": article.title,
        "content_text": _content(entry),
        "summary": article.lead,
        "date_published": _moment(article.published_at),
        "date_modified": _moment(entry.picked_at),
    }
    more = {"url": article.url, "image": article.image_url, "language": article.language}
    item |= {name: value for name, value in more.items() if value}
    return item | ({"authors": [{"name": article.author}]} if article.author else {})


def _entry(root: Element, entry: Entry) -> None:
    article, node = entry.article, SubElement(root, _name("entry"))
    _text(node, "id", f"urn:uuid:{article.id}")
    _text(node, "title", article.title)
    _text(node, "published", _moment(article.published_at))
    _text(node, "updated", _moment(entry.picked_at))
    if article.url:
        SubElement(node, _name("link"), {"rel": "alternate", "href": article.url})
    if article.author:
        _text(SubElement(node, _name("author")), "name", article.author)
    _text(node, "content", _content(entry)).set("type", "text")


def _content(entry: Entry) -> str:
    return "\n\n".join([part for part in (entry.article.lead, "; ".join(entry.reasons)) if part])


def _text(parent: Element, name: str, text: str) -> Element:
    node = SubElement(parent, _name(name))
    node.text = _NO_XML.sub("", text) or "-"
    return node


def _name(name: str) -> str:
    return f"{{{_ATOM}}}{name}"


def _moment(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
