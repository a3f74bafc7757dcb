"""One way to reach either database: `read()` and `write()` hand out a connection with an open transaction.

SQLite runs in WAL with `BEGIN IMMEDIATE` for writes, so a writer waits for its turn at the start and never fails
half-way with "database is locked"; threads of one program wait in line. PostgreSQL runs at its default isolation, with
row locks.
"""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from copy import copy
from dataclasses import fields
from functools import cache
from pathlib import Path
from threading import Lock
from typing import Any, Self, TypeVar

import orjson
from sqlalchemy import Connection, Engine, Row, Table, create_engine, event, make_url
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import URL
from sqlalchemy.exc import ArgumentError, DBAPIError
from sqlalchemy.pool import QueuePool

from catalog import rows
from catalog.errors import Busy, Invalid, Unavailable
from catalog.ids import TenantId

Record = TypeVar("Record")
Item = TypeVar("Item")

NAMED_AT_ONCE = 500
"""How many rows one statement names."""

BUSY_SECONDS = 30
"""How long a SQLite writer waits for the one before it."""


class Database:
    """An engine with the settings this program relies on."""

    def __init__(self, url: str) -> None:
        try:
            parsed = make_url(url)
        except ArgumentError:
            raise Invalid(
                f"{url!r} is no database address: use sqlite:///PATH or postgresql://USER@HOST/NAME"
            ) from None
        backend = parsed.get_backend_name()
        if backend == "sqlite":
            self.engine = _sqlite(parsed)
        elif backend == "postgresql":
            self.engine = create_engine(
                parsed.set(drivername="postgresql+psycopg"), pool_pre_ping=True, hide_parameters=True
            )
        else:
            raise Invalid(f"{backend} is not supported: use sqlite:///PATH or postgresql://USER@HOST/NAME")
        self._tenant: TenantId | None = None
        self._turn = Lock()

    def of(self, tenant: TenantId) -> Self:
        """The same database, for the transactions of one organisation: on PostgreSQL they reach no row of another."""
        bound = copy(self)
        bound._tenant = tenant
        return bound

    def of_nobody(self) -> Self:
        """The same database as its login sees it: on PostgreSQL no rows at all, unless policies do not bind it."""
        unbound = copy(self)
        unbound._tenant = None
        return unbound

    @property
    def is_sqlite(self) -> bool:
        """Whether this is the embedded default, which this program migrates by itself."""
        return self.engine.dialect.name == "sqlite"

    @property
    def is_there(self) -> bool:
        """Whether it was made already. Only the embedded one is made by the first command that stores something."""
        return not self.is_sqlite or Path(self.engine.url.database or "").exists()

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """A connection in a transaction that sees one moment of the database; nothing is kept."""
        with self._connect() as connection:
            if not self.is_sqlite:
                connection.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
            self._bind(connection)
            yield connection

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """A connection in a transaction that is committed when the block ends, and undone when it raises."""
        with self._in_turn(), self._connect() as connection:
            connection = connection.execution_options(sluis_write=True)
            with connection.begin():
                self._bind(connection)
                yield connection

    def close(self) -> None:
        """Give all connections back."""
        self.engine.dispose()

    @contextmanager
    def _in_turn(self) -> Iterator[None]:
        """Threads of one program take turns before SQLite is asked: it makes waiting writers sleep for up to a tenth of
        a second, again and again, while others go first.
        """
        if not self.is_sqlite:
            yield
            return
        if not self._turn.acquire(timeout=BUSY_SECONDS):
            raise Busy(f"nothing could be written for {BUSY_SECONDS} seconds, as others did: try the same again later")
        try:
            yield
        finally:
            self._turn.release()

    def _bind(self, connection: Connection) -> None:
        if self._tenant is not None and not self.is_sqlite:
            rows.bind(connection, self._tenant)

    def _connect(self) -> Connection:
        try:
            return self.engine.connect()
        except DBAPIError as error:
            detail = str(error.orig).strip().splitlines()[0]
            raise Unavailable(f"cannot open the database: {detail}. Check SLUIS_DATABASE_URL") from error


def insert(connection: Connection, table: Table) -> sqlite.Insert | postgresql.Insert:
    """An INSERT of the connection's own dialect, which is what knows ON CONFLICT."""
    return sqlite.insert(table) if connection.dialect.name == "sqlite" else postgresql.insert(table)


def record(kind: type[Record], row: Row[Any], **given: Any) -> Record:
    """A row as a record: columns fill the fields of the same name, `given` the others."""
    said = row._mapping
    return kind(**{name: said[name] for name in _names(kind) if name not in given}, **given)


def values(item: Any, *leave_out: str) -> dict[str, Any]:
    """The fields of a record as column values; the opposite of `record`."""
    return {name: getattr(item, name) for name in _names(type(item)) if name not in leave_out}


_names: Callable[[Any], tuple[str, ...]] = cache(lambda kind: tuple(field.name for field in fields(kind)))
"""The fields of a record. They are asked for with every row."""


def parts(items: Iterable[Item], size: int = NAMED_AT_ONCE) -> Iterator[list[Item]]:
    """Runs of at most `size` items: as many as one statement may name, or one transaction should write."""
    found = list(items)
    yield from (found[start : start + size] for start in range(0, len(found), size))


def _sqlite(url: URL) -> Engine:
    try:
        import pysqlite3 as driver
    except ImportError:  # no wheel for this platform: the standard library's is the next best
        import sqlite3 as driver
    if url.database and url.database != ":memory:":
        folder = Path(url.database).parent
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise Unavailable(
                f"cannot write to {folder} ({error.strerror}): set SLUIS_DATA_DIR to a folder of yours"
            ) from error
    engine = create_engine(
        url.set(drivername="sqlite+pysqlite"),
        module=driver,
        poolclass=QueuePool,
        hide_parameters=True,  # what is stored about people and texts does not belong in an error's message
        json_deserializer=orjson.loads,  # a slate has a list of ninety names: half of the time to read it went there
        connect_args={"timeout": BUSY_SECONDS, "check_same_thread": False},
    )

    @event.listens_for(engine, "connect")
    def settle(connection: Any, _record: Any) -> None:
        connection.isolation_level = None  # the driver starts no transactions of its own: `begin` below does
        cursor = connection.cursor()
        for pragma in ("journal_mode = WAL", "synchronous = FULL", "foreign_keys = ON"):
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        writes = connection.get_execution_options().get("sluis_write", False)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")

    return engine
