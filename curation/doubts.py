"""Why the tags of a text may be less sure than they look, told beside them. Pure."""

import re
from collections import Counter
from collections.abc import Mapping
from enum import StrEnum
from typing import Final

from catalog.taxonomy import LANGUAGES, Language

SHORT_WORDS: Final = 40
LONG_WORDS: Final = 3000

_STUFFED_SHARE: Final = 0.12
_STUFFED_TIMES: Final = 8
_LEAST_LETTERS: Final = 4
"""Shorter words, such as 'van' and 'the', may well be a tenth of a text."""

_LOOKED_AT: Final = 200
_LEAST_DISTINCT: Final = 0.35

_WORD: Final = re.compile(r"\w+")


class Doubt(StrEnum):
    """What there is to doubt."""

    EMPTY = "empty"
    SHORT = "short"
    LONG = "long"
    REPETITIVE = "repetitive"
    LANGUAGE = "language"
    MIXED = "mixed"


_WORDS: Final[Mapping[Doubt, Mapping[Language, str]]] = {
    Doubt.EMPTY: {
        "en": "there are no words in it, so there is nothing to tag",
        "nl": "er staan geen woorden in, dus er valt niets te labelen",
    },
    Doubt.SHORT: {
        "en": f"less than {SHORT_WORDS} words: too short to be sure",
        "nl": f"minder dan {SHORT_WORDS} woorden: te kort om zeker te zijn",
    },
    Doubt.LONG: {
        "en": f"more than {LONG_WORDS:,} words, and the tags are about how it begins: it may be about more",
        "nl": f"meer dan {LONG_WORDS} woorden, en de labels gaan over het begin: het kan over meer gaan",
    },
    Doubt.REPETITIVE: {
        "en": "the same words again and again: this may be written for machines",
        "nl": "steeds dezelfde woorden: dit kan voor machines geschreven zijn",
    },
    Doubt.LANGUAGE: {
        "en": "the vocabulary has no examples in this language, and no certificate covers it",
        "nl": "de woordenlijst heeft geen voorbeelden in deze taal, en geen certificaat geldt ervoor",
    },
    Doubt.MIXED: {
        "en": "part of it is in another language, and the tags may be about one part only",
        "nl": "een deel is in een andere taal, en de labels kunnen over één deel gaan",
    },
}


def doubts(text: str, language: str | None, second: str | None) -> list[Doubt]:
    """What there is to doubt about a text, title included, in a language such as nl, and in part in a `second`."""
    words = [word.casefold() for word in _WORD.findall(text)]
    if not words:
        return [Doubt.EMPTY]
    found = {
        Doubt.SHORT: len(words) < SHORT_WORDS,
        Doubt.LONG: len(words) > LONG_WORDS,
        Doubt.REPETITIVE: _is_stuffed(words),
        Doubt.LANGUAGE: language not in LANGUAGES,
        Doubt.MIXED: second is not None,
    }
    return [doubt for doubt, holds in found.items() if holds]


def in_words(doubt: Doubt, language: Language) -> str:
    """A doubt as a person reads it."""
    return _WORDS[doubt][language]


def _is_stuffed(words: list[str]) -> bool:
    """One word all over the text, or few different words in how it begins."""
    long = [word for word in words if len(word) >= _LEAST_LETTERS]
    _, times = max(Counter(long).items(), key=lambda item: item[1], default=("", 0))
    first = words[:_LOOKED_AT]
    everywhere = times >= _STUFFED_TIMES and times / len(words) > _STUFFED_SHARE
    return everywhere or (len(first) >= SHORT_WORDS and len(set(first)) / len(first) < _LEAST_DISTINCT)
