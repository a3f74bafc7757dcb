"""Graded slates out of thin air, for tests of what learns from them or judges by them."""

from datetime import UTC, datetime, timedelta

import numpy as np
from numpy.typing import NDArray

from catalog.ids import ArticleId, EmployeeId, SlateId
from ranking.dataset import Dataset, Offer
from ranking.features import NAMES

START = datetime(2026, 3, 2, 9, tzinfo=UTC)
SIGNAL = NAMES[1]
"""The one feature that the grades follow; the others are noise."""


def graded(
    slates: int,
    *,
    seed: int = 0,
    size: int = 8,
    start: datetime = START,
    every: timedelta = timedelta(hours=1),
    horizon: timedelta = timedelta(days=1),
    noise: float = 0.3,
) -> Dataset:
    """Slates of `size` rows, one `every` so often, by people of two functions in turn."""
    random = np.random.default_rng(seed)
    n = slates * size
    # a stream per column, so that a feature more or less changes nothing in the others
    rows = np.stack([np.random.default_rng([seed, place]).uniform(size=n) for place in range(len(NAMES))], axis=1)
    wanted = 6 * rows[:, NAMES.index(SIGNAL)] - 1 + random.normal(scale=noise, size=n)
    return Dataset(
        rows=rows,
        labels=np.clip(np.round(wanted), 0, 5).astype(np.int32),
        positions=np.tile(np.arange(size, dtype=np.int32), slates),
        propensities=np.ones(n),
        articles=tuple(ArticleId(f"article-{row}") for row in range(n)),
        groups=np.full(slates, size, dtype=np.int32),
        offers=tuple(
            Offer(
                SlateId(f"slate-{number}"),
                EmployeeId(f"employee-{number % 7}"),
                frozenset({("sales", "hr")[number % 2]}),
                start + number * every,
            )
            for number in range(slates)
        ),
        horizon=horizon,
    )


class ByFeature:
    """A ranker that scores by one feature, times a factor."""

    def __init__(self, feature: str, factor: float = 1.0) -> None:
        self.name = f"by {feature} × {factor:g}"
        self.features = (feature,)
        self._factor = factor

    def score(self, rows: NDArray[np.float64]) -> NDArray[np.float64]:
        return rows[:, 0] * self._factor
