"""The audit trail: decisions are only ever added."""

from collections.abc import Iterable, Iterator
from datetime import datetime

from sqlalchemy import Connection, func, select

from catalog import tables
from catalog.database import insert, record, values
from catalog.ids import ArticleId, TenantId
from catalog.records import Action, Decision

_d = tables.decisions


def add(connection: Connection, tenant: TenantId, decision: Decision) -> None:
    """Write one line of the trail, in the transaction of what it tells about."""
    connection.execute(insert(connection, _d).values(tenant_id=tenant, **values(decision)))


def count(connection: Connection, tenant: TenantId, action: Action, since: datetime) -> int:
    """How often this was done since then."""
    where = (_d.c.tenant_id == tenant, _d.c.action == action, _d.c.at >= since)
    return int(connection.execute(select(func.count()).select_from(_d).where(*where)).scalar_one())


def every(connection: Connection, tenant: TenantId) -> Iterator[Decision]:
    """All that was ever decided, in the order in which it was."""
    rows = connection.execute(select(_d).where(_d.c.tenant_id == tenant).order_by(_d.c.at, _d.c.id))
    return (record(Decision, row) for row in rows)


def of_article(connection: Connection, tenant: TenantId, article: ArticleId) -> list[Decision]:
    """All that was decided about one article, oldest first."""
    return of_articles(connection, tenant, [article])


def of_articles(connection: Connection, tenant: TenantId, articles: Iterable[ArticleId]) -> list[Decision]:
    """All that was decided about several articles, oldest first."""
    where = (_d.c.tenant_id == tenant, _d.c.article_id.in_(list(articles)))
    return [record(Decision, row) for row in connection.execute(select(_d).where(*where).order_by(_d.c.at, _d.c.id))]
