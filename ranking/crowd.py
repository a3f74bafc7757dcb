"""Who opened what, and in which order: the last people of every article, as columns.

Likeness between two people is read off when it is needed, from the articles one of them opened last: no table of pairs
is kept, so memory grows with articles and people, not with their squares.
"""

from dataclasses import dataclass
from typing import Final, Self

import numpy as np
from numpy.typing import NDArray

from ranking.tallies import grown, spread

OPENERS: Final = 64
"""Of how many people an article remembers that they opened it: the last ones. Twelve bytes each."""

_SHRINK: Final = 5.0
"""Articles that everybody counts as having opened besides their own: two who opened one each are no twins."""
_LED: Final = 10.0
"""The same for those who open first: somebody whose only article was opened after them leads nobody yet."""

Codes = NDArray[np.intp]
Column = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Company:
    """How near everybody is to one person: arrays by the code of a person, 0 for nobody and for themselves.

    `like` is Σ over articles both opened of 1 / log2(2 + people who opened it), by the geometric mean of how many each
    opened. `led` is the same sum over articles they opened before this person did, by how many they opened.
    """

    like: Column
    led: Column


@dataclass(frozen=True, slots=True, eq=False)
class Openers:
    """The last people who opened each of n articles, one after the other: whose row, who, and at which POSIX seconds.

    `told` (n,) is how many of them each article has, at most `OPENERS`.
    """

    rows: Codes
    people: NDArray[np.int32]
    at: Column
    told: NDArray[np.int64]

    def only(self, which: NDArray[np.bool_]) -> Self:
        """Some of them, of the same n articles."""
        some = np.flatnonzero(which)
        rows = self.rows[some]
        told = np.bincount(rows, minlength=len(self.told))
        return type(self)(rows, self.people[some], self.at[some], told)

    def total(self, values: Column) -> Column:
        """The sum of `values`, one per opener, over those of each article: (n,)."""
        return np.bincount(self.rows, values, len(self.told)).astype(np.float64)

    def most(self, values: Column) -> Column:
        """The greatest of `values`, none below 0, of each article's openers, 0 where it has none: (n,)."""
        most, some = np.zeros(len(self.told)), self.told > 0
        if some.any():
            most[some] = np.maximum.reduceat(values, (np.cumsum(self.told) - self.told)[some])
        return most


class Crowd:
    """Advanced by `ranking.state.State`, with the codes it gives: from 1, and 0 for what is not known."""

    def __init__(self) -> None:
        self._openers: NDArray[np.int32] = np.zeros((1, OPENERS), np.int32)
        self._opened_at: Column = np.zeros((1, OPENERS))
        self._opens: NDArray[np.int64] = np.zeros(1, np.int64)
        self._begun: NDArray[np.int64] = np.zeros(1, np.int64)
        self._disordered: set[int] = set()
        self._all = 0
        self._bringer: NDArray[np.int32] = np.zeros(1, np.int32)
        self._opened: NDArray[np.int64] = np.zeros(1, np.int64)
        self._brought: NDArray[np.int64] = np.zeros(1, np.int64)
        self._reached: NDArray[np.int64] = np.zeros(1, np.int64)

    def brought(self, article: int, person: int) -> None:
        """This person is the first who did anything with the article."""
        self._bringer = grown(self._bringer, article + 1)
        self._brought = grown(self._brought, person + 1)
        self._opened = grown(self._opened, person + 1)
        self._reached = grown(self._reached, person + 1)
        self._begun = grown(self._begun, article + 1)
        self._begun[article] = self._all
        self._bringer[article] = person
        self._brought[person] += 1

    def opened(self, article: int, person: int, at: float, *, late: bool = False) -> None:
        """This person opened the article at POSIX seconds `at`, for the first time.

        What comes `late` takes the place of the one who opened it longest ago, if it is not older than that itself, and
        from then on the places are not in the order of time.
        """
        self._openers = grown(self._openers, article + 1)
        self._opened_at = grown(self._opened_at, article + 1)
        self._opens = grown(self._opens, article + 1)
        self._opened = grown(self._opened, person + 1)
        place, remembered = self._opens[article] % OPENERS, True
        if late:
            self._disordered.add(article)
        if article in self._disordered and self._opens[article] >= OPENERS:
            place = self._opened_at[article].argmin()
            remembered = bool(at >= self._opened_at[article, place])
        if remembered:
            self._openers[article, place] = person
            self._opened_at[article, place] = at
        self._opens[article] += 1
        self._all += 1
        self._opened[person] += 1
        self._reached[self._bringer[article]] += int(self._bringer[article] != person)

    def openers(self, articles: Codes) -> Openers:
        """The last people who opened each of `articles`."""
        known = _known(articles, self._opens)
        told = np.minimum(self._opens[known], OPENERS)
        rows, places = spread(told)
        which = known[rows] * OPENERS + places
        return Openers(rows, self._openers.ravel()[which], self._opened_at.ravel()[which], told)

    def readers(self, article: int) -> NDArray[np.int32]:
        """Those of one article. To be read only."""
        known = article * (article < len(self._opens))
        return self._openers[known, : min(self._opens[known], OPENERS)]

    def opens(self, articles: Codes) -> Column:
        """By how many people each was opened."""
        return self._opens[_known(articles, self._opens)].astype(np.float64)

    def opens_since(self, articles: Codes) -> Column:
        """How often anything was opened since somebody was the first to do anything with each; 0 where nobody was."""
        known = _known(articles, self._begun)
        return np.where(self.bringers(articles) > 0, self._all - self._begun[known], 0).astype(np.float64)

    def bringers(self, articles: Codes) -> NDArray[np.int32]:
        """Who was the first to do anything with each, 0 for nobody."""
        return self._bringer[_known(articles, self._bringer)]

    def brought_by(self, people: NDArray[np.int32]) -> Column:
        """How many articles each of these brought."""
        return self._brought[_known(people, self._brought)].astype(np.float64)

    def reached_by(self, people: NDArray[np.int32]) -> Column:
        """How often somebody else opened an article that each of these brought."""
        return self._reached[_known(people, self._reached)].astype(np.float64)

    def company(self, person: int, articles: Codes, times: Column) -> Company:
        """How near everybody is to `person`, who opened `articles` at POSIX seconds `times`."""
        if not len(articles):
            return Company(np.zeros(len(self._opened)), np.zeros(len(self._opened)))
        found = self.openers(articles)
        weights = (1.0 / np.log2(2.0 + self.opens(articles)))[found.rows]
        earlier = weights * (found.at < times[found.rows])
        like, led = (
            np.bincount(found.people, each, len(self._opened)).astype(np.float64) for each in (weights, earlier)
        )
        like[[0, person * (person < len(like))]] = 0.0
        led[[0, person * (person < len(led))]] = 0.0
        like /= np.sqrt((self._opened + _SHRINK) * (len(articles) + _SHRINK))
        led /= self._opened + _LED
        return Company(like, led)


def _known(codes: NDArray[np.integer], column: NDArray[np.generic]) -> Codes:
    """The codes, and 0 for those that came after the last row of `column`."""
    return np.asarray(codes * (codes < len(column)), dtype=np.intp)
