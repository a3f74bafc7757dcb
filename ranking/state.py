"""What people did, as a value advanced by the event log: the one memory behind serving, replay and training.

Events are taken in commit order, one by one, so the same log gives the same floats however it was cut into batches, and
a state at sequence number s knows nothing of what came after s. Reading takes `now` and changes nothing.

Counts decay exponentially and lazily: a key keeps its values as of the last event, and reading lets them age to `now`.
"""

import math
from collections import Counter, defaultdict, deque
from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import chain
from typing import Final, NamedTuple, Self, TypeVar

import numpy as np
from numpy.typing import NDArray

from catalog.ids import ArticleId, EmployeeId
from catalog.records import FUNCTION, Event, EventType
from ranking.config import PEOPLE_COUNTED

Key = TypeVar("Key", bound=Hashable)

DAY: Final = 86_400.0
HALF_LIVES: Final = (1 * DAY, 7 * DAY, 30 * DAY)
"""In seconds. They are part of what the features mean, so they are no options."""
OVER_A_DAY, OVER_A_WEEK, OVER_A_MONTH = range(len(HALF_LIVES))
"""Where the count of each half-life is in what `State.counts` answers."""

DEEDS_KEPT: Final = 200
"""How many of a person's last deeds are remembered."""
ARTICLES_KEPT: Final = 2000
"""Of how many articles we remember that a person was shown them, and how many different deeds."""
COMPANIONS: Final = 5
"""An opened article counts as read together with this many that the same person opened before it."""

DEEDS: Final = frozenset(EventType) - {EventType.SEEN, EventType.CLICK}
"""What a person did by choice. To be shown something is no choice, and a click is somebody else's."""

_RATES: Final = tuple(-1.0 / half_life for half_life in HALF_LIVES)
_NOTHING: Final = (0.0,) * (1 + len(HALF_LIVES))


class Deed(NamedTuple):
    """One thing a person chose to do, at POSIX seconds `at`."""

    at: float
    type: EventType
    article: ArticleId


class DecayedCounts:
    """A count per key at every half-life of `HALF_LIVES`."""

    __slots__ = ("_entries",)

    def __init__(self) -> None:
        self._entries: dict[Hashable, tuple[float, ...]] = {}

    def add(self, key: Hashable, at: float) -> None:
        """Count one more at POSIX seconds `at`, which may lie before what was counted last."""
        last, *counts = self._entries.get(key, (at, *_NOTHING[1:]))
        left = [math.exp2(abs(at - last) * rate) for rate in _RATES]  # of a count of 1, over the time between the two
        pairs = zip(counts, left, strict=True)
        grown = [count * rest + 1.0 for count, rest in pairs] if at >= last else [count + rest for count, rest in pairs]
        self._entries[key] = (max(at, last), *grown)

    def read(self, keys: Sequence[Hashable], now: float) -> NDArray[np.float64]:
        """The counts of `keys` as of POSIX seconds `now`, shape (keys, half-lives)."""
        entries = self._entries
        rows = chain.from_iterable(entries.get(key, _NOTHING) for key in keys)
        table = np.fromiter(rows, np.float64, len(keys) * len(_NOTHING)).reshape(len(keys), len(_NOTHING))
        age = np.maximum(now - table[:, :1], 0.0)
        return np.asarray(table[:, 1:] * np.exp2(age * np.array(_RATES)))


@dataclass(slots=True)
class History:
    """What one person did and was shown, bounded.

    `deeds` are the last in order, `done` and `seen` how often each deed was done and each article was shown, and
    `last_deed` is the sequence number of the last thing they chose to do.
    """

    deeds: deque[Deed] = field(default_factory=lambda: deque(maxlen=DEEDS_KEPT))
    done: dict[tuple[EventType, ArticleId], int] = field(default_factory=dict)
    seen: dict[ArticleId, int] = field(default_factory=dict)
    last_deed: int = 0

    def articles(self, *types: EventType) -> set[ArticleId]:
        """The articles with which they did one of these."""
        return {article for type_, article in self.done if type_ in types}


class State:
    """Advanced by one writer; `seq` says how far."""

    def __init__(self) -> None:
        self.seq = 0
        self._counts = DecayedCounts()
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
        if not self._repeats(event):
            for function in (None, *sorted(functions)):
                self._counts.add((event.article_id, event.type, function), at)
        if event.employee_id is not None:
            self._remember(event, event.employee_id, functions, at)
        self.seq = event.seq

    def counts(
        self, articles: Sequence[ArticleId], event: EventType, now: datetime, function: str | None = None
    ) -> NDArray[np.float64]:
        """Decayed counts of one type of event, by everybody or by people with `function`: (articles, half-lives)."""
        return self._counts.read([(article, event, function) for article in articles], now.timestamp())

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

    def history(self, employee: EmployeeId) -> History:
        """What this person did and was shown; empty for somebody new."""
        return self._histories.get(employee, History())

    def known_people(self) -> frozenset[EmployeeId]:
        """Everybody of whom something is remembered."""
        return frozenset(self._histories)

    def _repeats(self, event: Event) -> bool:
        return event.employee_id is not None and (event.type, event.article_id) in self.history(event.employee_id).done

    def _remember(self, event: Event, employee: EmployeeId, functions: frozenset[str], at: float) -> None:
        history = self._histories.setdefault(employee, History())
        if event.type is EventType.SEEN:
            _bounded_add(history.seen, event.article_id)
        if event.type is EventType.OPEN:
            self._opened(event.article_id, employee, functions, history)
        if event.type in DEEDS:
            _bounded_add(history.done, (event.type, event.article_id))
            history.deeds.append(Deed(at, event.type, event.article_id))
            history.last_deed = event.seq

    def _opened(self, article: ArticleId, employee: EmployeeId, functions: frozenset[str], history: History) -> None:
        for function in (None, *functions):
            people = self._people[article, function]
            if len(people) < PEOPLE_COUNTED:
                people.add(employee)
        before = [deed.article for deed in history.deeds if deed.type is EventType.OPEN]
        for other in before[-COMPANIONS:]:
            if other != article:
                self._together[article][other] += 1
                self._together[other][article] += 1


def _bounded_add(counts: dict[Key, int], key: Key) -> None:
    """Count one more, and forget the key that was counted longest ago when there are too many."""
    counts[key] = counts.pop(key, 0) + 1
    if len(counts) > ARTICLES_KEPT:
        del counts[next(iter(counts))]
