"""The event log: exactly once, numbered without gaps in commit order, accepted only with what a slate served.

History from another tool is the one exception: it has people but no slates, so it tells what somebody likes, and
nothing about what a slate of ours earned.
"""

import hashlib
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cache
from typing import Any, Literal, NamedTuple

import orjson
from sqlalchemy import Connection, Row, Select, bindparam, select

from catalog import bulk, quarantine, tables, tenants
from catalog.database import record, values
from catalog.errors import Conflict, Invalid, SluisError
from catalog.ids import ArticleId, EmployeeId, EventId, SlateId, TenantId
from catalog.records import Axes, Event, EventType

_e = tables.events
_PAGE = 5000


class EventConflict(Conflict):
    """An event with this id but another body was accepted earlier."""

    code = "event_conflict"


class NotServed(Invalid):
    """The event speaks of something that no slate served to this person."""

    code = "not_served"


class SetAside(Invalid):
    """The event cannot have happened when it says, so it waits for a person."""

    code = "quarantined"


@dataclass(frozen=True, slots=True)
class Appended:
    """What became of one event of a batch; a `problem` says why it was not taken."""

    id: EventId
    status: Literal["accepted", "duplicate", "quarantined", "refused"]
    problem: SluisError | None = None


def take(connection: Connection, tenant: TenantId, batch: Sequence[Event]) -> list[Appended]:
    """Append what can stand of a batch, each event once, and say of each what became of it, in the order given.

    The same event sent again is a `duplicate` and changes nothing. `refused` is one whose id was used for another body
    (EventConflict) and one of which slate, article and employee do not belong together (NotServed). One that says it
    happened long before its slate or long after now is `quarantined`.
    """
    return _append(connection, tenant, batch, served=True)


def append(connection: Connection, tenant: TenantId, batch: Sequence[Event]) -> list[Appended]:
    """The same for a sender who is sure of all events: raises the first problem, so that nothing of the batch stays."""
    done = take(connection, tenant, batch)
    for each in done:
        if each.problem is not None:
            raise each.problem
    return done


def release(connection: Connection, tenant: TenantId, ids: Collection[EventId]) -> None:
    """Let events out of quarantine into the log: they count from when we heard of them. Raises NotFound."""
    out = quarantine.drop(connection, tenant, ids)
    append(connection, tenant, [replace(each, at=each.received_at, said_at=each.said_at or each.at) for each in out])


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
    hashes = [body_hash(event) for event in batch]
    first: dict[EventId, str] = {}
    for event, digest in zip(batch, hashes, strict=True):
        first.setdefault(event.id, digest)
    log_end = tenants.get(connection, tenant, lock=True).seq
    known = _known_hashes(connection, tenant, list(first))
    waiting = {event.id: event for event in reversed(batch) if event.id not in known}
    shown = _shown(connection, tenant, waiting.values()) if served else {}
    fresh: dict[EventId, tuple[Event, Axes]] = {}
    late: dict[EventId, Event] = {}
    done: list[Appended] = []
    for event, digest in zip(batch, hashes, strict=True):
        slate = shown.get((event.slate_id, event.article_id, event.employee_id))
        if known.get(event.id, first[event.id]) != digest:
            done.append(Appended(event.id, "refused", _conflict(event)))
        elif event.id in known or event.id in fresh:
            done.append(Appended(event.id, "duplicate"))
        elif served and slate is None:
            done.append(Appended(event.id, "refused", _not_served(event)))
        elif slate is not None and (reason := _impossible(event, slate)):
            late[event.id] = event
            done.append(Appended(event.id, "quarantined", reason))
        else:
            fresh[event.id] = (event, slate.axes if slate is not None else event.axes)
            done.append(Appended(event.id, "accepted"))
    _store(connection, tenant, fresh.values(), first, log_end)
    quarantine.put(connection, tenant, late.values(), first)
    return done


def _store(
    connection: Connection,
    tenant: TenantId,
    fresh: Iterable[tuple[Event, Axes]],
    hashes: Mapping[EventId, str],
    log_end: int,
) -> None:
    rows = [
        values(event, "id", "seq")
        | {"tenant_id": tenant, "seq": seq, "event_id": event.id, "axes": axes, "body_hash": hashes[event.id]}
        for seq, (event, axes) in enumerate(sorted(fresh, key=_by_time), start=log_end + 1)
    ]
    if rows:
        bulk.append(connection, _e, rows)
        tenants.set_seq(connection, tenant, log_end + len(rows))


