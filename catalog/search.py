"""Articles by the words in them, and by all that a curator can filter on.

An article is found once it has been enriched: then its language is known, which decides how its words are stemmed, and
`catalog.articles` hands it to `index`. SQLite keeps the words in a full-text table (FTS5) and ranks by BM25. PostgreSQL
keeps a `tsvector` and ranks by how many of the words an article has, then by `ts_rank`: that does not know how rare a
word is, so without the count a page full of one word would come before one that has them all.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from sqlalchemy import (
    ColumnElement,
    Connection,
    Row,
    Select,
    case,
    cast,
    column,
    delete,
    exists,
    func,
    insert,
    literal,
    literal_column,
    select,
    table,
)
from sqlalchemy.dialects.postgresql import TSQUERY, TSVECTOR

from catalog import tables
from catalog.database import record
from catalog.ids import ArticleId, SourceId, TenantId
from catalog.records import Article, Axes, State
from catalog.words import PARTS, Forms, stems, tsvector

_a = tables.articles
_t = tables.tags
_w = table("article_words", *map(column, ("tenant_id", "article_id", *PARTS, "words")))
"""Made by the migration, in each database's own way, so it is not among `tables`."""

_NEEDED: Final = (_a.c.id, func.coalesce(_a.c.story_id, _a.c.id).label("story_id"), _a.c.published_at)
"""The columns of a `Candidate`."""

_THIS: Final[ColumnElement[Any]] = literal_column("article_words")
_ROW: Final[ColumnElement[Any]] = literal_column("rowid")
_OUTER_ROW: Final[ColumnElement[Any]] = literal_column("article_words.rowid")
_WEIGHTS: Final = {"tenant_id": 0.0, "article_id": 0.0, "title": 8.0, "lead": 3.0, "text": 1.0}
"""What a word weighs for BM25 by the column it stands in. Any weights that put the title first do equally well on the
demo's articles; equal ones do worse."""

_BEGINS: Final = 4
"""Letters from which on a word is also the beginning of longer ones: Dutch and German write compounds as one word."""

FOUND: Final = tuple(state for state in State if state not in (State.REJECTED, State.WITHDRAWN))
"""States that are searched unless others are asked for."""


@dataclass(frozen=True, slots=True)
class Filters:
    """Which articles are asked for; what says nothing admits all.

    `since` and `until` bound the date of publication, the second is not included. Of each facet in `tags` an article
    must have one of the concepts.
    """

    states: Sequence[State] = FOUND
    language: str | None = None
    source: SourceId | None = None
    internal: bool | None = None
    since: datetime | None = None
    until: datetime | None = None
    tags: Axes = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Candidate:
    """What is needed of an article to place it among others. `story_id` is its own id where it tells one alone."""

    id: ArticleId
    story_id: ArticleId
    published_at: datetime


def index(connection: Connection, tenant: TenantId, article: Article) -> None:
    """Let an article be found by its words from now on, stemmed as its language asks."""
    forget(connection, tenant, article.id)
    said = stems({part: getattr(article, part) for part in PARTS}, article.language)
    if connection.dialect.name == "sqlite":
        row: dict[str, Any] = {part: " ".join(words) for part, words in said.items()}
    else:
        row = {"words": cast(tsvector(said), TSVECTOR)}
    connection.execute(insert(_w).values(tenant_id=tenant, article_id=article.id, **row))


def forget(connection: Connection, tenant: TenantId, article: ArticleId) -> None:
    """Let an article no longer be found by its words."""
    mine = delete(_w).where(_w.c.tenant_id == tenant, _w.c.article_id == article)
    if connection.dialect.name == "sqlite":  # a full-text table is looked up by nothing but words: an id is one as well
        mine = mine.where(_THIS.op("MATCH")(f'article_id : "{article}"'))
    connection.execute(mine)


def by_words(
    connection: Connection, tenant: TenantId, asked: Sequence[Forms], filters: Filters, limit: int, at_least: int = 1
) -> list[Candidate]:
    """Articles that have so many of the words, the best first; of equally good ones the newest."""
    if not asked:
        return []
    ask = _sqlite if connection.dialect.name == "sqlite" else _postgres
    matches, had, order = ask(asked)
    found = _w.join(_a, (_a.c.tenant_id == _w.c.tenant_id) & (_a.c.id == _w.c.article_id))
    query = _candidates(tenant, filters).select_from(found).where(matches, had >= at_least)
    rows = connection.execute(query.order_by(*order, _a.c.published_at.desc(), _a.c.id).limit(limit))
    return [record(Candidate, row) for row in rows]


