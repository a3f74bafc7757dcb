"""Articles that curators are asked about blind: without what the machine thinks, so that its errors can be counted."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, Connection, delete, select, update

from catalog import tables
from catalog.database import insert, record, values
from catalog.ids import ArticleId, CertificateId, TenantId
from catalog.records import Audience

_a = tables.audits
_articles = tables.articles


@dataclass(frozen=True, slots=True)
class Audit:
    """One article in one wording that is asked about blind.

    Where it went live under a certificate, `drawn` has on each hard axis one value of those it went live for, and
    `wrong` tells, once answered, whether a person left one of them out. `audience` is what the person said, None for a
    rejection.
    """

    article_id: ArticleId
    revision: int
    language: str | None
    drawn_at: datetime
    certificate_id: CertificateId | None = None
    drawn: Audience | None = None
    answered_at: datetime | None = None
    audience: Audience | None = None
    wrong: bool | None = None


def draw(connection: Connection, tenant: TenantId, audit: Audit) -> None:
    """Ask about an article in this wording, unless that was asked already."""
    connection.execute(insert(connection, _a).values(tenant_id=tenant, **values(audit)).on_conflict_do_nothing())


def unanswered(
    connection: Connection, tenant: TenantId, articles: Iterable[ArticleId] | None = None
) -> dict[ArticleId, Audit]:
    """What is still asked, about the wording that stands; about these `articles` only, where they are given."""
    where = [_a.c.answered_at.is_(None)]
    if articles is not None:
        where.append(_a.c.article_id.in_(list(articles)))
    return {audit.article_id: audit for audit in _standing(connection, tenant, *where)}


def answered(connection: Connection, tenant: TenantId, certificate: CertificateId | None = None) -> list[Audit]:
    """Every answer about a wording that stands, oldest first; those under one certificate, where it is given.

    Under a certificate a later wording takes no answer back: that the first one was wrong stays true.
    """
    if certificate is None:
        return _standing(connection, tenant, _a.c.answered_at.is_not(None))
    where = (_a.c.tenant_id == tenant, _a.c.certificate_id == certificate, _a.c.answered_at.is_not(None))
    rows = connection.execute(select(_a).where(*where).order_by(_a.c.answered_at, _a.c.article_id))
    return [record(Audit, row) for row in rows]


def answer(
    connection: Connection,
    tenant: TenantId,
    audit: Audit,
    audience: Audience | None,
    wrong: bool | None,
    now: datetime,
) -> None:
    """Write down what a person said, once."""
    mine = (_a.c.tenant_id == tenant, _a.c.article_id == audit.article_id, _a.c.revision == audit.revision)
    told = {"answered_at": now, "audience": audience, "wrong": wrong}
    connection.execute(update(_a).where(*mine, _a.c.answered_at.is_(None)).values(told))


def drop_unanswered(connection: Connection, tenant: TenantId) -> None:
    """Ask no more about anything."""
    connection.execute(delete(_a).where(_a.c.tenant_id == tenant, _a.c.answered_at.is_(None)))


def _standing(connection: Connection, tenant: TenantId, *where: ColumnElement[bool]) -> list[Audit]:
    same = (_articles.c.tenant_id == _a.c.tenant_id) & (_articles.c.id == _a.c.article_id)
    current = _articles.c.revision == _a.c.revision
    query = select(_a).select_from(_a.join(_articles, same)).where(_a.c.tenant_id == tenant, current, *where)
    return [record(Audit, row) for row in connection.execute(query.order_by(_a.c.answered_at, _a.c.article_id))]
