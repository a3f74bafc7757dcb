"""Next-article prediction over a log of the past: every question is asked before its answer is in the state.

A touch is the first thing a person did with an article. At each touch, the articles that were born in the days before
and that the person has not touched are ranked with what was known strictly before that second; the touched one is the
answer. Rows come from the features that serve feeds, built on the same state.
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from itertools import groupby
from operator import attrgetter
from typing import Final

import numpy as np
from numpy.typing import NDArray

from catalog.errors import Invalid
from catalog.ids import EmployeeId
from catalog.records import Event
from evaluation.loaders.engagement import Engagement
from models.protocols import Progress
from models.ranker import Examples, LambdaMart, LambdaMartOptions
from ranking import features, profile
from ranking.features import INDEX, NAMES
from ranking.profile import Person
from ranking.snapshot import Snapshot
from ranking.state import State

K: Final = 10
TREES: Final = LambdaMartOptions(
    rounds=150, patience=0, learning_rate=0.08, leaves=31, rows_per_leaf=50, feature_share=0.6, threads=1, bins=63
)
"""Some thousands of touches a month allow larger trees than a young tenant's slates. How many was chosen on October."""
Rows = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Protocol:
    """What is asked, and how the rankers are kept fresh."""

    test_from: datetime = datetime(2016, 11, 1, tzinfo=UTC)
    until: datetime = datetime(9999, 1, 1, tzinfo=UTC)
    born_within: timedelta = timedelta(days=60)
    fewest: int = 20
    """A list of no more candidates than this is no question."""
    refit: timedelta = timedelta(days=7)
    window: timedelta = timedelta(days=75)
    """How far back a refit looks. The state takes in everything before as well."""
    unchosen: int = 40
    """How many candidates that were not touched are learned from per touch, drawn evenly."""
    trees: LambdaMartOptions = TREES
    seed: int = 16
    impressions: int = 30_000
    """Of how many lists that were shown a refit remembers at most, the last ones: their rows stay in memory."""

    @property
    def learn_from(self) -> datetime:
        """The first touches that any refit learns from."""
        return self.test_from - self.window


@dataclass(frozen=True, slots=True, eq=False)
class Question:
    """One touch: the candidates as indices into the snapshot, the `answer`'s place among them, and their rows.

    Before the test window only the answer, in place 0, and a sample of the others are kept.
    """

    at: datetime
    person: EmployeeId
    candidates: NDArray[np.intp]
    answer: int
    rows: Rows


def last_fifth(engagement: Engagement) -> datetime:
    """From when on the last fifth of a log is: of the lists shown, or where none are known, of the events.

    Raises Invalid for an empty log.
    """
    moments = [each.at for each in engagement.impressions or engagement.events]
    if not moments:
        raise Invalid("there is nothing in this log")
    return moments[len(moments) * 4 // 5]


def ask(engagement: Engagement, protocol: Protocol, progress: Progress) -> Iterator[Question]:
    """Every question in order. `progress` hears of each event."""
    snapshot = Snapshot.build(engagement.articles, ())
    born = snapshot.published
    rng = np.random.default_rng(protocol.seed)
    state, touched = State(), defaultdict[EmployeeId, NDArray[np.bool_]](lambda: np.zeros(len(snapshot), np.bool_))
    for at, same in groupby(engagement.events, key=attrgetter("at")):
        if at >= protocol.until:
            return
        events = list(same)
        if at >= protocol.learn_from:
            first = np.searchsorted(born, (at - protocol.born_within).timestamp(), side="right")
            young = np.arange(first, np.searchsorted(born, at.timestamp(), side="left"))
            for person, article in _touches(events, snapshot, touched):
                candidates = young[~touched[person][young]]
                if len(candidates) <= protocol.fewest or article not in candidates:
                    continue
                someone = profile.build(person, engagement.people.get(person, {}), state, snapshot, at)
                yield _question(state, snapshot, someone, candidates, article, at, protocol, rng)
        for event in events:
            state.advance(event)
            touched[_person(event)][snapshot.index_of[event.article_id]] = True
        progress(len(events))


def _touches(
    events: Sequence[Event], snapshot: Snapshot, touched: dict[EmployeeId, NDArray[np.bool_]]
) -> dict[tuple[EmployeeId, int], None]:
    """Who touches which article for the first time within these events of one second, each once."""
    pairs = [(_person(event), snapshot.index_of[event.article_id]) for event in events]
    return dict.fromkeys((person, article) for person, article in pairs if not touched[person][article])


def _question(
    state: State,
    snapshot: Snapshot,
    person: Person,
    candidates: NDArray[np.intp],
    article: int,
    at: datetime,
    protocol: Protocol,
    rng: np.random.Generator,
) -> Question:
    rows = features.build(state, snapshot, person, candidates, at).astype(np.float32)
    answer = int(np.flatnonzero(candidates == article)[0])
    if at < protocol.test_from:
        others = np.delete(np.arange(len(candidates)), answer)
        kept = [answer, *rng.choice(others, min(protocol.unchosen, len(others)), replace=False)]
        candidates, rows, answer = candidates[kept], rows[kept], 0
    return Question(at, person.id, candidates, answer, rows)


def _person(event: Event) -> EmployeeId:
    if event.employee_id is None:
        raise ValueError(f"event {event.seq} is nobody's: nothing can be asked of it")
    return event.employee_id


def fit(
    asked: Sequence[Question], protocol: Protocol, at: datetime, names: Sequence[str] = NAMES, seed: int = 1
) -> LambdaMart:
    """A ranker of the features `names`, learned from what was asked in the window before `at`.

    What was asked in the test window is sampled as before it.
    """
    known = [question for question in asked if at - protocol.window <= question.at < at]
    rng = np.random.default_rng(protocol.seed)
    columns = [INDEX[name] for name in names]
    examples = _examples([_sampled(question, protocol.unchosen, rng) for question in known], columns)
    return LambdaMart.fit(tuple(names), examples, examples, replace(protocol.trees, seed=seed))


def _sampled(question: Question, unchosen: int, rng: np.random.Generator) -> Rows:
    """The answer's row first, then some of the others."""
    others = np.delete(np.arange(len(question.rows)), question.answer)
    if len(others) > unchosen:
        others = rng.choice(others, unchosen, replace=False)
    return question.rows[[question.answer, *others]]


def _examples(parts: Sequence[Rows], columns: Sequence[int]) -> Examples:
    groups = np.array([len(rows) for rows in parts], dtype=np.int32)
    labels = np.zeros(int(groups.sum()), dtype=np.int32)
    labels[np.cumsum(groups) - groups] = 1
    rows = np.concatenate(parts)[:, columns].astype(np.float64)
    return Examples(rows, labels, np.zeros(len(rows), dtype=np.int32), groups)


def rank_of(scores: NDArray[np.floating], answer: int) -> float:
    """The answer's rank from 1; among equals the middle of their ranks."""
    own = scores[answer]
    return float(1 + (scores > own).sum() + ((scores == own).sum() - 1) / 2)


def figures(ranks: NDArray[np.float64]) -> dict[str, float]:
    """nDCG@10, MRR and HR@10 over questions with one answer each."""
    hits = ranks <= K
    return {
        f"nDCG@{K}": float(np.mean(np.where(hits, 1 / np.log2(1 + ranks), 0.0))),
        "MRR": float(np.mean(1 / ranks)),
        f"HR@{K}": float(np.mean(hits)),
    }
