"""What a server remembers of people: how heavy it is, and how quickly it takes in what they do.

Every object is counted that the state holds and nobody else does: ids that the log shares with it count as the log's,
and vectors of articles belong to the snapshot.
"""

import gc
import tracemalloc
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np

from catalog.records import Event
from evaluation.benchmarks import stock
from evaluation.benchmarks.figures import Figure, seconds
from models.protocols import Progress
from ranking.state import State

_MEBI = 2**20


@dataclass(frozen=True, slots=True)
class MemoryOptions:
    """How many people have opened how many of how many articles."""

    people: int = 100_000
    articles: int = 10_000
    deeds: int = 6
    span: timedelta = timedelta(days=60)
    seed: int = 1

    @property
    def steps(self) -> int:
        """How often `progress` hears of one step."""
        return 2


def measure(options: MemoryOptions, now: datetime, progress: Progress) -> list[Figure]:
    """Take in the same log twice: once to see how long it takes, once to weigh what is left."""
    random = np.random.default_rng(options.seed)
    people = stock.staff(options.people, now, random)
    live = stock.live_articles(options.articles, 1, options.span, now, random)
    log = list(stock.opens(people, live, options.deeds, options.span, now, random))
    took = seconds(lambda: State.replay(log))
    progress(1)
    weight = _weigh(log)
    progress(1)
    of = f", {options.people:,} people, {options.articles:,} articles"
    return [
        Figure("state" + of, "MiB", weight / _MEBI),
        Figure("state per million people", "MiB", weight / _MEBI * 1_000_000 / options.people),
        Figure("taking in the log", "events/s", len(log) / took),
    ]


def _weigh(log: list[Event]) -> int:
    """Bytes that are held by the state after the whole log, and were not before."""
    gc.collect()
    tracemalloc.start()
    try:
        state = State.replay(log)
        gc.collect()
        held, _ = tracemalloc.get_traced_memory()
        assert state.seq == len(log)  # noqa: S101 - it must live until it was weighed
        return held
    finally:
        tracemalloc.stop()
