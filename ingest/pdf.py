"""The text of a PDF file: lines as they stand on the page, put together to paragraphs again."""

import re
from collections import Counter
from dataclasses import dataclass
from itertools import chain, pairwise
from typing import Final

import pypdfium2

from ingest.extract import NoText

MOST_PAGES: Final = 200

_HYPHEN: Final = re.compile("[\x02\ufffe] ?(?=(\\S?))|(?<=[^\\W\\d_])- (?=([a-zà-ÿ]))")
"""What pdfium puts in the place of a hyphen at the end of a line; at the end of a page it stays a hyphen."""
_PAGE_NUMBER: Final = re.compile(
    r"\W*((page|pagina|seite)\s+)?\d{1,4}(\s*(/|of|van|von|de|sur)\s*\d{1,4})?\W*", re.IGNORECASE
)
_ENDS: Final = (".", "!", "?", "…", ":", "”", '"', "’")
_BULLETS: Final = ("•", "-", "–", "▪", "◦", "*", "·")
_BROKEN_OFF: Final = 0.8
"""A line shorter than this share of a full one may be the last of its paragraph."""
_OFTEN: Final = 3
"""On so many pages the same line stands at the edge: then it is a running title."""


@dataclass(frozen=True, slots=True)
class Pdf:
    """`text` has a line per paragraph; `made` is when it was made, as PDF writes it (`D:20260216083000+01'00'`)."""

    title: str
    author: str
    subject: str
    made: str
    text: str


def read(content: bytes, name: str) -> Pdf:
    """What the file says. Raises NoText, which calls it `name`."""
    try:
        document = pypdfium2.PdfDocument(content)
    except pypdfium2.PdfiumError as error:
        raise NoText(f"{name}: {_why(str(error))}") from error
    try:
        if len(document) > MOST_PAGES:
            raise NoText(
                f"{name}: it has {len(document)} pages where {MOST_PAGES} is the most: hand in the part to be read"
            )
        told = document.get_metadata_dict()
        pages = [_text(page) for page in document]
    except pypdfium2.PdfiumError as error:
        raise NoText(f"{name}: {_why(str(error))}") from error
    finally:
        document.close()
    return Pdf(told["Title"], told["Author"], told["Subject"], told["CreationDate"], paragraphs(pages))


def paragraphs(pages: list[str]) -> str:
    """The pages' texts as one: a line per paragraph, words in one piece, no page numbers or running titles."""
    lines = _without_edges([[line for line in map(str.strip, page.splitlines()) if line] for page in pages])
    if not lines:
        return ""
    full = sorted(map(len, lines))[-(len(lines) // 10) - 1]  # but for the few that stick out
    joined = lines[0]
    for before, line in pairwise(lines):
        joined += ("\n" if _ends_there(before, line, full) else " ") + line
    return _HYPHEN.sub(_joint, joined)


def _text(page: pypdfium2.PdfPage) -> str:
    textpage = page.get_textpage()
    try:
        return str(textpage.get_text_bounded())
    finally:
        textpage.close()
        page.close()


def _without_edges(pages: list[list[str]]) -> list[str]:
    """All lines but page numbers, and what stands first or last on many pages."""
    edges = Counter(chain.from_iterable({page[0], page[-1]} for page in pages if page))
    kept = []
    for page in pages:
        for place, line in enumerate(page):
            at_edge = place in (0, len(page) - 1)
            if not (at_edge and (edges[line] >= _OFTEN or _PAGE_NUMBER.fullmatch(line))):
                kept.append(line)
    return kept


def _ends_there(before: str, line: str, full: int) -> bool:
    """Whether a paragraph ends between these two lines, as far as their shape tells."""
    if line.startswith(_BULLETS):
        return True
    return len(before) < _BROKEN_OFF * full and (before.endswith(_ENDS) or not line[0].islower())


def _joint(hyphen: re.Match[str]) -> str:
    """Nothing between the halves of a word; a hyphen before a capital or a digit, as in Noord-Holland."""
    return "" if (hyphen[1] or hyphen[2] or "").islower() else "-"


def _why(problem: str) -> str:
    if "password" in problem.lower() or "security" in problem.lower():
        return "it is protected with a password: save it without one"
    return "it is damaged, or no PDF file: save it as PDF again"
