"""Who opened what, and in which order: the last people of every article, as columns.

Likeness between two people is read off when it is needed, from the articles one of them opened last: no table of pairs
is kept, so memory grows with articles and people, not with their squares.
"""

from dataclasses import dataclass, fields
from typing import Final

import numpy as np
from numpy.typing import NDArray

from models.compiled import compiled
from ranking.tallies import DAY, HOUR, grown

OPENERS: Final = 64
"""Of how many people an article remembers that they opened it: the last ones. Twelve bytes each."""

LONGEST: Final = 365 * DAY
"""Seconds ago that "never" counts as."""

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
class Readers:
    """The last people who opened each of n articles, at most `OPENERS`, as one person sees them: columns (n,).

    `opens` is how many opened it in all, `since` how many seconds ago the last of them did, at most `LONGEST`. `like`
    is the sum of how near they are to the person, `like_most` the greatest, `like_1d` and `like_3h` the sums that fade
    with these half-lives; `led`, `led_most` and `led_1d` are the same of those the person opens after. `here` is the
    sum of how near they are by what the person opened in this visit.
    """

    opens: Column
    since: Column
    like: Column
    like_most: Column
    like_1d: Column
    like_3h: Column
    led: Column
    led_most: Column
    led_1d: Column
    here: Column


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

    def openers(self, article: int) -> tuple[NDArray[np.int32], Column]:
        """The last people who opened one article, and at which POSIX seconds. To be read only."""
        known = article * (article < len(self._opens))
        told = min(self._opens[known], OPENERS)
        return self._openers[known, :told], self._opened_at[known, :told]

    def readers(self, articles: Codes, near: Company, here: Company, now: float) -> Readers:
        """Those of each of `articles` at POSIX seconds `now`, for the person to whom everybody is as `near` as this.

        `here` is how near they are by this visit alone. Raises ValueError where somebody opened something for the first
        time since it was found out who is near: what is not in an array must not be read.
        """
        if min(len(near.like), len(near.led), len(here.like)) < len(self._opened):
            raise ValueError("somebody has opened something since this person's company was read")
        known = _known(articles, self._opens)
        found = np.zeros((len(fields(Readers)) - 1, len(known)))
        _look_at(self._openers, self._opened_at, self._opens, known, near.like, near.led, here.like, now, found)
        return Readers(self._opens[known].astype(np.float64), *found)

    def opens(self, articles: Codes) -> Column:
        """By how many people each was opened."""
        return self._opens[_known(articles, self._opens)].astype(np.float64)

    @property
    def counted(self) -> NDArray[np.int64]:
        """The same by code, of all that were ever opened. To be read only."""
        return self._opens

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
        like, led = np.zeros(len(self._opened)), np.zeros(len(self._opened))
        _meet(self._openers, self._opened_at, self._opens, _known(articles, self._opens), times, like, led)
        like[[0, person * (person < len(like))]] = 0.0
        led[[0, person * (person < len(led))]] = 0.0
        met = np.flatnonzero(like)
        opened = self._opened[met]
        like[met] /= np.sqrt((opened + _SHRINK) * (len(articles) + _SHRINK))
        led[met] /= opened + _LED
        return Company(like, led)


def _known(codes: NDArray[np.integer], column: NDArray[np.generic]) -> Codes:
    """The codes, and 0 for those that came after the last row of `column`."""
    return np.asarray(codes * (codes < len(column)), dtype=np.intp)


_TABLES: Final = "int32[:, ::1], float64[:, ::1], int64[::1], int64[::1]"


@compiled(f"void({_TABLES}, float64[::1], float64[::1], float64[::1])")
def _meet(
    openers: NDArray[np.int32],
    opened_at: Column,
    opens: NDArray[np.int64],
    articles: Codes,
    times: Column,
    like: Column,
    led: Column,
) -> None:
    """Adds up what articles opened at `times` say of everybody who opened them, and of those who did so before."""
    for place in range(len(articles)):
        article = articles[place]
        weight = 1.0 / np.log2(2.0 + opens[article])
        for told in range(min(opens[article], OPENERS)):
            person = openers[article, told]
            like[person] += weight
            if opened_at[article, told] < times[place]:
                led[person] += weight


@compiled(f"void({_TABLES}, float64[::1], float64[::1], float64[::1], float64, float64[:, ::1])")
def _look_at(
    openers: NDArray[np.int32],
    opened_at: Column,
    opens: NDArray[np.int64],
    articles: Codes,
    like: Column,
    led: Column,
    here: Column,
    now: float,
    found: Column,
) -> None:
    """Fills `found`, which is all zeros, with the columns of `Readers` but the first."""
    since, total, most, by_day, by_hours, led_total, led_most, led_by_day, of_visit = found
    for place in range(len(articles)):
        article = articles[place]
        since[place] = LONGEST
        for told in range(min(opens[article], OPENERS)):
            person, ago = openers[article, told], max(now - opened_at[article, told], 0.0)
            since[place] = min(since[place], ago)
            of_visit[place] += here[person]
            near, leads = like[person], led[person]
            if near > 0.0:  # few are; whom one follows are among them
                fading = np.exp2(-ago / DAY)
                total[place] += near
                most[place] = max(most[place], near)
                by_day[place] += near * fading
                by_hours[place] += near * np.exp2(-ago / (3 * HOUR))
                led_total[place] += leads
                led_most[place] = max(led_most[place], leads)
                led_by_day[place] += leads * fading
