"""A page as bytes to what it says: title, lead, text, and the few facts about it that we keep. Nothing is fetched."""

import codecs
import contextlib
import logging
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final
from urllib.parse import urljoin, urlsplit

import charset_normalizer
import tld
import trafilatura
from trafilatura.settings import Document
from trafilatura.utils import load_html

from catalog.errors import Invalid
from ingest import language, plain, urls

logging.getLogger("trafilatura").setLevel(logging.CRITICAL)  # what it complains of is said by NoText

LEAD_CHARACTERS: Final = 300
TITLE_CHARACTERS: Final = 300
NAME_CHARACTERS: Final = 200

_PAGES: Final = {"text/html", "application/xhtml+xml", "text/plain", "text/xml", "application/xml", ""}
_UNKNOWN: Final = "application/octet-stream"
_META_CHARSET: Final = re.compile(rb"<meta[^>]{0,200}?charset\s*=\s*[\"']?\s*([\w-]{2,40})", re.IGNORECASE)
_XML_ENCODING: Final = re.compile(rb"^<\?xml[^>]{0,100}encoding\s*=\s*[\"']([\w-]{2,40})")
_BOMS: Final = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))
_AS_BROWSERS_DO: Final = {"iso8859-1": "cp1252", "ascii": "cp1252"}
_LIKELY_CODECS: Final = ["cp1252", "cp1250", "cp1251", "cp1253", "cp1254", "koi8_r", "shift_jis", "gb18030", "euc_kr"]
_NOT_FOR_PAGES: Final = {"idna", "punycode", "unicode_escape", "raw_unicode_escape", "utf-7", "undefined"}


class NoText(Invalid):
    """The page was read, but there is no article in it."""

    code = "no_text"


@dataclass(frozen=True, slots=True)
class Page:
    """What a page says. `text` has a line per paragraph; `published_at` is only as precise as a day.

    `canonical_url` is the address the page gives itself where that can be believed, else the one it was read from.
    """

    title: str
    lead: str
    text: str
    author: str
    site_name: str
    image_url: str | None
    language: str | None
    published_at: datetime | None
    canonical_url: str


def extract(body: bytes, url: str, content_type: str, charset: str | None, now: datetime, min_words: int) -> Page:
    """The article on the page that was read from `url`.

    `charset` is what the Content-Type header says. Raises NoText where the body is no page, or has fewer than
    `min_words` words of running text.
    """
    if content_type not in _PAGES | {_UNKNOWN} or _is_binary(body):
        raise NoText(f"{url}: it is no web page ({content_type}): give the address of a page with text")
    tree, found = _read(_decoded(body, charset), url, now)
    title = plain.line(found.title or "", TITLE_CHARACTERS) if found else ""
    text = _without(title, plain.paragraphs(found.text or "")) if found else ""
    if found is None or len(text.split()) < min_words:
        raise NoText(
            f"{url}: {len(text.split())} words of text where {min_words} are needed: "
            "the page may want a login or a browser with scripts"
        )
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
    )


def lead(description: str, text: str) -> str:
    """What a card shows under the title: the page's own description, or else how its text begins."""
    own = plain.line(plain.from_html(description))
    return plain.shorten(own or plain.line(text), LEAD_CHARACTERS)


def _read(markup: str, url: str, now: datetime) -> tuple[Any, Document | None]:
    dates = {"extensive_search": False, "original_date": True, "max_date": now.strftime("%Y-%m-%d")}
    try:
        tree = load_html(markup)
        if tree is None:
            return None, None
        found = trafilatura.bare_extraction(
            tree, url=url, with_metadata=True, include_comments=False, date_extraction_params=dates
        )
    except Exception as error:  # whatever a stranger's page does to the extractor is its fault
        raise NoText(f"{url}: the page cannot be read ({type(error).__name__}): choose another source") from error
    return tree, found


def _without(title: str, text: str) -> str:
    """The text alone: many a page's text starts with its heading, which would stand twice on a card."""
    first, _, rest = text.partition("\n")
    return rest if title.casefold().startswith(first.casefold()) else text


def _site_name(name: str) -> str:
    """The name a site calls itself; a bare host is none, and need not even be this site's own."""
    clean = plain.line(name, NAME_CHARACTERS)
    return "" if "." in clean and " " not in clean else clean


def _is_binary(body: bytes) -> bool:
    return b"\0" in body[:1024] and not body.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))


def _decoded(body: bytes, header: str | None) -> str:
    """Text by the first charset that fits every byte: byte order mark, header, the page itself, UTF-8, a guess."""
    start = body[:4096]
    mark = next((name for bom, name in _BOMS if start.startswith(bom)), None)
    inside = _META_CHARSET.search(start) or _XML_ENCODING.search(start)
    for name in (mark, header, inside and inside[1].decode("ascii"), "utf-8"):
        with contextlib.suppress(LookupError, UnicodeError):
            return body.decode(_codec(name or ""))
    guess = charset_normalizer.from_bytes(body[:50_000], cp_isolation=_LIKELY_CODECS).best()
    return body.decode(guess.encoding if guess else "utf-8", errors="replace")


def _codec(name: str) -> str:
    """The codec browsers use for this name. Raises LookupError where there is none for text."""
    found = codecs.lookup(name.strip("\"' ")).name
    if found in _NOT_FOR_PAGES:
        raise LookupError(found)
    return _AS_BROWSERS_DO.get(found, found)


def _canonical(tree: Any, url: str) -> str:
    """The address the page claims, if it may: it speaks for its own site only, and not as that site's front page."""
    own = urls.canonical(url)
    for link in tree.iterfind(".//link[@rel='canonical']"):
        try:
            claimed = urls.canonical(urljoin(url, link.get("href", "")))
        except (ValueError, urls.BadAddress):
            continue
        if _site(claimed) == _site(own) and not is_front(claimed):
            return claimed
    return own


def is_front(url: str) -> bool:
    """Whether a canonical address is a site's front page."""
    parts = urlsplit(url)
    return parts.path in ("", "/") and not parts.query


def _site(url: str) -> str:
    """The part of a host that one owner registered, such as `ports.co.uk`; the whole host where that is not known."""
    return tld.get_fld(url, fail_silently=True, search_private=True) or urlsplit(url).netloc.removeprefix("www.")


def _image(address: str | None, url: str) -> str | None:
    try:
        found = urljoin(url, plain.line(address or ""))
        urls.canonical(found)
    except (ValueError, urls.BadAddress):
        return None
    return found if address else None


def _day(date: str | None) -> datetime | None:
    return datetime.strptime(date, "%Y-%m-%d").replace(tzinfo=UTC) if date else None
