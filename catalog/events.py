"""The event log: exactly once, numbered without gaps in commit order, accepted only with what a slate served.

History from another tool is the one exception: it has people but no slates, so it tells what somebody likes, and
nothing about what a slate of ours earned.
"""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, NamedTuple

import orjson
from sqlalchemy import Connection, select

from catalog import tables, tenants
from catalog.database import insert, record, values
from catalog.errors import Conflict, Invalid
from catalog.ids import ArticleId, EventId, SlateId, TenantId
from catalog.records import Axes, Event, EventType

_e = tables.events
_PAGE = 5000


class EventConflict(Conflict):
    """An event with this id but another body was accepted earlier."""

    code = "event_conflict"


class NotServed(Invalid):
    """The event speaks of something that no slate served to this person."""

    code = "not_served"


@dataclass(frozen=True, slots=True)
class Appended:
    """What became of one event of a batch."""

    id: EventId
    status: Literal["accepted", "duplicate"]


def append(connection: Connection, tenant: TenantId, batch: Sequence[Event]) -> list[Appended]:
    """Append a batch, all or nothing: one event that cannot stand refuses the others with it.

    The same event sent again is a `duplicate` and changes nothing. Raises EventConflict where its id was used for
    another body, NotServed where slate, article and employee do not belong together.
    """
    return _append(connection, tenant, batch, served=True)


def append_history(connection: Connection, tenant: TenantId, batch: Sequence[Event]) -> list[Appended]:
    """Append what people did before, elsewhere; each event brings its person, who is kept as they are now.

    It comes at the end of the log, because nobody knew of it earlier: what was ranked before stays what it was. The
    same again is a `duplicate`. Raises Invalid for an event that has a slate or no person.
    """
    for event in batch:
        if not event.imported or event.type is EventType.SEEN:
            raise Invalid(f"event {event.id} is no history: that has a person, no slate, and is something they did")
    return _append(connection, tenant, batch, served=False)


def _append(connection: Connection, tenant: TenantId, batch: Sequence[Event], *, served: bool) -> list[Appended]:
    unique: dict[EventId, Event] = {}
    for event in batch:
        if unique.setdefault(event.id, event) is not event and body_hash(unique[event.id]) != body_hash(event):
            raise EventConflict(
                f"event {event.id} is in this batch twice with different bodies: give each event its own id"
            )
    log_end = tenants.get(connection, tenant, lock=True).seq
    known = _known_hashes(connection, tenant, list(unique))
    for event_id, digest in known.items():
        if body_hash(unique[event_id]) != digest:
            raise EventConflict(f"event {event_id} was accepted earlier with another body: give each event its own id")
    fresh = [event for event_id, event in sorted(unique.items()) if event_id not in known]
    axes = _axes_when_served(connection, tenant, fresh) if served else {event.id: event.axes for event in fresh}
    rows = [
        values(event, "id", "axes", "seq")
        | {
            "tenant_id": tenant,
            "seq": seq,
            "event_id": event.id,
            "axes": axes[event.id],
            "body_hash": body_hash(event),
        }
        for seq, event in enumerate(sorted(fresh, key=lambda event: (event.at, event.id)), start=log_end + 1)
    ]
    if rows:
        connection.execute(insert(connection, _e), rows)
        tenants.set_seq(connection, tenant, log_end + len(rows))
    return [Appended(event.id, "duplicate" if event.id in known else "accepted") for event in batch]


def since(connection: Connection, tenant: TenantId, seq: int, until: int | None = None) -> Iterator[Event]:
    """The log after number `seq`, up to and including `until`, in order."""
    while True:
        query = select(_e, _e.c.event_id.label("id")).where(_e.c.tenant_id == tenant, _e.c.seq > seq)
        if until is not None:
            query = query.where(_e.c.seq <= until)
        page = connection.execute(query.order_by(_e.c.seq).limit(_PAGE)).all()
        yield from (record(Event, row) for row in page)
        if len(page) < _PAGE:
            return
        seq = page[-1].seq


class Answer(NamedTuple):
    """What of an event tells what became of a slate."""

    slate_id: SlateId
    article_id: ArticleId
    type: EventType
    at: datetime
    received_at: datetime


def answers(connection: Connection, tenant: TenantId) -> Iterator[Answer]:
    """Every event that answers a slate, in order: read in a third of the time that whole events take."""
    columns = (_e.c.slate_id, _e.c.article_id, _e.c.type, _e.c.at, _e.c.received_at)
    query = select(*columns).where(_e.c.tenant_id == tenant, _e.c.slate_id.is_not(None)).order_by(_e.c.seq)
    yield from map(Answer._make, connection.execute(query, execution_options={"yield_per": _PAGE}))


def body_hash(event: Event) -> str:
    """What tells two events with the same id apart: all that the sender said, not when we heard it."""
    said = {name: value for name, value in values(event).items() if name not in ("id", "axes", "seq", "received_at")}
    return hashlib.sha256(orjson.dumps(said, option=orjson.OPT_SORT_KEYS)).hexdigest()


def _known_hashes(connection: Connection, tenant: TenantId, ids: list[EventId]) -> dict[EventId, str]:
    query = select(_e.c.event_id, _e.c.body_hash).where(_e.c.tenant_id == tenant, _e.c.event_id.in_(ids))
    return {EventId(row.event_id): row.body_hash for row in connection.execute(query)}


def _axes_when_served(connection: Connection, tenant: TenantId, batch: list[Event]) -> dict[EventId, Axes]:
    slates, items = tables.slates, tables.slate_items
    joined = items.join(slates, (slates.c.tenant_id == items.c.tenant_id) & (slates.c.id == items.c.slate_id))
    wanted = {event.slate_id for event in batch}
    query = select(items.c.slate_id, items.c.article_id, slates.c.employee_id, slates.c.axes).select_from(joined)
    rows = connection.execute(query.where(items.c.tenant_id == tenant, items.c.slate_id.in_(wanted))).all()
    served = {(row.slate_id, row.article_id, row.employee_id) for row in rows}
    for event in batch:
        if (event.slate_id, event.article_id, event.employee_id) not in served:
            raise NotServed(
                f"event {event.id}: no slate {event.slate_id} served article {event.article_id} to employee "
                f"{event.employee_id}. Send the slate_id that came with the feed; nothing of this batch was stored"
            )
    then: dict[SlateId | None, Axes] = {row.slate_id: row.axes for row in rows}
    return {event.id: then[event.slate_id] for event in batch}
