"""What waits for a person: the article, why it was tagged as it was, and whom the machine would show it to."""

from dataclasses import dataclass

from sqlalchemy import Connection

from catalog import articles, audiences
from catalog.errors import NotFound
from catalog.ids import ArticleId, TenantId
from catalog.records import Article, Audience, State, Tag
from curation.audience import propose

WAITING = (State.IN_REVIEW, State.LEGAL_REVIEW)


@dataclass(frozen=True, slots=True)
class Entry:
    """One article before a curator. `proposed` is None where the tags are unclear: a person must name the audience."""

    article: Article
    tags: tuple[Tag, ...]
    audience: Audience | None
    proposed: Audience | None
    story_size: int


def waiting(
    connection: Connection, tenant: TenantId, *, states: tuple[State, ...] = WAITING, limit: int = 50
) -> list[Entry]:
    """The queue, oldest first so that nothing starves."""
    found = articles.in_states(connection, tenant, states, oldest_first=True, limit=limit)
    return _entries(connection, tenant, found)


def entry(connection: Connection, tenant: TenantId, start: str) -> Entry:
    """One article by its id, or by as much of the id's beginning as makes it the only one."""
    found = articles.starting_with(connection, tenant, start)
    if len(found) != 1:
        problem = "no article has" if not found else f"{len(found)} articles have"
        raise NotFound(f"{problem} an id that starts with {start!r}: 'sluis review list' shows the ids")
    return _entries(connection, tenant, found)[0]


def _entries(connection: Connection, tenant: TenantId, found: list[Article]) -> list[Entry]:
    ids = [ArticleId(article.id) for article in found]
    tags = articles.tags_of(connection, tenant, ids)
    said = audiences.many(connection, tenant, ids)
    sizes = articles.story_sizes(connection, tenant, {article.story_id for article in found if article.story_id})
    return [
        Entry(
            article=article,
            tags=tuple(tags.get(article.id, ())),
            audience=said.get(article.id),
            proposed=propose(tags.get(article.id, ())),
            story_size=sizes.get(article.story_id, 1) if article.story_id else 1,
        )
        for article in found
    ]
