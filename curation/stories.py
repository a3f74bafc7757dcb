"""One article stands for a story: which one a curator is asked about, and which others are attached to it."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from catalog.ids import ArticleId
from catalog.records import State, Trust
from catalog.stories import Member

STANDING: Final = (State.IN_REVIEW, State.LEGAL_REVIEW, State.APPROVED)
"""States in which an article can stand for its story, or be attached to the one that does."""

_TRUSTED_FIRST: Final = (Trust.HIGH, Trust.NORMAL, Trust.LOW)


def representative(members: Sequence[Member]) -> ArticleId:
    """Which of these articles of one story stands for it.

    One that a person has let through already goes first, then the more trusted source's. Of one source's versions the
    latest counts. Then comes what everybody can read, then the longest text, then the earliest.
    """
    rank = min(map(_rank, members))
    best = [member for member in members if _rank(member) == rank]
    latest = {member.source_id: member for member in sorted(best, key=lambda each: (each.published_at, each.id))}
    current = [member for member in best if member.source_id is None or latest[member.source_id] is member]
    return min(current, key=lambda each: (each.barrier is not None, -each.words, each.published_at, each.id)).id


@dataclass(frozen=True, slots=True)
class Front:
    """What a person must look at: `member` for a story that `told` articles tell, the first of them since `since`."""

    member: Member
    since: datetime
    told: int


def fronts(members: Iterable[Member], now: datetime) -> list[Front]:
    """What a person must look at of all that stands, in no order.

    Of what nobody has looked at yet, that is one article per story, and none of a story that has a live one. What a
    curator let through to legal is legal's to answer, whatever else tells the story. What has expired is archived.
    """
    stories: dict[ArticleId, list[Member]] = defaultdict(list)
    for member in members:
        if member.expires_at is None or member.expires_at > now:
            stories[member.story_id or member.id].append(member)
    found: list[Front] = []
    for story in stories.values():
        front = representative(story)
        # since when the story waits, not the article: or a story that is told anew each day would never come first
        since = min(member.created_at for member in story)
        shown = (member for member in story if member.id == front or member.state is State.LEGAL_REVIEW)
        found += [Front(member, since, len(story)) for member in shown if member.state is not State.APPROVED]
    return found


def _rank(member: Member) -> tuple[int, int]:
    decided = (State.APPROVED, State.LEGAL_REVIEW)
    return decided.index(member.state) if member.state in decided else len(decided), _TRUSTED_FIRST.index(member.trust)
