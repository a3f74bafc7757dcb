"""How long a feed takes: a fresh slate, a standing one and stored picks over many live articles, beside their floor.

A fresh slate must at least score its candidates and be logged in one write that has reached the disk; a standing one
need not do either, so the write alone is its yardstick. What somebody does is to tell in the next feed of a colleague.
"""

import sqlite3
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import Final

import numpy as np

from catalog import events, picks, schema
from catalog import people as employees
from catalog.database import Database
from catalog.errors import Conflict, NotFound
from catalog.ids import EventId, TenantId, new_id
from catalog.records import Employee, Event, EventType, Slate
from evaluation.benchmarks import stock
from evaluation.benchmarks.figures import Figure, seconds
from models.protocols import Progress, Ranker
from ranking.config import RankingOptions
from ranking.features import NAMES
from ranking.feed import FeedService
from ranking.picks import Picker, PickOptions

TENANT: Final = TenantId("bench")
QUANTILES: Final = {"p50": 0.5, "p99": 0.99}


@dataclass(frozen=True, slots=True)
class ServingOptions:
    """How much there is to serve, and to how many people."""

    articles: int = 10_000
    dimensions: int = 384
    people: int = 200
    trees: int = 200
    size: int = 10
    span: timedelta = timedelta(days=60)
    seed: int = 1

    @property
    def steps(self) -> int:
        """How often `progress` hears of one step."""
        return self.fresh_steps + 2 * self.people - 1

    @property
    def fresh_steps(self) -> int:
        """The same of `fresh`."""
        return self.articles + 2 * self.people - 1


def measure(folder: Path, options: ServingOptions, now: datetime, progress: Progress) -> list[Figure]:
    """Serve from a new database in `folder`; all times in milliseconds."""
    random = np.random.default_rng(options.seed)
    database = Database(f"sqlite:///{folder / 'serving.db'}")
    schema.upgrade(database)
    people = _fill(database, options, now, random, progress)
    ranker = stock.ranker(options.trees, random)
    service = FeedService(TENANT, lambda: ranker, RankingOptions())
    fresh, standing = _serve(database, service, people, options, now, progress)
    stored = _picks(database, service, people, now, progress)
    heard = _heard(database, service, people, now + timedelta(hours=1), options.size, progress)
    database.close()
    scoring = _score(ranker, options.people, random)
    writing = _write(folder / "bare.db", options.people)
    times = (fresh, standing, stored, scoring, writing)
    found = [figure for name, q in QUANTILES.items() for figure in _figures(name, q, *times)]
    return found + [
        Figure(f"event to a colleague's next feed {name}", "ms", 1000 * float(np.quantile(heard, q)))
        for name, q in QUANTILES.items()
    ]


def fresh(folder: Path, options: ServingOptions, now: datetime, progress: Progress) -> list[float]:
    """Seconds of each fresh slate, from a new database in `folder`. `progress` hears of `fresh_steps`."""
    random = np.random.default_rng(options.seed)
    database = Database(f"sqlite:///{folder / 'serving.db'}")
    schema.upgrade(database)
    people = _fill(database, options, now, random, progress)
    ranker = stock.ranker(options.trees, random)
    took, _ = _serve(database, FeedService(TENANT, lambda: ranker, RankingOptions()), people, options, now, progress)
    database.close()
    return took


def _fill(
    database: Database, options: ServingOptions, now: datetime, random: np.random.Generator, progress: Progress
) -> list[Employee]:
    """Its own function, so that the articles are gone from memory when serving begins, as they are in a server."""
    live = stock.live_articles(options.articles, options.dimensions, options.span, now, random)
    people = stock.staff(options.people, now, random)
    stock.store(database, TENANT, live, people, now, progress)
    return people


