"""What was shown and what came of it, written to Parquet for whoever learns elsewhere; `ranking.exported` reads it.

Page by page, so memory does not grow with the log, and numbers bit for bit. People and slates leave the house as keyed
hashes, without names and addresses; who did not opt in, and who was erased, does not leave it at all.
"""

import hashlib
import os
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import datetime
from itertools import chain, islice
from pathlib import Path
from typing import Any, Final, TypeVar

import numpy as np
import orjson
import pyarrow as pa
import pyarrow.parquet as pq
from sqlalchemy import Connection

from catalog import articles, events, exports, slates, tenants
from catalog.errors import Conflict, Invalid
from catalog.ids import ArticleId, TenantId, new_id
from catalog.records import AXES, FUNCTION, Axes, Event, Slate
from models.folders import publish
from models.protocols import Progress
from ranking.export_card import CARD, card
from ranking.features import NAMES, VERSION
from ranking.pseudonyms import HomeKey

Row = TypeVar("Row")

FORMAT: Final = 1
MANIFEST: Final = "export.json"
RETURN_KEY: Final = "return.key"
SLATES, ITEMS, EVENTS, ARTICLES = "slates.parquet", "items.parquet", "events.parquet", "articles.parquet"
FEATURE: Final = "f_"
"""Before the name of a feature, so that none is taken for another column."""

_SLATES_AT_ONCE: Final = 500
_ROWS_AT_ONCE: Final = 10_000

_MOMENT: Final = pa.timestamp("us", tz="UTC")
_WORDS: Final = pa.list_(pa.string())
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
_ARTICLE: Final = {
    **{name: pa.string() for name in ("id", "url", "title", "site_name", "language", "state", "story_id")},
    "internal": pa.bool_(),
    "words": pa.int64(),
    **dict.fromkeys(("published_at", "live_from", "expires_at"), _MOMENT),
}


@dataclass(frozen=True, slots=True)
class ExportOptions:
    """How much leaves the house. Every axis makes a group smaller; `text` is what others own."""

    axes: tuple[str, ...] = (FUNCTION,)
    text: bool = False

    def __post_init__(self) -> None:
        unknown = [axis for axis in self.axes if axis not in AXES]
        if unknown:
            raise Invalid(f"unknown axis {unknown[0]}: use one of {', '.join(AXES)}")
        if FUNCTION not in self.axes:
            raise Invalid("function goes along in any case: figures are told per job function")


@dataclass(frozen=True, slots=True)
class Exported:
    """What was written: rows per file, what stayed at home, and the first and last moment of a slate or event."""

    rows: Mapping[str, int]
    left_out: Mapping[str, int]
    people: int
    period: tuple[datetime, datetime] | None


@dataclass(slots=True)
class _Count:
    rows: Counter[str] = field(default_factory=Counter)
    left_out: Counter[str] = field(default_factory=Counter)
    people: set[str] = field(default_factory=set)
    first: datetime | None = None
    last: datetime | None = None

    def met(self, person: str, at: datetime) -> None:
        self.people.add(person)
        self.first = at if self.first is None else min(self.first, at)
        self.last = at if self.last is None else max(self.last, at)


