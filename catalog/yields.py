"""What each source gave, and what came of it: so that a curator knows which source to drop.

Six queries, however many sources there are.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import ColumnElement, Connection, Join, case, func, select

from catalog import tables
from catalog.ids import SourceId, TenantId
from catalog.records import EventType, ItemState, State

_i = tables.feed_items
_a = tables.articles
_s = tables.slates
_o = tables.slate_items
_e = tables.events

PASSIVE: Final = (EventType.SEEN, EventType.DISMISS)
"""Events that do not say that somebody wanted the article."""

_LOST: Final = (ItemState.FAILED, ItemState.BOILERPLATE)
_UNDECIDED: Final = (State.EXTRACTED, State.TAGGED, State.IN_REVIEW, State.LEGAL_REVIEW)


@dataclass(frozen=True, slots=True)
class Yield:
    """What one source gave since some moment.

    `items` came; of these `duplicates` told what we had, `failed` could not be read, `capped` were more than its daily
    cap and `old` came too late. `articles` were made, of which `waiting` are not decided on yet; what was withdrawn
    counts as neither approved nor rejected. `served` is how often an article of this source was put before somebody, an
    item of a slate each time, and `engaged` at how many of these times they did more than see or dismiss it. Opens and
    shares are counted one by one. `last_item` is when the newest item came, however long ago.
    """

    items: int = 0
    duplicates: int = 0
    failed: int = 0
    capped: int = 0
    old: int = 0
    articles: int = 0
    waiting: int = 0
    approved: int = 0
    rejected: int = 0
    served: int = 0
    engaged: int = 0
    opens: int = 0
    shares: int = 0
    last_item: datetime | None = None

    @property
    def decided(self) -> int:
        """Articles that a person approved or rejected."""
        return self.approved + self.rejected

    @property
    def approved_share(self) -> float | None:
        """Approved of decided; None where nothing was decided. Says little where few were."""
        return self.approved / self.decided if self.decided else None

    @property
    def engagement(self) -> float | None:
        """Share of the served items that their reader opened, liked, saved, shared, or got a click for."""
        return self.engaged / self.served if self.served else None

    @property
    def usefulness(self) -> tuple[bool, float, float, int]:
        """What sources are ordered by, the best highest: one that gave nothing is last.

        The others by their approved share, taken as if two more articles had been decided on and one of them approved,
        so that one lucky article does not make a source the best; where that is equal, by engagement, then by number.
        """
        smoothed = (self.approved + 1) / (self.decided + 2)
        return self.items + self.articles > 0, smoothed, self.engagement or 0.0, self.articles


def of_all(connection: Connection, tenant: TenantId, since: datetime) -> dict[SourceId, Yield]:
    """The yield of every source, for items, articles and slates from `since` on."""
    found: defaultdict[SourceId, dict[str, Any]] = defaultdict(dict)
    for part in (_items, _articles, _served, _engaged, _events):
        for source, numbers in part(connection, tenant, since).items():
            found[source].update(numbers)
    known = select(tables.sources.c.id).where(tables.sources.c.tenant_id == tenant)
    return {SourceId(row.id): Yield(**found[SourceId(row.id)]) for row in connection.execute(known)}


def announced(connection: Connection, tenant: TenantId, since: datetime) -> Counter[SourceId]:
    """How many items each source announced since then."""
    where = (_i.c.tenant_id == tenant, _i.c.announced_at >= since)
    counted = select(_i.c.source_id, func.count()).where(*where).group_by(_i.c.source_id)
    return Counter({SourceId(source): int(count) for source, count in connection.execute(counted)})


def _items(connection: Connection, tenant: TenantId, since: datetime) -> Mapping[SourceId, dict[str, Any]]:
    recent = func.sum(case((_i.c.announced_at >= since, 1), else_=0)).label("recent")
    last = func.max(_i.c.announced_at).label("last")
    query = select(_i.c.source_id, _i.c.state, recent, last).where(_i.c.tenant_id == tenant)
    counts: defaultdict[SourceId, Counter[ItemState]] = defaultdict(Counter)
    newest: dict[SourceId, datetime] = {}
    for row in connection.execute(query.group_by(_i.c.source_id, _i.c.state)):
        source = SourceId(row.source_id)
        counts[source][row.state] += int(row.recent)
        if row.last is not None:
            newest[source] = max(row.last, newest.get(source, row.last))
    return {
        source: {
            "items": states.total(),
            "duplicates": states[ItemState.DUPLICATE],
            "failed": _sum(states, _LOST),
            "capped": states[ItemState.CAPPED],
            "old": states[ItemState.OLD],
            "last_item": newest.get(source),
        }
        for source, states in counts.items()
    }


def _articles(connection: Connection, tenant: TenantId, since: datetime) -> Mapping[SourceId, dict[str, Any]]:
    where = (_a.c.tenant_id == tenant, _a.c.source_id.is_not(None), _a.c.created_at >= since)
    query = select(_a.c.source_id, _a.c.state, func.count()).where(*where).group_by(_a.c.source_id, _a.c.state)
    counts: defaultdict[SourceId, Counter[State]] = defaultdict(Counter)
    for source, state, count in connection.execute(query):
        counts[SourceId(source)][state] = int(count)
    return {
        source: {
            "articles": states.total(),
            "waiting": _sum(states, _UNDECIDED),
            "approved": states[State.APPROVED],
            "rejected": states[State.REJECTED],
        }
        for source, states in counts.items()
    }


def _served(connection: Connection, tenant: TenantId, since: datetime) -> Mapping[SourceId, dict[str, Any]]:
    offered = _o.join(_s, (_s.c.tenant_id == _o.c.tenant_id) & (_s.c.id == _o.c.slate_id))
    query = select(_a.c.source_id, func.count()).select_from(_with_article(offered, _o.c.article_id))
    counted = query.where(*_offered(tenant, since)).group_by(_a.c.source_id)
    return {SourceId(source): {"served": int(count)} for source, count in connection.execute(counted)}


def _engaged(connection: Connection, tenant: TenantId, since: datetime) -> Mapping[SourceId, dict[str, Any]]:
    wanted = select(_e.c.slate_id, _e.c.article_id, _a.c.source_id).select_from(_heard()).distinct()
    items = wanted.where(*_offered(tenant, since), _e.c.type.not_in(PASSIVE)).subquery("engaged_items")
    counted = select(items.c.source_id, func.count()).group_by(items.c.source_id)
    return {SourceId(source): {"engaged": int(count)} for source, count in connection.execute(counted)}


def _events(connection: Connection, tenant: TenantId, since: datetime) -> Mapping[SourceId, dict[str, Any]]:
    names = {EventType.OPEN: "opens", EventType.SHARE: "shares"}
    query = select(_a.c.source_id, _e.c.type, func.count()).select_from(_heard())
    counted = query.where(*_offered(tenant, since), _e.c.type.in_(list(names))).group_by(_a.c.source_id, _e.c.type)
    found: defaultdict[SourceId, dict[str, Any]] = defaultdict(dict)
    for source, kind, count in connection.execute(counted):
        found[SourceId(source)][names[kind]] = int(count)
    return found


def _heard() -> Join:
    """Events with the slate they belong to and the article they are about; those of erased persons have no slate."""
    told = _e.join(_s, (_s.c.tenant_id == _e.c.tenant_id) & (_s.c.id == _e.c.slate_id))
    return _with_article(told, _e.c.article_id)


def _with_article(joined: Join, article: ColumnElement[Any]) -> Join:
    return joined.join(_a, (_a.c.tenant_id == _s.c.tenant_id) & (_a.c.id == article))


def _offered(tenant: TenantId, since: datetime) -> tuple[ColumnElement[bool], ...]:
    return _s.c.tenant_id == tenant, _s.c.created_at >= since, _a.c.source_id.is_not(None)


def _sum(counts: Counter[Any], states: Iterable[Any]) -> int:
    return sum(counts[state] for state in states)
