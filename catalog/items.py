"""What sources announced and what was handed in: items that still need their page, and what became of the others."""

from collections import Counter
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import Connection, Row, bindparam, delete, func, select, update

from catalog import tables
from catalog.claims import Claim, ClaimQuery, claim, finish
from catalog.database import insert, record, values
from catalog.hosts import Manners, asked, free_host, host_of
from catalog.ids import ArticleId, EmployeeId, ItemId, SourceId, TenantId
from catalog.records import Document, FeedItem, ItemState, SourceStatus

_i = tables.feed_items
_d = tables.documents
_s = tables.sources

LEFT: Final = (ItemState.CAPPED, ItemState.OLD)
"""States of what is known but was not taken, and never will be."""

_PAUSED = select(_s.c.id).where(_s.c.tenant_id == bindparam("of"), _s.c.status == SourceStatus.PAUSED)
_DUE_NOW = (_i.c.state == ItemState.DUE) & (_i.c.due_at <= bindparam("now", type_=_i.c.due_at.type))
_WAITS = _DUE_NOW & _i.c.source_id.not_in(_PAUSED)
_DUE = ClaimQuery(_i, _WAITS & free_host(_i), _i.c.due_at)

SUGGESTIONS: Final = "push:suggestions"
"""The source of the addresses that employees sent in: its keys are addresses, not ids of documents."""


@dataclass(frozen=True, slots=True)
class Standing:
    """An item and what became of it so far: its article, once it was read, and what a curator should know of it."""

    item: FeedItem
    state: ItemState
    article_id: ArticleId | None
    problem: str | None


def known(connection: Connection, tenant: TenantId, source: SourceId, keys: Collection[str]) -> dict[str, FeedItem]:
    """What we remember of a source's items, by key."""
    where = (_i.c.tenant_id == tenant, _i.c.source_id == source, _i.c.key.in_(list(keys)))
    return {row.key: item_of(row) for row in connection.execute(select(_i).where(*where))}


def remember(
    connection: Connection,
    tenant: TenantId,
    items: Iterable[FeedItem],
    now: datetime,
    state: ItemState = ItemState.DUE,
    reason: str | None = None,
) -> None:
    """Keep items: new ones, and known ones that were revised. Those in state DUE are read from now on.

    An item with revisions is known already: whoever is still busy with the version before loses the lease, or the
    revision would end with that version. What was left out before stays so: else a feed that moves to another address
    would bring in all its history. `reason` says why items are not DUE.
    """
    due = {"state": state, "due_at": now, "last_error": reason, "attempts": 0, "lease_until": None, "lease_token": None}
    new = []
    for item in items:
        said = values(item) | {"host": host_of(item.url)}
        if item.revisions:
            mine = (_i.c.tenant_id == tenant, _i.c.id == item.id)
            connection.execute(update(_i).where(*mine, _i.c.state.in_(LEFT)).values(said))
            connection.execute(update(_i).where(*mine, _i.c.state.not_in(LEFT)).values(said | due))
        else:
            new.append(said | due | {"tenant_id": tenant, "announced_at": now})
    if new:
        connection.execute(insert(connection, _i), new)


def approved(connection: Connection, tenant: TenantId, articles: Collection[ArticleId]) -> dict[ArticleId, FeedItem]:
    """Of these articles those that came in with an approval, with the item that they were read from."""
    where = (_i.c.tenant_id == tenant, _i.c.article_id.in_(list(articles)), _i.c.approved_by.is_not(None))
    rows = connection.execute(select(_i).where(*where, _i.c.state == ItemState.STORED).order_by(_i.c.id))
    return {ArticleId(row.article_id): item_of(row) for row in rows}


def attach(connection: Connection, tenant: TenantId, item: ItemId, document: Document) -> None:
    """Keep the content of an item that brings its own page, in the place of what it brought before."""
    drop_document(connection, tenant, item)
    connection.execute(insert(connection, _d).values(tenant_id=tenant, item_id=item, **values(document)))


def document(connection: Connection, tenant: TenantId, item: ItemId) -> Document | None:
    """The content that came with an item, until it has been read."""
    row = connection.execute(select(_d).where(_d.c.tenant_id == tenant, _d.c.item_id == item)).one_or_none()
    return record(Document, row) if row else None


def drop_document(connection: Connection, tenant: TenantId, item: ItemId) -> None:
    """Forget the content: the article has it now, or it has none."""
    connection.execute(delete(_d).where(_d.c.tenant_id == tenant, _d.c.item_id == item))


def claim_due(
    connection: Connection, tenant: TenantId, limit: int, now: datetime, lease: timedelta, manners: Manners
) -> Claim:
    """Items whose page is due and whose host has a turn free; read each row with `item_of`."""
    return claim(connection, _DUE, tenant, limit, now, lease, **asked(manners))


