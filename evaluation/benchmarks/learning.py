"""Does the learned ranker find out what people want? Simulated people, whose interests are known, and four rankers.

Everything is seeded and without a database, so the same code gives the same figures. The people are made up: the
figures tell whether learning works, not how well it will work for an organisation.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Final
from uuid import UUID

import numpy as np
from numpy.typing import NDArray

from catalog.ids import SlateId
from catalog.records import FUNCTION, Axes, Employee, Event, LiveArticle, Slate
from evaluation import metrics
from evaluation.benchmarks import stock
from evaluation.benchmarks.figures import Figure
from evaluation.report import measure as measure_ranker
from evaluation.synthetic import Behaviour, World, live_through
from models.heuristic import HeuristicRanker
from models.protocols import Features, Progress, Ranker
from ranking import profile
from ranking.config import RankingOptions
from ranking.dataset import Dataset, LabelOptions, build
from ranking.features import NAMES
from ranking.scoring import score
from ranking.slate import generator, rank
from ranking.snapshot import Snapshot
from ranking.state import State
from ranking.training import TrainingOptions, train

NOW: Final = datetime(2026, 3, 2, 9, tzinfo=UTC)
DIMENSIONS: Final = 32
GRADES: Final = 5
SIZE: Final = 10


@dataclass(frozen=True, slots=True)
class LearningOptions:
    """How many people use their feeds for how long; the figures are means over worlds of different seeds."""

    people: int = 40
    articles: int = 160
    days: int = 24
    seeds: tuple[int, ...] = (1, 2, 3)
    training: TrainingOptions = field(default_factory=TrainingOptions)

    @property
    def steps(self) -> int:
        """How often `progress` hears of one step."""
        return self.days * len(self.seeds)


class ByFeature:
    """A ranker that looks at one number: `factor` × `feature`."""

    def __init__(self, name: str, feature: str, factor: float) -> None:
        self.name = name
        self.features = (feature,)
        self._factor = factor

    def score(self, rows: Features) -> NDArray[np.float64]:
        """One score per row."""
        return rows[:, 0] * self._factor


PEERS: Final[tuple[Ranker, ...]] = (
    HeuristicRanker(),
    ByFeature("recency only", "log_age", -1.0),
    ByFeature("popularity only", "opens_7d", 1.0),
)

FIGURES: Final = {"on the log": "nDCG@10", "true interest": "nDCG@5"}
"""What is measured, and its unit: against what people did, and against what they wanted."""


class InMemory:
    """The feed and the log without a database, so that no id is random and every run is the same."""

    def __init__(self, live: Sequence[LiveArticle], random: np.random.Generator) -> None:
        self.slates: list[Slate] = []
        self.events: list[Event] = []
        self._snapshot = Snapshot.build(live, (FUNCTION,))
        self._state = State()
        self._axes: dict[SlateId | None, Axes] = {}
        self._random = random

    def serve(self, person: Employee, now: datetime) -> Slate:
        """A slate by the heuristic, remembered."""
        slate_id, ranker = SlateId(str(UUID(bytes=self._random.bytes(16), version=4))), HeuristicRanker()
        seen_as = profile.build(person.id, person.axes, self._state, self._snapshot, now)
        world = (self._snapshot, self._state, seen_as, ranker, RankingOptions())
        slate = Slate(
            id=slate_id,
            employee_id=person.id,
            created_at=now,
            seq=len(self.events),
            content_version=1,
            ranker=ranker.name,
            degraded=False,
            axes=person.axes,
            hard_axes=self._snapshot.hard_axes,
            feature_names=NAMES,
            items=rank(*world, now, generator(slate_id), SIZE),
        )
        self.slates.append(slate)
        self._axes[slate_id] = person.axes
        return slate

    def deliver(self, received: Sequence[Event]) -> None:
        """What people did, at the end of the log, with who they were when the slate was served."""
        for event in received:
            axes = self._axes[event.slate_id]
            self.events.append(replace(event, seq=len(self.events) + 1, axes=axes))
            self._state.advance(self.events[-1])


def measure(options: LearningOptions, progress: Progress) -> list[Figure]:
    """On the newest days, which LambdaMART has not seen: how near to the best order each ranker comes."""
    worlds = [_world(seed, options, progress) for seed in options.seeds]
    ours, *theirs = np.mean(worlds, axis=0).tolist()
    return [
        Figure(name, unit, ours[place], peer.name, reached[place])
        for place, (name, unit) in enumerate(FIGURES.items())
        for peer, reached in zip(PEERS, theirs, strict=True)
    ]


def _world(seed: int, options: LearningOptions, progress: Progress) -> list[tuple[float, float]]:
    """The figures of LambdaMART and of each peer in one world, in the order of `FIGURES`."""
    random = np.random.default_rng(seed)
    people = stock.staff(options.people, NOW, random)
    span = timedelta(days=options.days + 10)
    live = stock.live_articles(options.articles, DIMENSIONS, span, NOW, random)
    world, memory = World(people, live, Behaviour(), random), InMemory(live, random)
    live_through(world, people, options.days, NOW, random, memory.serve, memory.deliver, progress)
    dataset = build(memory.slates, memory.events, NOW, LabelOptions())
    trained = train(dataset, options.training, measure_ranker)
    rankers: Sequence[Ranker] = (trained.ranker, *PEERS)
    return [(_on_the_log(trained.test, ranker), in_truth(world, trained.test, ranker)) for ranker in rankers]


def _on_the_log(dataset: Dataset, ranker: Ranker) -> float:
    return measure_ranker(dataset, ranker)["ndcg@10"]


def in_truth(world: World, dataset: Dataset, ranker: Ranker) -> float:
    """nDCG@5 against the hidden interest, in grades, that each person had in each article when the slate was served."""
    told = [offer for offer, size in zip(dataset.offers, dataset.groups, strict=True) for _ in range(size)]
    wanted = [
        world.true_relevance(offer.employee, article, offer.at)
        for offer, article in zip(told, dataset.articles, strict=True)
    ]
    grades = np.round(GRADES * np.array(wanted)).astype(np.int32)
    return metrics.mean(metrics.ndcg(grades, score(ranker, dataset.rows), dataset.groups, 5))
