"""What ranking knows of one person now: who they are, and what they liked, read off their own deeds."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

import numpy as np
from numpy.typing import NDArray

from catalog.ids import ArticleId, EmployeeId
from catalog.records import FUNCTION, Axes, EventType
from ranking.snapshot import NONE, Snapshot
from ranking.state import DAY, State

RECENT: Final = 7 * DAY
LONG_TERM: Final = 60 * DAY
"""Half-lives of interest, in seconds. They are part of what the features mean, so they are no options."""

LAST: Final = 10
"""How many of the articles that a person chose last are compared with one by one."""

_WEIGHTS: Final = {EventType.OPEN: 1.0, EventType.LIKE: 2.0, EventType.SAVE: 2.0, EventType.SHARE: 3.0}
_PRIOR: Final = 3.0
"""Weight of the assumption that somebody prefers nothing; without it one opened article would be a passion."""


@dataclass(frozen=True, slots=True, eq=False)
class Person:
    """One person, seen against one snapshot.

    `recent` and `long_term` (dimensions,) are unit vectors, or zeros where nothing is known; `last` are the articles
    chosen last, oldest first, and `last_vectors` (last, dimensions) their rows. `topics`, `kinds` and `sources` are the
    shares, from 0 to under 1, of what this person chose: by column of the facet, and by source code with one
    more place at the end, always 0, which is what `NONE` points at.
    """

    id: EmployeeId
    axes: Axes
    recent: NDArray[np.float32]
    long_term: NDArray[np.float32]
    last: tuple[ArticleId, ...]
    last_vectors: NDArray[np.float32]
    topics: NDArray[np.float64]
    kinds: NDArray[np.float64]
    sources: NDArray[np.float64]

    @property
    def functions(self) -> tuple[str, ...]:
        """The person's job functions, sorted."""
        return tuple(sorted(self.axes.get(FUNCTION, ())))

    @property
    def languages(self) -> frozenset[str]:
        """The languages they read; empty where that is not known."""
        return self.axes.get("language", frozenset())


def build(employee: EmployeeId, axes: Axes, state: State, snapshot: Snapshot, now: datetime) -> Person:
    """Read a person's interests off their deeds. Articles that left the catalogue no longer count."""
    history = state.history(employee).deeds
    deeds = [deed for deed in history if deed.type in _WEIGHTS and deed.article in snapshot.index_of]
    chosen = np.array([snapshot.index_of[deed.article] for deed in deeds], dtype=np.intp)
    weights = np.array([_WEIGHTS[deed.type] for deed in deeds])
    ages = np.maximum(now.timestamp() - np.array([deed.at for deed in deeds]), 0.0)
    lasting = weights * np.exp2(-ages / LONG_TERM)
    last = _last_distinct([deed.article for deed in deeds])
    return Person(
        id=employee,
        axes=axes,
        recent=_direction(snapshot, chosen, weights * np.exp2(-ages / RECENT)),
        long_term=_direction(snapshot, chosen, lasting),
        last=last,
        last_vectors=snapshot.matrix[[snapshot.index_of[article] for article in last]],
        topics=_shares(snapshot.facets["topic"].probability[chosen], lasting),
        kinds=_shares(snapshot.facets["kind"].probability[chosen], lasting),
        sources=_source_shares(snapshot, chosen, lasting),
    )


def _direction(snapshot: Snapshot, chosen: NDArray[np.intp], weights: NDArray[np.float64]) -> NDArray[np.float32]:
    total = weights @ snapshot.matrix[chosen]
    length = float(np.linalg.norm(total))
    return np.asarray(total / length if length else total, dtype=np.float32)


def _last_distinct(articles: Sequence[ArticleId]) -> tuple[ArticleId, ...]:
    newest_first = dict.fromkeys(reversed(articles))
    return tuple(reversed(list(newest_first)[:LAST]))


def _shares(tags: NDArray[np.float32], weights: NDArray[np.float64]) -> NDArray[np.float64]:
    """Summed tag by tag, in order: a matrix product would round otherwise in a catalogue with more concepts."""
    rows, columns = tags.nonzero()
    sums = np.bincount(columns, weights=tags[rows, columns] * weights[rows], minlength=tags.shape[1])
    return np.asarray(sums / (weights.sum() + _PRIOR))


def _source_shares(snapshot: Snapshot, chosen: NDArray[np.intp], weights: NDArray[np.float64]) -> NDArray[np.float64]:
    known = int(snapshot.source.max(initial=NONE)) + 1
    source = snapshot.source[chosen]
    sums = np.bincount(source[source != NONE], weights=weights[source != NONE], minlength=known + 1)
    return np.asarray(sums / (weights.sum() + _PRIOR))
