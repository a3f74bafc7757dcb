"""A page as bytes to what it says: title, lead, text, and the few facts about it that we keep. Nothing is fetched."""

import logging
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final
from urllib.parse import urljoin, urlsplit

import tld
import trafilatura
from trafilatura.settings import Document
from trafilatura.utils import load_html

from catalog.errors import Invalid
from ingest import charset as charsets
from ingest import language, plain, urls, walls
from ingest.walls import Barrier

logging.getLogger("trafilatura").setLevel(logging.CRITICAL)  # what it complains of is said by NoText

LEAD_CHARACTERS: Final = 300
TITLE_CHARACTERS: Final = 300
NAME_CHARACTERS: Final = 200
_LITTLE_WORDS: Final = 100

_PAGES: Final = {"text/html", "application/xhtml+xml", "text/plain", "text/xml", "application/xml", ""}
_UNKNOWN: Final = "application/octet-stream"


class NoText(Invalid):
    """The page was read, but there is no article in it."""

    code = "no_text"


class Boilerplate(NoText):
    """The page shows a notice, a form or links, and nothing else."""

    code = "boilerplate"


@dataclass(frozen=True, slots=True)
class Page:
    """What a page says. `text` has a line per paragraph; `published_at` is only as precise as a day.

    `canonical_url` is the address the page gives itself where that can be believed, else the one it was read from; None
    for a file without one. `barrier` is what a reader who follows it will probably meet.
    """

    title: str
    lead: str
    text: str
    author: str
    site_name: str
    image_url: str | None
    language: str | None
    published_at: datetime | None
    canonical_url: str | None
    barrier: Barrier | None = None


def extract(body: bytes, url: str, content_type: str, charset: str | None, now: datetime, min_words: int) -> Page:
    """The article on the page that was read from `url`.

    `charset` is what the Content-Type header says. Raises NoText where the body is no page, or has fewer than
    `min_words` words of running text; Boilerplate where it can be said what the page shows instead.
    """
    if content_type not in _PAGES | {_UNKNOWN} or charsets.is_binary(body):
        raise NoText(f"{url}: it is no web page ({content_type}): give the address of a page with text")
    return from_markup(charsets.decoded(body, charset), url, url, now, min_words)


def from_markup(markup: str, name: str, url: str | None, now: datetime, min_words: int) -> Page:
    """The article on a page that was read from `url`, or from a file; messages call it `name`. Raises as `extract`."""
    tree, found = _read(markup, name, url, now)
    title = plain.line(found.title or "", TITLE_CHARACTERS)
    text = without(title, plain.paragraphs(found.text or ""))
    _check(tree, title, text, name, min_words)
    return Page(
        title=title,
        lead=lead(found.description or "", text),
        text=text,
        author=plain.line(found.author or "", NAME_CHARACTERS),
        site_name=_site_name(found.sitename or ""),
        image_url=_image(found.image, url),
        language=language.code(tree.get("lang")),
        published_at=_day(found.date),
        canonical_url=_canonical(tree, url),
        barrier=walls.barrier(tree, text),
    )


def lead(description: str, text: str) -> str:
    """What a card shows under the title: the page's own description, or else how its text begins."""
    own = plain.line(plain.from_html(description))
    return plain.shorten(own or plain.line(text), LEAD_CHARACTERS)


def without(title: str, text: str) -> str:
    """The text alone: many a page's text starts with its heading, which would stand twice on a card."""
    first, _, rest = text.partition("\n")
    return rest if title.casefold().startswith(first.casefold()) else text


def _read(markup: str, name: str, url: str | None, now: datetime) -> tuple[Any, Document]:
    """The parsed page, None where it is none, and what the extractor finds on it.

    Its second opinions take a fifth of its time and change next to nothing where the first one found an article, so
    they are only asked for where that found little.
    """
    dates = {"extensive_search": False, "original_date": True, "max_date": now.strftime("%Y-%m-%d")}
    told: dict[str, Any] = {"with_metadata": True, "include_comments": False, "date_extraction_params": dates}
    try:
        tree = load_html(markup)
        if tree is None:
            return None, Document()
        found = trafilatura.bare_extraction(tree, url=url, fast=True, **told)
        if found is None or len((found.text or "").split()) < _LITTLE_WORDS:
            found = trafilatura.bare_extraction(load_html(markup), url=url, **told)
    except Exception as error:  # whatever a stranger's page does to the extractor is its fault
        raise NoText(f"{name}: the page cannot be read ({type(error).__name__}): choose another source") from error
    return tree, Document() if found is None else found


def _check(tree: Any, title: str, text: str, name: str, min_words: int) -> None:
    """Raises NoText where there is no article, and says what is there instead as far as that can be known."""
    words = len(text.split())
    notice = walls.notice(title, text)
    if notice is None and words < min_words and tree is not None:
        notice = walls.notice(title, _all_words(tree))
    if notice is not None:
        raise Boilerplate(f"{name}: it shows only {notice.shown}: {notice.remedy}")
    if tree is not None and walls.only_links(tree, text):
        raise Boilerplate(f"{name}: it shows only links to other pages: give the address of an article")
    if words < max(min_words, 1):
        raise NoText(
            f"{name}: {words} words of text where {max(min_words, 1)} are needed: "
            "the page may want a login or a browser with scripts"
        )


def _all_words(tree: Any) -> str:
    """Whatever the page shows, also where it is not taken for its text; a line per element."""
    return plain.paragraphs("\n".join(tree.xpath("//body//text()[not(ancestor::script or ancestor::style)]")))


def _site_name(name: str) -> str:
    """The name a site calls itself; a bare host is none, and need not even be this site's own."""
    clean = plain.line(name, NAME_CHARACTERS)
    return "" if "." in clean and " " not in clean else clean


def _canonical(tree: Any, url: str | None) -> str | None:
    """The address the page claims, if it may: it speaks for its own site only, and not as that site's front page.

    A file has no site of its own and may name any.
    """
    own = urls.canonical(url) if url else None
    for link in tree.iterfind(".//link[@rel='canonical']"):
        try:
            claimed = urls.canonical(urljoin(url or "", link.get("href", "")))
        except (ValueError, urls.BadAddress):
            continue
        if (own is None or _site(claimed) == _site(own)) and not is_front(claimed):
            return claimed
    return own


def is_front(url: str) -> bool:
    """Whether a canonical address is a site's front page."""
    parts = urlsplit(url)
    return parts.path in ("", "/") and not parts.query


def _site(url: str) -> str:
    """The part of a host that one owner registered, such as `ports.co.uk`; the whole host where that is not known."""
    return tld.get_fld(url, fail_silently=True, search_private=True) or urlsplit(url).netloc.removeprefix("www.")


def _image(address: str | None, url: str | None) -> str | None:
    try:
        found = urljoin(url or "", plain.line(address or ""))
        urls.canonical(found)
    except (ValueError, urls.BadAddress):
        return None
    return found if address else None


def _day(date: str | None) -> datetime | None:
    return datetime.strptime(date, "%Y-%m-%d").replace(tzinfo=UTC) if date else None
