"""The demo's web site on a loopback address: real RSS and Atom, real pages with all that surrounds an article."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from email.utils import format_datetime
from html import escape
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Final
from xml.etree import ElementTree as Xml

from sluis.demo.world import FEEDS, Feed, Story

_ATOM: Final = "http://www.w3.org/2005/Atom"
_MENU: Final = {
    "nl": ("Voorpagina", "Rubrieken", "Agenda", "Abonneren"),
    "en": ("Home", "Sections", "Events", "Subscribe"),
}
_COOKIES: Final = {
    "nl": "Wij gebruiken cookies om het gebruik van deze site te meten. Akkoord of weigeren.",
    "en": "We use cookies to measure how this site is used. Accept or refuse.",
}


class Site:
    """All documents of the site by path, as of `now`. `origin` is where they will be found."""

    def __init__(self, stories: list[Story], origin: str, now: datetime) -> None:
        self.documents: dict[str, tuple[str, bytes]] = {}
        for feed in FEEDS:
            mine = [story for story in stories if story.feed == feed.id]
            build = _atom if feed.format == "atom" else _rss
            kind = f"application/{feed.format}+xml"
            self.documents[feed_path(feed)] = (kind, build(feed, mine, origin, now))
            for story in mine:
                self.documents[page_path(story)] = ("text/html; charset=utf-8", _page(feed, story, now))


def feed_path(feed: Feed) -> str:
    """Where a feed is found on the site."""
    return f"/{feed.id}/feed.xml"


def page_path(story: Story) -> str:
    """Where an article's page is found on the site."""
    return f"/{story.feed}/{story.slug}"


def published(story: Story, now: datetime) -> datetime:
    """When it appeared, told from when the demo runs."""
    return (now - timedelta(days=story.days_ago)).replace(microsecond=0)


@contextmanager
def serve(stories: list[Story], now: datetime) -> Iterator[str]:
    """The site on a free loopback port while the block runs. Yields its origin, such as http://127.0.0.1:41234."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    origin = f"http://127.0.0.1:{server.server_port}"
    _Handler.site = Site(stories, origin, now)
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield origin
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class _Handler(BaseHTTPRequestHandler):
    site: Site

    def do_GET(self) -> None:
        """Answer with the document; a feed that has not changed costs its reader a 304."""
        found = self.site.documents.get(self.path.partition("?")[0])
        if found is None:
            self.send_error(404)
            return
        kind, body = found
        etag = f'"{len(body):x}-{sum(body) & 0xFFFFFFFF:x}"'
        if self.headers.get("If-None-Match") == etag:
            self.send_response(304)
            self.end_headers()
            return
        self.send_response(200)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("ETag", etag)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name that the library gives it
        """The demo's terminal is for the demo."""


def _rss(feed: Feed, stories: list[Story], origin: str, now: datetime) -> bytes:
    root = Xml.Element("rss", version="2.0")
    channel = Xml.SubElement(root, "channel")
    _add(channel, title=feed.title, link=f"{origin}/{feed.id}", description=feed.title, language=feed.language)
    for story in stories:
        _add(
            Xml.SubElement(channel, "item"),
            title=story.title,
            link=f"{origin}{page_path(story)}?utm_source=rss",
            guid=f"{origin}{page_path(story)}",
            author=story.author,
            description=story.paragraphs[0],
            pubDate=format_datetime(published(story, now)),
        )
    return bytes(Xml.tostring(root, encoding="utf-8", xml_declaration=True))


def _atom(feed: Feed, stories: list[Story], origin: str, now: datetime) -> bytes:
    root = Xml.Element("feed", {"xmlns": _ATOM, "xml:lang": feed.language})
    _add(root, title=feed.title, id=f"{origin}/{feed.id}", updated=now.isoformat())
    for story in stories:
        entry = Xml.SubElement(root, "entry")
        when = published(story, now).isoformat()
        _add(entry, title=story.title, id=f"tag:noordvaart.example,2026:{story.slug}", updated=when, published=when)
        _add(entry, summary=story.paragraphs[0])
        Xml.SubElement(entry, "link", href=f"{origin}{page_path(story)}")
        _add(Xml.SubElement(entry, "author"), name=story.author)
    return bytes(Xml.tostring(root, encoding="utf-8", xml_declaration=True))


def _add(parent: Xml.Element, **texts: str) -> None:
    for name, text in texts.items():
        Xml.SubElement(parent, name).text = text


def _page(feed: Feed, story: Story, now: datetime) -> bytes:
    menu = "".join(f'<li><a href="/{feed.id}">{item}</a></li>' for item in _MENU[feed.language])
    text = "\n".join(f"<p>{escape(paragraph)}</p>" for paragraph in story.paragraphs)
    when = published(story, now)
    return f"""<!doctype html>
<html lang="{feed.language}">
<head>
<meta charset="utf-8">
<title>{escape(story.title)} | {escape(feed.title)}</title>
<meta property="og:title" content="{escape(story.title)}">
<meta property="og:site_name" content="{escape(feed.title)}">
<meta property="article:published_time" content="{when.isoformat()}">
<meta name="author" content="{escape(story.author)}">
</head>
<body>
<div class="cookie-banner">{_COOKIES[feed.language]}</div>
<header><a href="/{feed.id}">{escape(feed.title)}</a><nav><ul>{menu}</ul></nav></header>
<main>
<article>
<h1>{escape(story.title)}</h1>
<p class="byline">{escape(story.author)}, <time datetime="{when.isoformat()}">{when:%d-%m-%Y}</time></p>
{text}
</article>
<aside><h2>{escape(feed.title)}</h2><ul>{menu}</ul></aside>
</main>
<footer>© {when.year} {escape(feed.title)}</footer>
</body>
</html>
""".encode()
