"""What people did, as a value advanced by the event log: the one memory behind serving, replay and training.

Events are taken in commit order, one by one, so the same log gives the same floats however it was cut into batches, and
a state at sequence number s knows nothing of what came after s. Reading takes `now` and changes nothing.

History that was imported comes late: it is older than what is known already. It takes its place in time among a
person's deeds and an article's openers, where it would else pass for what they did last.

Articles and people get codes in the order of the log, and what is counted of them is kept in columns by code.
"""

import math
from array import array
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from itertools import islice
from typing import Final, Self

import numpy as np
from numpy.typing import NDArray

from catalog.ids import ArticleId, EmployeeId
from catalog.records import FUNCTION, Event, EventType
from ranking.companions import Companions
from ranking.config import PEOPLE_COUNTED
from ranking.crowd import Company, Crowd
from ranking.factors import PEOPLE, Factors
from ranking.histories import NEW, Histories, History
from ranking.tallies import HALF_LIVES, DecayedCounts, grown

Codes = NDArray[np.intp]

COMPANIONS: Final = 5
"""An opened article counts as read together with this many that the same person opened before it."""
NOWHERE: Final = -1
"""The place in a snapshot of an article that is not in it."""

DEEDS: Final = frozenset(EventType) - {EventType.SEEN, EventType.CLICK}
"""What a person did by choice. To be shown something is no choice, and a click is somebody else's."""


