"""What waits for a person: the article, why it was tagged as it was, and whom the machine would show it to."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection

from catalog import articles, audiences
from catalog.errors import NotFound
from catalog.ids import ArticleId, TenantId
from catalog.records import Article, Audience, State, Tag
from curation.audience import propose
from curation.stories import STANDING, fronts

WAITING = (State.IN_REVIEW, State.LEGAL_REVIEW)


@dataclass(frozen=True, slots=True)
class Entry:
    """One article before a curator. `proposed` is None where the tags are unclear: a person must name the audience.

    `attached` are the others that tell the same story and are waiting or approved, by date of publication.
    """

    article: Article
    tags: tuple[Tag, ...]
    audience: Audience | None
    proposed: Audience | None
    attached: tuple[Article, ...]


def waiting(
    connection: Connection,
    tenant: TenantId,
    now: datetime,
    *,
    states: tuple[State, ...] = WAITING,
    everything: bool = False,
    limit: int = 50,
) -> list[Entry]:
    """The queue, what waits longest first so that nothing starves: one entry per story, and nothing that has expired.

    With `everything`, or in states in which nothing waits, every article is an entry, the oldest first.
    """
    if everything or not set(states) <= set(WAITING):
        return _entries(
            connection, tenant, articles.in_states(connection, tenant, states, oldest_first=True, limit=limit)
        )
    awaited = articles.members(connection, tenant, WAITING)
    stories = {member.story_id for member in awaited if member.story_id}
    standing = {member.id: member for member in [*awaited, *articles.members(connection, tenant, STANDING, stories)]}
    asked = [each for each in fronts(standing.values(), now) if standing[each].state in states][:limit]
    found = articles.many(connection, tenant, asked)
    return _entries(connection, tenant, [found[each] for each in asked if each in found])


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
    attached = _attached(connection, tenant, found)
    return [
        Entry(
            article=article,
            tags=tuple(tags.get(article.id, ())),
            audience=said.get(article.id),
            proposed=propose(tags.get(article.id, ())),
            attached=tuple(attached[article.id]),
        )
        for article in found
    ]


def _attached(connection: Connection, tenant: TenantId, found: list[Article]) -> Mapping[ArticleId, list[Article]]:
    stories = [article.story_id for article in found if article.story_id]
    members = articles.members(connection, tenant, STANDING, stories)
    known = articles.many(connection, tenant, [member.id for member in members])
    by_story: Mapping[ArticleId | None, list[Article]] = defaultdict(list)
    for each in sorted(known.values(), key=lambda article: (article.published_at, article.id)):
        by_story[each.story_id].append(each)
    return {
        article.id: [each for each in by_story.get(article.story_id, ()) if each.id != article.id] for article in found
    }
