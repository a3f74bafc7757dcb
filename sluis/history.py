"""What people did before, in another tool: read from a file, put into the log once, and what does not fit set aside.

Such an event has no slate. It tells what somebody likes and what is read; nothing that is judged by slates or by
propensities hears of it.
"""

import os
from collections import Counter
from collections.abc import Iterable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import datetime, tzinfo
from pathlib import Path
from typing import Any, Final

from defusedcsv import csv
from sqlalchemy import Connection

from api.history import Past, Refused
from catalog import events, exports, tenants
from catalog.database import Database, parts
from catalog.errors import Conflict
from catalog.ids import EventId, TenantId
from catalog.records import Event
from evaluation.loaders import rows
from models.protocols import Progress

COLUMNS: Final = ("who", "article", "event", "at")
_AT_ONCE: Final = 2_000


@dataclass(slots=True)
class Imported:
    """What became of the rows of a file: events new and known already, and refused rows by reason."""

    rows: int = 0
    added: int = 0
    known: int = 0
    refused: Counter[str] = field(default_factory=Counter)


def read(
    database: Database,
    tenant: TenantId,
    path: Path,
    quarantine: Path,
    now: datetime,
    zone: tzinfo | None,
    progress: Progress | None = None,
) -> Imported:
    """Import a file. Rows that do not fit go to the new file `quarantine`, each with its reason, and are counted.

    May be done again, after a crash as well: what is there already is known. `progress` hears of each row. Raises
    Conflict where `quarantine` exists, Invalid where the file cannot be read or lacks a column.
    """
    if quarantine.exists():
        raise Conflict(f"{quarantine} exists already: move it away, or name another file with --quarantine")
    done = Imported()
    fitting: dict[EventId, tuple[int, Mapping[str, Any], Event]] = {}
    with ExitStack() as stack:
        aside = _Aside(quarantine, stack, done)
        with database.read() as connection:
            reader = _Reader(connection, tenant, now, zone)
            for number, row in rows.read(path, COLUMNS):
                done.rows += 1
                try:
                    event = reader.event(row)
                    if fitting.setdefault(event.id, (number, row, event))[0] != number:
                        done.known += 1
                except Refused as error:
                    aside.put(number, row, str(error))
                if progress:
                    progress(1)
        ordered = sorted(fitting.values(), key=lambda told: (told[2].at, told[2].id))
        for part in parts(ordered, _AT_ONCE):
            _append(database, tenant, part, aside, done)
    return done


def _append(
    database: Database,
    tenant: TenantId,
    part: Iterable[tuple[int, Mapping[str, Any], Event]],
    aside: "_Aside",
    done: Imported,
) -> None:
    """In one transaction, and only of those who are still there: somebody may have been erased in the meantime."""
    with database.write() as connection:
        tenants.get(connection, tenant, lock=True)
        there = exports.participants(connection, tenant)
        kept = [event for _, _, event in part if event.employee_id in there]
        found = Counter(one.status for one in events.append_history(connection, tenant, kept))
    for number, row, event in part:
        if event.employee_id not in there:
            aside.put(number, row, "unknown person")
    done.added += found["accepted"]
    done.known += found["duplicate"]


class _Reader:
    """Turns rows into events."""

    def __init__(self, connection: Connection, tenant: TenantId, now: datetime, zone: tzinfo | None) -> None:
        self._past, self._zone = Past(connection, tenant, now), zone

    def event(self, row: Mapping[str, Any]) -> Event:
        """Raises Refused."""
        said = {name: _bare("" if row.get(name) is None else str(row[name]).strip()) for name in COLUMNS}
        empty = [name for name in COLUMNS if not said[name]]
        if empty:
            raise Refused(f"no {empty[0]}")
        return self._past.event(said["who"], said["article"], said["event"].lower(), self._moment(row["at"]))

    def _moment(self, given: object) -> datetime:
        try:
            return rows.moment(given, self._zone)
        except (OverflowError, OSError, ValueError) as error:
            told = "no time zone: write 2026-03-02T09:00+01:00, or say --timezone"
            raise Refused(
                told if str(error) == "no time zone" else "no moment: write 2026-03-02T09:00+01:00"
            ) from error


class _Aside:
    """The file of rows that do not fit: made with the first of them, in the form that can be imported again."""

    def __init__(self, path: Path, stack: ExitStack, done: Imported) -> None:
        self._path, self._stack, self._done = path, stack, done
        self._writer: Any = None

    def put(self, number: int, row: Mapping[str, Any], reason: str) -> None:
        """Set a row aside, and count it."""
        if self._writer is None:
            handle = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)  # it holds addresses of people
            file = self._stack.enter_context(os.fdopen(handle, "w", encoding="utf-8", newline=""))
            self._writer = csv.writer(file)
            self._writer.writerow([*COLUMNS, "row", "reason"])
        self._writer.writerow([*("" if row.get(name) is None else row[name] for name in COLUMNS), number, reason])
        self._done.refused[reason] += 1


def _bare(said: str) -> str:
    """Without the quote that a file of refused rows puts before what a spreadsheet would take for a formula."""
    return said[1:] if said[:1] == "'" and said[1:2] in tuple("@+-=|%") else said
