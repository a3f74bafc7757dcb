"""Words as search compares them: folded, and stemmed by the language of their text.

Neither database's own stemmer would do: SQLite knows English only, and PostgreSQL's are a matter of its version and of
the server's locale. So both are given the same stems, and find the same articles.
"""

import re
import unicodedata
from collections import defaultdict
from collections.abc import Mapping, Sequence
from functools import cache, lru_cache
from pathlib import Path
from threading import Lock
from typing import Any, Final

import snowballstemmer

Forms = tuple[str, ...]
"""One word of a question: as it is written, then in the other forms that an article may have it in."""

PARTS: Final[Mapping[str, str]] = {"title": "A", "lead": "B", "text": "D"}
"""What is searched of an article, with the class that PostgreSQL knows each part by."""

_STEMMED: Final[Mapping[str, str]] = {"nl": "dutch", "en": "english", "de": "german", "fr": "french"}
"""Languages that have a stemmer here; the words of others are compared as they are written."""

_STOP_WORDS: Final = Path(__file__).parent / "data" / "stop-words.txt"
"""A line per language; without those that are names in a trade as well, such as IT, OR and AI."""

_WORD: Final = re.compile(r"[^\W_]+")
_LONGEST_WORD: Final = 40
"""Characters. What is longer is no word, but costs as much as a page."""

_MOST_KEPT: Final = 6_000
"""Words of one article, twenty pages: PostgreSQL refuses a `tsvector` of a megabyte, and these can be no more."""

_MOST_ASKED: Final = 24
"""Words of a question that are looked for; what more is pasted in adds nothing that these did not say."""

_MOST_PLACES: Final = 200
"""Places of one word in one text that PostgreSQL is told of; it keeps no more than 255."""

_ONE_AT_A_TIME: Final = Lock()
"""A stemmer keeps the word it is busy with."""


def asked(question: str, language: str | None = None) -> list[Forms]:
    """The words that somebody typed and that say something, each once; none where there is no word in it.

    A question does not say what language it is in, so each word is tried as one of each that we know, or of `language`
    where only articles in that one are asked for.
    """
    tried = list(_STEMMED) if language is None else [language]
    every = list(dict.fromkeys(_words(question)))
    words = ([word for word in every if word not in _stop_words()] or every)[:_MOST_ASKED]
    return [tuple(dict.fromkeys([word, *(_stem(word, each) for each in tried)])) for word in words]


def stems(parts: Mapping[str, str], language: str | None) -> dict[str, list[str]]:
    """The words of each part of an article in their order: without case and accents, and as stems where we know how."""
    left, found = _MOST_KEPT, dict[str, list[str]]()
    for part, text in parts.items():
        found[part] = [_stem(word, language) for word in _words(text)[:left]]
        left -= len(found[part])
    return found


def tsvector(said: Mapping[str, Sequence[str]]) -> str:
    """What `stems` found as PostgreSQL writes it: each word with its places, and the class of each."""
    places: defaultdict[str, list[str]] = defaultdict(list)
    place = 0
    for part, words in said.items():
        for word in words:
            place += 1
            if len(places[word]) < _MOST_PLACES:
                places[word].append(f"{place}{PARTS[part]}")
    return " ".join(f"'{word}':{','.join(at)}" for word, at in places.items())


def _words(text: str) -> list[str]:
    apart = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", text).casefold())
    plain = "".join(mark for mark in apart if not unicodedata.combining(mark))
    return [word for word in _WORD.findall(plain) if len(word) <= _LONGEST_WORD]


@cache
def _stop_words() -> frozenset[str]:
    """Words that every article has: they are looked for only where a question has no others."""
    return frozenset(word for line in _STOP_WORDS.read_text(encoding="utf-8").splitlines() for word in _words(line))


@lru_cache(maxsize=100_000)
def _stem(word: str, language: str | None) -> str:
    if language not in _STEMMED:
        return word
    with _ONE_AT_A_TIME:
        return str(_stemmer(language).stemWord(word))


@cache
def _stemmer(language: str) -> Any:
    return snowballstemmer.stemmer(_STEMMED[language])
