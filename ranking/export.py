"""What was shown and what came of it, written to Parquet for whoever learns elsewhere; `ranking.exported` reads it.

Page by page, so memory does not grow with the log, and numbers bit for bit: `ranking.export_rows` says what is told.
"""

import hashlib
import os
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import datetime
from itertools import chain
from pathlib import Path
from typing import Final

import orjson
import pyarrow.parquet as pq
from sqlalchemy import Connection

from catalog import events, exports, slates, tenants
from catalog.errors import Conflict, Invalid
from catalog.ids import TenantId, new_id
from models.folders import publish
from models.protocols import Progress
from ranking import export_asked
from ranking.export_asked import ExportOptions
from ranking.export_card import CARD, card
from ranking.export_rows import ARTICLES_AT_ONCE, EVENTS_AT_ONCE, SLATES_AT_ONCE, Rows, pages, schema
from ranking.features import NAMES, VERSION
from ranking.pseudonyms import HomeKey

FORMAT: Final = 1
MANIFEST: Final = "export.json"
RETURN_KEY: Final = "return.key"
SLATES, ITEMS, EVENTS, ARTICLES = (f"{table}.parquet" for table in export_asked.TABLES)


@dataclass(frozen=True, slots=True)
class Exported:
    """What was written: rows per file, what stayed at home, and the first and last moment of a slate or event."""

    rows: Mapping[str, int]
    left_out: Mapping[str, int]
    people: int
    period: tuple[datetime, datetime] | None


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
    rows = Rows(connection, tenant, key, options, _features(connection, tenant))
    name = tenants.get(connection, tenant).name
    with publish(folder) as draft:
        draft.chmod(0o700)  # what people read is nobody's business on a machine that is shared
        _write(rows, draft, progress)
        count = rows.count
        written = {f"{table}.parquet": number for table, number in count.rows.items()}
        done = Exported(written, dict(count.left_out), len(count.people), count.period)
        identity = new_id()
        facts = {
            "format": FORMAT,
            "id": identity,
            "tenant": tenant,
            "made_at": now.isoformat(),
            "period": [moment.isoformat() for moment in done.period] if done.period else None,
            "axes": list(options.axes),
            "text": options.text,
            "features": list(rows.features),
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


def _features(connection: Connection, tenant: TenantId) -> tuple[str, ...]:
    """Those that were ever logged: what is built today in its order, then what is built no longer."""
    logged = set(chain(*exports.feature_names(connection, tenant)))
    return (*(name for name in NAMES if name in logged), *sorted(logged - set(NAMES)))


def _write(rows: Rows, folder: Path, progress: Progress | None) -> None:
    connection, tenant = rows.connection, rows.tenant
    with ExitStack() as open_files:
        slate_file, item_file, event_file, article_file = (
            open_files.enter_context(
                pq.ParquetWriter(
                    folder / f"{table}.parquet", schema(table, rows.options, rows.features), compression="zstd"
                )
            )
            for table in export_asked.TABLES
        )
        for page in pages(slates.every(connection, tenant), SLATES_AT_ONCE):
            kept = rows.kept(page)
            slate_file.write_table(rows.slates(kept))
            item_file.write_table(rows.items(kept))
            if progress:
                progress(len(page))
        for heard in pages(events.since(connection, tenant, 0), EVENTS_AT_ONCE):
            event_file.write_table(rows.events(heard))
        for told in pages(exports.articles(connection, tenant, text=rows.options.text), ARTICLES_AT_ONCE):
            article_file.write_table(rows.articles(told))
