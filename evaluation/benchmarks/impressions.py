"""The ranker on lists that people were shown: each list is ordered by what was known before, then its clicks are told.

Nothing of a list, nor of another of the same second, is in the state when it is ordered. The ranker is learned again as
the log goes on, from lists before; what each list was ordered by then stays. Figures are those of the MIND challenge,
means over lists of which something was chosen and something was not.
"""

from collections import defaultdict, deque
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from itertools import groupby
from operator import attrgetter
from typing import Final

import numpy as np
from numpy.typing import NDArray

from catalog.errors import Invalid
from catalog.ids import ArticleId, EventId, SlateId
from catalog.records import Event, EventType
from evaluation import metrics
from evaluation.benchmarks.figures import Figure
from evaluation.benchmarks.prequential import Protocol, Rows
from evaluation.loaders.engagement import Engagement, Impression
from models.protocols import Progress
from models.ranker import Examples, LambdaMart
from ranking import features, profile
from ranking.features import INDEX, NAMES
from ranking.snapshot import Snapshot
from ranking.state import State

OURS: Final = "ours"
FEWEST: Final = 20
"""Lists with a choice that a first fit needs."""

_UNTIMED: Final = timedelta(days=1)
"""How long before the log begins things happened of which nobody knows when."""

Scorer = Callable[[Rows], NDArray[np.floating]]

_PEERS: Final[Mapping[str, Scorer]] = {
    "recency": lambda rows: -rows[:, INDEX["log_age"]],
    "popularity, 1 day": lambda rows: rows[:, INDEX["opens_1d"]],
    "popularity, 7 days": lambda rows: rows[:, INDEX["opens_7d"]],
    "opens per impression": lambda rows: rows[:, INDEX["open_rate"]],
    "the order shown": lambda rows: -np.arange(len(rows), dtype=np.float64),
}


@dataclass(frozen=True, slots=True, eq=False)
class Asked:
    """One list before its clicks are told: the `rows` of what was shown, in that order, and which were `chosen`."""

    at: datetime
    rows: Rows
    chosen: NDArray[np.bool_]

    @property
    def tells(self) -> bool:
        """Whether one order of it is better than another."""
        return 0 < int(self.chosen.sum()) < len(self.chosen)


def measure(engagement: Engagement, protocol: Protocol, progress: Progress) -> list[Figure]:
    """Ours beside each peer, over the lists from `protocol.test_from` on. `progress` hears of each list.

    Raises Invalid where nothing can be learned before, or asked after.
    """
    learner, judged = _Learner(protocol), _Judged()
    for asked in ask(engagement, protocol, progress):
        if not asked.tells:
            continue
        if asked.at >= protocol.test_from:
            judged.add(asked, learner.ranker(asked.at))
        learner.remember(asked)
    if not judged.groups:
        raise Invalid(f"no list after {protocol.test_from:%Y-%m-%d} has something that was chosen and something not")
    ours = judged.figures(OURS)
    theirs = {peer: judged.figures(peer) for peer in _PEERS}
    told = [Figure(figure, "", value, peer, theirs[peer][figure]) for figure, value in ours.items() for peer in _PEERS]
    return [Figure("lists", "", float(len(judged.groups))), *told]


def ask(engagement: Engagement, protocol: Protocol, progress: Progress) -> Iterable[Asked]:
    """Every list in order, before its second is told to the state."""
    snapshot, reader = Snapshot.build(engagement.articles, ()), _Reader(engagement)
    for at, same in groupby(engagement.impressions, key=attrgetter("at")):
        if at >= protocol.until:
            return
        lists = list(same)
        reader.read_to(at)
        for impression in lists:
            reader.remember_past_of(impression)
        for impression in lists:
            who = engagement.people.get(impression.person, {})
            person = profile.build(impression.person, who, reader.state, snapshot, at)
            shown = np.array([snapshot.index_of[one] for one in impression.shown], dtype=np.intp)
            rows = features.build(reader.state, snapshot, person, shown, at).astype(np.float32)
            yield Asked(at, rows, np.array([one in impression.chosen for one in impression.shown], dtype=np.bool_))
        for impression in lists:
            reader.tell(impression)
        progress(len(lists))