def _figures(name: str, q: float, *times: Sequence[float]) -> list[Figure]:
    fresh, standing, stored, scoring, writing = (1000 * float(np.quantile(each, q)) for each in times)
    return [
        Figure(f"fresh slate {name}", "ms", fresh, "scoring + synced write", scoring + writing),
        Figure(f"fresh slate {name}", "ms", fresh, "scoring alone", scoring),
        Figure(f"standing slate {name}", "ms", standing, "synced write", writing),
        Figure(f"stored picks {name}", "ms", stored, "fresh slate", fresh),
    ]


def _serve(
    database: Database,
    service: FeedService,
    people: Sequence[Employee],
    options: ServingOptions,
    now: datetime,
    progress: Progress,
) -> tuple[list[float], list[float]]:
    """Seconds of each fresh and each standing slate, after everybody has a history to be ranked by."""
    serve = partial(service.serve, database, size=options.size)
    for person in people:
        slate = serve(person.id, now)
        with database.write() as connection:
            events.append(connection, TENANT, _opened(slate))
        progress(1)
    after, later = (now + timedelta(minutes=minutes) for minutes in (1, 2))
    serve(people[0].id, after)  # takes in all the events and builds the index: no slate after it has to
    fresh, standing = list[float](), list[float]()
    for person in people[1:]:
        fresh.append(seconds(partial(serve, person.id, after)))
        standing.append(seconds(partial(serve, person.id, later)))
        progress(1)
    return fresh, standing


def _picks(
    database: Database, service: FeedService, people: Sequence[Employee], now: datetime, progress: Progress
) -> list[float]:
    """Seconds of reading each person's picks of a day, after they were made for all: whatever day it is."""
    day = now.date()
    with database.write() as connection:
        for person in people:
            employees.set_pick_days(connection, TENANT, person.id, str(day.isoweekday()))
    Picker(TENANT, service, PickOptions()).make(database, day, lambda: now, progress)

    def read(person: Employee) -> None:
        with database.read() as connection:
            if picks.get(connection, TENANT, person.id, day) is None:
                raise NotFound(f"no picks were made for {person.id}")

    return [seconds(partial(read, person)) for person in people]


def _heard(
    database: Database, service: FeedService, people: Sequence[Employee], begun: datetime, size: int, progress: Progress
) -> list[float]:
    """Seconds from an event of somebody until a colleague has a feed that was ranked knowing it.

    Raises Conflict where that is not so of the colleague's very next feed.
    """
    took = list[float]()
    for number, (person, colleague) in enumerate(pairwise(people)):
        at = begun + timedelta(hours=number)
        slate = service.serve(database, person.id, at, size)
        event = Event(EventId(new_id()), EventType.OPEN, slate.items[0].article_id, at, at, slate.id, person.id)

        def happen(event: Event = event) -> None:
            with database.write() as connection:
                events.append(connection, TENANT, [event])

        before = service.seq
        next_feed = partial(service.serve, database, colleague.id, at, size)
        took.append(seconds(happen) + seconds(next_feed))
        if next_feed().seq <= before:
            raise Conflict(f"the next feed of {colleague.id} knows nothing of the last event")
        progress(1)
    return took


def _opened(slate: Slate) -> list[Event]:
    """The first three places seen and opened: enough for every way of retrieval to have work."""
    at = slate.created_at + timedelta(seconds=1)
    return [
        Event(EventId(new_id()), kind, item.article_id, at, at, slate.id, slate.employee_id)
        for item in slate.items[:3]
        for kind in (EventType.SEEN, EventType.OPEN)
    ]


def _score(ranker: Ranker, times: int, random: np.random.Generator) -> list[float]:
    rows = random.uniform(size=(RankingOptions().candidates, len(NAMES)))
    return [seconds(lambda: ranker.score(rows)) for _ in range(times)]


def _write(path: Path, times: int) -> list[float]:
    """One row per transaction, with the same durability as our own database, and nothing else of ours."""
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        for statement in ("PRAGMA journal_mode = WAL", "PRAGMA synchronous = FULL", "CREATE TABLE written (text)"):
            connection.execute(statement)
        insert = "INSERT INTO written VALUES ('one slate')"
        return [seconds(lambda: connection.execute(insert)) for _ in range(times)]
