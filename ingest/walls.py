"""What stands between a reader and an article: paywalls, cookie walls, and pages that show a notice and nothing else.

Pure, and careful: an article *about* cookies, robots or paywalls is an article. What a page declares in its markup
counts always; what its words say counts only in short texts, outside quotation marks, where they address the reader.
"""

import json
import re
from collections.abc import Iterator
from enum import StrEnum
from typing import Any, Final

from ingest import plain
from ingest.notices import ACCEPT_TO_READ, NOTICES, SUBSCRIBE, Notice

LONGEST: Final = 6000
"""Characters: the words of longer texts are not looked at."""

_BROKEN_OFF: Final = 300
"""Words: a text that ends at a wall is no longer than this."""
_MOST: Final = 0.6
"""Share of its words that a notice has in sentences about its matter."""
_TELLING: Final = 0.2
"""Share of its words that a notice has in sentences that only a notice has."""
_FEW_LINES: Final = 5
"""A page of links has at least so many lines."""

_ENDS: Final = (".", "!", "?", "…", "”")
_SENTENCES: Final = re.compile(r"(?<=[.!?…])\s+|\n")
_QUOTED: Final = re.compile('“[^“”]*”|‘[^‘’]*’|„[^„“”]*[“”]|«[^«»]*»|"[^"]*"')
_TITLE_PARTS: Final = re.compile(r"\s+[|–—•·-]\s+")
_SCHEMA_ORG: Final = re.compile(r"https?://schema\.org/", re.IGNORECASE)
_LOCKED: Final = ("locked", "metered")


class Barrier(StrEnum):
    """Why somebody who follows the link may not get to read the article."""

    PAYWALL = "paywall"
    COOKIES = "cookie wall"


def barrier(tree: Any, text: str) -> Barrier | None:
    """What a reader will probably meet on the page of this article; `tree` is the whole page."""
    if _declared(tree):
        return Barrier.PAYWALL
    if len(text) > LONGEST or len(text.split()) > _BROKEN_OFF:
        return None
    sentences = _sentences(text)
    if any(SUBSCRIBE.search(each) for each in sentences):
        return Barrier.PAYWALL
    if any(ACCEPT_TO_READ.search(each) for each in sentences):
        return Barrier.COOKIES
    return None


def notice(title: str, text: str) -> Notice | None:
    """The kind of notice that these words are, all in all; None for an article, and for words that say too little."""
    if len(text) > LONGEST:
        return None
    headings = {part.strip() for part in (title, *_TITLE_PARTS.split(title))}
    sentences = _sentences(text)
    return next((kind for kind in NOTICES if _is(kind, headings, sentences)), None)


def only_links(tree: Any, text: str) -> bool:
    """Whether the text is a list of links: no line ends as a sentence does, and most can be followed."""
    lines = text.splitlines()
    if len(text) > LONGEST or len(lines) < _FEW_LINES or any(line.endswith(_ENDS) for line in lines):
        return False
    linked = {plain.line(link.text_content()) for link in tree.iter("a")}
    return _words([line for line in lines if line.removeprefix("- ") in linked]) > _MOST * _words(lines)


def _is(kind: Notice, headings: set[str], sentences: list[str]) -> bool:
    words = _words(sentences)
    if words > kind.longest:
        return False
    titled = any(kind.headings.fullmatch(heading) for heading in headings)
    if not (titled or _keeps_to(kind, sentences, words)):
        return False
    telling = _words([each for each in sentences if kind.telling.search(each)])
    return (titled and (telling > 0 or not words)) or telling >= max(1, _TELLING * words)


def _keeps_to(kind: Notice, sentences: list[str], words: int) -> bool:
    """Whether most is about the matter of this notice; an article is given up after its first few sentences."""
    others = 0
    for each in sentences:
        if not (kind.about.search(each) or kind.telling.search(each)):
            others += len(each.split())
            if others > (1 - _MOST) * words:
                return False
    return True


def _sentences(text: str) -> list[str]:
    """What the text says itself: quotations are left out."""
    unquoted = _QUOTED.sub("", text)
    return [found for each in _SENTENCES.split(unquoted) if (found := each.strip(" -–•*"))]


def _words(sentences: list[str]) -> int:
    return sum(len(each.split()) for each in sentences)


def _declared(tree: Any) -> bool:
    """Whether the page says in its markup that it is not free to read."""
    return any(_says_locked(element) for element in tree.iter("meta", "script"))


def _says_locked(element: Any) -> bool:
    if element.tag == "meta":
        name = element.get("property") or element.get("name")
        return name == "article:content_tier" and (element.get("content") or "").strip().lower() in _LOCKED
    text = element.text or ""
    if element.get("type") != "application/ld+json" or "isAccessibleForFree" not in text:
        return False
    return any(_is_false(told.get("isAccessibleForFree")) for told in _described(text))


def _described(markup: str) -> Iterator[dict[str, Any]]:
    """What JSON-LD says of the page and of its parts; not of other pages that it lists."""
    try:
        told = json.loads(markup, strict=False)
    except (ValueError, RecursionError):
        return
    for item in _items(told):
        for each in (item, *_items(item.get("@graph"))):
            yield each
            for inside in ("hasPart", "mainEntity", "mainEntityOfPage"):
                yield from _items(each.get(inside))


def _items(told: object) -> list[dict[str, Any]]:
    found = told if isinstance(told, list) else [told]
    return [each for each in found if isinstance(each, dict)]


def _is_false(value: object) -> bool:
    return value is False or (isinstance(value, str) and _SCHEMA_ORG.sub("", value).strip().lower() == "false")
