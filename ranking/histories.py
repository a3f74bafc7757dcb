"""What each person did and was shown, packed: a server remembers a million people, most of whom did little.

People and articles are known here by the codes that `ranking.state.State` gives them, from 1. A person costs a few
small arrays; what only those need who did much or were shown something is kept for them alone.
"""

import math
from array import array
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Final, Self

import numpy as np
from numpy.typing import NDArray

from catalog.records import EventType
from ranking.tallies import grown

Codes = NDArray[np.intp]
Column = NDArray[np.float64]

DEEDS_KEPT: Final = 200
"""How many of a person's last deeds are remembered."""
ARTICLES_KEPT: Final = 2000
"""Of how many articles we remember that a person was shown them, and how many different deeds."""
VISITS_KEPT: Final = 20
"""Of how many of a person's last visits is remembered when they began."""
PAUSE: Final = 1_800.0
"""After this many seconds without a sign of somebody their next one begins another visit."""

_TYPES: Final = tuple(EventType)
_BITS: Final = 4
_TYPE: Final = (1 << _BITS) - 1
_NUMBER: Final = {type_: number for number, type_ in enumerate(_TYPES)}


@dataclass(frozen=True, slots=True, eq=False)
class History:
    """What one person did and was shown, as it was when it was asked for.

    Their last deeds in order: at POSIX seconds `at`, of which type (`did` has their numbers), with which `articles`.
    `seen` are the articles shown to them and `times` how often. `last_deed` is the sequence number of the last thing
    they chose to do. `visits` are the POSIX seconds at which their last visits began, `left_at` is when the visit
    before the last one ended, and `here_at` the last sign of them: minus infinity for somebody new.
    """

    at: Column
    did: NDArray[np.int64]
    articles: Codes
    seen: Codes
    times: NDArray[np.int64]
    last_deed: int
    visits: Column
    left_at: float
    here_at: float
    _done: NDArray[np.int64]

    def away_since(self, now: float) -> float:
        """When the visit before the one at `now` ended: what is newer they could not see until this visit."""
        return self.left_at if now - self.here_at < PAUSE else self.here_at

    def chosen(self, *types: EventType) -> Codes:
        """The articles with which they did one of these, some of them several times."""
        return _articles(self._done[_among(self._done & _TYPE, types)])

    def in_order(self) -> Self:
        """With the deeds in the order in which they were done: of some of them we hear late."""
        order = np.argsort(self.at, kind="stable")
        return replace(self, at=self.at[order], did=self.did[order], articles=self.articles[order])

    def of_type(self, *types: EventType) -> NDArray[np.bool_]:
        """Which of the last deeds are one of these."""
        return _among(self.did, types)

    def weighed(self, weights: Mapping[EventType, float]) -> Column:
        """The weight of each of the last deeds, by its type; 0 for a type that has none."""
        return np.array([weights.get(type_, 0.0) for type_ in _TYPES])[self.did]

    def types(self) -> list[EventType]:
        """What the last deeds were."""
        return [_TYPES[number] for number in self.did.tolist()]


_NO_CODES: Final = np.empty(0, dtype=np.intp)
_NO_NUMBERS: Final = np.empty(0, dtype=np.int64)
_NO_MOMENTS: Final = np.empty(0)
NEW: Final = History(
    _NO_MOMENTS, _NO_NUMBERS, _NO_CODES, _NO_CODES, _NO_NUMBERS, 0, _NO_MOMENTS, -math.inf, -math.inf, _NO_NUMBERS
)
"""Of somebody of whom nothing is known."""


