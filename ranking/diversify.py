"""From scores to a slate, place by place: relevant, unlike what stands there already, within caps, at times at random.

What curators pinned has places of its own, whatever the scores: the first ones for must-reads, then every second one.
Chance has no part in these, and every policy fills them alike, so their propensity is 1.

Every place logs the probability with which this policy filled it as it did (given the places before it and the
candidates), so that another policy can later be judged on the same log.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from math import ceil, floor
from typing import Final

import numpy as np
from numpy.typing import NDArray

from catalog.stages import stage
from models.protocols import Vectors
from ranking.config import RankingOptions
from ranking.snapshot import NONE

EVERY: Final = 2
"""Below the must-reads a pin takes every second place: a slate stays a ranking, however much is pinned."""


@dataclass(frozen=True, slots=True, eq=False)
class Pool:
    """What a slate can be made of, one row per candidate.

    `vectors` are unit rows; `story`, `source`, `topic` and `kind` are codes, or `NONE`, which no cap applies to; `own`
    is the organisation's own content; `sunk` has been seen or opened enough. `must_reads` and `pins` are rows of their
    own stories, in the order in which they get their places; `kind_mix` is the share wanted of each code of a kind.
    """

    scores: NDArray[np.float64]
    vectors: Vectors
    story: NDArray[np.intp]
    source: NDArray[np.intp]
    kind: NDArray[np.intp]
    own: NDArray[np.bool_]
    sunk: NDArray[np.bool_]
    topic: NDArray[np.intp]
    must_reads: tuple[int, ...] = ()
    pins: tuple[int, ...] = ()
    kind_mix: Mapping[int, float] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.scores)


@dataclass(frozen=True, slots=True)
class Pick:
    """One place of a slate: the row of the pool, how probable it was, and whether chance put it there."""

    row: int
    propensity: float
    explored: bool


@dataclass(frozen=True, slots=True, eq=False)
class Place:
    """What one place may hold: the rows that are open to it, and the one that greed would take."""

    choices: NDArray[np.intp]
    greedy: int

    def propensity(self, row: int, epsilon: float) -> float:
        """The probability of one of the choices; 1 where there is no other."""
        if len(self.choices) == 1:
            return 1.0
        return (1 - epsilon) * (row == self.greedy) + epsilon / len(self.choices)


class Policy:
    """Slates of one pool under one set of options: how each place depends on the places above it."""

    def __init__(self, pool: Pool, options: RankingOptions) -> None:
        self.pool = pool
        self.options = options
        self._relevance = (1 - options.mmr_weight) * _scaled(pool.scores)
        self._usual = _usual_cosine(pool.vectors)
        self._cosines: dict[int, NDArray[np.float32]] = {}
        self._begin()

    def _begin(self) -> None:
        self._filled = _Filled(self.pool, self.options)
        self._nearest = np.full(len(self.pool), self._usual, dtype=np.float32)

    def place(self, picked: Sequence[int]) -> Place:
        """The next place, after the rows `picked`, which must leave something to choose from.

        Quickest where `picked` begins with the rows of the call before.
        """
        known = len(self._filled.rows)
        if self._filled.rows != list(picked[:known]):
            self._begin()
            known = 0
        for row in picked[known:]:
            self._filled.fill(row)
            self._nearest = np.maximum(self._nearest, self._cosine(row))
        choices = self._filled.choices()
        worth = self._relevance - self.options.mmr_weight * self._redundancy()
        return Place(choices, int(choices[worth[choices].argmax()]))

    def _redundancy(self) -> NDArray[np.float32]:
        """How like each candidate is to the nearest of the slate so far: 0 as any two of the pool, 1 identical."""
        return (self._nearest - self._usual) / max(1.0 - self._usual, 1e-6)

    def _cosine(self, row: int) -> NDArray[np.float32]:
        if row not in self._cosines:
            self._cosines[row] = self.pool.vectors @ self.pool.vectors[row]
        return self._cosines[row]


@stage("slate")
def compose(pool: Pool, options: RankingOptions, size: int, rng: np.random.Generator) -> list[Pick]:
    """Fill up to `size` places. A shorter slate is the beginning of a longer one made with the same random numbers."""
    policy = Policy(pool, options)
    picks: list[Pick] = []
    while len(picks) < min(size, len(pool)):
        picks.append(_draw(policy.place([pick.row for pick in picks]), options.epsilon, rng))
    return picks


class _Filled:
    """A slate so far, as the `rows` of its places, and what these leave open."""

    def __init__(self, pool: Pool, options: RankingOptions) -> None:
        self.rows: list[int] = []
        self._pool = pool
        self._options = options
        self._own = 0
        self._waiting = [*pool.must_reads, *pool.pins]
        self._free = np.ones(len(pool), dtype=np.bool_)
        self._free[self._waiting] = False
        self._fresh, self._outside = ~pool.sunk, ~pool.own
        self._story = _Cap(pool.story, 1)
        self._kind = _Cap(pool.kind, options.per_kind)
        self._caps = (_Cap(pool.source, options.per_source), _Cap(pool.topic, options.per_topic), self._kind)
        for row in self._waiting:  # their stories are told as well, only later
            self._story.count(row)

    def fill(self, row: int) -> None:
        """The next place goes to this row."""
        self.rows.append(row)
        self._free[row] = False
        self._own += int(self._pool.own[row])
        for cap in self._caps:
            cap.count(row)
        if row in self._waiting:
            self._waiting.remove(row)
        else:
            self._story.count(row)

    def choices(self) -> NDArray[np.intp]:
        """The rows that the next place may go to; none only when everything is picked.

        What is pinned goes to its own place and to no other. For all else the wishes yield one after the other, the
        softest first, until something is left to choose from.
        """
        choices = self._free
        if self._waiting and (self._is_due() or not self._other_story().any()):
            return np.array(self._waiting[:1])
        for wish in self._wishes():
            narrowed = choices & wish
            if narrowed.any():
                choices = narrowed
        return np.flatnonzero(choices)

    def _is_due(self) -> bool:
        """Whether the next place belongs to the first of the pinned rows that are waiting."""
        pool, waiting = self._pool, len(self._waiting)
        if waiting > len(pool.pins):
            return True
        return len(self.rows) + 1 >= len(pool.must_reads) + EVERY * (len(pool.pins) - waiting + 1)

    def _other_story(self) -> NDArray[np.bool_]:
        """What is free and does not tell the story of what is still to be placed."""
        return self._free & ~np.isin(self._pool.story, self._pool.story[self._waiting])

    def _wishes(self) -> Iterator[NDArray[np.bool_]]:
        """What a place should be, the firmest wish first: each narrows the choice only as far as something is left."""
        yield from self._story.wish()
        yield self._fresh
        for cap in self._caps:
            yield from cap.wish()
        place, share = len(self.rows) + 1, self._options.own_share
        room_for_own = self._own < _portion(share, place)
        room_for_outside = len(self.rows) - self._own < _portion(1 - share, place)
        if room_for_own != room_for_outside:
            yield self._pool.own if room_for_own else self._outside
        yield from self._mixed()

    def _mixed(self) -> Iterator[NDArray[np.bool_]]:
        """The kinds that fall short of their share with this place; where none does, all but those that have it."""
        pool, place, counts = self._pool, len(self.rows) + 1, self._kind.counts
        short = [kind for kind, share in pool.kind_mix.items() if counts[kind] < floor(share * place + 1e-9)]
        full = [kind for kind, share in pool.kind_mix.items() if counts[kind] >= _portion(share, place)]
        if short:
            yield np.isin(pool.kind, short)
        elif full:
            yield ~np.isin(pool.kind, full)


class _Cap:
    """At most so many places for each code; `NONE` may have any number."""

    def __init__(self, codes: NDArray[np.intp], cap: int) -> None:
        self._codes = codes
        self._cap = cap
        self.counts = Counter[int]()
        self._below: NDArray[np.bool_] | None = None

    def count(self, row: int) -> None:
        """One more place has the code of this row."""
        code = int(self._codes[row])
        self.counts[code] += 1
        if self.counts[code] >= self._cap and code != NONE:
            others = self._codes != code
            self._below = others if self._below is None else self._below & others

    def wish(self) -> Iterator[NDArray[np.bool_]]:
        """The rows whose code is not full; no wish at all where none is, which is most of the time."""
        if self._below is not None:
            yield self._below


def _portion(share: float, places: int) -> int:
    return ceil(share * places - 1e-9)  # 0.55 × 20 is a little over 11 in binary


def _draw(place: Place, epsilon: float, rng: np.random.Generator) -> Pick:
    row = int(rng.choice(place.choices)) if rng.random() < epsilon else place.greedy
    return Pick(row, place.propensity(row, epsilon), explored=row != place.greedy)


def _scaled(scores: NDArray[np.float64]) -> NDArray[np.float64]:
    """From 0, the worst of the pool, to 1, the best: rankers score on scales of their own."""
    if not len(scores) or np.ptp(scores) == 0:
        return np.zeros(len(scores))
    return np.asarray((scores - scores.min()) / np.ptp(scores))


def _usual_cosine(vectors: Vectors) -> float:
    """The mean cosine of all pairs of unit rows, which is the squared length of their mean."""
    share = np.full(len(vectors), 1 / max(len(vectors), 1), dtype=np.float32)
    return float(np.square(share @ vectors).sum())
