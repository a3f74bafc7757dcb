"""A digest that stays the same when only the typography of a text changes."""

import hashlib
import re
import unicodedata
from typing import Final

_WORD: Final = re.compile(r"[^\W_]+")


def words(text: str) -> list[str]:
    """The words of `text` without their typography: case, width, punctuation and white space do not count."""
    return _WORD.findall(unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold()))


def fingerprint(text: str) -> str:
    """SHA-256, in hex, of the words of `text`."""
    return hashlib.sha256(" ".join(words(text)).encode("utf-8", "replace")).hexdigest()
