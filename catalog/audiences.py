"""Who may see what: the audience of an article, now or as of a past moment, and the check on every outgoing slate.

`violations` is the second, separately written half of the promise: ranking masks with bits in memory, this asks the
database's own rows in SQL. Neither knows the other.
"""

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import (
    BindParameter,
    Connection,
    Row,
    Select,
    Text,
    and_,
    bindparam,
    delete,
    exists,
    func,
    or_,
    select,
    update,
)
from sqlalchemy.sql.elements import ColumnElement

from catalog import tables, tenants
from catalog.database import insert
from catalog.ids import ArticleId, EmployeeId, TenantId
from catalog.records import ALL, Audience, Axes, Origin, State

_a = tables.audiences
_m = tables.memberships


def get(connection: Connection, tenant: TenantId, article: ArticleId) -> Audience | None:
    """The audience that holds now; None where there is none, which means nobody."""
    return many(connection, tenant, [article]).get(article)


def said(connection: Connection, tenant: TenantId, article: ArticleId) -> tuple[Origin, datetime] | None:
    """Who said for whom it is, and since when that holds; None where nobody did."""
    holds = (_a.c.tenant_id == tenant, _a.c.article_id == article, _a.c.valid_to.is_(None))
    row = connection.execute(select(_a.c.origin, _a.c.valid_from).where(*holds).limit(1)).one_or_none()
    return (row.origin, row.valid_from) if row else None


def many(connection: Connection, tenant: TenantId, articles: Iterable[ArticleId] | None) -> dict[ArticleId, Audience]:
    """The audiences of several articles, or of all where `articles` is None; one without is missing from the answer."""
    query = select(_a.c.article_id, _a.c.axis, _a.c.value).where(_a.c.tenant_id == tenant, _a.c.valid_to.is_(None))
    if articles is not None:
        query = query.where(_a.c.article_id.in_(list(articles)))
    found: dict[ArticleId, dict[str, set[str]]] = defaultdict(lambda: defaultdict(set))
    for row in connection.execute(query):
        found[ArticleId(row.article_id)][row.axis].add(row.value)
    return {article: Audience({axis: frozenset(v) for axis, v in axes.items()}) for article, axes in found.items()}


def replace(
    connection: Connection,
    tenant: TenantId,
    article: ArticleId,
    audience: Audience | None,
    origin: Origin,
    now: datetime,
) -> None:
    """Close the audience that holds and open the new one; None leaves the article without, so for nobody."""
    current = and_(_a.c.tenant_id == tenant, _a.c.article_id == article, _a.c.valid_to.is_(None))
    # a row opened at this same instant has never held: it goes, or its key would stand in the new one's way
    connection.execute(delete(_a).where(current, _a.c.valid_from >= now))
    connection.execute(update(_a).where(current).values(valid_to=now))
    rows = [
        {"tenant_id": tenant, "article_id": article, "axis": axis, "value": value, "valid_from": now, "origin": origin}
        for axis, values in sorted((audience.axes if audience else {}).items())
        for value in sorted(values)
    ]
    if rows:
        connection.execute(insert(connection, _a), rows)
    tenants.touch(connection, tenant)


def live_by_value(connection: Connection, tenant: TenantId, now: datetime) -> dict[tuple[str, str], int]:
    """How many articles that are live are meant for each value of each axis, `ALL` being a value of its own."""
    a = tables.articles
    live = and_(a.c.state == State.APPROVED, _is_open(now), _a.c.valid_to.is_(None), _a.c.tenant_id == tenant)
    joined = _a.join(a, and_(a.c.tenant_id == _a.c.tenant_id, a.c.id == _a.c.article_id))
    query = select(_a.c.axis, _a.c.value, func.count()).select_from(joined).where(live)
    return {(axis, value): count for axis, value, count in connection.execute(query.group_by(_a.c.axis, _a.c.value))}


