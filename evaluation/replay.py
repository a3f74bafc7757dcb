"""Is what was logged what the code computes? The features of every slate, built again from the event log and compared.

Bit for bit: a model learns from logged features and is served fresh ones, so a feature that is built in two ways, or
that looks past the moment it is for, would spoil both without anybody noticing.

It holds for slates since when no article was withdrawn, revised or tagged anew, and nobody erased: the catalogue keeps
who could see what at any moment, not how it was tagged. The first differences tell which feature to look at.
"""

from bisect import bisect_right
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from operator import attrgetter

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection

from catalog import articles, events, experiments, pins, slates, tenants
from catalog.database import Database
from catalog.ids import ArticleId, SlateId, TenantId
from catalog.records import Arm, Event, Experiment, LiveArticle, Pin, Slate
from models.protocols import Features, Progress
from ranking import features, profile
from ranking.config import RankingOptions
from ranking.experiments import options_of
from ranking.profile import Person
from ranking.slate import generator, prepare
from ranking.snapshot import Snapshot
from ranking.state import State


@dataclass(frozen=True, slots=True)
class Mismatch:
    """One number that differs, or with `feature` empty an article that is no longer a candidate for its slate."""

    slate: SlateId
    article: ArticleId
    feature: str = ""
    logged: float | None = None
    rebuilt: float | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Visit:
    """One slate of the log, and the world as it was when that was made."""

    slate: Slate
    snapshot: Snapshot
    state: State
    person: Person

    arm: Arm | None

    def options(self, usual: RankingOptions) -> RankingOptions:
        """How this slate was made, given how slates are usually made."""
        return usual if self.arm is None else options_of(self.arm, usual)

    def prepare(self, usual: RankingOptions) -> tuple[NDArray[np.intp], Features]:
        """The candidates there were, as indices into the snapshot, and their features."""
        when, chance = self.slate.created_at, generator(self.slate.id)
        made_by = (self.snapshot, self.state, self.person, self.options(usual))
        among = [item.article_id for item in self.slate.items] if self.slate.listed else None
        return prepare(*made_by, when, chance, self.slate.language, among)


def replay(
    database: Database,
    tenant: TenantId,
    options: RankingOptions,
    limit: int = 20,
    progress: Progress | None = None,
) -> list[Mismatch]:
    """The first `limit` differences in the order of the log, at most one per item; none is what it should answer.

    `options` must be those the slates were served with. `progress` hears of each slate.
    """
    with database.read() as connection:
        records = read(connection, tenant)
    found = list[Mismatch]()
    for visit in visits(records):
        found += _differences(visit.slate, _rebuilt(visit, options))
        if progress:
            progress(1)
        if len(found) >= limit:
            break
    return found[:limit]


@dataclass(frozen=True, slots=True, eq=False)
class Records:
    """What the past is made again from: today's articles, every slate, and every event in the order of the log."""

    live: Sequence[LiveArticle]
    hard_axes: tuple[str, ...]
    slates: Sequence[Slate]
    events: Sequence[Event]
    experiments: Sequence[Experiment] = ()
    pins: Sequence[Pin] = ()


def read(connection: Connection, tenant: TenantId) -> Records:
    """All of a tenant's records, from one moment."""
    known = tenants.get(connection, tenant)
    return Records(
        live=articles.approved(connection, tenant, known.encoder) if known.encoder else [],
        hard_axes=known.hard_axes,
        slates=list(slates.every(connection, tenant)),
        events=list(events.since(connection, tenant, 0)),
        experiments=experiments.every(connection, tenant),
        pins=list(pins.every(connection, tenant)),
    )


def visits(records: Records) -> Iterator[Visit]:
    """Every slate in the order of the log. The state is one that goes on: use a visit before asking for the next."""
    snapshot_of = _snapshots(records)
    arms = {(one.name, arm.name): arm for one in records.experiments for arm in one.arms}
    state = State()
    for slate in sorted(records.slates, key=attrgetter("seq")):
        for event in records.events[state.seq : slate.seq]:
            state.advance(event)
        snapshot = snapshot_of(slate)
        person = profile.build(slate.employee_id, slate.axes, state, snapshot, slate.created_at)
        arm = arms.get((slate.experiment or "", slate.arm or ""))
        yield Visit(slate, snapshot, state, person, arm)


def _snapshots(records: Records) -> Callable[[Slate], Snapshot]:
    """The articles that had gone live by a slate's moment, with what was pinned at its version of the catalogue.

    What was approved later would add columns that were not there.
    """
    live = records.live
    moments = sorted(article.live_from for article in live)

    @lru_cache(maxsize=8)
    def first(count: int) -> Snapshot:
        begun = [article for article in live if bisect_right(moments, article.live_from) <= count]
        return Snapshot.build(begun, records.hard_axes)

    @lru_cache(maxsize=8)
    def under(count: int, held: tuple[Pin, ...]) -> Snapshot:
        return first(count).with_pins(held)

    def of(slate: Slate) -> Snapshot:
        held = tuple(pin for pin in records.pins if pin.held(slate.content_version))
        return under(bisect_right(moments, slate.created_at), held)

    return of


def _differences(slate: Slate, rebuilt: Mapping[ArticleId, Mapping[str, float]]) -> Iterator[Mismatch]:
    for item in slate.items:
        if item.article_id not in rebuilt:
            yield Mismatch(slate.id, item.article_id)
            continue
        row = rebuilt[item.article_id]
        for name, logged in zip(slate.feature_names, item.features, strict=True):
            if name in row and row[name].hex() != logged.hex():
                yield Mismatch(slate.id, item.article_id, name, logged, row[name])
                break


def _rebuilt(visit: Visit, options: RankingOptions) -> dict[ArticleId, dict[str, float]]:
    """By article, the features of every candidate of this slate, by name."""
    chosen, rows = visit.prepare(options)
    return {
        visit.snapshot.ids[index]: dict(zip(features.NAMES, row.tolist(), strict=True))
        for index, row in zip(chosen, rows, strict=True)
    }
