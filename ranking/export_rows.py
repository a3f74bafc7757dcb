"""What an export tells of slates, their places, events and articles: Arrow tables, a page of the log at a time.

The only place where rows leave the catalogue for whoever learns elsewhere, to a folder or over the API. People and
slates go by keyed hashes, without names and addresses; who did not opt in, and who was erased, is left out.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from itertools import islice
from typing import Any, Final, TypeVar

import numpy as np
import pyarrow as pa
from sqlalchemy import Connection, Row

from catalog import articles, exports
from catalog.ids import ArticleId, EmployeeId, TenantId
from catalog.records import Axes, Event, Slate
from ranking.export_asked import ARTICLES, EVENTS, ITEMS, SLATES, ExportOptions
from ranking.pseudonyms import HomeKey

Entry = TypeVar("Entry")

FEATURE: Final = "f_"
"""Before the name of a feature, so that none is taken for another column."""

SLATES_AT_ONCE: Final = 500
EVENTS_AT_ONCE: Final = 10_000
ARTICLES_AT_ONCE: Final = 500

_MOMENT: Final = pa.timestamp("us", tz="UTC")
_WORDS: Final = pa.list_(pa.field("element", pa.string()))  # as Parquet calls them
_SLATE: Final = {
    "slate_id": pa.string(),
    "person": pa.string(),
    "created_at": _MOMENT,
    "seq": pa.int64(),
    "ranker": pa.string(),
    "degraded": pa.bool_(),
    "language": pa.string(),
    "experiment": pa.string(),
    "arm": pa.string(),
    "listed": pa.bool_(),
}
_ITEM: Final = {
    "slate_id": pa.string(),
    "position": pa.int32(),
    "article_id": pa.string(),
    "score": pa.float64(),
    "propensity": pa.float64(),
}
_EVENT: Final = {
    "seq": pa.int64(),
    "type": pa.string(),
    "article_id": pa.string(),
    "slate_id": pa.string(),
    "person": pa.string(),
    "at": _MOMENT,
    "received_at": _MOMENT,
}
_TAG: Final = pa.struct({"facet": pa.string(), "concept": pa.string(), "probability": pa.float64()})
_TAGS: Final = {"tags": pa.list_(pa.field("element", _TAG))}
_ARTICLE: Final = {
    **{name: pa.string() for name in ("id", "url", "title", "site_name", "language", "state", "story_id")},
    "internal": pa.bool_(),
    "words": pa.int64(),
    **dict.fromkeys(("published_at", "live_from", "expires_at"), _MOMENT),
}


def schema(table: str, options: ExportOptions, features: Sequence[str]) -> pa.Schema:
    """The columns of a table. `features` are those of the places of slates."""
    axes = dict.fromkeys(options.axes, _WORDS)
    columns: Mapping[str, Mapping[str, pa.DataType]] = {
        SLATES: _SLATE | axes,
        ITEMS: _ITEM | {FEATURE + name: pa.float64() for name in features},
        EVENTS: _EVENT | axes,
        ARTICLES: _ARTICLE | ({"lead": pa.string(), "text": pa.string()} if options.text else {}) | _TAGS,
    }
    return pa.schema(columns[table])


@dataclass(slots=True)
class Count:
    """What was told and what was left out, so far."""

    rows: Counter[str] = field(default_factory=Counter)
    left_out: Counter[str] = field(default_factory=Counter)
    people: set[str] = field(default_factory=set)
    first: datetime | None = None
    last: datetime | None = None

    @property
    def period(self) -> tuple[datetime, datetime] | None:
        """The first and last moment of a slate or event."""
        return (self.first, self.last) if self.first and self.last else None

    def met(self, person: str, at: datetime) -> None:
        """Somebody was told of."""
        self.people.add(person)
        self.first = at if self.first is None else min(self.first, at)
        self.last = at if self.last is None else max(self.last, at)


@dataclass(frozen=True, eq=False)
class Rows:
    """Tables of what is in the catalogue, each with the columns of `schema`; `count` hears of all of it.

    Whoever takes part is asked for once: `connection` should see one moment.
    """

    connection: Connection
    tenant: TenantId
    key: HomeKey
    options: ExportOptions
    features: Sequence[str]
    count: Count = field(default_factory=Count)

    @cached_property
    def _there(self) -> frozenset[EmployeeId]:
        return exports.participants(self.connection, self.tenant)

    def kept(self, page: Sequence[Slate]) -> list[Slate]:
        """Those of people who take part."""
        kept = [slate for slate in page if slate.employee_id in self._there]
        self.count.left_out["slates of people who opted out"] += len(page) - len(kept)
        return kept

    def slates(self, kept: Sequence[Slate]) -> pa.Table:
        """A row per slate."""
        return self._table(SLATES, [self._slate(slate) for slate in kept])

    def items(self, kept: Sequence[Slate]) -> pa.Table:
        """A row per place, in the order of the slates.

        Column by column; a feature that was not logged with a slate is missing, which is not the same as NaN.
        """
        places = [(slate, item) for slate in kept for item in slate.items]
        place_of = {name: place for place, name in enumerate(self.features)}
        rows = np.zeros((len(places), len(place_of)))
        there = np.zeros(rows.shape, dtype=np.bool_)
        for row, (slate, item) in enumerate(places):
            columns = [place_of[name] for name in slate.feature_names]
            rows[row, columns] = item.features
            there[row, columns] = True
        features = {
            FEATURE + name: pa.array(rows[:, place], mask=~there[:, place], from_pandas=False)
            for name, place in place_of.items()
        }
        said = {name: pa.array([getattr(item, name) for _, item in places], _ITEM[name]) for name in list(_ITEM)[1:]}
        names = {"slate_id": pa.array([self._slate_name(slate.id) for slate, _ in places], pa.string())}
        made = pa.table(names | said | features, schema=schema(ITEMS, self.options, self.features))
        self.count.rows[ITEMS] += len(made)
        return made

    def events(self, page: Sequence[Event]) -> pa.Table:
        """A row per event of people who take part. One without a slate was imported: see `catalog.events`."""
        kept = [event for event in page if event.employee_id in self._there]
        nobody = sum(event.employee_id is None for event in page)
        self.count.left_out["events of people who were erased"] += nobody
        self.count.left_out["events of people who opted out"] += len(page) - len(kept) - nobody
        return self._table(EVENTS, [self._event(event) for event in kept])

    def articles(self, page: Sequence[Row[Any]]) -> pa.Table:
        """A row per article, with its tags."""
        tags = articles.tags_of(self.connection, self.tenant, [ArticleId(row.id) for row in page])
        return self._table(
            ARTICLES, [dict(row._mapping) | {"tags": _tags(tags.get(ArticleId(row.id), ()))} for row in page]
        )

    def _table(self, name: str, rows: Sequence[Mapping[str, Any]]) -> pa.Table:
        self.count.rows[name] += len(rows)
        return pa.Table.from_pylist(rows, schema=schema(name, self.options, self.features))

    def _slate(self, slate: Slate) -> dict[str, Any]:
        person = self.key.pseudonym("person", slate.employee_id)
        self.count.met(person, slate.created_at)
        same = ("created_at", "seq", "ranker", "degraded", "language", "experiment", "arm", "listed")
        told = {name: getattr(slate, name) for name in same}
        return told | {"slate_id": self._slate_name(slate.id), "person": person} | self._axes(slate.axes)

    def _event(self, event: Event) -> dict[str, Any]:
        person = self.key.pseudonym("person", event.employee_id or "")
        self.count.met(person, event.at)
        told = {name: getattr(event, name) for name in ("seq", "article_id", "at", "received_at")}
        slate = self._slate_name(event.slate_id) if event.slate_id else None
        return told | {"type": event.type.value, "slate_id": slate, "person": person} | self._axes(event.axes)

    def _slate_name(self, slate: str) -> str:
        """Clients know slates by their id, and whose they are: so that is hashed like a person."""
        return self.key.pseudonym("slate", slate)

    def _axes(self, axes: Axes) -> dict[str, list[str]]:
        return {axis: sorted(axes.get(axis, ())) for axis in self.options.axes}


def pages(entries: Iterable[Entry], size: int) -> Iterator[list[Entry]]:
    """So many at once, as they come."""
    running = iter(entries)
    while page := list(islice(running, size)):
        yield page


def _tags(tags: Iterable[Any]) -> list[dict[str, Any]]:
    return [{"facet": tag.facet, "concept": tag.concept, "probability": tag.probability} for tag in tags]
