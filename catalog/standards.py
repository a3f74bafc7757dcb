"""Published standards whose codes the taxonomy names: what they say about our concepts, read from the published files.

ESCO (occupations, by their ISCO-08 group) tells of functions, NACE of industries, IPTC Media Topics of topics.
"""

import csv
import gzip
import hashlib
import io
import json
import re
import zlib
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from catalog.errors import Invalid
from catalog.taxonomy import LANGUAGES, Taxonomy

MAX_BYTES: Final = 100_000_000
"""Of a file once it is unpacked."""
WORDS: Final = 100
"""Words of a text that are kept: an article is tagged by how it begins, too."""

_SECTIONS: Final = dict(
    zip(
        (1, 5, 10, 35, 36, 41, 45, 49, 55, 58, 61, 64, 68, 69, 77, 84, 85, 86, 90, 94, 97, 99),
        "ABCDEFGHIJKLMNOPQRSTUV",
        strict=True,
    )
)
"""The first division of each section of NACE Rev. 2.1. Divisions of Rev. 2 have the same numbers, though its sections
have other letters; the few classes that moved to another division are counted where they were."""

_LANGUAGE: Final = re.compile(rf"[-_.]({'|'.join(LANGUAGES)})(?=[-_.])")
_BARE: Final = ("level", "code", "label", "", "includes")
_NAMES: Final = {"description": "label", "heading": "label", "name": "label", "this item includes": "includes"}


class BadStandard(Invalid):
    """The file is not of the form that the standard is published in."""

    code = "bad_standard"


@dataclass(frozen=True, slots=True)
class BorrowedText:
    """A text that a standard has about one concept. `code` is the standard's."""

    standard: str
    language: str
    facet: str
    concept: str
    code: str
    text: str


Told = tuple[str, tuple[str, ...], str]
"""A language, the codes that a text is about from the nearest to the widest, and the text."""


@dataclass(frozen=True, slots=True)
class Standard:
    """A published vocabulary. Whoever shows its texts shows `attribution` with them."""

    name: str
    facet: str
    scheme: str
    attribution: str
    told: Callable[[str, str], "Iterator[Told]"]
    """From the file's content and the language of its labels to texts, each with where it belongs."""
    in_all_languages: bool = False


def edition(standard: Standard, path: Path, language: str | None = None) -> str:
    """What tells files of one standard apart: the language of its labels, or `all`.

    Without `language` the file's name has to tell, as in `occupations_nl.csv`. Raises BadStandard.
    """
    if standard.in_all_languages:
        return "all"
    found = _LANGUAGE.search(path.name.lower())
    said = language or (found.group(1) if found else "")
    if said not in LANGUAGES:
        raise BadStandard(f"{path}: say its language with --language {' or '.join(LANGUAGES)}")
    return said


