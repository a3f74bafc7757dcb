"""What the rest of the house asks of a learned thing. Small on purpose: a fake is ten lines."""

from collections.abc import Callable, Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

Vectors = NDArray[np.float32]
"""Unit rows, shape (n, dimensions)."""

Features = NDArray[np.float64]
"""One row per candidate, one column per feature, shape (n, features). Quickest where each column lies in one piece."""

Progress = Callable[[int], None]
"""Told how many more pieces of work are done."""


class Encoder(Protocol):
    """Text to vector. Two encoders with the same `digest` give the same vectors."""

    @property
    def digest(self) -> str:
        """64 hex digits that name weights and preprocessing."""

    @property
    def dimensions(self) -> int:
        """Length of a vector."""

    def encode(self, texts: Sequence[str], progress: Progress | None = None) -> Vectors:
        """Unit vectors, in the order of `texts`; an empty text gets a vector as well."""


class Ranker(Protocol):
    """Feature rows to scores; only their order means anything."""

    @property
    def name(self) -> str:
        """What a slate records as the ranker that ordered it."""

    @property
    def features(self) -> tuple[str, ...]:
        """The features it wants, in column order."""

    def score(self, rows: Features) -> NDArray[np.float64]:
        """One score per row, higher is better, shape (n,)."""


class Additive(Ranker, Protocol):
    """A ranker that can tell what each feature adds to a score."""

    def contributions(self, rows: Features) -> NDArray[np.float64]:
        """Per row what each feature adds, and in the last column what every row starts from: (n, features + 1).

        In the unit of the score; a row of them sums to the row's score.
        """