def violations(
    connection: Connection,
    tenant: TenantId,
    employee: EmployeeId,
    articles: Sequence[ArticleId],
    hard_axes: Sequence[str],
    now: datetime,
) -> list[ArticleId]:
    """Those of `articles` that this employee may not be shown at `now`: not live, or closed on a hard axis.

    To whoever is not active all are closed.
    """
    asked = {"tenant": tenant, "employee": employee, "articles": list(articles), "now": now}
    # the state is compared here: asked for it, SQLite walks through every approved article instead of these few
    permitted = {row.id for row in connection.execute(_shown(*hard_axes), asked) if row.state is State.APPROVED}
    return [article for article in articles if article not in permitted]


@cache
def _shown(*hard_axes: str) -> Select[ArticleId, State]:
    """Which of some articles are live and admit one employee. Built once, as every feed asks twice."""
    a, now = tables.articles, bindparam("now", type_=tables.articles.c.live_from.type)
    these = (a.c.tenant_id == bindparam("tenant"), a.c.id.in_(bindparam("articles", expanding=True)))
    people = tables.employees
    active = exists().where(
        people.c.tenant_id == bindparam("tenant"), people.c.id == bindparam("employee"), people.c.active
    )
    return select(a.c.id, a.c.state).where(*these, _is_open(now), active, *map(_admits, hard_axes))


def _is_open(now: datetime | BindParameter[datetime]) -> ColumnElement[bool]:
    """Of an article, whether the clock lets it be shown."""
    a = tables.articles
    return and_(a.c.live_from <= now, or_(a.c.expires_at.is_(None), a.c.expires_at > now))


def _admits(axis: str) -> ColumnElement[bool]:
    tenant, employee = bindparam("tenant", type_=Text), bindparam("employee", type_=Text)
    member = exists().where(
        _m.c.tenant_id == tenant, _m.c.employee_id == employee, _m.c.axis == axis, _m.c.value == _a.c.value
    )
    return exists().where(
        _a.c.tenant_id == tenant,
        _a.c.article_id == tables.articles.c.id,
        _a.c.axis == axis,
        _a.c.valid_to.is_(None),
        or_(_a.c.value == ALL, member),
    )


@dataclass(frozen=True, slots=True)
class History:
    """Every audience that ever held, in memory: for questions about many past moments.

    Per article the moments at which something changed, ascending, and the audience that held from each on.
    """

    changes: Mapping[ArticleId, tuple[Sequence[datetime], Sequence[Audience | None]]]

    @classmethod
    def load(cls, connection: Connection, tenant: TenantId) -> "History":
        """Read all of a tenant's."""
        rows: dict[ArticleId, list[Row[Any]]] = defaultdict(list)
        for row in connection.execute(select(_a).where(_a.c.tenant_id == tenant)):
            rows[ArticleId(row.article_id)].append(row)
        return cls({article: _changes(held) for article, held in rows.items()})

    def at(self, article: ArticleId, moment: datetime) -> Audience | None:
        """The audience that held at `moment`."""
        if article not in self.changes:
            return None
        moments, held = self.changes[article]
        place = bisect_right(moments, moment)
        return held[place - 1] if place else None


def _changes(rows: Sequence[Row[Any]]) -> tuple[list[datetime], list[Audience | None]]:
    moments = sorted({moment for row in rows for moment in (row.valid_from, row.valid_to) if moment is not None})
    return moments, [_held(rows, moment) for moment in moments]


def _held(rows: Sequence[Row[Any]], moment: datetime) -> Audience | None:
    axes: dict[str, set[str]] = defaultdict(set)
    for row in rows:
        if row.valid_from <= moment and (row.valid_to is None or moment < row.valid_to):
            axes[row.axis].add(row.value)
    return Audience({axis: frozenset(values) for axis, values in axes.items()}) if axes else None


def closed_axes(axes: Axes, audience: Audience | None, hard_axes: Sequence[str]) -> list[str]:
    """The hard axes on which `audience` does not admit somebody who has `axes`; empty means admitted."""
    admitted: Axes = audience.axes if audience else {}
    return [
        axis
        for axis in hard_axes
        if ALL not in admitted.get(axis, ()) and not admitted.get(axis, frozenset()) & axes.get(axis, frozenset())
    ]
