"""Does the ranker see through position bias? People whose interests are known, who seldom look far down a list.

Their clients report as seen whatever they draw, looked at or not, so the log itself does not tell that low places were
not wanted for being low. Three rankers learn: one that fits what a position does beside the trees, as `sluis train`
does; one that takes the log at its word; and one from the log of the same people with the same interests who look at as
many places, but at each rank as often as at the next. That one had nothing to see through: it is the yardstick.
"""

from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Final

import numpy as np

from evaluation.benchmarks import stock
from evaluation.benchmarks.figures import Figure
from evaluation.benchmarks.learning import DIMENSIONS, NOW, InMemory, in_truth
from evaluation.report import measure as measure_ranker
from evaluation.synthetic import Behaviour, World, live_through
from models.protocols import Progress
from ranking.dataset import Dataset, LabelOptions, build
from ranking.training import TrainingOptions, train

PEERS: Final = ("learned without bias", "not corrected")
"""What ours stands beside; of both the true nDCG@5 on the newest days of both logs."""


@dataclass(frozen=True, slots=True)
class BiasOptions:
    """How many people read how much for how long; the figures are means over worlds of different seeds."""

    people: int = 120
    articles: int = 800
    days: int = 24
    patience: float = 1.0
    """Rank r is looked at with probability 1 / r ** patience: at 1 the tenth place a tenth as often as the first."""
    seeds: tuple[int, ...] = (1, 2, 3, 4)
    training: TrainingOptions = field(default_factory=TrainingOptions)

    @property
    def steps(self) -> int:
        """How often `progress` hears of one step."""
        return 2 * self.days * len(self.seeds)


def measure(options: BiasOptions, progress: Progress) -> list[Figure]:
    """True nDCG@5 of the corrected ranker beside the two others."""
    ours, *theirs = np.mean([_world(seed, options, progress) for seed in options.seeds], axis=0).tolist()
    return [
        Figure("true interest, strong position bias", "nDCG@5", ours, peer, reached)
        for peer, reached in zip(PEERS, theirs, strict=True)
    ]


def _world(seed: int, options: BiasOptions, progress: Progress) -> list[float]:
    """The figures of ours and of each peer in one world."""
    biased, log = _lived(seed, options, progress, evenly=False)
    even, even_log = _lived(seed, options, progress, evenly=True)
    logs = (log, even_log, replace(log, positions=np.zeros_like(log.positions)))
    learned = [train(each, options.training, measure_ranker) for each in logs]
    newest = ((biased, learned[0].test), (even, learned[1].test))
    return [float(np.mean([in_truth(*days, one.ranker) for days in newest])) for one in learned]


def _lived(seed: int, options: BiasOptions, progress: Progress, *, evenly: bool) -> tuple[World, Dataset]:
    """A world and its log. The same seed makes the same people, articles and interests."""
    random = np.random.default_rng(seed)
    people = stock.staff(options.people, NOW, random)
    span = timedelta(days=options.days + 10)
    live = stock.live_articles(options.articles, DIMENSIONS, span, NOW, random)
    behaviour = Behaviour(patience=options.patience, evenly=evenly, rendered=True)
    world, memory = World(people, live, behaviour, random), InMemory(live, random)
    live_through(world, people, options.days, NOW, random, memory.serve, memory.deliver, progress)
    return world, build(memory.slates, memory.events, NOW, LabelOptions())
