"""Tagged articles with all that decides on their way."""

from dataclasses import dataclass
from typing import Final

from sqlalchemy import Connection

from catalog import articles, audiences, items, sources
from catalog.ids import TenantId
from catalog.records import Article, Audience, FeedItem, State, Tag, Trust
from catalog.stories import members

_KNOWN: Final = tuple(state for state in State if state is not State.EXTRACTED)
"""States of which the story is known. One that was refused counts as well: its copy must not slip through."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A tagged article.

    `said` is the audience that its source gave, `trust` that source's, `told_before`: another article tells its story.
    `approved_by` is the key that may say for whom it is, and did so in `said`.
    """

    article: Article
    tags: tuple[Tag, ...] = ()
    said: Audience | None = None
    trust: Trust = Trust.NORMAL
    told_before: bool = False
    approved_by: str | None = None


def tagged(connection: Connection, tenant: TenantId, limit: int) -> list[Candidate]:
    """Articles that are tagged and have not been sent on, the newest first."""
    found = articles.in_states(connection, tenant, [State.TAGGED], limit=limit)
    ids = [article.id for article in found]
    tags = articles.tags_of(connection, tenant, ids)
    said = audiences.many(connection, tenant, ids)
    trust = {source.id: source.trust for source in sources.every(connection, tenant)}
    approved = items.approved(connection, tenant, ids)
    told = members(connection, tenant, _KNOWN, [article.story_id for article in found if article.story_id])
    return [
        Candidate(
            article=article,
            tags=tuple(tags.get(article.id, ())),
            said=said.get(article.id),
            trust=trust[article.source_id] if article.source_id else Trust.NORMAL,
            told_before=any(other.story_id == article.story_id and other.id != article.id for other in told),
            approved_by=_by(approved.get(article.id), said.get(article.id)),
        )
        for article in found
    ]


def _by(item: FeedItem | None, said: Audience | None) -> str | None:
    """Who approved it: only for the very audience that holds."""
    return item.approved_by if item is not None and item.audience == said else None
