"""What people said of articles that they let pass: examples of a tag that an organisation gave itself."""

from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy import Connection, func, select, tuple_

from catalog import tables
from catalog.database import record
from catalog.ids import ArticleId, TenantId
from catalog.records import Origin, State, Vector

_a = tables.articles
_e = tables.embeddings
_t = tables.tags

_MOST_PER_TAG = 100


@dataclass(frozen=True, slots=True)
class Taught:
    """An approved article and one of the tags that a person gave it."""

    article_id: ArticleId
    title: str
    facet: str
    concept: str
    vector: Vector


def taught(
    connection: Connection,
    tenant: TenantId,
    encoder: str,
    tags: Iterable[tuple[str, str]],
    but: ArticleId | None = None,
) -> list[Taught]:
    """Articles with one of these tags (facet, concept), the newest hundred of each, in vectors of one encoder.

    `but` is left out: an article is no example of itself.
    """
    same = (_a.c.tenant_id == _t.c.tenant_id) & (_a.c.id == _t.c.article_id)
    encoded = (_e.c.tenant_id == _a.c.tenant_id) & (_e.c.article_id == _a.c.id) & (_e.c.encoder == encoder)
    newest = (_a.c.published_at.desc(), _a.c.id)
    place = func.row_number().over(partition_by=(_t.c.facet, _t.c.concept), order_by=newest)
    said = (
        select(_t.c.article_id, _a.c.title, _t.c.facet, _t.c.concept, _e.c.vector, place.label("place"))
        .select_from(_t.join(_a, same).join(_e, encoded))
        .where(_t.c.tenant_id == tenant, _t.c.origin == Origin.PERSON, _a.c.state == State.APPROVED)
        .where(tuple_(_t.c.facet, _t.c.concept).in_(list(tags)), _a.c.id != (but or ""))
        .subquery()
    )
    rows = connection.execute(select(said).where(said.c.place <= _MOST_PER_TAG))
    return [record(Taught, row) for row in rows]
