"""A digest that stays the same when only the typography of a text changes."""

import hashlib
import re
import unicodedata
from typing import Final

_BETWEEN_WORDS: Final = re.compile(r"[\W_]+")


def fingerprint(text: str) -> str:
    """SHA-256, in hex, of the words of `text`: case, width, punctuation and white space do not count."""
    folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())
    return hashlib.sha256(_BETWEEN_WORDS.sub(" ", folded).strip().encode("utf-8", "replace")).hexdigest()