class Histories:
    """Advanced by `ranking.state.State`, person by person."""

    def __init__(self) -> None:
        self._deeds: list[array[float]] = []  # at, what, at, what: one array is half as heavy as two
        self._visits: list[array[float]] = []
        self._left_at: Column = np.zeros(0)
        self._here_at: Column = np.zeros(0)
        self._last_deed: NDArray[np.int64] = np.zeros(0, np.int64)
        self._seen: dict[int, array[int]] = {}  # article, times, article, times: the one shown longest ago first
        self._done: dict[int, dict[int, int]] = {}

    def __len__(self) -> int:
        return len(self._deeds)

    def add(self) -> int:
        """Somebody new: their code."""
        self._deeds.append(array("d"))
        self._visits.append(array("d"))
        known = len(self._deeds)
        self._left_at, self._here_at = grown(self._left_at, known), grown(self._here_at, known)
        self._last_deed = grown(self._last_deed, known)
        self._left_at[known - 1] = self._here_at[known - 1] = -math.inf
        return known

    def read(self, person: int) -> History:
        """What is remembered of one person."""
        place = person - 1
        deeds = np.array(self._deeds[place]).reshape(-1, 2)
        what = deeds[:, 1].astype(np.int64)
        done = np.fromiter(self._done[person], np.int64) if person in self._done else what
        seen = np.array(self._seen.get(person, ()), dtype=np.int64).reshape(-1, 2)
        return History(
            at=deeds[:, 0],
            did=what & _TYPE,
            articles=_articles(what),
            seen=seen[:, 0],
            times=seen[:, 1],
            last_deed=int(self._last_deed[place]),
            visits=np.array(self._visits[place]),
            left_at=float(self._left_at[place]),
            here_at=float(self._here_at[place]),
            _done=done,
        )

    def has_done(self, person: int, type_: EventType, article: int) -> bool:
        """Whether they did this before, as far as it is remembered."""
        what = _what(type_, article)
        return what in self._done[person] if person in self._done else what in self._deeds[person - 1][1::2]

    def lately_here(self, count: int) -> list[int]:
        """The people of whom there was a sign last, at most `count`, the last one last."""
        order = np.argsort(self._here_at[: len(self)], kind="stable")
        return [int(place) + 1 for place in order[-count:]]

    def opened(self, person: int) -> Codes:
        """The codes of the articles they opened, as far as it is remembered; some of them several times."""
        done = self._done.get(person)
        what = np.array(self._deeds[person - 1][1::2], np.int64) if done is None else np.fromiter(done, np.int64)
        return _articles(what[what & _TYPE == _NUMBER[EventType.OPEN]])

    def last_opened(self, person: int, by: float) -> Iterator[int]:
        """The articles they opened no later than POSIX seconds `by`, the last one first."""
        deeds, opened = self._deeds[person - 1], _NUMBER[EventType.OPEN]
        for place in range(len(deeds) - 2, -1, -2):
            what = int(deeds[place + 1])
            if what & _TYPE == opened and deeds[place] <= by:
                yield what >> _BITS

    def visited(self, person: int, at: float) -> None:
        """A sign of this person at POSIX seconds `at`; one that comes late, from before the last, changes nothing."""
        place = person - 1
        here = float(self._here_at[place])
        if at - here >= PAUSE:
            self._left_at[place] = here
            visits = self._visits[place]
            visits.append(at)
            del visits[:-VISITS_KEPT]
        self._here_at[place] = max(here, at)

    def shown(self, person: int, article: int) -> None:
        """They saw it once more."""
        seen = self._seen.setdefault(person, array("i"))
        times, articles = 0, seen[::2]
        if article in articles:
            place = 2 * articles.index(article)
            times = seen[place + 1]
            del seen[place : place + 2]
        seen.extend((article, times + 1))
        del seen[: -2 * ARTICLES_KEPT]

    def did(self, person: int, type_: EventType, article: int, at: float, seq: int, *, late: bool) -> None:
        """They chose to do this at POSIX seconds `at`; what comes `late` takes its place in time, if it is kept."""
        what, deeds = _what(type_, article), self._deeds[person - 1]
        early = late and bool(deeds) and deeds[-2] > at
        if person not in self._done and (early or len(deeds) == 2 * DEEDS_KEPT):
            self._done[person] = _counted(deeds[1::2])  # from now on deeds are forgotten, or not in order of the log
        if person in self._done:
            _bounded_add(self._done[person], what)
        _remember(deeds, at, what, late=late)
        self._last_deed[person - 1] = seq


def _what(type_: EventType, article: int) -> int:
    """A type and an article as one number, which a float holds exactly: there are fewer than 2^49 articles."""
    return article << _BITS | _NUMBER[type_]


def _articles(what: NDArray[np.int64]) -> Codes:
    return np.asarray(what >> _BITS, dtype=np.intp)


def _among(numbers: NDArray[np.int64], types: Iterable[EventType]) -> NDArray[np.bool_]:
    wanted = np.zeros(len(_TYPES), dtype=np.bool_)
    wanted[[_NUMBER[type_] for type_ in types]] = True
    return wanted[numbers]


def _counted(whats: Iterable[float]) -> dict[int, int]:
    counts: dict[int, int] = {}
    for what in whats:
        _bounded_add(counts, int(what))
    return counts


def _remember(deeds: "array[float]", at: float, what: int, *, late: bool) -> None:
    """Put it last, or what comes `late` where it belongs in time; too old for a full memory is lost."""
    place = len(deeds)
    if late and deeds and deeds[-2] > at:
        place = next(place for place in range(0, len(deeds), 2) if deeds[place] > at)
    if len(deeds) == 2 * DEEDS_KEPT:
        if not place:
            return
        del deeds[:2]
        place -= 2
    deeds[place:place] = array("d", (at, what))


def _bounded_add(counts: dict[int, int], key: int) -> None:
    """Count one more, and forget the key that was counted longest ago when there are too many."""
    counts[key] = counts.pop(key, 0) + 1
    if len(counts) > ARTICLES_KEPT:
        del counts[next(iter(counts))]