class _Reader:
    """Tells a state what happened, in order."""

    def __init__(self, engagement: Engagement) -> None:
        self.state = State()
        self._engagement = engagement
        self._next = 0
        self._met = set[str]()
        self._begun = engagement.impressions[0].at if engagement.impressions else None

    def read_to(self, at: datetime) -> None:
        """What happened besides the lists, strictly before this moment."""
        events = self._engagement.events
        while self._next < len(events) and events[self._next].at < at:
            self._advance(events[self._next])
            self._next += 1

    def remember_past_of(self, impression: Impression) -> None:
        """What this person had opened before the log begins, told when they first come: earlier nobody knew of them."""
        if impression.person in self._met or self._begun is None:
            return
        self._met.add(impression.person)
        for back, one in zip(range(len(impression.before), 0, -1), impression.before, strict=True):
            at = self._begun - _UNTIMED - timedelta(minutes=back)
            self._happened(impression, one, EventType.OPEN, at, slate=None)

    def tell(self, impression: Impression) -> None:
        """That the list was seen, and what was opened of it."""
        for one in impression.shown:
            self._happened(impression, one, EventType.SEEN, impression.at, slate=SlateId(impression.id))
        for one in impression.shown:
            if one in impression.chosen:
                self._happened(impression, one, EventType.OPEN, impression.at, slate=SlateId(impression.id))

    def _happened(
        self, impression: Impression, one: ArticleId, kind: EventType, at: datetime, *, slate: SlateId | None
    ) -> None:
        person = impression.person
        axes = self._engagement.people.get(person, {})
        name = EventId(str(self.state.seq + 1))
        self._advance(Event(name, kind, one, at, impression.at, slate, person, axes))

    def _advance(self, event: Event) -> None:
        self.state.advance(replace(event, seq=self.state.seq + 1))


class _Learner:
    """Learns a ranker from the lists before, no less often than every `protocol.refit` of the test window."""

    def __init__(self, protocol: Protocol) -> None:
        self._protocol = protocol
        self._random = np.random.default_rng(protocol.seed)
        self._known: deque[Asked] = deque(maxlen=protocol.impressions)
        self._ranker: LambdaMart | None = None
        self._due = protocol.test_from

    def remember(self, asked: Asked) -> None:
        """Of a long list all that was chosen and a sample of the rest."""
        others = np.flatnonzero(~asked.chosen)
        if len(others) > self._protocol.unchosen:
            others = self._random.choice(others, self._protocol.unchosen, replace=False)
        kept = np.concatenate([np.flatnonzero(asked.chosen), others])
        self._known.append(Asked(asked.at, asked.rows[kept], asked.chosen[kept]))

    def ranker(self, at: datetime) -> LambdaMart:
        """The one that is in use at this moment. Raises Invalid where there is too little to learn from."""
        if self._ranker is None or at >= self._due:
            begun = self._due + (at - self._due) // self._protocol.refit * self._protocol.refit
            self._ranker = self._fit(begun)
            self._due = begun + self._protocol.refit
        return self._ranker

    def _fit(self, at: datetime) -> LambdaMart:
        window = [each for each in self._known if at - self._protocol.window <= each.at < at]
        if len(window) < FEWEST:
            raise Invalid(
                f"there are {len(window)} lists before {at:%Y-%m-%d %H:%M} that something was chosen of, {FEWEST} are "
                "needed to learn from: say a later --test-from"
            )
        rows = np.concatenate([each.rows for each in window]).astype(np.float64)
        labels = np.concatenate([each.chosen for each in window]).astype(np.int32)
        groups = np.array([len(each.rows) for each in window], dtype=np.int32)
        examples = Examples(rows, labels, np.zeros(len(rows), dtype=np.int32), groups)
        return LambdaMart.fit(NAMES, examples, examples, self._protocol.trees)


@dataclass(slots=True)
class _Judged:
    """Scores of every list of the test window, by each ranker."""

    groups: list[int] = field(default_factory=list)
    _labels: list[NDArray[np.bool_]] = field(default_factory=list)
    _scores: dict[str, list[NDArray[np.floating]]] = field(default_factory=lambda: defaultdict(list))

    def add(self, asked: Asked, ours: LambdaMart) -> None:
        self.groups.append(len(asked.rows))
        self._labels.append(asked.chosen)
        self._scores[OURS].append(ours.score(asked.rows.astype(np.float64)))
        for peer, score in _PEERS.items():
            self._scores[peer].append(score(asked.rows))

    def figures(self, ranker: str) -> dict[str, float]:
        """nDCG@5, nDCG@10, MRR (over all that was chosen) and AUC."""
        judged = (
            np.concatenate(self._labels).astype(np.int32),
            np.concatenate(self._scores[ranker]).astype(np.float64),
            np.array(self.groups, dtype=np.int32),
        )
        return {
            "nDCG@5": metrics.mean(metrics.ndcg(*judged, k=5)),
            "nDCG@10": metrics.mean(metrics.ndcg(*judged, k=10)),
            "MRR": metrics.mean(metrics.mrr_of_all(*judged)),
            "AUC": metrics.mean(metrics.auc(*judged)),
        }
