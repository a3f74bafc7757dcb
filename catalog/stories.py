"""Which articles tell one story, and what they are compared by to find out."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, select, update

from catalog import tables, tenants
from catalog.database import parts, record
from catalog.ids import ArticleId, SourceId, TenantId
from catalog.records import Sketch, State, Trust, Vector

_a = tables.articles
_e = tables.embeddings
_s = tables.sources
_same = (_e.c.tenant_id == _a.c.tenant_id) & (_e.c.article_id == _a.c.id)


@dataclass(frozen=True, slots=True)
class Neighbour:
    """What is asked of an enriched article to see whether another one tells the same story.

    `sketch` is None where it was enriched before there were sketches.
    """

    id: ArticleId
    story_id: ArticleId | None
    language: str | None
    published_at: datetime
    vector: Vector
    sketch: Sketch | None = None
    revision: int = 1


@dataclass(frozen=True, slots=True)
class Member:
    """What decides which article stands for a story. `trust` is its source's; `words` counts the text's."""

    id: ArticleId
    story_id: ArticleId | None
    source_id: SourceId | None
    state: State
    trust: Trust
    created_at: datetime
    published_at: datetime
    expires_at: datetime | None
    barrier: str | None
    words: int


def members(
    connection: Connection, tenant: TenantId, states: Iterable[State], stories: Iterable[ArticleId] | None = None
) -> list[Member]:
    """Articles in any of `states`; only those that tell one of `stories`, where these are given."""
    columns = [_a.c[field.name] for field in fields(Member) if field.name != "trust"]
    with_source = _a.outerjoin(_s, (_s.c.tenant_id == _a.c.tenant_id) & (_s.c.id == _a.c.source_id))
    query = select(*columns, _s.c.trust).select_from(with_source)
    query = query.where(_a.c.tenant_id == tenant, _a.c.state.in_(list(states)))
    named = None if stories is None else sorted(set(stories))
    wanted = [query] if named is None else [query.where(_a.c.story_id.in_(part)) for part in parts(named)]
    rows: list[Row[Any]] = []
    for each in wanted:
        rows += connection.execute(each)
    return [record(Member, row, trust=row.trust or Trust.NORMAL) for row in rows]


def join_stories(connection: Connection, tenant: TenantId, told: Sequence[ArticleId], story: ArticleId) -> None:
    """Let all articles of the stories `told` be of `story`. The caller holds the tenant's lock."""
    if told:
        connection.execute(update(_a).where(_a.c.tenant_id == tenant, _a.c.story_id.in_(told)).values(story_id=story))
        tenants.touch(connection, tenant)


def near_in_time(
    connection: Connection, tenant: TenantId, since: datetime, until: datetime
) -> dict[ArticleId, tuple[int, ArticleId]]:
    """Which enriched articles were published from `since` to `until`: their revision and story.

    One that was revised and waits for its enrichment is none of them. Ask `neighbours` about those that are news.
    """
    enriched = [state for state in State if state is not State.EXTRACTED]  # named, so that the index is of use
    where = (_a.c.tenant_id == tenant, _a.c.state.in_(enriched), _a.c.published_at.between(since, until))
    query = select(_a.c.id, _a.c.revision, _a.c.story_id).where(*where)
    rows = connection.execute(query.order_by(_a.c.published_at, _a.c.id))
    return {ArticleId(each): (revision, ArticleId(story or each)) for each, revision, story in rows}


def neighbours(connection: Connection, tenant: TenantId, encoder: str, ids: Sequence[ArticleId]) -> Iterator[Neighbour]:
    """What these articles are compared by, in their order; those without a vector of this encoder are left out."""
    columns = [_a.c[name] for name in ("id", "story_id", "language", "published_at", "sketch", "revision")]
    query = select(*columns, _e.c.vector).select_from(_a.join(_e, _same & (_e.c.encoder == encoder)))
    for part in parts(ids):
        rows: list[Row[Any]] = list(connection.execute(query.where(_a.c.tenant_id == tenant, _a.c.id.in_(part))))
        found = {row.id: record(Neighbour, row) for row in rows}
        yield from (found[each] for each in part if each in found)
