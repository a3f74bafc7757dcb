"""What one organisation's decisions add to the shared heads: per facet a linear term on the log odds.

Shared heads and correction stay apart, so that a better vocabulary replaces the first without losing the second, and an
organisation that has decided nothing has exactly the shared heads.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from models.protocols import Vectors

_CERTAIN: Final = 1e-12
"""Probabilities nearer than this to 0 or 1 have no log odds worth adding to."""


@dataclass(frozen=True, slots=True, eq=False)
class Correction:
    """`weights` (dimensions, concepts) and `bias` (concepts,), for the concepts of a facet in the order of its head."""

    facet: str
    weights: NDArray[np.float32]
    bias: NDArray[np.float32]

    def apply(self, vectors: Vectors, shared: NDArray[np.float64], parents: tuple[int, ...]) -> NDArray[np.float64]:
        """Corrected probabilities, shape (n, concepts), out of those of the shared head.

        A parent is never less probable than its child: where the correction says otherwise, the child speaks for it.
        """
        odds = log_odds(shared) + vectors @ self.weights + self.bias
        found = 1.0 / (1.0 + np.exp(-odds))
        for child in reversed(range(len(parents))):  # a child always stands after its parent
            if parents[child] >= 0:
                np.maximum(found[:, parents[child]], found[:, child], out=found[:, parents[child]])
        return found


def log_odds(probabilities: NDArray[np.float64]) -> NDArray[np.float64]:
    """Finite, whatever the probabilities."""
    within = np.clip(probabilities, _CERTAIN, 1.0 - _CERTAIN)
    return np.asarray(np.log(within) - np.log1p(-within))
