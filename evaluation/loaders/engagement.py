"""What every loader makes of a log of the past: events, the lists that people were shown, and articles."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Final

import numpy as np

from catalog.ids import ArticleId, EmployeeId, SourceId
from catalog.records import ALL, FUNCTION, Audience, Axes, Event, LiveArticle

EVERYBODY: Final = Audience({FUNCTION: frozenset({ALL})})


@dataclass(frozen=True, slots=True)
class Impression:
    """One list that somebody was shown, in its order, and what they chose of it.

    `before` is what they are known to have opened before the log begins, oldest first, where nobody knows when.
    """

    id: str
    at: datetime
    person: EmployeeId
    shown: tuple[ArticleId, ...]
    chosen: frozenset[ArticleId]
    before: tuple[ArticleId, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class Engagement:
    """A log of the past.

    `events` in order, numbered from 1 without gaps; `articles` they are about, by when they were published. Where lists
    are known, `impressions` in order of time, and `events` are only what happened besides. `people`: who they were.
    """

    events: tuple[Event, ...]
    articles: tuple[LiveArticle, ...]
    impressions: tuple[Impression, ...] = ()
    people: Mapping[EmployeeId, Axes] = field(default_factory=dict)


def article(
    identity: ArticleId,
    at: datetime,
    tags: Mapping[str, Iterable[str]] | None = None,
    *,
    source: str | None = None,
    language: str | None = None,
    words: int = 0,
    internal: bool = False,
) -> LiveArticle:
    """An article of a log, published `at`; `tags` are concepts by facet. Without a text it has a vector of nothing."""
    return LiveArticle(
        id=identity,
        source_id=SourceId(source) if source else None,
        story_id=None,
        language=language,
        internal=internal,
        words=words,
        published_at=at,
        live_from=at,
        expires_at=None,
        audience=EVERYBODY,
        tags={facet: dict.fromkeys(concepts, 1.0) for facet, concepts in (tags or {}).items()},
        vector=np.zeros(1, dtype=np.float32),
    )


def first_met(events: Iterable[Event], impressions: Iterable[Impression]) -> dict[ArticleId, datetime]:
    """When each article first appears, the earliest first: nothing earlier is known of one without a date.

    What was only opened before the log begins appears at its beginning.
    """
    met: dict[ArticleId, datetime] = {}
    begun: datetime | None = None

    def meet(one: ArticleId, at: datetime) -> None:
        met[one] = min(at, met.get(one, at))

    earlier = set[ArticleId]()
    for event in events:
        meet(event.article_id, event.at)
        begun = event.at if begun is None else min(begun, event.at)
    for impression in impressions:
        for one in impression.shown:
            meet(one, impression.at)
        earlier.update(impression.before)
        begun = impression.at if begun is None else min(begun, impression.at)
    if begun is not None:
        for one in sorted(earlier):
            meet(one, begun)
    return dict(sorted(met.items(), key=lambda pair: (pair[1], pair[0])))


def numbered(events: Iterable[Event]) -> Iterator[Event]:
    """Events in order of time, with the numbers of a log."""
    for seq, event in enumerate(sorted(events, key=lambda event: event.at), start=1):
        yield replace(event, seq=seq)


def by_time(impressions: Iterable[Impression]) -> tuple[Impression, ...]:
    """Impressions in order of time; those of one moment stay as they are."""
    return tuple(sorted(impressions, key=lambda impression: impression.at))
