"""What waits for a person: the article, why it was tagged as it was, and whom the machine would show it to."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import Connection

from catalog import articles, audiences
from catalog.errors import NotFound
from catalog.ids import ArticleId, TenantId
from catalog.records import Article, Audience, State, Tag
from catalog.stories import Member, members
from curation.audience import propose
from curation.stories import STANDING, fronts, representative

WAITING = (State.IN_REVIEW, State.LEGAL_REVIEW)


@dataclass(frozen=True, slots=True)
class Entry:
    """One article before a curator. `proposed` is None where the tags are unclear: a person must name the audience.

    `attached` are the others that tell the same story and are waiting or approved, by date of publication. `front` is
    the one of them that stands for the story, where every article was asked for and this is not the one.
    """

    article: Article
    tags: tuple[Tag, ...]
    audience: Audience | None
    proposed: Audience | None
    attached: tuple[Article, ...]
    front: ArticleId | None = None


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

    With `everything`, or in states in which nothing waits, every article is an entry, the oldest story first, and in it
    the article that stands for it.
    """
    if everything or not set(states) <= set(WAITING):
        every = articles.in_states(connection, tenant, states, oldest_first=True, limit=limit)
        return _by_story(_entries(connection, tenant, every), _fronts(connection, tenant, every, now))
    awaited = members(connection, tenant, WAITING)
    stories = {member.story_id for member in awaited if member.story_id}
    standing = {member.id: member for member in [*awaited, *members(connection, tenant, STANDING, stories)]}
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


def _fronts(
    connection: Connection, tenant: TenantId, found: list[Article], now: datetime
) -> Mapping[ArticleId, ArticleId]:
    """The article that stands for each story which more than one tells; of what has expired only where all has."""
    stories: Mapping[ArticleId, list[Member]] = defaultdict(list)
    for member in members(connection, tenant, STANDING, [each.story_id for each in found if each.story_id]):
        if member.story_id:
            stories[member.story_id].append(member)
    lasting = {story: [each for each in told if not _expired(each, now)] or told for story, told in stories.items()}
    return {story: representative(lasting[story]) for story, told in stories.items() if len(told) > 1}


def _expired(member: Member, now: datetime) -> bool:
    return member.expires_at is not None and member.expires_at <= now


def _by_story(entries: list[Entry], fronts: Mapping[ArticleId, ArticleId]) -> list[Entry]:
    """Entries of one story under one another, below the one that stands for it, where its first one was."""
    stories: dict[ArticleId, list[Entry]] = defaultdict(list)
    for each in entries:
        front = fronts.get(each.article.story_id) if each.article.story_id else None
        below = front not in (None, each.article.id)
        stories[each.article.story_id or each.article.id].append(replace(each, front=front) if below else each)
    return [each for told in stories.values() for each in sorted(told, key=lambda entry: entry.front is not None)]


def _attached(connection: Connection, tenant: TenantId, found: list[Article]) -> Mapping[ArticleId, list[Article]]:
    stories = [article.story_id for article in found if article.story_id]
    others = members(connection, tenant, STANDING, stories)
    known = articles.many(connection, tenant, [member.id for member in others])
    by_story: Mapping[ArticleId | None, list[Article]] = defaultdict(list)
    for each in sorted(known.values(), key=lambda article: (article.published_at, article.id)):
        by_story[each.story_id].append(each)
    return {
        article.id: [each for each in by_story.get(article.story_id, ()) if each.id != article.id] for article in found
    }
