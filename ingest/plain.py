"""Plain text: what is left of a stranger's words when nothing in them can hide, run or wreck a page."""

import re
import sys
import unicodedata
from functools import cache
from itertools import groupby
from typing import Final

from lxml import etree, html

MOST_MARKS: Final = 4
"""Accents that may stand on one letter; no script needs more, and a tower of them covers the lines around it."""

_INVISIBLE: Final = re.compile(
    "[\x00-\x08\x0e-\x1b\x7f-\x84\x86-\x9f"  # control characters, but for white space
    "\u00ad\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb"  # zero-width, direction marks
    "\U0001bca0-\U0001bca3\U0001d173-\U0001d17a"  # marks of shorthand and of music
    "\U000e0000-\U000e007f\ud800-\udfff\ufffe\uffff]"  # invisible tags, halves of surrogate pairs, no characters
)
_REFERENCE: Final = re.compile(r"&#(?:x([0-9a-f]{1,8})|([0-9]{1,8}));?", re.IGNORECASE)
_SILENT: Final = ("script", "style", "template", "noscript", "iframe", "object", "svg", "title")
_BLOCKS: Final = (
    *("p", "div", "br", "hr", "li", "ul", "ol", "dl", "dt", "dd", "tr", "td", "th", "table", "blockquote", "pre"),
    *("h1", "h2", "h3", "h4", "h5", "h6", "section", "article", "header", "footer", "figure", "figcaption", "aside"),
)


def line(text: str, limit: int | None = None) -> str:
    """One clean line: NFC, single spaces, nothing invisible, no towers of accents.

    It is cut at a word boundary where longer than `limit`.
    """
    clean = " ".join(text.split())
    if not clean.isprintable():  # most text is, and needs no second look
        clean = " ".join(_INVISIBLE.sub("", clean).split())
    if not clean.isascii():
        low = _without_towers(clean)  # before it is composed: for a tower that takes the square of its height
        clean = _without_towers(unicodedata.normalize("NFC", low))
    return clean if limit is None else shorten(clean, limit)


def paragraphs(text: str) -> str:
    """Clean lines, empty ones left out: one per paragraph."""
    return "\n".join(filter(None, map(line, text.splitlines())))


def from_html(markup: str) -> str:
    """The words of a piece of HTML, one line per block. Text without markup is taken as one block."""
    flat = line(markup)  # a line break in HTML is a space
    if "<" not in flat and "&" not in flat:
        return flat
    parser = html.HTMLParser(encoding="utf-8", remove_comments=True, remove_pis=True)
    root = html.document_fromstring(f"<div>{_REFERENCE.sub(_meant, flat)}</div>".encode(), parser=parser)
    etree.strip_elements(root, *_SILENT, with_tail=False)
    for block in root.iter(*_BLOCKS):
        block.text = "\n" + (block.text or "")
        block.tail = "\n" + (block.tail or "")
    return paragraphs(root.text_content())


def _meant(reference: re.Match[str]) -> str:
    """A reference to a character by its number; a space where the number is no character that a tree may hold."""
    hexadecimal, decimal = reference.groups()
    code = int(hexadecimal, 16) if hexadecimal else int(decimal)
    fits = code <= sys.maxunicode and chr(code).isprintable()
    return reference[0] if fits else " "


def _without_towers(text: str) -> str:
    return _towers().sub(lambda tower: tower[0][:MOST_MARKS], text)


@cache
def _towers() -> re.Pattern[str]:
    """More combining marks in a row than fit on a letter."""
    common, rare = _marks(0x300, 0xFFFF), _marks(0x10000, 0x1FFFF) + "\U000e0100-\U000e01ef"
    maybe = f"(?=[{common}\U00010000-\U0010ffff])"  # a long class of rare characters is slow to look through
    return re.compile(f"{maybe}[{common}{rare}]{{{MOST_MARKS + 1},}}")


def _marks(first: int, last: int) -> str:
    """The combining marks among these code points, as ranges of a character class."""
    marks = (code for code in range(first, last + 1) if unicodedata.category(chr(code)).startswith("M"))
    runs = groupby(enumerate(marks), lambda pair: pair[1] - pair[0])
    ends = ([code for _, code in run] for _, run in runs)
    return "".join(f"{chr(run[0])}-{chr(run[-1])}" for run in ends)


def shorten(text: str, limit: int) -> str:
    """At most `limit` characters of `text`, cut between words and marked with an ellipsis."""
    if len(text) <= limit:
        return text
    head = text[:limit]
    words, _, _ = head.rpartition(" ")
    return (words or head[:-1]).rstrip(" ,;:.-–") + "…"
