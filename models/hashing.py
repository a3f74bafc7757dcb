"""An encoder without weights, for tests: texts that share words are near one another, and every run agrees."""

import hashlib
import re
from collections.abc import Iterator, Sequence
from itertools import chain, pairwise

import numpy as np
from numpy.typing import NDArray

from models.protocols import Progress, Vectors

_WORD = re.compile(r"\w+")


class HashingEncoder:
    """Each word and each pair of neighbouring words has a direction made of its digest; a text is their sum."""

    def __init__(self, dimensions: int = 64) -> None:
        self.dimensions = dimensions
        self.digest = hashlib.sha256(f"hashing encoder, {dimensions} dimensions".encode()).hexdigest()

    def encode(self, texts: Sequence[str], progress: Progress | None = None) -> Vectors:
        """Unit rows in the order of `texts`."""
        vectors = np.array([self._encode(text) for text in texts], np.float32).reshape(-1, self.dimensions)
        if progress is not None:
            progress(len(texts))
        return vectors

    def _encode(self, text: str) -> NDArray[np.float64]:
        # half of a vector of ones and minus ones: no sum of whole ones can cancel it, so no text is without direction
        total: NDArray[np.float64] = self._direction("") / 2
        for gram in _grams(text):
            total += self._direction(gram)
        return total / float(np.linalg.norm(total))

    def _direction(self, gram: str) -> NDArray[np.float64]:
        digest = hashlib.shake_128(gram.encode()).digest(-(-self.dimensions // 8))
        bits = np.unpackbits(np.frombuffer(digest, np.uint8), count=self.dimensions)
        return bits.astype(np.float64) * 2 - 1


def _grams(text: str) -> Iterator[str]:
    words = _WORD.findall(text.lower())
    return chain(words, map(" ".join, pairwise(words)))
