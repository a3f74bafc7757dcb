"""Which articles have a vector of which encoder, for moving from one encoder to another while both are there."""

from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Connection, delete, exists, func, select

from catalog import tables, tenants
from catalog.articles import article_of
from catalog.database import insert
from catalog.ids import ArticleId, TenantId
from catalog.records import Article, State, Vector

_a = tables.articles
_e = tables.embeddings

Version = tuple[ArticleId, int]
"""An article in one of its revisions."""


def by_encoder(connection: Connection, tenant: TenantId) -> dict[str, int]:
    """How many vectors there are of each encoder, by its digest."""
    counted = select(_e.c.encoder, func.count()).where(_e.c.tenant_id == tenant).group_by(_e.c.encoder)
    return {str(encoder): int(count) for encoder, count in connection.execute(counted)}


def count_missing(connection: Connection, tenant: TenantId, encoder: str) -> int:
    """How many enriched articles have no vector of this encoder."""
    return int(connection.execute(select(func.count()).where(*_without(tenant, encoder))).scalar_one())


def missing(connection: Connection, tenant: TenantId, encoder: str, limit: int) -> list[Article]:
    """Enriched articles that have no vector of this encoder."""
    query = select(_a).where(*_without(tenant, encoder)).order_by(_a.c.id).limit(limit)
    return [article_of(row) for row in connection.execute(query)]


def store(connection: Connection, tenant: TenantId, encoder: str, read: Sequence[tuple[Article, Vector]]) -> None:
    """Keep vectors of articles as they were `read`; of one that has another text by now the vector is dropped."""
    # the tenant before the articles, as in `articles.revise`, which waits for us
    used = tenants.get(connection, tenant, lock=True).encoder
    query = select(_a.c.id, _a.c.revision).where(_a.c.tenant_id == tenant, _enriched())
    rows = connection.execute(query.where(_a.c.id.in_([article.id for article, _ in read])))
    standing = {row.id: row.revision for row in rows}
    kept: list[dict[str, Any]] = [
        {"tenant_id": tenant, "article_id": article.id, "encoder": encoder, "vector": vector}
        for article, vector in read
        if standing.get(article.id) == article.revision
    ]
    if kept:
        connection.execute(insert(connection, _e).on_conflict_do_nothing(), kept)
    if used == encoder:
        tenants.touch(connection, tenant)


def by_article(
    connection: Connection, tenant: TenantId, encoder: str
) -> tuple[list[ArticleId], list[str | None], list[Vector]]:
    """Every article that has a vector of this encoder, its language, and the vector."""
    same = (_e.c.tenant_id == _a.c.tenant_id) & (_e.c.article_id == _a.c.id) & (_e.c.encoder == encoder)
    query = select(_a.c.id, _a.c.language, _e.c.vector).select_from(_a.join(_e, same)).where(_a.c.tenant_id == tenant)
    rows = connection.execute(query.order_by(_a.c.id)).all()
    return [row.id for row in rows], [row.language for row in rows], [row.vector for row in rows]


def versions(connection: Connection, tenant: TenantId, states: Iterable[State]) -> list[Version]:
    """Articles in any of `states`, in the revision that they have now."""
    query = select(_a.c.id, _a.c.revision).where(_a.c.tenant_id == tenant, _a.c.state.in_(list(states)))
    return [(ArticleId(article), int(revision)) for article, revision in connection.execute(query.order_by(_a.c.id))]


def drop_others(connection: Connection, tenant: TenantId, encoder: str) -> int:
    """Forget the vectors of all other encoders; how many."""
    return connection.execute(delete(_e).where(_e.c.tenant_id == tenant, _e.c.encoder != encoder)).rowcount


def _without(tenant: TenantId, encoder: str) -> tuple[ColumnElement[bool], ...]:
    mine = _e.c.tenant_id == tenant, _e.c.article_id == _a.c.id, _e.c.encoder == encoder
    return _a.c.tenant_id == tenant, _enriched(), ~exists().where(*mine)


def _enriched() -> ColumnElement[bool]:
    return _a.c.state != State.EXTRACTED