class State:
    """Advanced by one writer; `seq` says how far."""

    def __init__(self) -> None:
        self.seq = 0
        self._codes: dict[ArticleId, int] = {}
        self._coded: list[ArticleId] = []
        self._asked = _Asked((), {})
        self._person_codes: dict[EmployeeId, int] = {}
        self._counts: dict[tuple[EventType, str | None], DecayedCounts] = defaultdict(DecayedCounts)
        self._unserved: dict[tuple[EventType, str | None], DecayedCounts] = defaultdict(DecayedCounts)
        self._served_again: dict[tuple[EventType, str | None], DecayedCounts] = defaultdict(DecayedCounts)
        self._only_imported: set[tuple[int, EventType, int]] = set()
        self._crowd = Crowd()
        self._people: dict[str | None, dict[int, array[int]]] = defaultdict(dict)
        self._companions = Companions()
        self._factors = Factors()
        self._histories = Histories()

    @classmethod
    def replay(cls, events: Iterable[Event]) -> Self:
        """The state after all of `events`, which start at the log's beginning."""
        state = cls()
        for event in events:
            state.advance(event)
        return state

    def advance(self, event: Event) -> None:
        """Take the next event of the log.

        Its own time counts, but no later than we heard of it: clocks run ahead. A deed that somebody repeats counts
        once: opening an article a hundred times makes it no more popular.
        """
        if event.seq != self.seq + 1:
            raise ValueError(f"event {event.seq} does not follow {self.seq}: the log has no gaps")
        at = min(event.at, event.received_at).timestamp()
        functions = event.axes.get(FUNCTION, frozenset())
        code, person = self._code(event.article_id), self._person(event.employee_id)
        deed = (person, event.type, code)
        repeats, again = bool(person) and self._repeats(*deed), not event.imported and deed in self._only_imported
        if event.type is EventType.OPEN:
            self._learn(at if event.imported else event.received_at.timestamp(), late=event.imported)
        for function in (None, *sorted(functions)):
            if not repeats:
                self._counts[event.type, function].add(code, at)
            if not repeats and event.imported:
                self._unserved[event.type, function].add(code, at)
            if repeats and again:
                self._served_again[event.type, function].add(code, at)
        if event.imported and not repeats:
            self._only_imported.add(deed)
        elif again:
            self._only_imported.discard(deed)
        if person:
            self._remember(event, person, code, functions, at, again=repeats)
        self.seq = event.seq

    def codes(self, articles: Iterable[ArticleId]) -> Codes:
        """What stands for each article in all that is read here, 0 for one that nothing happened with."""
        known = self._codes
        return np.array([known.get(article, 0) for article in articles], dtype=np.intp)

    def named(self, codes: Codes) -> tuple[ArticleId, ...]:
        """The articles with these codes, none of which is 0."""
        return tuple(self._coded[code - 1] for code in codes.tolist())

    def codes_in(self, ids: Sequence[ArticleId], index_of: Mapping[ArticleId, int]) -> Codes:
        """The codes of all `ids` of a snapshot, where `index_of` tells the place of each. To be read only.

        They are kept for the snapshot asked about last: only articles that the log has named since are looked up.
        """
        return self._looked_up(ids, index_of).codes

    def places_in(self, ids: Sequence[ArticleId], index_of: Mapping[ArticleId, int]) -> Codes:
        """The opposite: by code, the place in the snapshot, or `NOWHERE`. To be read only."""
        return self._looked_up(ids, index_of).places

    def counts(
        self, codes: NDArray[np.intp], event: EventType, now: datetime, function: str | None = None
    ) -> NDArray[np.float64]:
        """Decayed counts of one type of event, by everybody or by people with `function`: (articles, half-lives)."""
        return _read(self._counts, codes, (event, function), now)

    @property
    def knows_history(self) -> bool:
        """Whether anything was imported, so that `served` differs from `counts`."""
        return bool(self._unserved)

    def served(
        self, codes: NDArray[np.intp], event: EventType, now: datetime, function: str | None = None
    ) -> NDArray[np.float64]:
        """The same without what was imported: what impressions of ours led to, so that it may be divided by them.

        Who did it elsewhere before and does it again after an impression of ours, did it for the first time here.
        """
        counted = _read(self._counts, codes, (event, function), now)
        if (event, function) not in self._unserved:
            return counted
        other = _read(self._unserved, codes, (event, function), now)
        return np.maximum(counted - other + _read(self._served_again, codes, (event, function), now), 0.0)

    @property
    def crowd(self) -> Crowd:
        """Who opened what. To be read only."""
        return self._crowd

    def taste(self, opened: Codes) -> NDArray[np.float64]:
        """What kind of reader somebody is who opened these articles, see `ranking.factors`."""
        return self._factors.taste(opened, self._crowd.counted)

    @property
    def factors(self) -> Factors:
        """What kind of people read what. To be read only."""
        return self._factors

    def readers(self, article: ArticleId) -> NDArray[np.int32]:
        """The codes of the last people who opened it; to be read only."""
        return self._crowd.openers(self._codes.get(article, 0))[0]

    def company(self, employee: EmployeeId, articles: Codes, at: NDArray[np.float64]) -> Company:
        """How near everybody is to this person, who opened `articles` at POSIX seconds `at`."""
        return self._crowd.company(self._person_codes.get(employee, 0), articles, at)

    def colleagues(self, article: ArticleId, besides: EmployeeId, function: str | None = None) -> int:
        """How many other people, or other people with `function`, opened it; exact up to `PEOPLE_COUNTED`."""
        people = self._people[function].get(self._codes.get(article, 0), ())
        return len(people) - (self._person_codes.get(besides, 0) in people)

    def together(self, articles: Codes) -> NDArray[np.float64]:
        """By code, how often each article was opened right before or after one of `articles`: (codes + 1,)."""
        return self._companions.times(articles, len(self._coded) + 1)

    def history(self, employee: EmployeeId) -> History:
        """What this person did and was shown; empty for somebody new."""
        person = self._person_codes.get(employee)
        return self._histories.read(person) if person else NEW

    def known_people(self) -> frozenset[EmployeeId]:
        """Everybody of whom something is remembered."""
        return frozenset(self._person_codes)

    def _code(self, article: ArticleId) -> int:
        """The code of an article of which something is told; its own from now on."""
        code = self._codes.get(article)
        if code is None:
            self._coded.append(article)
            code = self._codes[article] = len(self._coded)
        return code

    def _person(self, employee: EmployeeId | None) -> int:
        """The code of a person of whom something is told, 0 for nobody."""
        if employee is None:
            return 0
        person = self._person_codes.get(employee)
        if person is None:
            person = self._person_codes[employee] = self._histories.add()
        return person

    def _looked_up(self, ids: Sequence[ArticleId], index_of: Mapping[ArticleId, int]) -> "_Asked":
        if self._asked.ids is not ids:
            self._asked = _Asked(ids, index_of)
        self._asked.look_up(self._coded)
        return self._asked

    def _repeats(self, person: int, type_: EventType, article: int) -> bool:
        return type_ in DEEDS and self._histories.has_done(person, type_, article)

    def _remember(
        self, event: Event, person: int, article: int, functions: frozenset[str], at: float, *, again: bool
    ) -> None:
        if event.type is not EventType.CLICK:
            self._histories.visited(person, at)
        if event.type is EventType.SEEN:
            self._histories.shown(person, article)
        if event.type is EventType.OPEN:
            self._opened(person, article, functions, at if event.imported else math.inf)
        if event.type in DEEDS:
            self._joined(event, person, article, at, again=again)
            self._histories.did(person, event.type, article, at, event.seq, late=event.imported)

    def _joined(self, event: Event, person: int, article: int, at: float, *, again: bool) -> None:
        """Tell the crowd. Whoever dismisses an article does not bring it to the others."""
        if event.type is not EventType.DISMISS and not self._crowd.bringers(np.array([article]))[0]:
            self._crowd.brought(article, person)
        if event.type is EventType.OPEN and not again:
            self._factors.opened(article, self.taste(self._histories.opened(person)))
            self._crowd.opened(article, person, at, late=event.imported)

    def _learn(self, at: float, *, late: bool) -> None:
        """Learn what kinds of readers there are, where it is time to."""
        if self._factors.heard(at, late=late):
            people = [self._histories.opened(each) for each in self._histories.lately_here(PEOPLE)]
            self._factors.learn(people, self._crowd.opens(np.arange(len(self._coded) + 1)), at)

    def _opened(self, person: int, article: int, functions: frozenset[str], by: float) -> None:
        """`by` is until when what the same person opened before counts as read together with it."""
        for function in (None, *functions):
            people = self._people[function].setdefault(article, array("i"))
            if len(people) < PEOPLE_COUNTED and person not in people:
                people.append(person)
        for other in islice(self._histories.last_opened(person, by), COMPANIONS):
            if other != article:
                self._companions.met(article, other)


