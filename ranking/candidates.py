"""Which articles are worth scoring: a few hundred of those the person may be shown, found in several ways.

Eligibility comes first. Every way of retrieval sees only what may be shown, so nothing has to be thrown out afterwards
and a narrow audience loses no recall. Each way adds to what those before it found, so that none is lost to overlap.
Most tenants have fewer live articles than are scored: then all are.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np
from numpy.typing import NDArray

from catalog.records import EventType
from catalog.stages import stage
from ranking.config import RankingOptions
from ranking.features import function_tag
from ranking.profile import Person
from ranking.snapshot import Snapshot
from ranking.state import NOWHERE, State
from ranking.tallies import OVER_A_WEEK

Indices = NDArray[np.intp]
Mask = NDArray[np.bool_]


@stage("retrieval")
def select(
    snapshot: Snapshot,
    state: State,
    person: Person,
    allowed: Mask,
    options: RankingOptions,
    now: datetime,
    rng: np.random.Generator,
    wanted: Sequence[int] = (),
) -> Indices:
    """At most `options.candidates` of the `allowed` (n,) articles, and those `wanted`, which are allowed as well.

    As indices in ascending order.
    """
    if allowed.sum() <= options.candidates:
        return np.flatnonzero(allowed)
    find = _Retrieval(snapshot, state, person, options, now, rng)
    left = allowed.copy()
    left[list(wanted)] = False
    alike = (find.like_recent, find.like_long_term, find.co_visited)
    for way in (find.fresh, find.relevant, find.popular, *alike, find.random):
        left[way(left)] = False
    return np.flatnonzero(allowed & ~left)


@dataclass(frozen=True, slots=True, eq=False)
class _Retrieval:
    """The ways to find candidates. Each is given the articles that are left and answers indices of some of them."""

    snapshot: Snapshot
    state: State
    person: Person
    options: RankingOptions
    now: datetime
    rng: np.random.Generator

    def fresh(self, left: Mask) -> Indices:
        """The newest."""
        pool = np.flatnonzero(left)
        if self.snapshot.in_order:
            return pool[max(len(pool) - self.options.fresh, 0) :]
        return _top(pool, self.snapshot.published[pool], self.options.fresh)

    def relevant(self, left: Mask) -> Indices:
        """Those most surely tagged with the person's own functions."""
        pool = np.flatnonzero(left)
        return _top(pool, function_tag(self.snapshot, self.person, pool), self.options.relevant)

    def popular(self, left: Mask) -> Indices:
        """Those that people with the same job opened most this week."""
        pool = np.flatnonzero(left)
        codes = self.state.codes_in(self.snapshot.ids, self.snapshot.index_of)[pool]
        known = np.flatnonzero(codes)  # nothing was ever done with the others
        opens = np.zeros(len(pool))
        for function in self.person.functions:
            opens[known] += self.state.counts(codes[known], EventType.OPEN, self.now, function)[:, OVER_A_WEEK]
        return _top(pool, opens, self.options.popular)

    def like_recent(self, left: Mask) -> Indices:
        """The nearest to what the person chose lately."""
        return self._like(self.person.recent, left)

    def like_long_term(self, left: Mask) -> Indices:
        """The nearest to what the person chose over months."""
        return self._like(self.person.long_term, left)

    def co_visited(self, left: Mask) -> Indices:
        """Those most often opened right before or after what the person chose last."""
        times = self.person.together
        met = np.flatnonzero(times)
        places = self.state.places_in(self.snapshot.ids, self.snapshot.index_of)[met]
        there = places != NOWHERE
        there[there] = left[places[there]]
        order = np.argsort(places[there])
        return _top(places[there][order], times[met][there][order], self.options.co_visited)

    def random(self, left: Mask) -> Indices:
        """Any: what nothing speaks for yet must be seen by somebody to be known."""
        pool = np.flatnonzero(left)
        return self.rng.choice(pool, min(self.options.explore, len(pool)), replace=False)

    def _like(self, interest: NDArray[np.float32], left: Mask) -> Indices:
        k = self.options.similar // 2
        if not interest.any() or not k:
            return np.empty(0, dtype=np.intp)
        return self.snapshot.index.search(interest, left, k)[0]


def _top(pool: Indices, worth: NDArray[np.float64], k: int) -> Indices:
    """The `k` of greatest worth, none below 0, in no order; of equal ones the last, in a snapshot the newest."""
    if k >= len(pool):
        return pool
    some = np.flatnonzero(worth)
    if len(some) <= k:  # most articles were never opened, or are about something else: nothing to choose between
        nothing = pool[worth == 0]
        return np.concatenate([nothing[len(nothing) - (k - len(some)) :], pool[some]])
    pool, worth = pool[some], worth[some]
    least = np.partition(worth, len(pool) - k)[len(pool) - k] if k else np.inf
    above, equal = pool[worth > least], pool[worth == least]
    return np.concatenate([equal[len(equal) - (k - len(above)) :], above])
