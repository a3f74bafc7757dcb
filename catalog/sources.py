"""Where articles come from: sources, what a curator says about them, and how the visits to them went."""

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Row, bindparam, case, delete, func, literal, or_, select, update

from catalog import tables
from catalog.claims import Claim, ClaimQuery, claim, finish
from catalog.database import insert, record, values
from catalog.errors import Conflict, NotFound
from catalog.hosts import Manners, asked, free_host, host_of
from catalog.ids import SourceId, TenantId, new_id
from catalog.records import Source, SourceStatus, SourceVisit

_s = tables.sources
_v = tables.source_visits

_UNSAID = {
    "title": _s.c.title == "",
    "language": _s.c.language.is_(None),
    "status": _s.c.status == SourceStatus.ACTIVE,
}
_READ = (_s.c.status == SourceStatus.ACTIVE) & ~_s.c.url.startswith("push:")
_WAITS = _READ & (_s.c.due_at <= bindparam("now", type_=_s.c.due_at.type))
_ONE = select(_s).where(_s.c.tenant_id == bindparam("of"), _s.c.id == bindparam("which"))
_DUE = ClaimQuery(_s, _WAITS & free_host(_s), _s.c.due_at)

UNCHANGED = "unchanged"
KEPT = timedelta(days=30)
"""How long the history of visits goes back."""


class SourceExists(Conflict):
    """This address is read already."""

    code = "source_exists"


def add(connection: Connection, tenant: TenantId, source: Source) -> None:
    """Start reading a source. Raises SourceExists where its address is read already."""
    row = {"tenant_id": tenant, "host": host_of(source.url), **values(source)}
    added = insert(connection, _s).values(row).on_conflict_do_nothing().returning(_s.c.id)
    if connection.execute(added).one_or_none() is None:
        raise SourceExists(f"{source.url} is a source already: 'sluis source list' shows it")


def get(connection: Connection, tenant: TenantId, source: SourceId) -> Source:
    """One source."""
    row = connection.execute(_ONE, {"of": tenant, "which": source}).one_or_none()
    if row is None:
        raise NotFound(f"there is no source {source}: 'sluis source list' shows those there are")
    return source_of(row)


def at(connection: Connection, tenant: TenantId, url: str) -> Source | None:
    """The source with this address."""
    row = connection.execute(select(_s).where(_s.c.tenant_id == tenant, _s.c.url == url)).one_or_none()
    return source_of(row) if row else None


def named(connection: Connection, tenant: TenantId, name: str) -> Source:
    """The one source whose address is `name`, or whose id or address starts with it. Raises NotFound."""
    starts = or_(_s.c.id.startswith(name, autoescape=True), _s.c.url.startswith(name, autoescape=True))
    rows = connection.execute(select(_s).where(_s.c.tenant_id == tenant, starts).order_by(_s.c.url).limit(10)).all()
    exact = [row for row in rows if name in (row.id, row.url)]
    if len(exact or rows) != 1:
        problem = "no source has" if not rows else f"{len(rows)} sources have"
        raise NotFound(f"{problem} an id or address that starts with {name!r}: 'sluis source list' shows them")
    return source_of((exact or rows)[0])


def every(connection: Connection, tenant: TenantId) -> list[Source]:
    """All sources, by title."""
    query = select(_s).where(_s.c.tenant_id == tenant).order_by(_s.c.title, _s.c.url)
    return [source_of(row) for row in connection.execute(query)]


def change(connection: Connection, tenant: TenantId, source: SourceId, **changes: Any) -> None:
    """What a person decided about a source: columns of `sources`. It holds from the next visit on."""
    connection.execute(update(_s).where(_s.c.tenant_id == tenant, _s.c.id == source).values(**changes))


def claim_due(
    connection: Connection, tenant: TenantId, limit: int, now: datetime, lease: timedelta, manners: Manners
) -> Claim:
    """Active sources whose next visit is due and whose host has a turn free; read each row with `source_of`."""
    return claim(connection, _DUE, tenant, limit, now, lease, **asked(manners))


def finish_visit(connection: Connection, tenant: TenantId, visit: SourceVisit, token: str, **outcome: Any) -> None:
    """Note how a visit went (etag, due_at, failures, last_error, …: columns of `sources`) and end the lease.

    Title and language that the feed tells hold where nobody has said another, and only what is read can end.
    """
    if "url" in outcome:
        outcome["host"] = host_of(outcome["url"])
    for name, unsaid in _UNSAID.items():  # a curator may have said it since the visit began
        if name in outcome:
            told = literal(outcome[name], _s.c[name].type)
            outcome[name] = case((unsaid, told), else_=_s.c[name])
    finish(connection, _s, tenant, visit.source_id, token, outcome)
    mine = (_v.c.tenant_id == tenant, _v.c.source_id == visit.source_id)
    old = _v.c.at < visit.at - KEPT
    if visit.outcome == UNCHANGED:  # a run of these is one line, or a folder would write one a minute
        old |= (_v.c.outcome == UNCHANGED) & (_v.c.at > visit.at - timedelta(hours=1))
    connection.execute(delete(_v).where(*mine, old))
    connection.execute(insert(connection, _v).values(tenant_id=tenant, id=new_id(), **values(visit)))


def visits(connection: Connection, tenant: TenantId, source: SourceId, limit: int) -> list[SourceVisit]:
    """How the last visits went, newest first."""
    query = select(_v).where(_v.c.tenant_id == tenant, _v.c.source_id == source).order_by(_v.c.at.desc()).limit(limit)
    return [record(SourceVisit, row) for row in connection.execute(query)]


def count_due(connection: Connection, tenant: TenantId, now: datetime) -> int:
    """How many sources are due for a visit, leased or not."""
    due = select(func.count()).select_from(_s).where(_s.c.tenant_id == tenant, _READ, _s.c.due_at <= now)
    return int(connection.execute(due).scalar_one())


def source_of(row: Row[Any]) -> Source:
    """A row of `sources` as a record."""
    return record(Source, row)
