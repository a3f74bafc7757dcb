"""What curators pinned: at most one pin per article holds at a time, and what held once stays on record."""

from collections.abc import Iterator
from datetime import datetime

from sqlalchemy import Connection, select, update

from catalog import tables, tenants
from catalog.database import insert, record, values
from catalog.ids import ArticleId, TenantId
from catalog.records import Pin

_p = tables.pins


def put(connection: Connection, tenant: TenantId, pin: Pin) -> None:
    """End the article's pin, if one holds, and let this one hold, from the version of the catalogue that is being made.

    The caller has touched the tenant in this transaction; the `version` of `pin` is the one that this made.
    """
    end(connection, tenant, pin.article_id, pin.pinned_by, pin.pinned_at)
    connection.execute(insert(connection, _p).values(tenant_id=tenant, **values(pin)))


def end(connection: Connection, tenant: TenantId, article: ArticleId, by: str, now: datetime) -> None:
    """End the article's pin, if one holds. The caller has touched the tenant in this transaction."""
    ended = {"ended_version": tenants.get(connection, tenant).content_version, "ended_at": now, "ended_by": by}
    holds = (_p.c.tenant_id == tenant, _p.c.article_id == article, _p.c.ended_version.is_(None))
    connection.execute(update(_p).where(*holds).values(ended))


def holding(connection: Connection, tenant: TenantId) -> list[Pin]:
    """Those that nobody ended, by article; the clock may have ended some."""
    where = (_p.c.tenant_id == tenant, _p.c.ended_version.is_(None))
    return [record(Pin, row) for row in connection.execute(select(_p).where(*where).order_by(_p.c.article_id))]


def every(connection: Connection, tenant: TenantId) -> Iterator[Pin]:
    """All that ever held, in the order in which they began."""
    rows = connection.execute(select(_p).where(_p.c.tenant_id == tenant).order_by(_p.c.version, _p.c.article_id))
    return (record(Pin, row) for row in rows)
