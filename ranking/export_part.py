"""A part of an export, for who reads it over the network: made whole before the first byte leaves.

So its transaction is as long as the database takes, however slowly the reader reads; what waits for them is a file.
"""

import hashlib
from collections.abc import Iterator, Mapping
from datetime import datetime
from itertools import chain, islice
from tempfile import SpooledTemporaryFile
from typing import IO, Any, Final

import orjson
import pyarrow as pa
import pyarrow.parquet as pq
from sqlalchemy import Connection

from catalog import events, exports, slates, tenants
from catalog.ids import TenantId
from catalog.slates import Place, Window
from ranking.export_asked import (
    ARTICLES,
    EVENTS,
    ITEMS,
    SETTLED,
    SLATES,
    TABLES,
    Asked,
    ExportOptions,
    Part,
    PseudonymsChanged,
    Told,
)
from ranking.export_card import card_of_parts
from ranking.export_rows import ARTICLES_AT_ONCE, EVENTS_AT_ONCE, FEATURE, SLATES_AT_ONCE, Rows, pages, schema
from ranking.features import NAMES, VERSION
from ranking.pseudonyms import HomeKey

_IN_MEMORY: Final = 4_000_000
"""Bytes of a part; a larger one waits on the disk."""


def told(connection: Connection, tenant: TenantId, options: ExportOptions) -> Told:
    """The tables there are."""
    columns = {table: schema(table, options, NAMES) for table in TABLES}
    name = tenants.get(connection, tenant).name
    return Told(
        {table: {column.name: str(column.type) for column in found} for table, found in columns.items()},
        VERSION,
        card_of_parts(name, options.axes, len(NAMES), VERSION),
    )


def make(connection: Connection, tenant: TenantId, key: HomeKey, asked: Asked, now: datetime) -> Part:
    """The next part of a table, of what `connection` sees. Raises PseudonymsChanged where `key` is not the one before.

    Every feature that is built today is a column of every part of the places; one that is built no longer is a column
    of those parts that have slates with it.
    """
    if asked.after is not None and asked.pseudonyms != key.name:
        raise PseudonymsChanged("people go by other pseudonyms than in the part before: begin again without a cursor")
    found = _Found(connection, tenant, asked, now)
    rows = Rows(connection, tenant, key, asked.options, found.features)
    file = SpooledTemporaryFile[bytes](_IN_MEMORY)
    try:
        if asked.format == "ndjson":
            _lines(file, found.tables(rows))
        else:
            _parquet(file, schema(asked.table, asked.options, found.features), found.tables(rows))
        size = file.tell()
        file.seek(0)
        digest = hashlib.file_digest(file, "sha256").hexdigest()
        file.seek(0)
    except BaseException:
        file.close()
        raise
    return Part(file, size, digest, rows.count.rows[asked.table], found.place, key.name, found.more)


class _Found:
    """What a part is of: the slates, events or articles that come next, one more than are told if there are more."""

    def __init__(self, connection: Connection, tenant: TenantId, asked: Asked, now: datetime) -> None:
        self.features: tuple[str, ...] = NAMES
        self.place: Place | int | str | None = asked.after
        self._connection = connection
        self._tenant = tenant
        self._asked = asked
        self._entries: list[Any] = self._next(now)
        self.more = len(self._entries) > asked.limit
        del self._entries[asked.limit :]
        if self._entries:
            self.place = self._ends_at(self._entries[-1])
        if asked.table == ITEMS and self._entries:
            first, last = self._entries[0].at, self._entries[-1].at
            logged = set(chain(*exports.feature_names(connection, tenant, first, last)))
            self.features = (*NAMES, *sorted(logged - set(NAMES)))

    def tables(self, rows: Rows) -> Iterator[pa.Table]:
        """The part, some rows at a time."""
        if self._asked.table == EVENTS:
            yield from map(rows.events, pages(self._entries, EVENTS_AT_ONCE))
        elif self._asked.table == ARTICLES:
            yield from map(rows.articles, pages(self._entries, ARTICLES_AT_ONCE))
        else:
            tell = rows.slates if self._asked.table == SLATES else rows.items
            for page in pages(slates.at(self._connection, self._tenant, self._entries), SLATES_AT_ONCE):
                yield tell(rows.kept(page))

    def _next(self, now: datetime) -> list[Any]:
        asked, most = self._asked, self._asked.limit + 1
        if asked.table == EVENTS:
            seq = asked.after if isinstance(asked.after, int) else 0
            heard = events.since(self._connection, self._tenant, seq, heard=(asked.since, asked.until))
            return list(islice(heard, most))
        if asked.table == ARTICLES:
            after = asked.after if isinstance(asked.after, str) else ""
            return list(islice(exports.articles(self._connection, self._tenant, text=False, after=after), most))
        before = asked.after if isinstance(asked.after, Place) else None
        settled = now - SETTLED
        until = min(asked.until, settled) if asked.until else settled
        return slates.places(self._connection, self._tenant, Window(before, asked.since, until, most))

    def _ends_at(self, entry: Any) -> Place | int | str:
        if self._asked.table == EVENTS:
            return int(entry.seq)
        return str(entry.id) if self._asked.table == ARTICLES else Place(entry.at, entry.id)


def _parquet(file: IO[bytes], columns: pa.Schema, tables: Iterator[pa.Table]) -> None:
    with pq.ParquetWriter(file, columns, compression="zstd") as writer:
        for table in tables:
            writer.write_table(table)


def _lines(file: IO[bytes], tables: Iterator[pa.Table]) -> None:
    """An object a line. A feature that was not logged is left out; one that is not a number is null."""
    for table in tables:
        for row in table.to_pylist():
            file.write(orjson.dumps(_logged(row), option=orjson.OPT_APPEND_NEWLINE | orjson.OPT_UTC_Z))


def _logged(row: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in row.items() if value is not None or not name.startswith(FEATURE)}
