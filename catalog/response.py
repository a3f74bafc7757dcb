"""How readers responded to each article: how often it was offered, and how often that led to anything."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, func, select

from catalog import tables
from catalog.ids import ArticleId, TenantId
from catalog.yields import PASSIVE

_s = tables.slates
_o = tables.slate_items
_e = tables.events


@dataclass(frozen=True, slots=True)
class Response:
    """`served` places of slates, at `engaged` of which the reader did more than see or dismiss the article."""

    served: int
    engaged: int


def of_articles(connection: Connection, tenant: TenantId, since: datetime) -> Mapping[ArticleId, Response]:
    """Every article that was offered since then."""
    same = (_s.c.tenant_id == _o.c.tenant_id) & (_s.c.id == _o.c.slate_id)
    offered = select(_o.c.article_id, func.count()).select_from(_o.join(_s, same))
    recent = (_s.c.tenant_id == tenant, _s.c.created_at >= since)
    served = connection.execute(offered.where(*recent).group_by(_o.c.article_id)).all()
    told = (_s.c.tenant_id == _e.c.tenant_id) & (_s.c.id == _e.c.slate_id)
    places = select(_e.c.article_id, _e.c.slate_id).select_from(_e.join(_s, told)).distinct()
    wanted = places.where(*recent, _e.c.type.not_in(PASSIVE)).subquery("wanted")
    counted = select(wanted.c.article_id, func.count()).group_by(wanted.c.article_id)
    engaged = {article: int(count) for article, count in connection.execute(counted)}
    return {ArticleId(article): Response(int(count), engaged.get(article, 0)) for article, count in served}
