"""What learning a ranker costs beside the fit alone: a log in a database, and `sluis train` from reading to registry.

The peer is `lightgbm.train` on the very matrices that ours ends up with, with the same parameters and the same early
stop: whatever ours takes beyond it went into reading slates, joining events, splitting, measuring and signing.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Final
from uuid import UUID

import lightgbm
import numpy as np

from catalog import events, schema, slates
from catalog.database import Database
from catalog.ids import ArticleId, EventId, SlateId, TenantId
from catalog.records import Employee, Event, EventType, Slate, SlateItem
from evaluation.benchmarks import stock
from evaluation.benchmarks.figures import Figure, seconds
from evaluation.report import measure as measure_ranker
from evaluation.synthetic import Behaviour
from models.manifest import RANKER
from models.protocols import Progress
from models.ranker import parameters
from models.registry import Registry
from ranking.dataset import Dataset, LabelOptions, load
from ranking.features import NAMES
from ranking.splits import Split, by_time
from ranking.training import TrainingOptions, train

TENANT: Final = TenantId("bench")
SIZE: Final = 10
_STEPS: Final = (EventType.OPEN, EventType.LIKE, EventType.SAVE, EventType.CLICK, EventType.SHARE)
"""Events by rising grade."""
_PATIENCE: Final = Behaviour().patience
_AT_ONCE: Final = 100


@dataclass(frozen=True, slots=True)
class TrainOptions:
    """How much there is to learn from, and how often it is learned: the median counts."""

    slates: int = 3000
    people: int = 100
    articles: int = 200
    days: int = 28
    rounds: int = 3
    training: TrainingOptions = field(default_factory=TrainingOptions)
    seed: int = 1

    @property
    def steps(self) -> int:
        """How often `progress` hears of one step."""
        return self.articles + self.slates + 2 * self.rounds


def measure(folder: Path, options: TrainOptions, now: datetime, progress: Progress) -> list[Figure]:
    """Learn from a new database in `folder`, in turn with the bare fit; in seconds."""
    database = Database(f"sqlite:///{folder / 'training.db'}")
    schema.upgrade(database)
    _fill(database, options, now, progress)
    ours, theirs = list[float](), list[float]()
    for place in range(options.rounds):
        registry = Registry(folder / str(place) / "artefacts")
        ours.append(seconds(partial(_train, database, registry, options, now)))
        progress(1)
        theirs.append(seconds(partial(_bare, _split(database, options, now), options.training)))
        progress(1)
    database.close()
    whole, bare = (float(np.median(each)) for each in (ours, theirs))
    return [Figure(f"train on {options.slates:,} slates", "s", whole, "lightgbm.train on the same matrices", bare)]


def _load(database: Database, now: datetime) -> Dataset:
    with database.read() as connection:
        return load(connection, TENANT, now, LabelOptions())


def _split(database: Database, options: TrainOptions, now: datetime) -> Split:
    """The parts that the fit learns from and stops by, without what teaches nothing."""
    split = by_time(_load(database, now), options.training.split)
    return Split(split.train.telling(), split.validation.telling(), split.test)


def _train(database: Database, registry: Registry, options: TrainOptions, now: datetime) -> None:
    """What `sluis train` does."""
    trained = train(_load(database, now), options.training, measure_ranker, lambda _: None)
    registry.add(RANKER, trained.ranker.to_files(), facts=trained.facts, metrics=trained.metrics, now=now)


def _bare(split: Split, options: TrainingOptions) -> None:
    """LightGBM as it comes."""
    learned, held_out = split.train, split.validation
    given = {"params": {"max_bin": options.trees.bins, "verbosity": -1}}
    fitted = lightgbm.Dataset(learned.rows, learned.labels, group=learned.groups, position=learned.positions, **given)
    judged = lightgbm.Dataset(held_out.rows, held_out.labels, group=held_out.groups, reference=fitted, **given)
    stop = lightgbm.early_stopping(options.trees.patience, verbose=False)
    settings = parameters(options.trees)
    lightgbm.train(settings, fitted, options.trees.rounds, valid_sets=[judged], callbacks=[stop])


def _fill(database: Database, options: TrainOptions, now: datetime, progress: Progress) -> None:
    """A log that nobody was shown: slates of random features, and people who follow six of them."""
    random = np.random.default_rng(options.seed)
    people = stock.staff(options.people, now, random)
    live = stock.live_articles(options.articles, 8, timedelta(days=60), now, random)
    stock.store(database, TENANT, live, people, now, progress)
    ids = [article.id for article in live]
    made = _log(people, ids, options, now, random)
    for _ in range(0, options.slates, _AT_ONCE):
        with database.write() as connection:
            for _, (slate, happened) in zip(range(_AT_ONCE), made, strict=False):
                slates.save(connection, TENANT, slate)
                events.append(connection, TENANT, happened)
                progress(1)


def _log(
    people: list[Employee], ids: list[ArticleId], options: TrainOptions, now: datetime, random: np.random.Generator
) -> Iterator[tuple[Slate, list[Event]]]:
    for number in range(options.slates):
        person = people[int(random.integers(len(people)))]
        at = now - timedelta(days=options.days) * (1 - number / options.slates)
        rows = random.uniform(size=(SIZE, len(NAMES)))
        wanted = rows[:, :6].sum(axis=1) - 3.8 + random.normal(size=SIZE)
        shown = [ids[place] for place in random.choice(len(ids), SIZE, replace=False)]
        slate = Slate(
            id=SlateId(_id(random)),
            employee_id=person.id,
            created_at=at,
            seq=0,
            content_version=1,
            ranker="bench",
            degraded=False,
            axes=person.axes,
            hard_axes=("function",),
            feature_names=NAMES,
            items=tuple(
                SlateItem(place + 1, article, 0.0, 1.0, tuple(rows[place].tolist()), ())
                for place, article in enumerate(shown)
            ),
        )
        yield (
            slate,
            [
                event
                for item, liked in zip(slate.items, wanted, strict=True)
                for event in _did(slate, item, liked, random)
            ],
        )


def _did(slate: Slate, item: SlateItem, liked: float, random: np.random.Generator) -> Iterator[Event]:
    if random.random() >= item.position**-_PATIENCE:
        return
    steps = int(np.clip(round(2 * liked), 0, len(_STEPS)))
    kinds = [EventType.SEEN, *_STEPS[:steps]]
    at = slate.created_at + timedelta(seconds=5 * item.position)
    for kind in kinds:
        yield Event(EventId(_id(random)), kind, item.article_id, at, at, slate.id, slate.employee_id)


def _id(random: np.random.Generator) -> str:
    return str(UUID(bytes=random.bytes(16), version=4))
