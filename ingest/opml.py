"""Lists of feeds in and out, as OPML: what every feed reader exports and imports."""

import html
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from email.utils import format_datetime
from typing import Final

from lxml import etree

from catalog.errors import Invalid
from ingest import items, language, plain

MOST_OUTLINES: Final = 10_000
TITLE_CHARACTERS: Final = 300

_NO_OPML: Final = "this file is no OPML: export the list from your feed reader as OPML"
_OPML: Final = re.compile(r"<opml\b", re.IGNORECASE)
_OUTLINE: Final = re.compile(r"<outline\b", re.IGNORECASE)
_ATTRIBUTE: Final = re.compile(r"""[\s"']([A-Za-z_][\w:.-]{0,40})\s?=\s?(["'])""")
_ENTITY: Final = re.compile(r"&(?:#\d{1,7}|#[xX][0-9a-fA-F]{1,6}|[A-Za-z]\w{1,30});")  # not `&copy=1`, as in addresses
_FEED_SCHEME: Final = re.compile(r"feed:(?:(?://)?(https?:)|(?=//))", re.IGNORECASE)  # `feed:https://a`, `feed://a`


class NotAnOpml(Invalid):
    """The file holds no list of feeds."""

    code = "not_an_opml"


@dataclass(frozen=True, slots=True)
class Outline:
    """A feed in a list, whatever folder it is in. `url` is canonical."""

    url: str
    title: str = ""
    language: str | None = None


@dataclass(frozen=True, slots=True)
class Outlines:
    """The feeds of a list in its own order, and one line for each entry that is none."""

    found: tuple[Outline, ...]
    problems: tuple[str, ...]


def read(body: bytes) -> Outlines:
    """The feeds in an OPML file of any version and in any state, each address once.

    Links to pages and to other lists are passed by. Raises NotAnOpml where there is no feed in the file.
    """
    found: dict[str, Outline] = {}
    problems: list[str] = []
    for number, told in enumerate(_tags(body)):
        if number >= MOST_OUTLINES:
            problems.append(f"only the first {MOST_OUTLINES} entries were read: split the file")
            break
        outline = _outline(told)
        if isinstance(outline, str):
            problems.append(outline)
        elif outline is not None and outline.url in found:
            problems.append(f"{outline.url} is in the file twice: the first counts")
        elif outline is not None:
            found[outline.url] = outline
    if not found:
        told_why = f" ({problems[0]})" if problems else ""
        raise NotAnOpml(f"there is no feed in this file{told_why}: export the list from your feed reader as OPML")
    return Outlines(tuple(found.values()), tuple(problems))


def write(outlines: Iterable[Outline], title: str, now: datetime) -> bytes:
    """An OPML 2.0 file of these feeds; what `read` reads back."""
    root = etree.Element("opml", version="2.0")
    head = etree.SubElement(root, "head")
    etree.SubElement(head, "title").text = plain.line(title)
    etree.SubElement(head, "dateCreated").text = format_datetime(now)
    body = etree.SubElement(root, "body")
    for outline in outlines:
        name = plain.line(outline.title)
        told = {"type": "rss", "text": name or outline.url, "title": name, "xmlUrl": outline.url}
        if outline.language:
            told["language"] = outline.language
        etree.SubElement(body, "outline", {key: value for key, value in told.items() if value})
    return bytes(etree.tostring(root, xml_declaration=True, encoding="UTF-8", pretty_print=True))


def _tags(body: bytes) -> Iterator[dict[str, str]]:
    """The attributes of each outline, their names in lower case.

    Most lists in use are broken XML: `&` and quotes are written as they are. Mending parsers drop such an entry, or
    worse, make another address of it, so what is no XML is read as text. Nothing in it is opened or expanded.
    """
    parser = etree.XMLParser(resolve_entities=False, load_dtd=False, no_network=True, huge_tree=False)
    try:
        root = etree.fromstring(body, parser)
    except (etree.XMLSyntaxError, ValueError):
        yield from _scanned(_decoded(body))
        return
    if etree.QName(root).localname.lower() != "opml":
        raise NotAnOpml(_NO_OPML)
    for node in root.iter("{*}outline"):
        yield {str(name).lower(): str(value) for name, value in node.attrib.items()}


def _scanned(text: str) -> Iterator[dict[str, str]]:
    if not _OPML.search(text):
        raise NotAnOpml(_NO_OPML)
    first, *comments = text.split("<!--")
    shown = "".join((first, *(comment.partition("-->")[2] for comment in comments)))
    for rest in _OUTLINE.split(shown)[1:]:
        names = list(_ATTRIBUTE.finditer(rest))
        ends = [*(name.start() + 1 for name in names[1:]), len(rest)][: len(names)]
        values = [rest[name.end() : end].rpartition(name[2])[0] for name, end in zip(names, ends, strict=True)]
        yield {name[1].lower(): _ENTITY.sub(_unescaped, value) for name, value in zip(names, values, strict=True)}


def _unescaped(entity: re.Match[str]) -> str:
    return html.unescape(entity[0])


def _decoded(body: bytes) -> str:
    try:
        return body.decode("utf-8-sig")
    except UnicodeDecodeError:
        return body.decode("cp1252", errors="replace")


def _outline(told: dict[str, str]) -> Outline | str | None:
    """The feed in an outline; None for a folder or another kind of link, a line for a feed without an address."""
    name = _name(told)
    is_feed = told.get("type", "").strip().lower() in ("rss", "atom", "feed")
    link = told.get("xmlurl") or (told.get("url") if is_feed else None)
    if link is None:
        return f"{name or 'an entry'!r} has no address: add its xmlUrl" if is_feed else None
    address = items.address(_on_the_web(link.strip()))
    if address is None:
        return f"{name!r} has no address of a feed ({plain.line(link, 80)!r}): give one that starts with https://"
    return Outline(address[1], "" if name == plain.line(link) else name, language.code(told.get("language")))


def _on_the_web(link: str) -> str:
    scheme = _FEED_SCHEME.match(link)
    return (scheme[1] or "http:") + link[scheme.end() :] if scheme else link


def _name(told: dict[str, str]) -> str:
    markup = (told.get("title") or told.get("text") or "")[: items.MOST_MARKUP]
    return plain.line(plain.from_html(markup), TITLE_CHARACTERS)
