"""Where the time of a feed goes, stage by stage and without a database, beside what no such feed can do without.

Features and scores stand beside the trees alone, on the very same rows; retrieval beside faiss alone, on the very same
vectors; and the whole of ranking, from a person to a slate with its reasons, beside the trees again.
"""

import gc
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

import faiss
import lightgbm
import numpy as np

from catalog.records import FUNCTION, Employee
from evaluation.benchmarks import stock
from evaluation.benchmarks.figures import Figure, seconds
from models.protocols import Progress, Vectors
from models.ranker import MODEL_FILE, LambdaMart
from ranking import candidates, features, profile
from ranking.config import RankingOptions
from ranking.scoring import score
from ranking.slate import available, rank
from ranking.snapshot import Snapshot
from ranking.state import State

PREDICT: Final = "LightGBM predict, same rows"
FAISS: Final = "faiss search, same vectors"


@dataclass(frozen=True, slots=True)
class StageOptions:
    """How much there is to rank, how many people have done how much, and for how many of them slates are timed."""

    articles: tuple[int, ...] = (10_000, 100_000)
    candidates: int = 500
    dimensions: int = 384
    people: int = 10_000
    deeds: int = 6
    asked: int = 100
    trees: int = 200
    size: int = 10
    span: timedelta = timedelta(days=60)
    seed: int = 1

    @property
    def steps(self) -> int:
        """How often `progress` hears of one step."""
        return len(self.articles) * self.asked

    @property
    def ranking(self) -> RankingOptions:
        """The usual options, with as many fresh articles more or less as it takes."""
        usual = RankingOptions()
        return replace(usual, fresh=usual.fresh + self.candidates - usual.candidates)


@dataclass(frozen=True, slots=True, eq=False)
class _World:
    """What one catalogue is ranked in."""

    snapshot: Snapshot
    state: State
    ranker: LambdaMart
    options: RankingOptions
    bare_index: faiss.IndexFlatIP
    bare_trees: lightgbm.Booster
    now: datetime
    size: int


def measure(options: StageOptions, now: datetime, progress: Progress) -> list[Figure]:
    """Medians in milliseconds, for catalogues of each size."""
    return [figure for count in options.articles for figure in _of_catalogue(count, options, now, progress)]


def _of_catalogue(count: int, options: StageOptions, now: datetime, progress: Progress) -> list[Figure]:
    random = np.random.default_rng(options.seed)
    people = stock.staff(options.people, now, random)
    live = stock.live_articles(count, options.dimensions, options.span, now, random)
    ranker = stock.ranker(options.trees, random)
    world = _World(
        Snapshot.build(live, (FUNCTION,)),
        State.replay(stock.opens(people, live, options.deeds, options.span, now, random)),
        ranker,
        options.ranking,
        _bare(np.stack([one.vector for one in live])),
        lightgbm.Booster(model_str=ranker.to_files()[MODEL_FILE].decode()),
        now,
        options.size,
    )
    _ask(world, people[0], np.random.default_rng(0))  # builds the index, and maps the snapshot's codes
    gc.collect()
    asked = []
    for number, person in enumerate(people[1 : options.asked + 1]):
        asked.append(_ask(world, person, np.random.default_rng(number)))
        progress(1)
    retrieval, search, scoring, predict, whole = 1000 * np.median(asked, axis=0)
    of = f", {count:,} articles"
    return [
        Figure("retrieval" + of, "ms", float(retrieval), FAISS, float(search)),
        Figure("profile, features and scores" + of, "ms", float(scoring), PREDICT, float(predict)),
        Figure("person to slate" + of, "ms", float(whole), PREDICT, float(predict)),
    ]


def _ask(world: _World, someone: Employee, chance: np.random.Generator) -> tuple[float, float, float, float, float]:
    """Seconds of one person's retrieval, faiss alone, scoring, trees alone, and the whole."""
    snapshot, state, options, now = world.snapshot, world.state, world.options, world.now
    person = profile.build(someone.id, someone.axes, state, snapshot, now)
    offered = available(snapshot, state, person, now)
    chosen = candidates.select(snapshot, state, person, offered, options, now, chance)
    rows = np.ascontiguousarray(features.build(state, snapshot, person, chosen, now))
    interests = np.stack([person.recent, person.long_term])

    def retrieve() -> None:
        candidates.select(snapshot, state, person, available(snapshot, state, person, now), options, now, chance)

    def judge() -> None:
        again = profile.build(someone.id, someone.axes, state, snapshot, now)
        score(world.ranker, features.build(state, snapshot, again, chosen, now))

    def make() -> None:
        again = profile.build(someone.id, someone.axes, state, snapshot, now)
        rank(snapshot, state, again, world.ranker, options, now, chance, world.size)

    return (
        seconds(retrieve),
        seconds(lambda: world.bare_index.search(interests, options.similar // 2)),
        seconds(judge),
        seconds(lambda: world.bare_trees.predict(rows, num_threads=1)),
        seconds(make),
    )


def _bare(vectors: Vectors) -> faiss.IndexFlatIP:
    faiss.omp_set_num_threads(1)
    index = faiss.IndexFlatIP(vectors.shape[1])
    index.add(vectors)
    return index
