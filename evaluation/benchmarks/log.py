"""How many events a second are made durable, beside bare rows: the same columns and keys, batches and disk.

Ours are checked against what their slate served, told apart from those that are known, and numbered without gaps.
"""

import gc
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial
from itertools import islice

import numpy as np
from sqlalchemy import Column, MetaData, Table, UniqueConstraint

from catalog import events, people, schema, slates, tables, tenants
from catalog.database import Database, parts
from catalog.ids import EventId, SlateId, TenantId, new_id
from catalog.records import Event, EventType, Slate, SlateItem
from evaluation.benchmarks import stock
from evaluation.benchmarks.figures import Figure, seconds
from models.protocols import Progress

TENANT = TenantId("bench")
_PEER = "bare INSERT of the same rows"


@dataclass(frozen=True, slots=True)
class LogOptions:
    """How many events, in batches of which sizes, about how many slates."""

    events: int = 20_000
    batches: tuple[int, ...] = (100, 1000)
    slates: int = 500
    seed: int = 1

    @property
    def steps(self) -> int:
        """How often `progress` hears of one step."""
        return 2 * len(self.batches)


def measure(database: Database, options: LogOptions, now: datetime, progress: Progress) -> list[Figure]:
    """Into an empty database. Events a second, with every batch in a transaction of its own."""
    schema.upgrade(database)
    ours = database.of(TENANT)
    offered = list(_offered(ours, options, now))
    columns = [Column(each.name, each.type, primary_key=each.primary_key) for each in tables.events.c]
    bare = Table("bare_events", MetaData(), *columns, UniqueConstraint("tenant_id", "event_id"))
    with database.write() as connection:
        bare.create(connection)
    found = []
    for size in options.batches:
        told = list(islice(_happened(offered, now), options.events))
        rows = _rows(told)  # numbered anew for each size, into an empty table
        with database.write() as connection:
            connection.execute(bare.delete())
        gc.collect()
        gc.freeze()  # a server does not have all these at hand, to look through them again and again
        try:
            took = seconds(partial(_append, ours, told, size))
            progress(1)
            theirs = seconds(partial(_insert, database, bare, rows, size))
            progress(1)
        finally:
            gc.unfreeze()
        name = f"{database.engine.dialect.name}, batches of {size:,}"
        found.append(Figure(name, "events/s", len(told) / took, _PEER, len(told) / theirs))
    return found


def _offered(database: Database, options: LogOptions, now: datetime) -> Iterator[Slate]:
    random = np.random.default_rng(options.seed)
    staff = stock.staff(50, now, random)
    live = stock.live_articles(100, 4, timedelta(days=30), now, random)
    with database.write() as connection:
        tenants.ensure(connection, TENANT, "bench", now)
    stock.store(database, TENANT, live, staff, now, lambda _: None)
    with database.read() as connection:
        first = people.every(connection, TENANT)
    with database.write() as connection:
        for number in range(options.slates):
            person = first[number % len(first)]
            items = tuple(
                SlateItem(place, each.id, 0.0, 1.0, (0.0,), ()) for place, each in enumerate(live[:10], start=1)
            )
            slate = Slate(
                id=SlateId(new_id()),
                employee_id=person.id,
                created_at=now,
                seq=0,
                content_version=0,
                ranker="bench",
                degraded=False,
                axes=person.axes,
                hard_axes=("function",),
                feature_names=("one",),
                items=items,
            )
            slates.save(connection, TENANT, slate)
            yield slate


def _happened(offered: Sequence[Slate], now: datetime) -> Iterator[Event]:
    while True:
        for slate in offered:
            for item in slate.items:
                name = EventId(new_id())
                yield Event(name, EventType.SEEN, item.article_id, now, now, slate.id, slate.employee_id)


def _append(database: Database, told: Sequence[Event], size: int) -> None:
    for batch in parts(told, size):
        with database.write() as connection:
            events.take(connection, TENANT, batch)


def _rows(told: Sequence[Event]) -> list[dict[str, object]]:
    """What ends up in the log, made before the clock runs."""
    made = []
    for seq, each in enumerate(told, start=1):
        event = replace(each, axes={"function": frozenset({"sales"})})
        row = {name: getattr(event, name) for name in ("type", "article_id", "slate_id", "employee_id", "axes", "at")}
        row |= {"received_at": event.received_at, "said_at": None, "sent_at": None, "body_hash": "0" * 64}
        made.append(row | {"tenant_id": TENANT, "seq": seq, "event_id": event.id})
    return made


def _insert(database: Database, table: Table, rows: Sequence[dict[str, object]], size: int) -> None:
    for batch in parts(rows, size):
        with database.write() as connection:
            connection.execute(table.insert(), batch)
