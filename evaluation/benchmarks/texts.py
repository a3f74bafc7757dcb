"""Real texts with labels that nobody here gave, read from the folder that `--data` names (docs/benchmarks.md)."""

import csv
import gzip
import json
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from io import StringIO
from pathlib import Path
from typing import Final

import numpy as np

from catalog.errors import NotFound
from catalog.standards import beginnings, by_code, nace_section, placed
from catalog.taxonomy import LANGUAGES, Taxonomy

SAMPLE: Final = 1000
"""How many occupations per language; ESCO has three times as many."""

_SEED: Final = 1
_WORDS: Final = 100
"""An article is tagged by how it begins; so are these."""


class NoData(NotFound):
    """A file to measure on is missing."""

    code = "no_data"


@dataclass(frozen=True, slots=True)
class Labelled:
    """Texts of one kind; `concepts` are the ids of the concepts of `facet` that they belong to."""

    name: str
    facet: str
    texts: tuple[str, ...]
    concepts: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Sentences:
    """One part of SIB-200 in one language: sentences, and the topics they are labelled with."""

    texts: tuple[str, ...]
    topics: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Texts:
    """All that is measured on: what the codes of the taxonomy give a label to, and SIB-200."""

    labelled: tuple[Labelled, ...]
    train: Sentences
    tests: Mapping[str, Sentences]
    """By language."""


def read(data: Path, taxonomy: Taxonomy) -> Texts:
    """Every text, from the files in `data`. Raises NoData."""
    return Texts(
        labelled=(
            *(_occupations(data, taxonomy, language) for language in LANGUAGES),
            _industries(data, taxonomy),
            _topics(data, taxonomy),
        ),
        train=_sib200(data, "eng_Latn", "train"),
        tests={"en": _sib200(data, "eng_Latn", "test"), "nl": _sib200(data, "nld_Latn", "test")},
    )


def decided_on(data: Path, taxonomy: Taxonomy) -> tuple[Labelled, ...]:
    """One set per facet, large enough to decide on hundreds and to ask about as many others. Raises NoData."""
    return _occupations(data, taxonomy, "nl"), _industries(data, taxonomy), _every_topic(data, taxonomy)


def _sib200(data: Path, language: str, part: str) -> Sentences:
    """SIB-200: Adelani et al., "SIB-200: A simple, inclusive, and big evaluation dataset" (EACL 2024)."""
    with zipfile.ZipFile(_found(data / "sib200" / "sib200-nl-en.zip")) as archive:
        content = archive.read(f"data/annotated/{language}/{part}.tsv").decode()
    rows = list(csv.DictReader(StringIO(content), delimiter="\t", quoting=csv.QUOTE_NONE))
    return Sentences(tuple(row["text"] for row in rows), tuple(row["category"] for row in rows))


def _occupations(data: Path, taxonomy: Taxonomy, language: str) -> Labelled:
    """ESCO's descriptions of occupations; the function is that of the longest code their ISCO-08 group begins with."""
    functions = by_code(taxonomy, "function", "isco")
    rows = csv.DictReader(StringIO(_unpacked(data / "taxonomy" / f"esco-occupations-{language}.csv.gz")))
    told = [(row["description"], placed(beginnings(row["iscoGroup"]), functions)) for row in rows]
    known = [(text, function) for text, function in told if function]
    chosen = np.random.default_rng(_SEED).choice(len(known), min(SAMPLE, len(known)), replace=False)
    return _labelled(f"job descriptions, {language}", "function", [known[place] for place in sorted(chosen)])


def _industries(data: Path, taxonomy: Taxonomy) -> Labelled:
    """What divisions, groups and classes of NACE include, in English. Only the Dutch file has these notes."""
    industries = by_code(taxonomy, "industry", "nace")
    rows = csv.reader(StringIO(_unpacked(data / "taxonomy" / "nace-rev2-nl.csv.gz")))
    told = [(includes, nace_section(code)) for level, code, _, _, includes, *_ in rows if level != "1" and includes]
    return _labelled("industry notes, en", "industry", [(text, industries[section]) for text, section in told])


def _topics(data: Path, taxonomy: Taxonomy) -> Labelled:
    """IPTC's English definitions of what stands right below the top of its Media Topics."""
    tops = by_code(taxonomy, "topic", "medtop")
    known = json.loads(_unpacked(data / "taxonomy" / "iptc-mediatopics-2019.json.gz"))["conceptSet"]
    told = [
        (concept["definition"]["en-GB"], broader.rpartition("/")[2])
        for concept in known
        for broader in concept.get("broader", [])
    ]
    found = [
        (text, tops[code])
        for text, code in told
        if code in tops and taxonomy.concept("topic", tops[code]).parent is None
    ]
    return _labelled("topic definitions, en", "topic", found)


def _every_topic(data: Path, taxonomy: Taxonomy) -> Labelled:
    """IPTC's English definitions of all that stands below the tops of its Media Topics, at whatever depth."""
    tops = by_code(taxonomy, "topic", "medtop")
    known = {
        concept["uri"].rpartition("/")[2]: concept
        for concept in json.loads(_unpacked(data / "taxonomy" / "iptc-mediatopics-2019.json.gz"))["conceptSet"]
    }
    told = []
    for concept in known.values():
        top = concept
        while top.get("broader"):
            top = known[top["broader"][0].rpartition("/")[2]]
        code = top["uri"].rpartition("/")[2]
        if top is not concept and code in tops and "en-GB" in concept["definition"]:
            told.append((concept["definition"]["en-GB"], tops[code]))
    return _labelled("topic definitions of all levels, en", "topic", told)


def _labelled(name: str, facet: str, told: list[tuple[str, str]]) -> Labelled:
    texts = tuple(" ".join(text.split()[:_WORDS]) for text, _ in told)
    return Labelled(name, facet, texts, tuple(concept for _, concept in told))


def _unpacked(path: Path) -> str:
    return gzip.decompress(_found(path).read_bytes()).decode()


def _found(path: Path) -> Path:
    if not path.is_file():
        raise NoData(
            f"there is no {path}: name the folder with the real data in --data (docs/benchmarks.md says what is in it)"
        )
    return path
