"""What people did, as a value advanced by the event log: the one memory behind serving, replay and training.

Events are taken in commit order, one by one, so the same log gives the same floats however it was cut into batches, and
a state at sequence number s knows nothing of what came after s. Reading takes `now` and changes nothing.

History that was imported comes late: it is older than what is known already. It takes its place in time among a
person's deeds and an article's openers, where it would else pass for what they did last.

Articles and people get codes in the order of the log, and what is counted of them is kept in columns by code.
"""

import math
from collections import Counter, defaultdict, deque
from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import islice
from typing import Final, NamedTuple, Self, TypeVar

import numpy as np
from numpy.typing import NDArray

from catalog.ids import ArticleId, EmployeeId
from catalog.records import FUNCTION, Event, EventType
from ranking.config import PEOPLE_COUNTED
from ranking.crowd import Company, Crowd
from ranking.tallies import HALF_LIVES, DecayedCounts

Key = TypeVar("Key", bound=Hashable)

DEEDS_KEPT: Final = 200
"""How many of a person's last deeds are remembered."""
ARTICLES_KEPT: Final = 2000
"""Of how many articles we remember that a person was shown them, and how many different deeds."""
VISITS_KEPT: Final = 20
"""Of how many of a person's last visits is remembered when they began."""
PAUSE: Final = 1_800.0
"""After this many seconds without a sign of somebody their next one begins another visit."""
COMPANIONS: Final = 5
"""An opened article counts as read together with this many that the same person opened before it."""

DEEDS: Final = frozenset(EventType) - {EventType.SEEN, EventType.CLICK}
"""What a person did by choice. To be shown something is no choice, and a click is somebody else's."""


class Deed(NamedTuple):
    """One thing a person chose to do, at POSIX seconds `at`."""

    at: float
    type: EventType
    article: ArticleId


@dataclass(slots=True)
class History:
    """What one person did and was shown, bounded.

    `deeds` are the last in order, `done` and `seen` how often each deed was done and each article was shown, and
    `last_deed` is the sequence number of the last thing they chose to do. `visits` are the POSIX seconds at which their
    last visits began, `left_at` is when the visit before the last one ended, and `here_at` the last sign of them.
    """

    deeds: deque[Deed] = field(default_factory=lambda: deque(maxlen=DEEDS_KEPT))
    done: dict[tuple[EventType, ArticleId], int] = field(default_factory=dict)
    seen: dict[ArticleId, int] = field(default_factory=dict)
    last_deed: int = 0
    visits: tuple[float, ...] = ()
    left_at: float = -math.inf
    here_at: float = -math.inf

    def away_since(self, now: float) -> float:
        """When the visit before the one at `now` ended: what is newer they could not see until this visit."""
        return self.left_at if now - self.here_at < PAUSE else self.here_at

    def articles(self, *types: EventType) -> set[ArticleId]:
        """The articles with which they did one of these."""
        return {article for type_, article in self.done if type_ in types}


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
        self._only_imported: set[tuple[EmployeeId | None, EventType, ArticleId]] = set()
        self._crowd = Crowd()
        self._people: dict[tuple[ArticleId, str | None], set[EmployeeId]] = defaultdict(set)
        self._together: dict[ArticleId, Counter[ArticleId]] = defaultdict(Counter)
        self._histories: dict[EmployeeId, History] = {}

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
        deed, code = (event.employee_id, event.type, event.article_id), self._code(event.article_id)
        repeats, again = self._repeats(event), not event.imported and deed in self._only_imported
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
        if event.employee_id is not None:
            self._remember(event, event.employee_id, functions, at)
        self.seq = event.seq

    def codes(self, articles: Iterable[ArticleId]) -> NDArray[np.intp]:
        """What stands for each article in `counts` and `crowd`, 0 for one that nothing happened with."""
        known = self._codes
        return np.array([known.get(article, 0) for article in articles], dtype=np.intp)

    def codes_in(self, ids: Sequence[ArticleId], index_of: Mapping[ArticleId, int]) -> NDArray[np.intp]:
        """The codes of all `ids` of a snapshot, where `index_of` tells the place of each. To be read only.

        They are kept for the snapshot asked about last: only articles that the log has named since are looked up.
        """
        if self._asked.ids is not ids:
            self._asked = _Asked(ids, index_of)
        return self._asked.look_up(self._coded)

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

    def company(self, employee: EmployeeId, deeds: Sequence[Deed]) -> Company:
        """How near everybody is to this person, going by the articles of `deeds` of theirs."""
        codes = self.codes(deed.article for deed in deeds)
        return self._crowd.company(self._person_codes.get(employee, 0), codes, [deed.at for deed in deeds])

    def colleagues(self, article: ArticleId, besides: EmployeeId, function: str | None = None) -> int:
        """How many other people, or other people with `function`, opened it; exact up to `PEOPLE_COUNTED`."""
        people = self._people.get((article, function), set())
        return len(people) - (besides in people)

    def together(self, articles: Iterable[ArticleId]) -> Counter[ArticleId]:
        """How often each other article was opened by somebody who had just opened one of `articles`, or the reverse."""
        found: Counter[ArticleId] = Counter()
        for article in articles:
            found.update(self._together.get(article, {}))
        return found

    def times_together(self, articles: Iterable[ArticleId], others: Sequence[ArticleId]) -> NDArray[np.float64]:
        """What `together` counts for each of `others`, (others,): of what many have read it lists thousands."""
        times = np.zeros(len(others))
        for article in articles:
            met = self._together.get(article)
            if met is not None:
                times += [met.get(other, 0) for other in others]
        return times

    def history(self, employee: EmployeeId) -> History:
        """What this person did and was shown; empty for somebody new."""
        return self._histories.get(employee, History())

    def known_people(self) -> frozenset[EmployeeId]:
        """Everybody of whom something is remembered."""
        return frozenset(self._histories)

    def _code(self, article: ArticleId) -> int:
        """The code of an article of which something is told; its own from now on."""
        code = self._codes.get(article)
        if code is None:
            self._coded.append(article)
            code = self._codes[article] = len(self._coded)
        return code

    def _repeats(self, event: Event) -> bool:
        history = None if event.employee_id is None else self._histories.get(event.employee_id)
        return history is not None and (event.type, event.article_id) in history.done

    def _remember(self, event: Event, employee: EmployeeId, functions: frozenset[str], at: float) -> None:
        history = self._histories.get(employee) or self._histories.setdefault(employee, History())
        if event.type is not EventType.CLICK:
            _visited(history, at)
        if event.type is EventType.SEEN:
            _bounded_add(history.seen, event.article_id)
        if event.type is EventType.OPEN:
            self._opened(event, employee, functions, history, at)
        if event.type in DEEDS:
            self._joined(event, employee, at, again=(event.type, event.article_id) in history.done)
            _bounded_add(history.done, (event.type, event.article_id))
            _add_deed(history.deeds, Deed(at, event.type, event.article_id), late=event.imported)
            history.last_deed = event.seq

    def _joined(self, event: Event, employee: EmployeeId, at: float, *, again: bool) -> None:
        """Tell the crowd. Whoever dismisses an article does not bring it to the others."""
        code = self._codes[event.article_id]
        person = self._person_codes.setdefault(employee, len(self._person_codes) + 1)
        if event.type is not EventType.DISMISS and not self._crowd.bringers(np.array([code]))[0]:
            self._crowd.brought(code, person)
        if event.type is EventType.OPEN and not again:
            self._crowd.opened(code, person, at, late=event.imported)

    def _opened(
        self, event: Event, employee: EmployeeId, functions: frozenset[str], history: History, at: float
    ) -> None:
        article = event.article_id
        for function in (None, *functions):
            people = self._people[article, function]
            if len(people) < PEOPLE_COUNTED:
                people.add(employee)
        opens = (deed for deed in reversed(history.deeds) if deed.type is EventType.OPEN)
        before = (deed.article for deed in opens if not event.imported or deed.at <= at)
        for other in islice(before, COMPANIONS):
            if other != article:
                self._together[article][other] += 1
                self._together[other][article] += 1


