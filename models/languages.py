"""What the texts of one language have in common in an encoder's space, and how to see past it."""

from collections.abc import Sequence
from typing import Final

import numpy as np

from models.protocols import Vectors

_DOUBT: Final = 20
"""Texts of a language that count for half: what a few have in common may be what they are about."""


def level(vectors: Vectors, languages: Sequence[str | None]) -> Vectors:
    """Unit rows (n, dimensions) without what sets the language of each apart from the mean of all.

    Multilingual encoders keep languages somewhat apart, so that texts of one language seem nearer to one another than
    what says the same in another. What no language is known of stays as it is.
    """
    levelled = vectors.astype(np.float32, copy=True)
    spoken = np.array([language or "" for language in languages])
    for language in filter(None, np.unique(spoken)):
        mine = spoken == language
        apart = vectors[mine].mean(axis=0) - vectors.mean(axis=0)
        levelled[mine] -= mine.sum() / (mine.sum() + _DOUBT) * apart
    lengths = np.linalg.norm(levelled, axis=1, keepdims=True)
    return np.where(lengths > 0, levelled / np.where(lengths > 0, lengths, 1), vectors)
