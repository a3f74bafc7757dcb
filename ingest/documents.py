"""A file that the organisation itself hands in, as a page: Markdown, HTML, Word, PDF or plain text.

Of a stranger's page only the article is kept; what colleagues hand in is kept whole. Only a whole HTML page is treated
as any page, since it brings its menus along. Nothing is fetched, and nothing but the given bytes is read.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import PurePath
from typing import Final

from lxml import html
from markdown_it import MarkdownIt

from ingest import charset, docx, extract, pdf, plain
from ingest.extract import NoText, Page

MARKDOWN: Final = "text/markdown"
HTML: Final = "text/html"
DOCX: Final = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
PDF: Final = "application/pdf"
TEXT: Final = "text/plain"

_SUFFIXES: Final = {
    ".md": MARKDOWN,
    ".markdown": MARKDOWN,
    ".html": HTML,
    ".htm": HTML,
    ".xhtml": HTML,
    ".docx": DOCX,
    ".pdf": PDF,
    ".txt": TEXT,
    ".text": TEXT,
}
_WHOLE_PAGE: Final = re.compile(r"<(!doctype\s+html|html|head|body)\b", re.IGNORECASE)
_START: Final = 4096
_FRONT_MATTER: Final = re.compile(r"\A\ufeff?---[ \t]*\r?\n(.{0,5000}?)\r?\n(---|\.\.\.)[ \t]*(\r?\n|\Z)", re.DOTALL)
_FIELD: Final = re.compile(r"^(\w+)[ \t]*:[ \t]*(.+?)[ \t]*$", re.MULTILINE)
_DAY: Final = re.compile(r"(?:D:)?(\d{4})-?(\d\d)-?(\d\d)")
_OF_PROGRAMS: Final = re.compile(
    r"(microsoft (word|powerpoint) - .*|untitled.*|naamloos.*|document ?\d*|.*\.(docx?|pdf|pptx?|indd|tmp))",
    re.IGNORECASE,
)
"""Titles that programs fill in of their own accord."""
_LONGEST_HEADING: Final = 150
_NO_HEADING: Final = (".", ",", ";", "!", "…")


def kind_of(name: str) -> str | None:
    """The media type that the name of a file stands for; None for one that cannot be read."""
    return _SUFFIXES.get(PurePath(name).suffix.lower())


def read(content: bytes, kind: str, name: str, now: datetime, min_words: int) -> Page:
    """What the file says; messages call it `name`.

    The title is that of its properties, its first heading, or its first line. Raises NoText where it cannot be read, is
    of another kind, or has fewer than `min_words` words.
    """
    if kind in _OF_BYTES:
        return _page(_OF_BYTES[kind](content, name), name, now, min_words)
    if kind not in _OF_CHARACTERS:
        raise NoText(f"{name}: its kind, {kind}, cannot be read: hand in Markdown, HTML, .docx, PDF or plain text")
    if charset.is_binary(content):
        raise NoText(f"{name}: it is no text: save it as plain text, or hand in the .docx or PDF file itself")
    written = charset.decoded(content, None)
    if kind == HTML and _WHOLE_PAGE.search(written[:_START]):
        return extract.from_markup(written, name, None, now, min_words)
    return _page(_OF_CHARACTERS[kind](written), name, now, min_words)


@dataclass(frozen=True, slots=True)
class _Draft:
    """What is in a file; `made` is the date in its properties, as it stands there."""

    title: str
    text: str
    author: str = ""
    description: str = ""
    made: str = ""


def _page(found: _Draft, name: str, now: datetime, min_words: int) -> Page:
    words = len(found.text.split())
    if words < max(min_words, 1):
        raise NoText(
            f"{name}: {words} words of text where {max(min_words, 1)} are needed: "
            "hand in a file with words in it that can be selected, and no pictures of words"
        )
    return Page(
        title=found.title,
        lead=extract.lead(found.description, extract.without(found.title, found.text) or found.text),
        text=found.text,
        author=plain.line(found.author, extract.NAME_CHARACTERS),
        site_name="",
        image_url=None,
        language=None,
        published_at=_day(found.made, now),
        canonical_url=None,
    )


def _plain(written: str) -> _Draft:
    text = plain.paragraphs(written)
    return _Draft(_first_line(text), text)


def _fragment(written: str) -> _Draft:
    """A piece of HTML as an editor or another program writes it: all of its words."""
    return _Draft(_heading(written), plain.from_html(written))


def _markdown(written: str) -> _Draft:
    front = _FRONT_MATTER.match(written)
    told = {key.lower(): value.strip("\"'") for key, value in _FIELD.findall(front[1])} if front else {}
    markup = MarkdownIt("commonmark").enable("table").render(written[front.end() :] if front else written)
    title, text = _titled(told.get("title", "") or _heading(markup), plain.from_html(markup))
    return _Draft(title, text, told.get("author", ""), told.get("description", ""), told.get("date", ""))


def _docx(content: bytes, name: str) -> _Draft:
    found = docx.read(content, name)
    title, text = _titled(_own(found.title) or _heading(found.html), plain.from_html(found.html))
    return _Draft(title, text, found.author, found.subject, found.made)


def _pdf(content: bytes, name: str) -> _Draft:
    found = pdf.read(content, name)
    title, text = _titled(_own(found.title), plain.paragraphs(found.text))
    return _Draft(title, text, found.author, found.subject, found.made)


def _titled(title: str, text: str) -> tuple[str, str]:
    """A title, if need be the first line, and the text without it; a text that is nothing but its title stays."""
    said = plain.line(title, extract.TITLE_CHARACTERS) or _first_line(text)
    return said, (extract.without(said, text) or text) if said else text


def _own(title: str) -> str:
    """A title out of the properties, if a person wrote it."""
    return "" if _OF_PROGRAMS.fullmatch(plain.line(title)) else title


def _heading(markup: str) -> str:
    """The first heading of the highest level, empty where there is none."""
    if "<h" not in markup.lower():
        return ""
    root = html.document_fromstring(f"<div>{markup}</div>".encode(), parser=html.HTMLParser(encoding="utf-8"))
    levels = (next(root.iter(f"h{level}"), None) for level in range(1, 7))
    found = next((heading for heading in levels if heading is not None), None)
    return "" if found is None else plain.line(found.text_content(), extract.TITLE_CHARACTERS)


def _first_line(text: str) -> str:
    """How the text begins, if that reads like a heading and more follows."""
    first, _, rest = text.partition("\n")
    return first if rest and len(first) <= _LONGEST_HEADING and not first.endswith(_NO_HEADING) else ""


def _day(date: str, now: datetime) -> datetime | None:
    """The day that a date of any of these kinds of file begins with; None for one still to come."""
    found = _DAY.match(date)
    try:
        day = datetime.strptime("".join(found.groups()), "%Y%m%d").replace(tzinfo=UTC) if found else None
    except ValueError:
        return None
    return day if day is not None and day <= now else None


_OF_CHARACTERS: Final[Mapping[str, Callable[[str], _Draft]]] = {MARKDOWN: _markdown, HTML: _fragment, TEXT: _plain}
_OF_BYTES: Final[Mapping[str, Callable[[bytes, str], _Draft]]] = {DOCX: _docx, PDF: _pdf}