def _read(
    counts: Mapping[tuple[EventType, str | None], DecayedCounts],
    codes: NDArray[np.intp],
    what: tuple[EventType, str | None],
    now: datetime,
) -> NDArray[np.float64]:
    counted = counts.get(what)
    return np.zeros((len(codes), len(HALF_LIVES))) if counted is None else counted.read(codes, now.timestamp())


def _add_deed(deeds: deque[Deed], deed: Deed, *, late: bool) -> None:
    """Remember it as the last, or one that comes `late` where it belongs in time; too old for a full memory is lost."""
    if not late or not deeds or deeds[-1].at <= deed.at:
        deeds.append(deed)
        return
    place = next((place for place, known in enumerate(deeds) if known.at > deed.at), len(deeds))
    if len(deeds) < DEEDS_KEPT:
        deeds.insert(place, deed)
    elif place:
        deeds.popleft()
        deeds.insert(place - 1, deed)


class _Asked:
    """The codes of one snapshot's articles, as far as the log has named them."""

    def __init__(self, ids: Sequence[ArticleId], index_of: Mapping[ArticleId, int]) -> None:
        self.ids = ids
        self._index_of = index_of
        self._codes = np.zeros(len(ids), dtype=np.intp)
        self._known = 0

    def look_up(self, coded: Sequence[ArticleId]) -> NDArray[np.intp]:
        """`coded` holds every article that has a code, that with code 1 first."""
        for code in range(self._known + 1, len(coded) + 1):
            index = self._index_of.get(coded[code - 1])
            if index is not None:
                self._codes[index] = code
        self._known = len(coded)
        return self._codes


def _bounded_add(counts: dict[Key, int], key: Key) -> None:
    """Count one more, and forget the key that was counted longest ago when there are too many."""
    counts[key] = counts.pop(key, 0) + 1
    if len(counts) > ARTICLES_KEPT:
        del counts[next(iter(counts))]


def _visited(history: History, at: float) -> None:
    """A sign of this person at POSIX seconds `at`; one that comes late, from before the last, changes nothing."""
    if at - history.here_at >= PAUSE:
        history.left_at = history.here_at
        history.visits = (*history.visits[1 - VISITS_KEPT :], at)
    history.here_at = max(history.here_at, at)
