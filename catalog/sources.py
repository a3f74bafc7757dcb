"""Feeds that we read, and the items they announced that still need their page."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Row, func, select, update

from catalog import tables
from catalog.claims import Claim, claim, finish
from catalog.database import insert, record, values
from catalog.errors import Conflict, NotFound
from catalog.ids import ArticleId, ItemId, SourceId, TenantId
from catalog.records import FeedItem, ItemState, Source

_s = tables.sources
_i = tables.feed_items


class SourceExists(Conflict):
    """This address is read already."""

    code = "source_exists"


def add(connection: Connection, tenant: TenantId, source: Source) -> None:
    """Start reading a feed. Raises SourceExists where its address is read already."""
    row = {"tenant_id": tenant, **values(source)}
    added = insert(connection, _s).values(row).on_conflict_do_nothing().returning(_s.c.id)
    if connection.execute(added).one_or_none() is None:
        raise SourceExists(f"{source.url} is a source already: 'sluis source list' shows it")


def get(connection: Connection, tenant: TenantId, source: SourceId) -> Source:
    """One source."""
    row = connection.execute(select(_s).where(_s.c.tenant_id == tenant, _s.c.id == source)).one_or_none()
    if row is None:
        raise NotFound(f"there is no source {source}: 'sluis source list' shows those there are")
    return source_of(row)


def every(connection: Connection, tenant: TenantId) -> list[Source]:
    """All sources, by title."""
    return [
        source_of(row) for row in connection.execute(select(_s).where(_s.c.tenant_id == tenant).order_by(_s.c.title))
    ]


def is_read(connection: Connection, tenant: TenantId, url: str) -> bool:
    """Whether some source has this address."""
    found = select(_s.c.id).where(_s.c.tenant_id == tenant, _s.c.url == url)
    return connection.execute(found).one_or_none() is not None


def claim_due(connection: Connection, tenant: TenantId, limit: int, now: datetime, lease: timedelta) -> Claim:
    """Sources whose next visit is due; read each row with `source_of`."""
    ready = _s.c.due_at <= now
    return claim(connection, _s, tenant, ready, order_by=_s.c.due_at, limit=limit, now=now, lease=lease)


def finish_visit(connection: Connection, tenant: TenantId, source: SourceId, token: str, **outcome: Any) -> None:
    """Note how the visit went (etag, due_at, failures, last_error, …: columns of `sources`) and end the lease."""
    finish(connection, _s, tenant, source, token, outcome)


def known_items(connection: Connection, tenant: TenantId, source: SourceId, keys: Iterable[str]) -> dict[str, FeedItem]:
    """What we remember of a source's items, by key."""
    where = (_i.c.tenant_id == tenant, _i.c.source_id == source, _i.c.key.in_(list(keys)))
    return {row.key: item_of(row) for row in connection.execute(select(_i).where(*where))}


def remember(connection: Connection, tenant: TenantId, items: list[FeedItem], due_at: datetime) -> None:
    """Announce items whose page must be fetched: new ones, and known ones that were revised.

    Whoever is still busy with the version before loses the lease, or the revision would end with that version.
    """
    for item in items:
        now_due = values(item, "id", "attempts") | {
            "state": ItemState.DUE,
            "due_at": due_at,
            "attempts": 0,
            "last_error": None,
            "lease_until": None,
            "lease_token": None,
        }
        mine = (_i.c.tenant_id == tenant, _i.c.id == item.id)
        if connection.execute(update(_i).where(*mine).values(now_due)).rowcount == 0:
            connection.execute(insert(connection, _i).values(tenant_id=tenant, id=item.id, **now_due))


def claim_items(connection: Connection, tenant: TenantId, limit: int, now: datetime, lease: timedelta) -> Claim:
    """Items whose page is due; read each row with `item_of`."""
    ready = (_i.c.state == ItemState.DUE) & (_i.c.due_at <= now)
    return claim(connection, _i, tenant, ready, order_by=_i.c.due_at, limit=limit, now=now, lease=lease)


def finish_item(
    connection: Connection,
    tenant: TenantId,
    item: ItemId,
    token: str,
    state: ItemState,
    article: ArticleId | None = None,
    **outcome: Any,
) -> None:
    """Note what became of an item and end the lease."""
    finish(connection, _i, tenant, item, token, {"state": state, "article_id": article, **outcome})


def count_due(connection: Connection, tenant: TenantId, now: datetime) -> tuple[int, int]:
    """How many sources and how many items are due: what a progress bar can expect."""
    due_sources = select(func.count()).select_from(_s).where(_s.c.tenant_id == tenant, _s.c.due_at <= now)
    due_items = (
        select(func.count())
        .select_from(_i)
        .where(_i.c.tenant_id == tenant, _i.c.state == ItemState.DUE, _i.c.due_at <= now)
    )
    return int(connection.execute(due_sources).scalar_one()), int(connection.execute(due_items).scalar_one())


def source_of(row: Row[Any]) -> Source:
    """A row of `sources` as a record."""
    return record(Source, row)


def item_of(row: Row[Any]) -> FeedItem:
    """A row of `feed_items` as a record."""
    return record(FeedItem, row)
