"""The ranker that needs no data: a weighted sum that anybody can read.

It ranks until there is a better one, and again whenever the better one cannot be used.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from models.protocols import Features

Column = NDArray[np.float64]

HEURISTIC: Final = "heuristic-1"

FRESH_HOURS: Final = 48.0
"""After this many hours an article counts as half as fresh."""


@dataclass(frozen=True, slots=True)
class Term:
    """What one feature adds: `weight` × `scale(feature)`, where the scale runs from about 0 to about 1."""

    feature: str
    weight: float
    scale: Callable[[Column], Column]


def _as_it_is(column: Column) -> Column:
    return column


def _fresh(log_age: Column) -> Column:
    return np.asarray(np.exp2(-np.expm1(log_age) / FRESH_HOURS))


def _some(count: Column) -> Column:
    return count / (count + 3.0)


TERMS: Final = (
    Term("log_age", 1.0, _fresh),
    Term("function_tag", 0.8, _as_it_is),
    Term("audience_focus", 0.4, _as_it_is),
    Term("nearest_lift", 0.8, _as_it_is),
    Term("topic_affinity", 0.4, _as_it_is),
    Term("function_opens_7d", 0.4, _some),
    Term("shares_7d", 0.3, _some),
    Term("dismissals_7d", -0.3, _some),
    Term("times_seen", -0.8, _some),
)


class HeuristicRanker:
    """A `models.protocols.Ranker`: fresh, right for the job, like what was chosen, popular, not yet seen."""

    @property
    def name(self) -> str:
        """What a slate records as the ranker that ordered it."""
        return HEURISTIC

    @property
    def features(self) -> tuple[str, ...]:
        """The features it wants, in column order."""
        return tuple(term.feature for term in TERMS)

    def score(self, rows: Features) -> NDArray[np.float64]:
        """The weighted sum of each row. What is not a finite number adds nothing: whoever stands in must never fail."""
        return np.asarray(self._terms(rows).sum(axis=1), dtype=np.float64)

    def contributions(self, rows: Features) -> Features:
        """What each term adds; every row starts from 0."""
        return np.hstack([self._terms(rows), np.zeros((len(rows), 1))])

    def _terms(self, rows: Features) -> Features:
        if rows.ndim != 2 or rows.shape[1] != len(TERMS):
            raise ValueError(f"this ranker wants {len(TERMS)} columns, not an array of shape {rows.shape}")
        known = np.where(np.isfinite(rows), rows, np.nan)
        terms = [term.weight * term.scale(known[:, place]) for place, term in enumerate(TERMS)]
        return np.nan_to_num(np.stack(terms, axis=1), nan=0.0)