def export(
    connection: Connection,
    tenant: TenantId,
    folder: Path,
    key: HomeKey,
    now: datetime,
    options: ExportOptions,
    progress: Progress | None = None,
) -> Exported:
    """Write all that `connection` sees, which should be one moment, to a new `folder`. `progress` hears of each slate.

    The folder appears whole or not at all. Raises Conflict where there is one already, Invalid without any slate.
    """
    if folder.exists():
        raise Conflict(f"{folder} exists already: name a folder that does not, so that nothing in it is lost")
    if not slates.count(connection, tenant):
        raise Invalid("there are no slates to export: 'sluis feed', 'sluis picks make' and the API make them")
    count = _Count()
    name = tenants.get(connection, tenant).name
    with publish(folder) as draft:
        draft.chmod(0o700)  # what people read is nobody's business on a machine that is shared
        writing = _Writing(connection, tenant, draft, key, options, count)
        writing.slates(progress)
        writing.events()
        writing.articles()
        done = Exported(dict(count.rows), dict(count.left_out), len(count.people), _period(count))
        identity = new_id()
        facts = {
            "format": FORMAT,
            "id": identity,
            "tenant": tenant,
            "made_at": now.isoformat(),
            "period": [moment.isoformat() for moment in done.period] if done.period else None,
            "axes": list(options.axes),
            "text": options.text,
            "features": list(writing.features),
            "feature_version": VERSION,
            "rows": done.rows,
            "people": done.people,
            "left_out": done.left_out,
            "files": {file: digest(draft / file) for file in (SLATES, ITEMS, EVENTS, ARTICLES)},
        }
        (draft / MANIFEST).write_bytes(orjson.dumps(facts, option=orjson.OPT_INDENT_2 | orjson.OPT_SORT_KEYS))
        (draft / CARD).write_text(card(name, facts), encoding="utf-8")
        secret = os.open(draft / RETURN_KEY, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(secret, "w", encoding="ascii") as file:
            file.write(key.return_key(identity).hex() + "\n")
    return done


def digest(path: Path) -> str:
    """The SHA-256 of a file of any size."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


@dataclass(frozen=True, slots=True, eq=False)
class _Writing:
    """One export under way."""

    connection: Connection
    tenant: TenantId
    folder: Path
    key: HomeKey
    options: ExportOptions
    count: _Count

    @property
    def features(self) -> tuple[str, ...]:
        """Those that were ever logged: what is built today in its order, then what is built no longer."""
        logged = set(chain(*exports.feature_names(self.connection, self.tenant)))
        return (*(name for name in NAMES if name in logged), *sorted(logged - set(NAMES)))

    def slates(self, progress: Progress | None) -> None:
        """Slates and their places, in the same order."""
        there, features = exports.participants(self.connection, self.tenant), self.features
        place_of = {name: place for place, name in enumerate(features)}
        slate_columns = _SLATE | dict.fromkeys(self.options.axes, _WORDS)
        item_columns = _ITEM | {FEATURE + name: pa.float64() for name in features}
        with ExitStack() as open_files:
            slate_file = open_files.enter_context(self._open(SLATES, slate_columns))
            item_file = open_files.enter_context(self._open(ITEMS, item_columns))
            for page in _pages(slates.every(self.connection, self.tenant), _SLATES_AT_ONCE):
                kept = [slate for slate in page if slate.employee_id in there]
                self.count.left_out["slates of people who opted out"] += len(page) - len(kept)
                self._write(slate_file, SLATES, [self._slate(slate) for slate in kept])
                items = pa.table(self._items(kept, place_of), schema=item_file.schema)
                item_file.write_table(items)
                self.count.rows[ITEMS] += len(items)
                if progress:
                    progress(len(page))

    def events(self) -> None:
        """Events of those people, in the order of the log. One without a slate was imported: see `catalog.events`."""
        there = exports.participants(self.connection, self.tenant)
        with self._open(EVENTS, _EVENT | dict.fromkeys(self.options.axes, _WORDS)) as file:
            for page in _pages(events.since(self.connection, self.tenant, 0), _ROWS_AT_ONCE):
                kept = [event for event in page if event.employee_id in there]
                nobody = sum(event.employee_id is None for event in page)
                self.count.left_out["events of people who were erased"] += nobody
                self.count.left_out["events of people who opted out"] += len(page) - len(kept) - nobody
                self._write(file, EVENTS, [self._event(event) for event in kept])

    def articles(self) -> None:
        """What the slates and events are about, with tags."""
        columns = _ARTICLE | ({"lead": pa.string(), "text": pa.string()} if self.options.text else {})
        told = exports.articles(self.connection, self.tenant, text=self.options.text)
        with self._open(ARTICLES, columns | {"tags": pa.list_(_TAG)}) as file:
            for page in _pages(told, 500):
                tags = articles.tags_of(self.connection, self.tenant, [ArticleId(row.id) for row in page])
                rows = [dict(row._mapping) | {"tags": _tags(tags.get(ArticleId(row.id), ()))} for row in page]
                self._write(file, ARTICLES, rows)

    def _open(self, name: str, columns: Mapping[str, pa.DataType]) -> pq.ParquetWriter:
        return pq.ParquetWriter(self.folder / name, pa.schema(columns), compression="zstd")

    def _write(self, file: pq.ParquetWriter, name: str, rows: Sequence[Mapping[str, Any]]) -> None:
        if rows:
            file.write_table(pa.Table.from_pylist(rows, schema=file.schema))
            self.count.rows[name] += len(rows)

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

    def _items(self, page: Sequence[Slate], place_of: Mapping[str, int]) -> dict[str, pa.Array]:
        """Column by column; a feature that was not logged with a slate is missing, which is not the same as NaN."""
        places = [(slate, item) for slate in page for item in slate.items]
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
        return (
            {"slate_id": pa.array([self._slate_name(slate.id) for slate, _ in places], pa.string())} | said | features
        )

    def _slate_name(self, slate: str) -> str:
        """Clients know slates by their id, and whose they are: so that is hashed like a person."""
        return self.key.pseudonym("slate", slate)

    def _axes(self, axes: Axes) -> dict[str, list[str]]:
        return {axis: sorted(axes.get(axis, ())) for axis in self.options.axes}


def _period(count: _Count) -> tuple[datetime, datetime] | None:
    return (count.first, count.last) if count.first and count.last else None


def _tags(tags: Iterable[Any]) -> list[dict[str, Any]]:
    return [{"facet": tag.facet, "concept": tag.concept, "probability": tag.probability} for tag in tags]


def _pages(rows: Iterable[Row], size: int) -> Iterator[list[Row]]:
    running = iter(rows)
    while page := list(islice(running, size)):
        yield page