def newest(connection: Connection, tenant: TenantId, filters: Filters, limit: int) -> list[Candidate]:
    """Articles that the filters admit, the newest first."""
    query = _candidates(tenant, filters).order_by(_a.c.published_at.desc(), _a.c.id).limit(limit)
    return [record(Candidate, row) for row in connection.execute(query)]


def admitted(connection: Connection, tenant: TenantId, filters: Filters) -> set[ArticleId]:
    """Every article that the filters admit."""
    return set(connection.execute(_candidates(tenant, filters).with_only_columns(_a.c.id)).scalars())


def candidates(connection: Connection, tenant: TenantId, ids: Sequence[ArticleId]) -> list[Candidate]:
    """What is needed of these articles, in their order."""
    query = select(*_NEEDED).where(_a.c.tenant_id == tenant, _a.c.id.in_(ids))
    rows: list[Row[Any]] = list(connection.execute(query))
    found = {row.id: record(Candidate, row) for row in rows}
    return [found[each] for each in ids if each in found]


def tellers(connection: Connection, tenant: TenantId, stories: Iterable[ArticleId]) -> dict[ArticleId, int]:
    """How many articles tell each of these stories, in whatever state; one that has no name yet is missing."""
    where = _a.c.tenant_id == tenant, _a.c.story_id.in_(list(stories))
    counted = select(_a.c.story_id, func.count()).where(*where).group_by(_a.c.story_id)
    return {ArticleId(story): int(count) for story, count in connection.execute(counted)}


def _candidates(tenant: TenantId, filters: Filters) -> Select[Any]:
    query = select(*_NEEDED).where(_a.c.tenant_id == tenant, _a.c.state.in_(list(filters.states)))
    same = {_a.c.language: filters.language, _a.c.source_id: filters.source, _a.c.internal: filters.internal}
    query = query.where(*(kept == asked for kept, asked in same.items() if asked is not None))
    if filters.since is not None:
        query = query.where(_a.c.published_at >= filters.since)
    if filters.until is not None:
        query = query.where(_a.c.published_at < filters.until)
    for facet, concepts in filters.tags.items():
        mine = _t.c.tenant_id == tenant, _t.c.article_id == _a.c.id, _t.c.facet == facet
        query = query.where(exists().where(*mine, _t.c.concept.in_(sorted(concepts))))
    return query


_Asked = tuple[ColumnElement[bool], ColumnElement[int], Sequence[ColumnElement[Any]]]
"""That a row has one of the words, how many of them it has, and what comes first."""


def _sqlite(asked: Sequence[Forms]) -> _Asked:
    with_one = (select(_ROW).select_from(_w).where(_has(forms)).correlate(None) for forms in asked)
    had = sum((case((_OUTER_ROW.in_(rows), 1), else_=0) for rows in with_one), start=literal(0))
    return _has([form for forms in asked for form in forms]), had, [func.bm25(_THIS, *_WEIGHTS.values())]


def _postgres(asked: Sequence[Forms]) -> _Asked:
    every = _tsquery([form for forms in asked for form in forms])
    had = sum((case((_w.c.words.op("@@")(_tsquery(forms)), 1), else_=0) for forms in asked), start=literal(0))
    return _w.c.words.op("@@")(every), had, [had.desc(), func.ts_rank(_w.c.words, every).desc()]


def _has(forms: Iterable[str]) -> ColumnElement[bool]:
    """Quoted words and nothing else, so that whatever somebody typed is none of FTS5's syntax. No id is looked for."""
    words = (f'"{form}"{" *" if len(form) >= _BEGINS else ""}' for form in dict.fromkeys(forms))
    return _THIS.op("MATCH", is_comparison=True)(f"{{{' '.join(PARTS)}}} : ({' OR '.join(words)})")


def _tsquery(forms: Iterable[str]) -> ColumnElement[Any]:
    """The same for PostgreSQL, without its parser, which cuts words in its own way."""
    words = (f"'{form}'{':*' if len(form) >= _BEGINS else ''}" for form in dict.fromkeys(forms))
    return cast(" | ".join(words), TSQUERY)
