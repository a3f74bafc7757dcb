"""In which language a text is written."""

from functools import cache
from typing import Final

from py3langid.langid import MODEL_FILE, LanguageIdentifier

LIKELY: Final = ("nl", "en", "de", "fr")
"""What our users' sources are written in; a text too short to be sure of is taken to be one of these."""

SURE: Final = 0.7
"""Probability from which the words decide: below it they are too few. Measured on SIB-200, see the tests."""

_PARTS: Final = 3
_PART_WORDS: Final = 40
_SURE_OF_A_PART: Final = 0.99


def detect(text: str, hint: str | None = None) -> str:
    """The ISO 639-1 code of the language of `text`.

    `hint` is what the page or feed says of itself. Pages often carry the language of a template, so it only counts
    where the words leave doubt.
    """
    ranked = _identifier().rank(text)
    best, probability = ranked[0]
    if probability >= SURE:
        return str(best)
    return code(hint) or next(language for language, _ in ranked if language in LIKELY)


def second(text: str, first: str) -> str | None:
    """The language of a part of `text` that is not in its `first` language, where one surely is not; else None.

    A quotation does not make a text bilingual: a part is a third of it, and at least `_PART_WORDS` long.
    """
    words = text.split()
    size = max(_PART_WORDS, len(words) // _PARTS)
    for start in range(0, len(words) - _PART_WORDS + 1, size):
        found, probability = _identifier().rank(" ".join(words[start : start + size]))[0]
        if found != first and probability >= _SURE_OF_A_PART:
            return str(found)
    return None


def code(tag: str | None) -> str | None:
    """The language of a tag such as `nl-BE` or `en_GB`, or None where it names none."""
    primary = (tag or "").strip().replace("_", "-").split("-")[0].lower()
    return primary if len(primary) in (2, 3) and primary.isascii() and primary.isalpha() else None


@cache
def _identifier() -> LanguageIdentifier:
    return LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)
