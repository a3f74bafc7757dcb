"""Plain text: what is left of a stranger's words when nothing in them can hide, run or wreck a page."""

import re
import unicodedata
from typing import Final

from lxml import etree, html

_INVISIBLE: Final = re.compile(
    "[\x00-\x08\x0e-\x1b\x7f-\x84\x86-\x9f"  # control characters, but for white space
    "\u00ad\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb"  # zero-width, direction marks
    "\U000e0000-\U000e007f\ud800-\udfff]"  # invisible tags, halves of surrogate pairs
)
_SILENT: Final = ("script", "style", "template", "noscript", "iframe", "object", "svg", "title")
_BLOCKS: Final = (
    *("p", "div", "br", "hr", "li", "ul", "ol", "dl", "dt", "dd", "tr", "td", "th", "table", "blockquote", "pre"),
    *("h1", "h2", "h3", "h4", "h5", "h6", "section", "article", "header", "footer", "figure", "figcaption", "aside"),
)


def line(text: str, limit: int | None = None) -> str:
    """One clean line: NFC, single spaces, nothing invisible; cut at a word boundary where longer than `limit`."""
    clean = " ".join(_INVISIBLE.sub("", unicodedata.normalize("NFC", text)).split())
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
    root = html.document_fromstring(f"<div>{flat}</div>".encode(), parser=parser)
    etree.strip_elements(root, *_SILENT, with_tail=False)
    for block in root.iter(*_BLOCKS):
        block.text = "\n" + (block.text or "")
        block.tail = "\n" + (block.tail or "")
    return paragraphs(root.text_content())


def shorten(text: str, limit: int) -> str:
    """At most `limit` characters of `text`, cut between words and marked with an ellipsis."""
    if len(text) <= limit:
        return text
    head = text[:limit]
    words, _, _ = head.rpartition(" ")
    return (words or head[:-1]).rstrip(" ,;:.-–") + "…"
