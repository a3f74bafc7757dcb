"""Events that cannot have happened when they say: kept outside the log until a person releases or drops them."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Literal

from sqlalchemy import Connection, delete, select, tuple_

from catalog import tables
from catalog.database import insert, record, values
from catalog.errors import NotFound
from catalog.ids import EventId, TenantId
from catalog.records import Event

_q = tables.quarantined_events

AHEAD: Final = timedelta(hours=24)
"""So far ahead of ours a sender's clock may be."""
BEFORE: Final = timedelta(hours=24)
"""So long before its slate was made an event may say that it happened."""


@dataclass(frozen=True, slots=True)
class Quarantined:
    """One event and why it waits: it is said to come from the `future`, or from before its slate was made (`past`)."""

    event: Event
    reason: Literal["future", "past"]


def put(connection: Connection, tenant: TenantId, events: Iterable[Event], hashes: Mapping[EventId, str]) -> None:
    """Keep events aside. One that is there already stays as it was."""
    rows = [
        values(event, "id", "seq", "axes")
        | {
            "tenant_id": tenant,
            "event_id": event.id,
            "body_hash": hashes[event.id],
            "reason": "future" if event.at > event.received_at else "past",
        }
        for event in sorted(events, key=lambda event: event.id)
    ]
    if rows:
        connection.execute(insert(connection, _q).on_conflict_do_nothing(), rows)


def page(
    connection: Connection, tenant: TenantId, limit: int, after: tuple[datetime, str] | None = None
) -> list[Quarantined]:
    """Those that wait, in the order in which they came."""
    query = select(_q, _q.c.event_id.label("id")).where(_q.c.tenant_id == tenant)
    if after is not None:
        query = query.where(tuple_(_q.c.received_at, _q.c.event_id) > after)
    rows = connection.execute(query.order_by(_q.c.received_at, _q.c.event_id).limit(limit))
    return [Quarantined(record(Event, row, axes={}, seq=0), row.reason) for row in rows]


def drop(connection: Connection, tenant: TenantId, ids: Collection[EventId]) -> list[Event]:
    """Take events out of here, and answer them. Raises NotFound for one that is not here, and takes out none."""
    mine = (_q.c.tenant_id == tenant, _q.c.event_id.in_(ids))
    rows = connection.execute(select(_q, _q.c.event_id.label("id")).where(*mine)).all()
    missing = set(ids) - {row.id for row in rows}
    if missing:
        raise NotFound(f"event {min(missing)} is not in quarantine: 'sluis event quarantined' lists those that are")
    connection.execute(delete(_q).where(*mine))
    return [record(Event, row, axes={}, seq=0) for row in rows]
