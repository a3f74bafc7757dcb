"""What kind of lists a ranker makes: how varied, how new, how much of the catalogue, how true to what somebody chose.

Logged slates hold what one ranker chose, so they cannot tell. Each slate is therefore made again from the records: all
candidates there were, and from those the `size` that a ranker scores highest. Nothing is taken from after that moment.
What `ranking.diversify` adds before a slate is served (diversity, caps, exploration) is left out: it is the same for
every ranker.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

import numpy as np
from numpy.typing import NDArray

from catalog.ids import ArticleId, EmployeeId
from catalog.records import Event, EventType
from evaluation.replay import Records, Visit, visits
from models.protocols import Progress, Ranker
from ranking.config import RankingOptions
from ranking.scoring import score
from ranking.snapshot import NONE
from ranking.state import NOWHERE

Array = NDArray[np.float64]
Indices = NDArray[np.intp]

FIGURES: Final = ("diversity", "novelty", "source_miscalibration", "function_miscalibration")
"""What is told of each list, in the order of `List.figures`."""

_CHOSEN: Final = (EventType.OPEN, EventType.LIKE, EventType.SAVE, EventType.SHARE)
_SMOOTHING: Final = 0.01
"""Steck's α: how much of the person's own shares is mixed in, so that a source that is not in the list costs a finite
amount."""


@dataclass(frozen=True, slots=True)
class ListOptions:
    """Which lists are looked at."""

    size: int = 5
    history: int = 5
    """How many articles somebody must have chosen before a list can be true or untrue to them."""
    slates: int = 2000
    """At most this many slates are made again, the newest."""


@dataclass(frozen=True, slots=True, eq=False)
class List:
    """What one ranker put first for one slate, in `language` alone where one is named.

    `candidates` and `first` are articles; `figures` has a number per name of `FIGURES`, not-a-number where it has none.
    """

    ranker: str
    language: str | None
    person: EmployeeId
    functions: frozenset[str]
    candidates: frozenset[ArticleId]
    first: tuple[ArticleId, ...]
    figures: tuple[float, ...]


def make(
    records: Records,
    rankers: Sequence[Ranker],
    since: datetime,
    ranking: RankingOptions,
    options: ListOptions,
    progress: Progress | None = None,
) -> list[List]:
    """For every slate served since then, each ranker's list, and its list in each language of the candidates.

    `progress` hears of each slate of the records. Raises ArtefactMismatch where a ranker cannot be used.
    """
    newest = [slate for slate in records.slates if slate.created_at >= since][-options.slates :]
    wanted = {slate.id for slate in newest}
    popularity = _Popularity(records.events)
    found = list[List]()
    for visit in visits(records):
        if visit.slate.id in wanted:
            popularity.advance(visit.slate.seq)
            found += _lists(visit, rankers, ranking, options, popularity)
        if progress:
            progress(1)
    return found


def diversity(vectors: NDArray[np.float32]) -> float:
    """The mean of 1 − cosine over all pairs of `vectors` (n, dimensions), unit rows; not-a-number for less than two.

    Intra-list similarity turned round: Ziegler et al., "Improving Recommendation Lists Through Topic Diversification"
    (WWW 2005).
    """
    n = len(vectors)
    if n < 2:
        return float("nan")
    total = vectors.astype(np.float64).sum(axis=0)
    return float(1.0 - (total @ total - (vectors.astype(np.float64) ** 2).sum()) / (n * (n - 1)))


def novelty(openers: Array, people: int) -> float:
    """The mean of −log₂ p over a list, where p is the share of `people` who had opened the article, in bits.

    Self-information: Zhou et al., "Solving the apparent diversity-accuracy dilemma of recommender systems" (PNAS 107,
    2010). One is added to both numbers, so that what nobody opened has a finite figure.
    """
    return float(-np.log2((openers + 1) / (people + 1)).mean()) if len(openers) else float("nan")


def miscalibration(chosen: Array, listed: Array) -> float:
    """How far the shares in a list are from those of what somebody chose: 0 for equal ones, no upper bound.

    KL(chosen ‖ listed), in nats, with a hundredth of `chosen` mixed into `listed`: Steck, "Calibrated Recommendations"
    (RecSys 2018). Both are weights per class, scaled to sum to 1 here; not-a-number where one has none.
    """
    if not chosen.sum() > 0 or not listed.sum() > 0:
        return float("nan")
    p, q = chosen / chosen.sum(), listed / listed.sum()
    mixed = (1 - _SMOOTHING) * q + _SMOOTHING * p
    there = p > 0
    return float((p[there] * np.log(p[there] / mixed[there])).sum())


def gini(counts: Array) -> float:
    """How unevenly places are shared out over articles: 0 all alike, towards 1 a single one has them all.

    The Gini coefficient, as in Fleder and Hosanagar, "Blockbuster Culture's Next Rise or Fall" (Management Science 55,
    2009). Not-a-number where nothing was counted.
    """
    n, total = len(counts), counts.sum()
    if not total > 0:
        return float("nan")
    place = np.arange(1, n + 1)
    return float(((2 * place - n - 1) * np.sort(counts)).sum() / (n * total))


class _Popularity:
    """How many different people had opened each article by a moment of the log."""

    def __init__(self, events: Sequence[Event]) -> None:
        self._events = events
        self._at = 0
        self._pairs: set[tuple[EmployeeId, ArticleId]] = set()
        self._people: set[EmployeeId] = set()
        self._openers: Counter[ArticleId] = Counter()

    def advance(self, seq: int) -> None:
        for event in self._events[self._at : seq]:
            if event.employee_id is None:
                continue
            self._people.add(event.employee_id)
            pair = (event.employee_id, event.article_id)
            if event.type is EventType.OPEN and pair not in self._pairs:
                self._pairs.add(pair)
                self._openers[event.article_id] += 1
        self._at = max(self._at, seq)

    def novelty(self, articles: Sequence[ArticleId]) -> float:
        return novelty(np.array([self._openers[each] for each in articles], dtype=np.float64), len(self._people))


def _lists(
    visit: Visit, rankers: Sequence[Ranker], ranking: RankingOptions, options: ListOptions, popularity: _Popularity
) -> Iterator[List]:
    snapshot = visit.snapshot
    chosen, rows = visit.prepare(ranking)
    if not len(chosen):
        return
    taste = _Taste(visit, options.history)
    written = snapshot.language[chosen]
    parts = {None: np.ones(len(chosen), dtype=np.bool_)} | {
        language: written == code for language, code in snapshot.languages.items() if (written == code).any()
    }
    for ranker in rankers:
        best = np.argsort(-score(ranker, rows), kind="stable")
        for language, part in parts.items():
            first = chosen[best[part[best]][: options.size]]
            articles = tuple(snapshot.ids[index] for index in first)
            yield List(
                ranker=ranker.name,
                language=language,
                person=visit.slate.employee_id,
                functions=frozenset(visit.person.functions),
                candidates=frozenset(snapshot.ids[index] for index in chosen[part]),
                first=articles,
                figures=(diversity(snapshot.matrix[first]), popularity.novelty(articles), *taste.off(first)),
            )


class _Taste:
    """What somebody chose before a visit, by source and by the functions it was tagged for."""

    def __init__(self, visit: Visit, least: int) -> None:
        self._snapshot = visit.snapshot
        places = visit.state.places_in(visit.snapshot.ids, visit.snapshot.index_of)
        known = np.unique(places[visit.person.history.chosen(*_CHOSEN)])
        known = known[known != NOWHERE]
        self._chosen = known if len(known) >= least else known[:0]

    def off(self, first: Indices) -> tuple[float, float]:
        """How far a list is from that, by source and by function."""
        by_source = miscalibration(self._sources(self._chosen), self._sources(first))
        return by_source, miscalibration(self._functions(self._chosen), self._functions(first))

    def _sources(self, articles: Indices) -> Array:
        source = self._snapshot.source[articles]
        places = int(self._snapshot.source.max(initial=NONE)) + 1
        return np.bincount(source[source != NONE], minlength=places).astype(np.float64)

    def _functions(self, articles: Indices) -> Array:
        return np.asarray(self._snapshot.facets["function"].probability[articles].sum(axis=0), dtype=np.float64)