def _by_time(told: tuple[Event, Axes]) -> tuple[datetime, EventId]:
    return told[0].at, told[0].id


def since(
    connection: Connection,
    tenant: TenantId,
    seq: int,
    until: int | None = None,
    heard: tuple[datetime | None, datetime | None] = (None, None),
) -> Iterator[Event]:
    """The log after number `seq`, up to and including `until`, in order; what was `heard` of from one moment up to
    another, where they are given."""
    first, end = heard
    while until is None or seq < until:
        query = select(_e, _e.c.event_id.label("id")).where(_e.c.tenant_id == tenant, _e.c.seq > seq)
        if until is not None:
            query = query.where(_e.c.seq <= until)
        if first:
            query = query.where(_e.c.received_at >= first)
        if end:
            query = query.where(_e.c.received_at < end)
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
    """What tells two events with the same id apart: all that the sender said of it, not when it was sent or heard."""
    at = event.said_at or event.at
    said = {"article_id": event.article_id, "at": at, "employee_id": event.employee_id, "slate_id": event.slate_id}
    return hashlib.sha256(orjson.dumps(said | {"type": event.type})).hexdigest()


def _known_hashes(connection: Connection, tenant: TenantId, ids: list[EventId]) -> dict[EventId, str]:
    return {row.told: row.body_hash for row in _ask(connection, _known, tenant, ids)}


@cache
def _known(dialect: str) -> Select[Any]:
    told = bulk.told(dialect)
    body = select(_e.c.body_hash).where(_e.c.tenant_id == bindparam("tenant"), _e.c.event_id == told)
    asked = select(told.label("told"), body.scalar_subquery().label("body_hash")).subquery()
    return select(asked).where(asked.c.body_hash.is_not(None))


def _ask(
    connection: Connection, statement: Callable[[str], Select[Any]], tenant: TenantId, names: Iterable[str | None]
) -> Sequence[Row[Any]]:
    """The rows of a statement about `names`, which is made once for each database."""
    dialect = connection.dialect.name
    return connection.execute(statement(dialect), {"tenant": tenant, "names": bulk.names(dialect, names)}).all()


class _Shown(NamedTuple):
    """When a slate was made, and who the person was then."""

    at: datetime
    axes: Axes


def _shown(
    connection: Connection, tenant: TenantId, batch: Iterable[Event]
) -> dict[tuple[SlateId | None, ArticleId, EmployeeId | None], _Shown]:
    """By slate, article and person, of all slates that the batch speaks of."""
    wanted = {event.slate_id for event in batch}
    made = _ask(connection, _slates, tenant, wanted)
    known = {row.id: (row.employee_id, _Shown(row.created_at, row.axes)) for row in made}
    found = _ask(connection, _items, tenant, known)
    return {(row.slate_id, row.article_id, known[row.slate_id][0]): known[row.slate_id][1] for row in found}


@cache
def _slates(dialect: str) -> Select[Any]:
    slates = tables.slates.c
    wanted = (slates.tenant_id == bindparam("tenant"), bulk.one_of(dialect, slates.id))
    return select(slates.id, slates.employee_id, slates.created_at, slates.axes).where(*wanted)


@cache
def _items(dialect: str) -> Select[Any]:
    items = tables.slate_items.c
    wanted = (items.tenant_id == bindparam("tenant"), bulk.one_of(dialect, items.slate_id))
    return select(items.slate_id, items.article_id).where(*wanted)


def _impossible(event: Event, slate: _Shown) -> SetAside | None:
    """Why this cannot have happened when it says, if it cannot."""
    if event.at > event.received_at + quarantine.AHEAD:
        why = "which is still to come"
    elif event.at < slate.at - quarantine.BEFORE:
        why = "before its slate was made"
    else:
        return None
    return SetAside(f"event {event.id} says {event.at:%Y-%m-%d %H:%M} UTC, {why}: set the sender's clock")


def _conflict(event: Event) -> EventConflict:
    return EventConflict(f"event {event.id} came before with another body: give each event its own id")


def _not_served(event: Event) -> NotServed:
    return NotServed(
        f"event {event.id}: no slate {event.slate_id} served article {event.article_id} to employee "
        f"{event.employee_id}. Send the slate_id that came with the feed"
    )
