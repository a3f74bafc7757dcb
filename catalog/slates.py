"""What was offered to whom: written before it is shown, read back for training, replay and audits."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from typing import Any, NamedTuple, Self

import numpy as np
import orjson
from numpy.typing import NDArray
from sqlalchemy import Connection, LargeBinary, Row, Text, bindparam, cast, exists, func, select, type_coerce

from catalog import tables
from catalog.database import insert, record, values
from catalog.ids import ArticleId, EmployeeId, SlateId, TenantId
from catalog.records import FUNCTION, Axes, Reason, Slate, SlateItem

_s = tables.slates
_i = tables.slate_items
_p = tables.picks
_PAGE = 500

_ITEMS = select(_i.c.slate_id, _i.c.position, _i.c.article_id, _i.c.score, _i.c.propensity, _i.c.features, _i.c.reasons)
"""There are many: unpacking them is quicker than asking for each field by name."""
_ITEMS_OF = _ITEMS.where(
    _i.c.tenant_id == bindparam("tenant"), _i.c.slate_id.in_(bindparam("slates", expanding=True))
).order_by(_i.c.position)
_LATEST = (
    select(_s)
    .where(_s.c.tenant_id == bindparam("tenant"), _s.c.employee_id == bindparam("employee"))
    .where(_s.c.created_at > bindparam("after"), _s.c.seq >= bindparam("knowing"), ~_s.c.listed)
    .where(~exists().where(_p.c.tenant_id == _s.c.tenant_id, _p.c.slate_id == _s.c.id))
    .order_by(_s.c.created_at.desc(), _s.c.id)
    .limit(1)
)
_ONE = select(_s).where(_s.c.tenant_id == bindparam("tenant"), _s.c.id == bindparam("slate"))
"""Built once, as every feed asks."""
_NOTHING: tuple[tuple[Any, ...], ...] = ((),) * 5
"""The items of a slate that has none, column by column."""


def save(connection: Connection, tenant: TenantId, slate: Slate) -> None:
    """Log a slate with every place of it."""
    connection.execute(insert(connection, _s), values(slate, "items") | {"tenant_id": tenant})
    rows = [
        values(item, "reasons")
        | {"tenant_id": tenant, "slate_id": slate.id, "reasons": [values(reason) for reason in item.reasons]}
        for item in slate.items
    ]
    if rows:
        connection.execute(insert(connection, _i), rows)


def latest(
    connection: Connection, tenant: TenantId, employee: EmployeeId, after: datetime, knowing: int
) -> Slate | None:
    """What this person was offered last in their feed, `after` a moment and `knowing` the event of that number.

    Picks of a day are no feed, and neither is a list of a caller's own.
    """
    asked = {"tenant": tenant, "employee": employee, "after": after, "knowing": knowing}
    rows = connection.execute(_LATEST, asked).all()
    return next(with_items(connection, tenant, rows), None)


def get(connection: Connection, tenant: TenantId, slate: SlateId) -> Slate | None:
    """One slate; None where its person was erased."""
    rows = connection.execute(_ONE, {"tenant": tenant, "slate": slate}).all()
    return next(with_items(connection, tenant, rows), None)


class Place(NamedTuple):
    """Where a slate stands in the order in which slates were offered."""

    at: datetime
    id: str


@dataclass(frozen=True, slots=True)
class Window:
    """Some of the slates in that order: `after` a place, offered since a moment and before another."""

    after: Place | None = None
    since: datetime | None = None
    until: datetime | None = None
    most: int | None = None


def every(connection: Connection, tenant: TenantId) -> Iterator[Slate]:
    """All slates in the order in which they were offered, read page by page."""
    yield from at(connection, tenant, places(connection, tenant, Window()))


def places(connection: Connection, tenant: TenantId, window: Window) -> list[Place]:
    """Where the slates of a window stand, in order."""
    query = select(_s.c.created_at, _s.c.id).where(_s.c.tenant_id == tenant)
    if window.after:
        moment, slate = window.after  # the first bound is what an index can begin at
        query = query.where(_s.c.created_at >= moment, (_s.c.created_at > moment) | (_s.c.id > slate))
    if window.since:
        query = query.where(_s.c.created_at >= window.since)
    if window.until:
        query = query.where(_s.c.created_at < window.until)
    return [Place(*row) for row in connection.execute(query.order_by(_s.c.created_at, _s.c.id).limit(window.most))]


def at(connection: Connection, tenant: TenantId, wanted: Sequence[Place]) -> Iterator[Slate]:
    """The slates of these places, in order, read page by page."""
    for start in range(0, len(wanted), _PAGE):
        page = [place.id for place in wanted[start : start + _PAGE]]
        query = select(_s).where(_s.c.tenant_id == tenant, _s.c.id.in_(page)).order_by(_s.c.created_at, _s.c.id)
        yield from with_items(connection, tenant, connection.execute(query).all())


@dataclass(frozen=True, slots=True, eq=False)
class Logged:
    """What of a slate a ranker learns from, without scores and reasons; its items in the order they were shown in.

    `functions` are those the person had then; `features` (items, features) has a column per name of `feature_names`.
    """

    id: SlateId
    employee_id: EmployeeId
    created_at: datetime
    functions: frozenset[str]
    feature_names: tuple[str, ...]
    articles: tuple[ArticleId, ...]
    positions: tuple[int, ...]
    propensities: tuple[float, ...]
    features: NDArray[np.float64]

    @classmethod
    def of(cls, slate: Slate) -> Self:
        """That part of a whole slate."""
        features = np.array([item.features for item in slate.items], dtype=np.float64)
        return cls(
            id=slate.id,
            employee_id=slate.employee_id,
            created_at=slate.created_at,
            functions=slate.axes.get(FUNCTION, frozenset()),
            feature_names=slate.feature_names,
            articles=tuple(item.article_id for item in slate.items),
            positions=tuple(item.position for item in slate.items),
            propensities=tuple(item.propensity for item in slate.items),
            features=features.reshape(len(slate.items), len(slate.feature_names)),
        )


def logged(connection: Connection, tenant: TenantId) -> Iterator[Logged]:
    """All slates as a ranker learns from them, by id: much quicker to read than whole slates."""
    columns = (_s.c.id, _s.c.employee_id, _s.c.created_at, _s.c.axes, cast(_s.c.feature_names, Text))
    packed = type_coerce(_i.c.features, LargeBinary)
    items = select(_i.c.slate_id, _i.c.article_id, _i.c.position, _i.c.propensity, packed)
    names: dict[str, tuple[str, ...]] = {}  # one list of ninety names serves very many slates
    last = ""
    while True:
        query = select(*columns).where(_s.c.tenant_id == tenant, _s.c.id > last).order_by(_s.c.id).limit(_PAGE)
        page = connection.execute(query).all()
        if not page:
            return
        within = (_i.c.tenant_id == tenant, _i.c.slate_id > last, _i.c.slate_id <= page[-1].id)
        placed = items.where(*within).order_by(_i.c.slate_id, _i.c.position)
        rows = connection.execute(placed, execution_options={"yield_per": _PAGE})  # kept no longer than needed
        shown = {slate: tuple(zip(*own, strict=True)) for slate, own in groupby(rows, key=lambda row: row[0])}
        for slate_id, employee_id, created_at, axes, said in page:
            built = names.get(said) or names.setdefault(said, tuple(orjson.loads(said)))
            _, articles, positions, propensities, blobs = shown.get(slate_id, _NOTHING)
            features = np.frombuffer(b"".join(blobs), dtype="<f8").reshape(len(blobs), len(built))
            functions = axes.get(FUNCTION, frozenset())
            about = (SlateId(slate_id), EmployeeId(employee_id), created_at, functions, built)
            yield Logged(*about, articles, positions, propensities, features)
        last = page[-1].id


@dataclass(frozen=True, slots=True)
class Offer:
    """Who was offered which articles when, of a slate: what an audit needs, without scores and features."""

    slate_id: SlateId
    employee_id: EmployeeId
    created_at: datetime
    axes: Axes
    hard_axes: tuple[str, ...]
    articles: tuple[ArticleId, ...]


def offers(connection: Connection, tenant: TenantId) -> Iterator[Offer]:
    """Every slate as an offer, by id. One page at a time is in memory, however many there are."""
    columns = (_s.c.id, _s.c.employee_id, _s.c.created_at, _s.c.axes, _s.c.hard_axes)
    last = ""
    while True:
        query = select(*columns).where(_s.c.tenant_id == tenant, _s.c.id > last).order_by(_s.c.id).limit(_PAGE)
        page = connection.execute(query).all()
        if not page:
            return
        within = (_i.c.tenant_id == tenant, _i.c.slate_id > last, _i.c.slate_id <= page[-1].id)
        placed = select(_i.c.slate_id, _i.c.article_id).where(*within).order_by(_i.c.slate_id, _i.c.position)
        shown: dict[str, list[ArticleId]] = defaultdict(list)
        for slate_id, article_id in connection.execute(placed):
            shown[slate_id].append(ArticleId(article_id))
        for slate_id, employee_id, created_at, axes, hard_axes in page:
            articles = tuple(shown[slate_id])
            yield Offer(SlateId(slate_id), EmployeeId(employee_id), created_at, axes, tuple(hard_axes), articles)
        last = page[-1].id


def count(connection: Connection, tenant: TenantId) -> int:
    """How many slates were ever served."""
    return int(connection.execute(select(func.count()).select_from(_s).where(_s.c.tenant_id == tenant)).scalar_one())


def with_items(connection: Connection, tenant: TenantId, rows: Sequence[Row[Any]]) -> Iterator[Slate]:
    """Rows of slates as whole slates, in the same order."""
    asked = {"tenant": tenant, "slates": [row.id for row in rows]}
    items: dict[str, list[SlateItem]] = defaultdict(list)
    for slate_id, position, article, score, propensity, features, reasons in connection.execute(_ITEMS_OF, asked):
        told = tuple(Reason(**reason) for reason in reasons)
        items[slate_id].append(SlateItem(position, ArticleId(article), score, propensity, features, told))
    for row in rows:
        lists = {"hard_axes": tuple(row.hard_axes), "feature_names": tuple(row.feature_names)}
        yield record(Slate, row, items=tuple(items[row.id]), **lists)
