"""Where a site keeps its feeds, told from one of its pages. Nothing is fetched: these are addresses to try."""

import re
from collections.abc import Iterator
from itertools import chain, islice
from typing import Any, Final
from urllib.parse import urljoin, urlsplit

from lxml import etree

from ingest import items, sitemaps, urls

MOST_CANDIDATES: Final = 12
"""More are not worth a visit each."""

_MOST_BYTES: Final = 3_000_000
_MOST_ELEMENTS: Final = 10_000
_FEED_TYPES: Final = {
    *("application/rss+xml", "application/atom+xml", "application/rdf+xml", "application/feed+json"),
    *("application/x-rss+xml", "application/x-atom+xml", "application/rss", "application/atom"),
    *("text/rss+xml", "text/atom+xml", "text/rss"),
}
_MAYBE_FEED_TYPES: Final = {"application/json", "application/xml", "text/xml"}
_FEED_NAMES: Final = {"feed", "feeds", "rss", "rss2", "atom", "rdf", "rssfeed", "rss-feed", "rssfeeds", "rss-feeds"}
_FEED_ENDINGS: Final = {"rss", "atom", "rdf"}
_SCRIPTS: Final = {"php", "asp", "aspx", "jsp", "cfm"}
_FEED_WORDS: Final = ("rss", "feed", "atom", "news-sitemap", "sitemap-news")
_FEED_QUERIES: Final = {
    f"{name}={value}" for name in ("feed", "format", "type") for value in ("feed", "rss", "rss2", "atom", "rdf")
}
_COMMENTS: Final = re.compile(r"comment|reactie|kommentar|commentaire", re.IGNORECASE)
_WELL_KNOWN: Final = (
    *("/feed", "/rss.xml", "/atom.xml", "/feed.xml", "/rss", "/index.xml", "/feed.json", "/news-sitemap.xml"),
    *("/sitemap-news.xml", "/feeds/posts/default", "/sitemap.xml"),
)


def candidates(body: bytes, url: str) -> tuple[str, ...]:
    """Addresses that may be feeds of the page or list of sitemaps `body`, read from `url`: the likeliest first.

    First what the page says are its feeds, then links that look like one, then where sites usually keep them. Feeds of
    comments come last. Each address is canonical, comes once, and is not the page itself. Raises BadAddress where `url`
    is none.
    """
    own = urls.canonical(url)
    if sitemaps.is_sitemap(items.start(body)):
        found: Iterator[tuple[str, str]] = ((child, "") for child in _children(body, own))
    else:
        found = chain(_announced(body, url), ((path, "") for path in _WELL_KNOWN))
    titles: dict[str, str] = {}
    for link, title in found:
        address = items.address(link, own)
        if address is not None and address[1] != own:
            titles.setdefault(address[1], title)
    ranked = sorted(titles, key=lambda address: bool(_COMMENTS.search(address + titles[address])))
    return tuple(ranked[:MOST_CANDIDATES])


def _children(body: bytes, url: str) -> tuple[str, ...]:
    try:
        return sitemaps.children(body, url)
    except items.NotAFeed:
        return ()


def _announced(body: bytes, url: str) -> Iterator[tuple[str, str]]:
    """What the page links to as a feed, as absolute addresses with the title of each link."""
    parser = etree.HTMLParser(no_network=True, remove_comments=True, remove_pis=True, huge_tree=False)
    try:
        root = etree.fromstring(body[:_MOST_BYTES], parser)
    except (etree.XMLSyntaxError, ValueError):  # nothing in it, not even broken markup
        return
    if root is None:
        return
    base = next((_joined(url, node.get("href", "")) for node in root.iter("base")), url)
    links = islice(root.iter("link"), _MOST_ELEMENTS)
    anchors = islice(root.iter("a"), _MOST_ELEMENTS)
    found = chain(filter(_is_feed_link, links), filter(_is_feed_anchor, anchors))
    for node in islice(found, 4 * MOST_CANDIDATES):
        yield _joined(base, node.get("href", "")), node.get("title", "")


def _is_feed_link(link: Any) -> bool:
    relations = link.get("rel", "").lower().split()
    kind = link.get("type", "").partition(";")[0].strip().lower()
    if "alternate" not in relations and "feed" not in relations:
        return False
    return kind in _FEED_TYPES or "feed" in relations or (kind in _MAYBE_FEED_TYPES and _is_feed_anchor(link))


def _is_feed_anchor(anchor: Any) -> bool:
    """Whether an address looks like a feed: by its last part, `rss-news.xml`, or by what it asks for, `?format=rss`."""
    href = anchor.get("href", "").strip().lower()
    path, _, query = href.partition("#")[0].partition("?")
    last = path.rstrip("/").rpartition("/")[2]
    name, _, ending = last.rpartition(".")
    return len(href) <= urls.LONGEST and (
        last in _FEED_NAMES
        or last in ("index.xml", "index.rdf")
        or (ending in _FEED_ENDINGS and name != "")
        or (ending in _SCRIPTS and name in _FEED_NAMES)
        or (ending in ("xml", "json") and any(word in name for word in _FEED_WORDS))
        or not _FEED_QUERIES.isdisjoint(query.split("&"))
    )


def _joined(base: str, link: str) -> str:
    """`link` made absolute; empty where it cannot be."""
    try:
        found = urljoin(base, link.strip())
        return found if urlsplit(found).scheme in ("http", "https") else ""
    except ValueError:
        return ""