def read(standard: Standard, path: Path, taxonomy: Taxonomy, spoken_in: str) -> list[BorrowedText]:
    """What an edition says about concepts in use, in our languages. Its file may be packed with gzip.

    Raises BadStandard.
    """
    known = by_code(taxonomy, standard.facet, standard.scheme)
    found: dict[tuple[str, str, str], BorrowedText] = {}
    try:
        for spoken, codes, text in standard.told(unpacked(path), spoken_in):
            concept = placed(codes, known)
            short = " ".join(text.split()[:WORDS])
            if concept and short and spoken in LANGUAGES:
                told = BorrowedText(standard.name, spoken, standard.facet, concept, codes[0], short)
                found.setdefault((spoken, concept, short), told)
    except (csv.Error, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        why = str(error) or type(error).__name__
        raise BadStandard(f"{path} is not {standard.name} as it is published ({why}): download it again") from error
    if not found:
        raise BadStandard(f"{path} says nothing about our {standard.facet} concepts: is it really {standard.name}?")
    return list(found.values())


def capped(texts: Iterable[BorrowedText], most: int) -> list[BorrowedText]:
    """At most so many texts of each concept and language, always the same ones: those of the lowest digests."""
    groups: dict[tuple[str, str], list[BorrowedText]] = defaultdict(list)
    for text in texts:
        groups[text.language, text.concept].append(text)
    lot = [sorted(group, key=lambda text: hashlib.sha256(text.text.encode()).digest()) for group in groups.values()]
    return [text for group in lot for text in group[:most]]


def by_code(taxonomy: Taxonomy, facet: str, scheme: str) -> dict[str, str]:
    """Which concept a code of this scheme belongs to."""
    return {
        code.removeprefix(f"{scheme}:"): concept.id
        for concept in taxonomy.facets[facet].values()
        for code in concept.codes
        if code.startswith(f"{scheme}:")
    }


def beginnings(code: str) -> tuple[str, ...]:
    """A code and all that it begins with, the longest first."""
    return tuple(code[:size] for size in range(len(code), 0, -1))


def placed(codes: Iterable[str], known: Mapping[str, str]) -> str | None:
    """The concept of the first of these codes that has one."""
    return next((known[code] for code in codes if code in known), None)


def nace_section(code: str) -> str:
    """The letter of the NACE Rev. 2.1 section that a division, group or class such as `62.01` is in."""
    return _SECTIONS[max(first for first in _SECTIONS if first <= int(code[:2]))]


def unpacked(path: Path) -> str:
    """The text of a file, also of one that is packed with gzip. Raises BadStandard."""
    try:
        with path.open("rb") as file:
            packed = file.read(2) == b"\x1f\x8b"
        with gzip.open(path) if packed else path.open("rb") as content:
            read_ = content.read(MAX_BYTES + 1)
    except (OSError, EOFError, zlib.error) as error:
        raise BadStandard(f"{path} cannot be read: {getattr(error, 'strerror', None) or error}") from error
    if len(read_) > MAX_BYTES:
        raise BadStandard(f"{path} has more than {MAX_BYTES // 1_000_000} MB: that is no such file")
    try:
        return read_.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise BadStandard(f"{path} is not UTF-8: unpack it, or save it again as UTF-8") from None


def _esco(content: str, language: str) -> Iterator[Told]:
    """Descriptions of occupations, in one language."""
    for row in csv.DictReader(io.StringIO(content, newline="")):
        yield language, beginnings(row["iscoGroup"]), row["description"] or ""


def _nace(content: str, language: str) -> Iterator[Told]:
    """Divisions, groups and classes: labels in one language, notes, which are always in English.

    Sections say little, and have other letters in Rev. 2. With or without a line of column names.
    """
    names: list[str] = list(_BARE)
    for row in csv.reader(io.StringIO(content, newline="")):
        said = [cell.strip().lower() for cell in row]
        if "code" in said:
            names = [_NAMES.get(cell, cell) for cell in said]
            continue
        cells = dict(zip(names, row, strict=False))
        code = cells["code"].strip()
        if code[:2].isdigit():
            codes = beginnings(nace_section(code) + code.replace(".", ""))
            yield language, codes, cells["label"]
            if len(row) > len(_BARE):  # the short form has no such column
                yield "en", codes, cells.get("includes", "")


def _iptc(content: str, _language: str) -> Iterator[Told]:
    """Definitions; a topic without a code of ours speaks for the nearest one above it that has one."""
    concepts = {_topic(each["uri"]): each for each in json.loads(content)["conceptSet"]}
    for code, concept in concepts.items():
        if "retired" not in concept:
            for spoken, text in concept.get("definition", {}).items():
                yield spoken[:2], _line(code, concepts), text


def _line(code: str, concepts: Mapping[str, Any]) -> tuple[str, ...]:
    """A topic's code and those above it."""
    line = [code]
    while above := [_topic(each) for each in concepts.get(line[-1], {}).get("broader", [])]:
        if above[0] in line:
            break
        line.append(above[0])
    return tuple(line)


def _topic(uri: str) -> str:
    return uri.rpartition("/")[2]


STANDARDS: Final[Mapping[str, Standard]] = {
    standard.name: standard
    for standard in (
        Standard(
            "esco",
            "function",
            "isco",
            "ESCO classification of the European Commission; ISCO-08 of the International Labour Organization",
            _esco,
        ),
        Standard("nace", "industry", "nace", "NACE, statistical classification of Eurostat, European Union", _nace),
        Standard(
            "iptc",
            "topic",
            "medtop",
            "IPTC Media Topics, © IPTC, CC BY 4.0 (https://creativecommons.org/licenses/by/4.0/)",
            _iptc,
            in_all_languages=True,
        ),
    )
}
