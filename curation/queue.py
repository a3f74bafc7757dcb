"""What waits for a person: the article, why it was tagged as it was, and whom the machine would show it to."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from sqlalchemy import Connection

from catalog import articles, audiences, audits, reviews, tenants
from catalog.database import parts
from catalog.errors import NotFound
from catalog.ids import ArticleId, TenantId
from catalog.records import AXES, FUNCTION, Action, Article, Audience, State, Tag
from catalog.stories import Member, members
from curation.audience import propose
from curation.priority import PriorityOptions, Waiting, priority
from curation.stories import STANDING, Front, fronts, representative

WAITING: Final = (State.IN_REVIEW, State.LEGAL_REVIEW)

_ASKED: Final = (State.IN_REVIEW, State.APPROVED)
"""States in which a curator may be asked blind. Legal must know for whom an article is."""

_AT_ONCE: Final = 200
_UNDECIDED: Final = 0.5
_ORDER: Final = PriorityOptions()

Engagement = Mapping[ArticleId, float]
"""How much colleagues will probably do with an article, 0 to 1, as the roof was told; others are left out."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One article before a curator. `proposed` is None where the tags are unclear: a person must name the audience.

    `attached` are the others that tell the same story and are waiting or approved, by date of publication. `front` is
    the one of them that stands for the story, where every article was asked for and this is not the one. What is asked
    `blind` hides what the machine thinks of its audience, and whether it is live already.
    """

    article: Article
    tags: tuple[Tag, ...]
    audience: Audience | None
    proposed: Audience | None
    attached: tuple[Article, ...]
    front: ArticleId | None = None
    blind: bool = False


def waiting(
    connection: Connection,
    tenant: TenantId,
    now: datetime,
    *,
    states: tuple[State, ...] = WAITING,
    everything: bool = False,
    limit: int = 50,
    engagement: Engagement | None = None,
) -> list[Entry]:
    """The queue, by expected value and so that nothing starves: one entry per story, and nothing that has expired.

    What went live under a certificate and is audited waits among the others, and looks like them. With `everything`, or
    in states in which nothing waits, every article is an entry, the oldest story first, and in it the article that
    stands for it.
    """
    if everything or not set(states) <= set(WAITING):
        hidden = audits.unanswered(connection, tenant)  # that it is live already would tell what the machine thinks
        found = articles.in_states(connection, tenant, states, oldest_first=True, limit=limit)
        every = [each for each in found if each.state is not State.APPROVED or each.id not in hidden]
        return _by_story(_entries(connection, tenant, every), _fronts(connection, tenant, every, now))
    asked = [front for front in _awaited(connection, tenant, now) if _shown_state(front) in states]
    # what is asked blind comes in an order that does not depend on the tags, or its answers would prove nothing
    blind = audits.unanswered(connection, tenant)
    sure = {**articles.surest(connection, tenant, STANDING, FUNCTION), **dict.fromkeys(blind, _UNDECIDED)}
    likely = engagement or {}

    def first(front: Front) -> tuple[float, ArticleId]:
        return -priority(_candidate(front, sure, likely), now, _ORDER), front.member.id

    chosen = [front.member.id for front in sorted(asked, key=first)[:limit]]
    known = articles.many(connection, tenant, chosen)
    return _entries(connection, tenant, [known[each] for each in chosen if each in known])


def passed(connection: Connection, tenant: TenantId, now: datetime, *, limit: int = 50) -> list[Entry]:
    """What is live without a person's word on its audience, the latest first: to look through when one lapses.

    What is asked blind is not among it: that would tell what the machine thinks.
    """
    hidden = audits.unanswered(connection, tenant)
    certified = reviews.last_word(connection, tenant, Action.CERTIFY, (Action.APPROVE, Action.AUDIT))
    found: list[Article] = []
    for part in parts((each for each in certified if each not in hidden), _AT_ONCE):
        known = articles.many(connection, tenant, part)
        edited = _audience_edited(connection, tenant, part)
        found += [known[each] for each in part if each in known and each not in edited and _is_live(known[each], now)]
        if len(found) >= limit:
            break
    return _entries(connection, tenant, found[:limit])


def _audience_edited(connection: Connection, tenant: TenantId, ids: list[ArticleId]) -> set[ArticleId]:
    """Those of which a person changed the audience, and not only a tag."""
    trail = reviews.of_articles(connection, tenant, ids)
    return {each.article_id for each in trail if each.action is Action.EDIT and "audience" in each.changes}


def _is_live(article: Article, now: datetime) -> bool:
    return article.state is State.APPROVED and (article.expires_at is None or article.expires_at > now)


def _awaited(connection: Connection, tenant: TenantId, now: datetime) -> list[Front]:
    """What stands for each story that waits, and each article that is audited."""
    awaited = members(connection, tenant, WAITING)
    stories = {member.story_id for member in awaited if member.story_id}
    standing = {member.id: member for member in [*awaited, *members(connection, tenant, STANDING, stories)]}
    return fronts(standing.values(), now) + _audited(connection, tenant, now)


def _audited(connection: Connection, tenant: TenantId, now: datetime) -> list[Front]:
    """What went live under a certificate and is asked about all the same."""
    live = [each for each, audit in audits.unanswered(connection, tenant).items() if audit.certificate_id]
    found = articles.many(connection, tenant, live)
    stories = {each.story for each in found.values()}
    told = [each for each in members(connection, tenant, [State.APPROVED], stories) if each.id in found]
    return [Front(each, each.created_at, 1) for each in told if not _expired(each, now)]


def _shown_state(front: Front) -> State:
    return State.IN_REVIEW if front.member.state is State.APPROVED else front.member.state


def _candidate(front: Front, sure: Mapping[ArticleId, float], likely: Engagement) -> Waiting:
    member = front.member
    return Waiting(
        state=_shown_state(front),
        since=front.since,
        published_at=member.published_at,
        expires_at=member.expires_at,
        sure=sure.get(member.id, 0.0),
        engagement=likely.get(member.id),
        told=front.told,
    )


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
    blind = audits.unanswered(connection, tenant, ids)
    hard_axes = tenants.get(connection, tenant).hard_axes
    entries = [
        Entry(
            article=article,
            tags=tuple(tags.get(article.id, ())),
            audience=said.get(article.id),
            proposed=propose(tags.get(article.id, ()), hard_axes),
            attached=tuple(attached[article.id]),
        )
        for article in found
    ]
    return [
        _blindfolded(each) if each.article.id in blind and each.article.state in _ASKED else each for each in entries
    ]


def _blindfolded(entry: Entry) -> Entry:
    """Without what the machine thinks of the audience, and as if a person had not let it through yet."""
    undecided = replace(entry.article, state=State.IN_REVIEW, live_from=None)
    kept = tuple(tag for tag in entry.tags if tag.facet not in AXES)
    return replace(entry, article=undecided, tags=kept, audience=None, proposed=None, blind=True)


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
        stories[each.article.story].append(replace(each, front=front) if below else each)
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
