"""A small organisation whose people's wishes are known, and what a ranker would truly have earned on its slates."""

from dataclasses import dataclass
from datetime import timedelta

import numpy as np

from catalog.records import FUNCTION
from evaluation.benchmarks import stock
from evaluation.benchmarks.learning import NOW, ByFeature, InMemory
from evaluation.counterfactual import LogOptions, gather
from evaluation.replay import Records, visits
from evaluation.synthetic import Behaviour, World, live_through
from models.heuristic import HeuristicRanker
from ranking.config import RankingOptions
from ranking.diversify import compose
from ranking.scoring import score
from ranking.slate import pool_of

CHAMPION = HeuristicRanker()
OPTIONS = RankingOptions()
BEHAVIOUR = Behaviour()
PLACES = 10
HORIZON = LogOptions().horizon


class Wavering:
    """A challenger: the heuristic, and a strong opinion of its own that has nothing to do with what people want."""

    name = "wavering"
    features = (*CHAMPION.features, "newer_in_list")

    def __init__(self, opinion: float = 0.5) -> None:
        self._opinion = opinion

    def score(self, rows):
        return CHAMPION.score(np.ascontiguousarray(rows[:, :-1])) + self._opinion * np.cos(37 * rows[:, -1])


RECENCY = ByFeature("recency", "log_age", -1.0)


@dataclass(frozen=True, eq=False)
class Lived:
    """Some days of a world, and their records."""

    world: World
    records: Records

    def log(self, *challengers, options=LogOptions(), known=lambda name: CHAMPION):  # noqa: B008
        """The champion's log, with challengers beside it."""
        between = NOW - timedelta(days=100), NOW
        return gather(self.records, (CHAMPION, *challengers), known, between, OPTIONS, options)

    def truth(self, ranker, seed, draws=8) -> float:
        """What the ranker earns per slate in truth: slates it composes, and the chance that each place is opened.

        It shares no code with the estimates but what serves: slates are drawn, not weighed.
        """
        random = np.random.default_rng(seed)
        looked_at = np.arange(1, PLACES + 1) ** -BEHAVIOUR.patience
        earned = []
        for visit in visits(self.records):
            if visit.slate.created_at > NOW - HORIZON:
                continue
            chosen, rows = visit.prepare(OPTIONS)
            wanted = np.array([self._wanted(visit, visit.snapshot.ids[index]) for index in chosen])
            world = visit.snapshot, visit.state, visit.person
            pool = pool_of(*world, chosen, score(ranker, rows), OPTIONS, visit.slate.created_at)
            for _ in range(draws):
                rows_picked = [pick.row for pick in compose(pool, OPTIONS, PLACES, random)]
                earned.append(float(wanted[rows_picked] @ looked_at[: len(rows_picked)]))
        return float(np.mean(earned))

    def _wanted(self, visit, article) -> float:
        """The probability that the person opens the article once they look at it."""
        interest = self.world.true_relevance(visit.person.id, article, visit.slate.created_at)
        return max(interest, BEHAVIOUR.accident)


def lived(seed, people=20, articles=60, days=6) -> Lived:
    """Another world, with other people and other articles, for each seed."""
    random = np.random.default_rng(seed)
    live = stock.live_articles(articles, 16, timedelta(days=days + 10), NOW, random)
    staff = stock.staff(people, NOW, random)
    world, memory = World(staff, live, BEHAVIOUR, random), InMemory(live, random)
    live_through(world, staff, days, NOW, random, memory.serve, memory.deliver)
    return Lived(world, Records(live, (FUNCTION,), memory.slates, memory.events))
