"""The audit trail: decisions are only ever added."""

from collections.abc import Iterable

from sqlalchemy import Connection, select

from catalog import tables
from catalog.database import insert, record, values
from catalog.ids import ArticleId, TenantId
from catalog.records import Decision

_d = tables.decisions


def add(connection: Connection, tenant: TenantId, decision: Decision) -> None:
    """Write one line of the trail, in the transaction of what it tells about."""
    connection.execute(insert(connection, _d).values(tenant_id=tenant, **values(decision)))


def of_article(connection: Connection, tenant: TenantId, article: ArticleId) -> list[Decision]:
    """All that was decided about one article, oldest first."""
    return of_articles(connection, tenant, [article])


def of_articles(connection: Connection, tenant: TenantId, articles: Iterable[ArticleId]) -> list[Decision]:
    """All that was decided about several articles, oldest first."""
    where = (_d.c.tenant_id == tenant, _d.c.article_id.in_(list(articles)))
    return [record(Decision, row) for row in connection.execute(select(_d).where(*where).order_by(_d.c.at, _d.c.id))]