def end(
    connection: Connection,
    tenant: TenantId,
    item: ItemId,
    token: str,
    state: ItemState,
    article: ArticleId | None = None,
    **outcome: Any,
) -> None:
    """Note what became of a claimed item and end the lease."""
    finish(connection, _i, tenant, item, token, {"state": state, "article_id": article, **outcome})


def count_due(connection: Connection, tenant: TenantId, now: datetime) -> int:
    """How many items are due, leased or not."""
    due = select(func.count()).select_from(_i).where(_i.c.tenant_id == bindparam("of"), _WAITS)
    return int(connection.execute(due, {"of": tenant, "now": now}).scalar_one())


def taken_since(connection: Connection, tenant: TenantId, source: SourceId, since: datetime) -> int:
    """How many new items of a source were taken since then; those over its cap were not."""
    where = (_i.c.tenant_id == tenant, _i.c.source_id == source, _i.c.announced_at >= since)
    counted = select(func.count()).select_from(_i).where(*where, _i.c.state.not_in(LEFT))
    return int(connection.execute(counted).scalar_one())


def suggested_since(connection: Connection, tenant: TenantId, employee: EmployeeId, since: datetime) -> int:
    """How many addresses an employee sent in since then."""
    where = (_i.c.tenant_id == tenant, _i.c.suggested_by == employee, _i.c.announced_at >= since)
    return int(connection.execute(select(func.count()).select_from(_i).where(*where)).scalar_one())


def states(connection: Connection, tenant: TenantId, source: SourceId) -> Counter[ItemState]:
    """How many of a source's items ended where."""
    counted = select(_i.c.state, func.count()).where(_i.c.tenant_id == tenant, _i.c.source_id == source)
    return Counter({ItemState(state): int(count) for state, count in connection.execute(counted.group_by(_i.c.state))})


def troubled(connection: Connection, tenant: TenantId, source: SourceId, limit: int) -> list[tuple[str, str]]:
    """The newest items of a source that went wrong: address or key, and the line that says why."""
    where = (_i.c.tenant_id == tenant, _i.c.source_id == source, _i.c.last_error.is_not(None))
    query = select(_i.c.url, _i.c.key, _i.c.last_error).where(*where).order_by(_i.c.due_at.desc(), _i.c.id)
    return [(row.url or row.key, row.last_error) for row in connection.execute(query.limit(limit))]


def standings(connection: Connection, tenant: TenantId, source: SourceId, keys: Collection[str]) -> dict[str, Standing]:
    """How a source's items stand, by key."""
    where = (_i.c.tenant_id == tenant, _i.c.source_id == source, _i.c.key.in_(list(keys)))
    return {row.key: _standing(row) for row in connection.execute(select(_i).where(*where))}


def handed_in(connection: Connection, tenant: TenantId, key: str) -> Standing | None:
    """The document that was pushed under this external id, by whichever source: one id is one document."""
    pushed = select(_s.c.id).where(_s.c.tenant_id == tenant, _s.c.url.startswith("push:"), _s.c.url != SUGGESTIONS)
    where = (_i.c.tenant_id == tenant, _i.c.source_id.in_(pushed), _i.c.key == key)
    row = connection.execute(select(_i).where(*where)).one_or_none()
    return _standing(row) if row else None


def withdraw(connection: Connection, tenant: TenantId, seen: Standing) -> bool:
    """See to it that nothing comes of an item any more, not even of a reading that is under way.

    False, and nothing changed, where it became another article than was `seen`.
    """
    same = _i.c.article_id.is_(None) if seen.article_id is None else _i.c.article_id == seen.article_id
    mine = update(_i).where(_i.c.tenant_id == tenant, _i.c.id == seen.item.id, same)
    ended = mine.values(state=ItemState.WITHDRAWN, lease_until=None, lease_token=None)
    if connection.execute(ended).rowcount != 1:
        return False
    drop_document(connection, tenant, seen.item.id)
    return True


def suggesters(connection: Connection, tenant: TenantId, article: ArticleId) -> list[EmployeeId]:
    """Who sent in the address that became this article."""
    where = (_i.c.tenant_id == tenant, _i.c.article_id == article, _i.c.suggested_by.is_not(None))
    return [EmployeeId(row.suggested_by) for row in connection.execute(select(_i.c.suggested_by).where(*where))]


def item_of(row: Row[Any]) -> FeedItem:
    """A row of `feed_items` as a record."""
    return record(FeedItem, row)


def _standing(row: Row[Any]) -> Standing:
    article = ArticleId(row.article_id) if row.article_id else None
    return Standing(item_of(row), ItemState(row.state), article, row.last_error)
