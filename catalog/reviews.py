"""The audit trail: decisions are only ever added."""

from collections.abc import Iterable, Iterator
from datetime import datetime

from sqlalchemy import Connection, exists, func, select

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


def last_word(connection: Connection, tenant: TenantId, action: Action, others: Iterable[Action]) -> list[ArticleId]:
    """The articles with which this was done, and none of the `others` since; where it was done last comes first."""
    later = _d.alias()
    same = (later.c.tenant_id == tenant, later.c.article_id == _d.c.article_id, later.c.at >= _d.c.at)
    overruled = exists().where(*same, later.c.action.in_(list(others)))
    mine = (_d.c.tenant_id == tenant, _d.c.action == action)
    query = select(_d.c.article_id, func.max(_d.c.at)).where(*mine, ~overruled).group_by(_d.c.article_id)
    rows = connection.execute(query.order_by(func.max(_d.c.at).desc(), _d.c.article_id))
    return [ArticleId(row.article_id) for row in rows]


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