def _read(
    counts: Mapping[tuple[EventType, str | None], DecayedCounts],
    codes: NDArray[np.intp],
    what: tuple[EventType, str | None],
    now: datetime,
) -> NDArray[np.float64]:
    counted = counts.get(what)
    return np.zeros((len(codes), len(HALF_LIVES))) if counted is None else counted.read(codes, now.timestamp())


class _Asked:
    """One snapshot's articles and ours, as far as the log has named them: `codes` by place, `places` by code."""

    def __init__(self, ids: Sequence[ArticleId], index_of: Mapping[ArticleId, int]) -> None:
        self.ids = ids
        self._index_of = index_of
        self.codes: Codes = np.zeros(len(ids), dtype=np.intp)
        self._places: Codes = np.full(1, NOWHERE)
        self._known = 0

    @property
    def places(self) -> Codes:
        """As far as codes were given."""
        return self._places[: self._known + 1]

    def look_up(self, coded: Sequence[ArticleId]) -> None:
        """`coded` holds every article that has a code, that with code 1 first."""
        if self._known == len(coded):
            return
        self._places = grown(self._places, len(coded) + 1)
        for code in range(self._known + 1, len(coded) + 1):
            index = self._index_of.get(coded[code - 1])
            self._places[code] = NOWHERE if index is None else index
            if index is not None:
                self.codes[index] = code
        self._known = len(coded)
